"""The page People, and the links of invitations, through Django's client."""

import html
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from rollbook.config import config
from rollbook.logs import BadRequestsInOneLine
from rollbook.schools import clock, people, staff_invitations
from rollbook.schools.models import AuditEntry, Membership, School, StaffInvitation, User
from rollbook.schools.refusals import PeopleRefused
from rollbook.sync import deleting
from rollbook.sync.mail import staff

pytestmark = pytest.mark.django_db
NEW = "nell@lincoln.example"
GOOD = "seven quiet otters climb"


@pytest.fixture
def owner(school: School) -> User:
    user = User.objects.create_user("olga@lincoln.example", "Olga Owner")
    Membership.objects.create(school=school, user=user, role="owner")
    return user


@pytest.fixture
def olga(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def invitation(school: School, owner: User) -> StaffInvitation:
    return staff.invite(school, NEW, "administrator", owner)


def text(response: object) -> str:
    return html.unescape(response.content.decode())  # type: ignore[attr-defined]


def path(invitation: StaffInvitation) -> str:
    token = staff_invitations.token_of(invitation)
    return reverse("staff-invitation", args=[invitation.pk, token])


def registration(**changes: str) -> dict[str, str]:
    new = {"action": "register", "name": "Nell New", "password": GOOD, "again": GOOD}
    return new | changes


def role_of(school: School, user: User) -> str:
    return Membership.objects.get(school=school, user=user).role


def test_the_page_lists_people_and_invites_somebody(
    olga: Client, school: School, administrator: User
) -> None:
    page = reverse("people", args=[school.pk])
    before = text(olga.get(page))
    for words in (administrator.email, "Administrator", "Never", "Active", "No open invitations"):
        assert words in before
    after = olga.post(page, {"email": " Nell@Lincoln.example", "role": "counselor"}, follow=True)
    assert f"{NEW} gets an e-mail" in text(after)
    assert "Revoke" in text(after)
    invitation = StaffInvitation.objects.get(address=NEW)
    token = staff_invitations.token_of(invitation)
    assert token not in invitation.token_digest
    assert AuditEntry.objects.filter(action="staff.invited", school=school).exists()


def test_a_new_person_accepts_and_is_signed_in(
    client: Client, school: School, invitation: StaffInvitation
) -> None:
    assert "Olga Owner invites you to Lincoln High School" in text(client.get(path(invitation)))
    assert not User.objects.filter(email=NEW).exists()  # opening the link changes nothing
    done = client.post(path(invitation), registration(name=" Nell  New "), follow=True)
    assert done.redirect_chain[-1][0] == reverse("upload", args=[school.pk])
    user = User.objects.get(email=NEW)
    assert (user.name, role_of(school, user)) == ("Nell New", "administrator")
    invitation.refresh_from_db()
    assert (invitation.accepted_by, invitation.accepted_at is not None) == (user, True)
    again = Client().post(path(invitation), registration())
    assert again.status_code == 410
    assert "accepted already" in text(again)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "Type a name"),
        ({"name": "N" * 300}, "more than 200 characters"),
        ({"name": "Ne\x07ll"}, "control characters"),
        ({"password": "short", "again": "short"}, "too short"),
        ({"again": "another"}, "The two passwords differ"),
        ({"password": "nell@lincoln.example", "again": "nell@lincoln.example"}, "easy to guess"),
    ],
)
def test_a_registration_that_can_not_be_saved_leaves_the_link_open(
    client: Client, invitation: StaffInvitation, changes: dict[str, str], words: str
) -> None:
    assert words in text(client.post(path(invitation), registration(**changes)))
    assert not User.objects.filter(email=NEW).exists()
    staff_invitations.opened(invitation.pk, staff_invitations.token_of(invitation))


