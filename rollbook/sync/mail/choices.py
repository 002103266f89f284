"""Who gets mail about which events of a school's runs."""

from django.db import transaction

from rollbook.schools import audit
from rollbook.schools.models import MAY_ENTER, Membership, User
from rollbook.sync.models import ERROR_EVENTS, Integration, NoticeChoice, NoticeEvent


def audience(integration: Integration) -> list[tuple[User, set[str]]]:
    """Return the people of a school with the events they get mail about.

    An integration with Email Notifications off sends no mail about errors.
    """
    choices = NoticeChoice.objects.filter(school=integration.school)
    chosen = dict(choices.values_list("user_id", "events"))
    memberships = Membership.objects.filter(MAY_ENTER, school=integration.school)
    silenced = set() if integration.notify_on_errors else set(ERROR_EVENTS)
    people = []
    for membership in memberships.select_related("user").order_by("user__email"):
        events = chosen.get(membership.user_id, default_events(membership))
        people.append((membership.user, set(events) - silenced))
    return people


def default_events(membership: Membership) -> list[str]:
    """Return the events of a person who never chose: errors for those who manage the school."""
    return list(ERROR_EVENTS) if membership.may_manage else []


def chosen_events(membership: Membership) -> list[str]:
    """Return the events that a person gets mail about at a school."""
    choices = NoticeChoice.objects.filter(school=membership.school, user=membership.user)
    choice = choices.first()
    return list(choice.events) if choice else default_events(membership)


@transaction.atomic
def choose(
    membership: Membership, events: list[str], by: User | None = None, via: str = "web"
) -> None:
    """Save the events that a person gets mail about at a school."""
    known = [event for event in NoticeEvent if event in events]
    NoticeChoice.objects.update_or_create(
        school=membership.school, user=membership.user, defaults={"events": known}
    )
    audit.record(
        "notices.chosen",
        school=membership.school,
        actor=by,
        subject=str(membership.user_id),
        via=via,
        events=known,
    )
