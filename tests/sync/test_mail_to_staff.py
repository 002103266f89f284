"""Mails to staff about their access, from the queue over real SMTP."""

from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from rollbook.schools import operators
from rollbook.schools.models import Membership, School, User
from rollbook.sync.mail import staff
from tests.smtp import catching
from tests.sync.test_lost_mail import work_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mails(settings: Any) -> Iterator[list[EmailMessage]]:
    with catching(settings) as caught:
        yield caught


def test_a_worker_mails_invitations_and_notices_of_emergency_access(
    school: School, mails: list[EmailMessage]
) -> None:
    owner = User.objects.create_user("olga@lincoln.example", "Olga Owner")
    Membership.objects.create(school=school, user=owner, role="owner")
    operator = User.objects.create_user("ops@district.example", "Ola Operator")
    operators.make_operator(operator, "command line")
    invitation = staff.invite(school, "nell@lincoln.example", "counselor", owner)
    staff.enter(school, operator, "The weekly run hangs")
    work_off()
    by_address = {mail["To"]: mail for mail in mails}
    assert set(by_address) == {"nell@lincoln.example", owner.email}
    body = by_address["nell@lincoln.example"].get_body(("plain",))
    assert body is not None and staff.link(invitation) in body.get_content()
    notice = by_address[owner.email].get_body(("plain",))
    assert notice is not None and "The weekly run hangs" in notice.get_content()
    invitation.refresh_from_db()
    assert invitation.state == "sent"