def test_somebody_with_an_account_signs_in_first_and_gets_the_fixed_role(
    client: Client, school: School, invitation: StaffInvitation
) -> None:
    user = User.objects.create_user("Nell@Lincoln.Example", "Nell", GOOD)
    other = School.objects.create(name="Second School")
    Membership.objects.create(school=other, user=user, role="counselor")
    assert f"?next={path(invitation)}" in text(client.get(path(invitation)))
    refused = client.post(path(invitation), registration())  # no password can be set like that
    assert refused.status_code == 200
    user.refresh_from_db()
    assert user.check_password(GOOD)
    sign_in = {"username": NEW.upper(), "password": GOOD, "next": path(invitation)}
    assert client.post(reverse("sign-in"), sign_in)["Location"] == path(invitation)
    assert "Accept the invitation" in text(client.get(path(invitation)))
    client.post(path(invitation), {"action": "accept", "role": "owner"})
    assert role_of(school, user) == "administrator"
    assert client.get(reverse("upload", args=[school.pk])).status_code == 200
    assert client.get(reverse("upload", args=[other.pk])).status_code == 200


def test_another_signed_in_person_can_not_use_the_link(
    client: Client, school: School, counselor: User, invitation: StaffInvitation
) -> None:
    client.force_login(counselor)
    assert "Only nell@lincoln.example can accept" in text(client.get(path(invitation)))
    for data in ({"action": "accept"}, registration()):
        assert client.post(path(invitation), data).status_code == 200
    assert role_of(school, counselor) == "counselor"
    assert not User.objects.filter(email=NEW).exists()
    client.post(path(invitation), {"action": "sign_out"})
    assert "Your name" in text(client.get(path(invitation)))


@pytest.mark.parametrize("why", ["revoked", "expired", "replaced", "closed", "unknown"])
def test_a_link_that_is_over_opens_nothing(
    client: Client, school: School, owner: User, invitation: StaffInvitation, why: str
) -> None:
    page = path(invitation)
    assert client.get(page).status_code == 200
    rows = StaffInvitation.objects.filter(pk=invitation.pk)
    if why == "revoked":
        staff_invitations.revoke(invitation, owner)
    elif why == "expired":
        rows.update(expires_at=clock.now() - timedelta(seconds=1))
    elif why == "replaced":
        rows.update(created_at=clock.now() - timedelta(minutes=2))
        newer = staff.invite(school, NEW, "administrator", owner)
        assert client.get(path(newer)).status_code == 200
    elif why == "closed":
        deleting.request(school, owner, school.name)
    else:
        page = page[:-3] + ("00/" if page[-3:-1] != "00" else "11/")
    for response in (client.get(page), client.post(page, registration())):
        assert response.status_code == (404 if why == "unknown" else 410)
        assert "Nothing was changed" in text(response)
    assert not User.objects.filter(email=NEW).exists()


def test_an_invitation_is_sent_again_or_revoked_by_a_button(
    olga: Client, school: School, invitation: StaffInvitation
) -> None:
    button = reverse("people-invitation", args=[school.pk, invitation.pk])
    StaffInvitation.objects.update(created_at=clock.now() - timedelta(minutes=2))
    assert "gets a new e-mail" in text(olga.post(button, {"action": "again"}, follow=True))
    newest = StaffInvitation.objects.get(revoked_at__isnull=True)
    assert newest.pk != invitation.pk
    assert "used or revoked meanwhile" in text(olga.post(button, {"action": "again"}, follow=True))
    button = reverse("people-invitation", args=[school.pk, newest.pk])
    assert "was revoked" in text(olga.post(button, {"action": "revoke"}, follow=True))
    assert not StaffInvitation.objects.filter(revoked_at__isnull=True).exists()


def test_two_clicks_send_one_mail(school: School, owner: User) -> None:
    assert staff.invite(school, NEW, "counselor", owner) == staff.invite(
        school, NEW.upper(), "counselor", owner
    )


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("ADA@lincoln.example", "belongs to this school already"),
        ("nobody", "Type an e-mail address"),
        ("", "Type an e-mail address"),
        ("n" * 300 + "@lincoln.example", "Type an e-mail address"),
        ("nell@lincoln.example\nBcc: all@lincoln.example", "Type an e-mail address"),
    ],
)
def test_who_can_not_be_invited_is_said_beside_the_address(
    olga: Client, school: School, administrator: User, email: str, words: str
) -> None:
    page = reverse("people", args=[school.pk])
    assert words in text(olga.post(page, {"email": email, "role": "counselor"}))
    assert not StaffInvitation.objects.exists()


