"""Changes of people at the same moment: real threads with their own database connections."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from rollbook.schools import people, staff_invitations
from rollbook.schools.models import Membership, School, User
from rollbook.schools.refusals import PeopleRefused
from rollbook.sync.mail import staff

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = "seven quiet otters climb"


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Make the calls at the same moment. Returns their results, and the refusals among them."""
    barrier, results = Barrier(len(calls)), []

    def make(call: Callable[[], object]) -> None:
        barrier.wait(timeout=5)
        try:
            results.append(call())
        except (PeopleRefused, staff_invitations.LinkClosed) as refused:
            results.append(refused)
        finally:
            connection.close()

    threads = [Thread(target=make, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    return results


def _owner(school: School, name: str) -> User:
    user = User.objects.create_user(f"{name}@lincoln.example", name)
    Membership.objects.create(school=school, user=user, role="owner")
    return user


def _demote(school: School, user: User, by: User) -> object:
    return people.change_role(school, user, "counselor", by)


@pytest.mark.parametrize("change", [_demote, people.disable, people.remove])
def test_two_owners_who_act_on_each_other_leave_one(
    school: School, change: Callable[[School, User, User], object]
) -> None:
    one, other = _owner(school, "one"), _owner(school, "other")
    results = at_once(lambda: change(school, one, other), lambda: change(school, other, one))
    assert sum(isinstance(each, PeopleRefused) for each in results) == 1
    owners = Membership.objects.filter(school=school, role="owner", disabled_at=None)
    assert owners.count() == 1


def test_two_owners_who_leave_at_once_leave_one(school: School) -> None:
    one, other = _owner(school, "one"), _owner(school, "other")
    at_once(
        lambda: people.remove(school, one, one),
        lambda: people.disable_everywhere(other, "command line"),
    )
    owners = Membership.objects.filter(school=school, role="owner", user__is_active=True)
    assert owners.count() == 1


def test_an_invitation_accepted_twice_at_once_makes_one_person(school: School) -> None:
    invitation = staff.invite(school, "nell@lincoln.example", "counselor", None, "command line")
    token = staff_invitations.token_of(invitation)
    page = reverse("staff-invitation", args=[invitation.pk, token])
    data = {"action": "register", "name": "Nell", "password": GOOD, "again": GOOD}
    responses = at_once(
        lambda: Client().post(page, data).status_code,
        lambda: Client().post(page, data).status_code,
    )
    assert sorted(map(str, responses)) == ["302", "410"]
    assert Membership.objects.filter(school=school).count() == 1
    assert User.objects.count() == 1
