"""Commands about people: inviting, roles, disabling, removing, operators."""

import pytest

from rollbook.schools.models import AuditEntry, Membership, School, User
from tests.cli.conftest import Command

pytestmark = pytest.mark.django_db
NEW = "nell@lincoln.example"


def test_a_person_is_invited_listed_and_revoked(inside: Command, school: School) -> None:
    invited = inside("user", "invite", "Nell@Lincoln.example", "--role", "owner", "--json").json
    assert invited["invitation"]["email"] == NEW
    assert f"/invitations/{invited['invitation']['id']}/" in invited["link"]
    assert "for 72 hours" in inside("user", "invite", NEW, "--role", "counselor").err
    listed = inside("user", "invitations", "--json").json["invitations"]
    assert [(each["role"], each["state"]) for each in listed] == [
        ("counselor", "open"),
        ("owner", "revoked"),
    ]
    revoked = inside("user", "revoke", NEW, "--json").json["invitation"]
    assert revoked["state"] == "revoked"
    assert inside("user", "revoke", NEW, "--json").json["error"]["code"] == "invitation_not_found"
    entry = AuditEntry.objects.filter(action="staff.invited").first()
    assert entry and (entry.via, entry.actor) == ("command line", None)


def test_roles_change_but_the_last_owner_stays(
    inside: Command, school: School, administrator: User
) -> None:
    made = inside("user", "role", administrator.email, "owner", "--json").json["user"]
    assert made["schools"][0]["role"] == "owner"
    for command in (
        ("user", "role", administrator.email, "counselor"),
        ("user", "add", administrator.email, "--role", "administrator"),
        ("user", "disable", administrator.email),
        ("user", "disable", administrator.email, "--everywhere"),
        ("user", "remove", administrator.email),
    ):
        refused = inside(*command, "--json")
        assert (refused.code, refused.json["error"]["code"]) == (3, "last_owner"), command
    assert Membership.objects.get(user=administrator).role == "owner"


def test_a_person_is_disabled_enabled_and_removed(
    inside: Command, school: School, counselor: User
) -> None:
    disabled = inside("user", "disable", counselor.email, "--json").json["user"]
    assert disabled["schools"][0]["disabled"] is True
    enabled = inside("user", "enable", counselor.email, "--json").json["user"]
    assert enabled["schools"][0]["disabled"] is False
    removed = inside("user", "remove", counselor.email)
    assert (removed.code, removed.out) == (0, f"{counselor.email} belongs to no school.\n")
    missing = inside("user", "remove", counselor.email, "--json")
    assert (missing.code, missing.json["error"]["code"]) == (6, "membership_not_found")
    nowhere = inside("user", "disable", counselor.email, "--everywhere", "--json").json["user"]
    assert nowhere["active"] is False
    assert inside("user", "enable", counselor.email, "--everywhere", "--json").json["user"][
        "active"
    ]


def test_an_operator_belongs_to_no_school(
    inside: Command, school: School, administrator: User
) -> None:
    made = inside(
        "operator", "add", "Ops@district.example", "--name", "Ola Operator", "--json"
    ).json
    assert (made["user"]["operator"], made["user"]["schools"]) == (True, [])
    assert made["password"]
    for command in (
        ("operator", "add", administrator.email),
        ("user", "add", "ops@district.example", "--role", "counselor"),
        ("user", "invite", "ops@district.example", "--role", "counselor"),
    ):
        refused = inside(*command, "--json")
        assert refused.code == 3, command
        assert refused.json["error"]["code"] in {"has_schools", "is_operator"}
    assert "Ola Operator" in inside("operator", "list").out
    assert "no operator" in inside("operator", "remove", "ops@district.example").out
    assert inside("operator", "remove", "ops@district.example", "--json").code == 6