def test_an_administrator_makes_no_owner_and_touches_none(
    admin: Client, school: School, owner: User, administrator: User, counselor: User
) -> None:
    page = reverse("people", args=[school.pk])
    refused = admin.post(page, {"email": NEW, "role": "owner"})
    assert "Choose one of the roles that you may give" in text(refused)
    by_olga = staff.invite(school, NEW, "owner", owner)
    button = reverse("people-invitation", args=[school.pk, by_olga.pk])
    assert "Only an owner" in text(admin.post(button, {"action": "revoke"}, follow=True))
    assert by_olga.pk in StaffInvitation.objects.filter(revoked_at=None).values_list(flat=True)
    for data in ({"action": "role", "role": "counselor"}, {"action": "disable"}):
        change = admin.post(reverse("person-change", args=[school.pk, owner.pk]), data, follow=True)
        assert "Only an owner" in text(change)
    for user in (administrator, counselor):
        change_page = reverse("person-change", args=[school.pk, user.pk])
        admin.post(change_page, {"action": "role", "role": "owner"})
    assert Membership.objects.filter(role="owner").count() == 1
    change_page = reverse("person-change", args=[school.pk, counselor.pk])
    admin.post(change_page, {"action": "role", "role": "administrator"})
    assert role_of(school, counselor) == "administrator"


def test_counselors_and_other_schools_reach_nothing(
    counselor_client: Client, elsewhere: Client, school: School, owner: User
) -> None:
    invitation = staff.invite(school, NEW, "counselor", owner)
    pages = [
        reverse("people", args=[school.pk]),
        reverse("person-change", args=[school.pk, owner.pk]),
        reverse("people-invitation", args=[school.pk, invitation.pk]),
    ]
    for page in pages:
        for data in ({"action": "remove"}, {"email": NEW, "role": "owner"}):
            assert counselor_client.post(page, data).status_code == 403
            assert elsewhere.post(page, data).status_code == 404
    page = reverse("person", args=[school.pk, owner.pk])
    assert counselor_client.get(page).status_code == 403
    assert elsewhere.get(page).status_code == 404
    own = School.objects.get(name="Other School")
    for name, key in (("person-change", owner.pk), ("people-invitation", invitation.pk)):
        assert elsewhere.post(reverse(name, args=[own.pk, key])).status_code == 404
    assert Membership.objects.filter(school=school).count() == 2


@pytest.mark.parametrize("action", ["role", "remove"])
def test_the_last_owner_stays(olga: Client, school: School, owner: User, action: str) -> None:
    change = reverse("person-change", args=[school.pk, owner.pk])
    refused = olga.post(change, {"action": action, "role": "counselor"}, follow=True)
    assert "is the last owner" in text(refused)
    assert role_of(school, owner) == "owner"


def test_an_owner_who_is_disabled_does_not_count(
    school: School, owner: User, administrator: User
) -> None:
    people.change_role(school, administrator, "owner", owner)
    people.disable(school, administrator, owner)
    with pytest.raises(PeopleRefused, match="last owner"):
        people.remove(school, owner, owner)
    people.enable(school, administrator, owner)
    people.disable_everywhere(administrator, "command line")
    with pytest.raises(PeopleRefused, match="last owner"):
        people.change_role(school, owner, "counselor", owner)
    with pytest.raises(PeopleRefused, match="last owner"):
        people.disable_everywhere(owner, "command line")
    people.remove(school, administrator, owner)  # who doesn't count can go


def test_people_are_disabled_enabled_and_removed_by_buttons(
    olga: Client, school: School, administrator: User
) -> None:
    change = reverse("person-change", args=[school.pk, administrator.pk])
    assert 'id="remove-dialog"' in text(
        olga.get(reverse("person", args=[school.pk, administrator.pk]))
    )
    assert "can't open this school" in text(olga.post(change, {"action": "disable"}, follow=True))
    assert "Disabled" in text(olga.get(reverse("people", args=[school.pk])))
    assert "can open this school again" in text(
        olga.post(change, {"action": "enable"}, follow=True)
    )
    assert "was removed" in text(olga.post(change, {"action": "remove"}, follow=True))
    assert olga.post(change, {"action": "remove"}).status_code == 404
    actions = set(AuditEntry.objects.filter(school=school).values_list("action", flat=True))
    assert {"membership.disabled", "membership.enabled", "membership.removed"} <= actions


def test_who_loses_a_role_leaves_no_open_invitation_behind(
    school: School, owner: User, administrator: User
) -> None:
    staff.invite(school, NEW, "administrator", administrator)
    people.remove(school, administrator, owner)
    assert StaffInvitation.objects.get().revoked_at is not None


def test_signing_in_as_staff_signs_a_student_out(
    client: Client, administrator: User, password: str
) -> None:
    session = client.session
    session["student"], session["student_code"] = str(UUID(int=1)), "code"
    session.save()
    client.post(reverse("sign-in"), {"username": administrator.email, "password": password})
    assert "student" not in client.session
    assert "student_code" not in client.session


def test_the_mail_says_who_invites_to_which_school_and_has_the_link(
    client: Client, invitation: StaffInvitation, mailoutbox: list[EmailMessage]
) -> None:
    staff.send_invitation(invitation.pk)
    (mail,) = mailoutbox
    assert mail.to == [NEW]
    assert mail.subject == "Invitation to Lincoln High School in Rollbook"
    for words in ("Olga Owner (olga@lincoln.example) invites you", "did not expect"):
        assert words in mail.body
    assert path(invitation) in mail.body
    staff.send_invitation(invitation.pk)
    assert len(mailoutbox) == 1


def test_no_mail_is_sent_for_a_revoked_invitation(
    owner: User, invitation: StaffInvitation, mailoutbox: list[EmailMessage]
) -> None:
    staff_invitations.revoke(invitation, owner)
    staff.send_invitation(invitation.pk)
    invitation.refresh_from_db()
    assert (mailoutbox, invitation.state) == ([], "undelivered")
    assert "revoked" in invitation.trouble


def test_one_address_gets_ten_invitations_a_day_at_most(school: School, owner: User) -> None:
    for _each in range(10):
        staff.invite(school, NEW, "counselor", owner)
        StaffInvitation.objects.update(created_at=clock.now() - timedelta(hours=2))
    with pytest.raises(PeopleRefused, match="too many"):
        staff.invite(school, NEW, "counselor", owner)
    assert StaffInvitation.objects.filter(revoked_at=None).count() == 1  # the last one stays open


def test_the_log_of_a_refused_request_has_no_secret_of_a_link(
    client: Client, owner: User, invitation: StaffInvitation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.addFilter(BadRequestsInOneLine())
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(path(invitation), registration()).status_code == 403
    assert str(invitation.pk) in caplog.text
    assert staff_invitations.token_of(invitation) not in caplog.text


def test_an_older_sign_in_needs_a_new_proof_before_people_change(
    olga: Client, school: School, counselor: User
) -> None:
    olga.get("/schools/")
    session = olga.session
    session["began"] -= 16 * 60
    session.save()
    for address, data in (
        (reverse("people", args=[school.pk]), {"email": NEW, "role": "owner"}),
        (reverse("person-change", args=[school.pk, counselor.pk]), {"action": "remove"}),
    ):
        asked = olga.post(address, data)
        assert asked.status_code == 302
        assert "next=" in asked["Location"]
    assert not StaffInvitation.objects.exists()
    assert role_of(school, counselor) == "counselor"


def test_who_accepts_sets_a_second_factor_up_before_the_school_opens(
    client: Client, school: School, invitation: StaffInvitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "second_factor", "required")
    client.post(path(invitation), registration())
    for name in ("upload", "students", "people"):
        answer = client.get(reverse(name, args=[school.pk]))
        assert answer["Location"] == reverse("security"), name
    second = School.objects.create(name="Second School")
    another = staff.invite(second, NEW, "counselor", None)
    assert "Accept the invitation" in text(client.get(path(another)))
    client.post(path(another), {"action": "accept"})
    assert Membership.objects.filter(school=second).count() == 1
    assert client.get(reverse("upload", args=[second.pk])).status_code == 302
