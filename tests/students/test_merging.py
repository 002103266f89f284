"""Two accounts of one person become one, and two again."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import AuditEntry, School, User
from rollbook.students import accounts, merging, unmerging
from rollbook.students.models import EmailAlias, NeverImport, StudentAccount
from rollbook.students.refused import Refused
from rollbook.sync.report import student_history
from tests.students.conftest import MakeStudent

pytestmark = pytest.mark.django_db

UNCHANGED = ("version", "updated_at", "source_fingerprint")
Two = tuple[StudentAccount, StudentAccount]


@pytest.fixture
def two(make_student: MakeStudent) -> Two:
    """One linked to the SIS, one made by a spreadsheet with more values."""
    linked = make_student(
        "Ana", "García", source="powerschool", sis_id="2112", graduation_year=2028
    )
    by_hand = make_student(
        "Ana María", "Garcia", student_number="0042", gender="Female", graduation_year=2028
    )
    return linked, by_hand


def rows(*of: StudentAccount) -> list[dict[str, Any]]:
    found = StudentAccount.objects.filter(pk__in=[each.pk for each in of]).order_by("pk").values()
    return [{key: value for key, value in row.items() if key not in UNCHANGED} for row in found]


def fresh(account: StudentAccount) -> StudentAccount:
    return StudentAccount.objects.get(pk=account.pk)


def test_what_the_kept_one_lacks_is_taken_and_the_rest_as_chosen_and_all_of_it_goes_back(
    two: Two, administrator: User
) -> None:
    kept, other = two
    before = rows(*two)
    merging.merge(kept, other, administrator, ["first_name", "email"])
    here, there = fresh(kept), fresh(other)
    assert (here.first_name, here.last_name, here.email, here.student_number, here.gender) == (
        *("Ana María", "García", other.email, "0042"),
        "Female",
    )
    assert (here.source, here.sis_id, here.status) == ("powerschool", "2112", "active")
    assert (there.status, there.merged_into_id, there.sis_id, there.student_number) == (
        "merged",
        kept.pk,
        None,
        None,
    )
    assert EmailAlias.objects.get(account=here).email == kept.email
    assert [entry.kind for entry in student_history.history(here)] == ["merged"]
    assert unmerging.take_back(there, administrator) == []
    assert rows(*two) == before
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {
        "students.merged",
        "students.unmerged",
    }


def test_the_link_goes_to_the_one_that_has_none(two: Two) -> None:
    linked, by_hand = two
    merging.merge(by_hand, linked, None)
    assert (fresh(by_hand).source, fresh(by_hand).sis_id) == ("powerschool", "2112")
    assert not NeverImport.objects.exists()
    unmerging.take_back(fresh(linked), None)
    assert (fresh(by_hand).sis_id, fresh(linked).sis_id) == (None, "2112")


def test_of_two_links_the_other_is_never_imported_again_until_it_is_taken_back(two: Two) -> None:
    kept, other = two
    StudentAccount.objects.filter(pk=other.pk).update(source="powerschool", sis_id="3000")
    merging.merge(kept, fresh(other), None)
    assert NeverImport.objects.get().key == "3000"
    unmerging.take_back(fresh(other), None)
    assert not NeverImport.objects.exists() and fresh(other).sis_id == "3000"


def test_what_was_changed_since_stays_and_is_named(two: Two) -> None:
    kept, other = two
    merging.merge(kept, other, None, ["first_name"])
    StudentAccount.objects.filter(pk=kept.pk).update(first_name="Anita")
    assert unmerging.take_back(fresh(other), None) == ["first_name"]
    assert fresh(kept).first_name == "Anita" and fresh(other).status == "active"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda kept, other: merging.merge(kept, kept, None),
        lambda kept, other: (merging.merge(kept, other, None), merging.merge(kept, other, None)),
        lambda kept, other: merging.merge(
            kept, other, None, versions=(kept.version, other.version + 1)
        ),
        lambda kept, other: unmerging.take_back(other, None),
    ],
    ids=["itself", "twice", "an old page", "never merged"],
)
def test_nothing_happens_for(
    spoil: Callable[[StudentAccount, StudentAccount], Any], two: Two
) -> None:
    with pytest.raises(Refused):
        spoil(*two)


def test_an_address_that_somebody_has_got_since_keeps_the_merge(
    two: Two, make_student: MakeStudent
) -> None:
    kept, other = two
    merging.merge(kept, other, None)
    third = make_student("Bea", "Other")
    StudentAccount.objects.filter(pk=third.pk).update(email_key=other.email_key)
    with pytest.raises(Refused, match="another student now has"):
        unmerging.take_back(fresh(other), None)
    assert fresh(other).status == "merged"


def test_a_merged_account_is_not_reactivated(two: Two) -> None:
    kept, other = two
    merging.merge(kept, other, None)
    assert accounts.reactivate(kept.school, [other.pk], None) == 0


def test_the_screens_lead_from_the_student_to_the_merge_and_back(
    client: Client, two: Two, administrator: User, school: School
) -> None:
    kept, other = two
    client.force_login(administrator)
    address = reverse("student-merge", args=[school.pk, kept.pk])
    assert "Ana María" in client.get(address, {"q": "garcia"}).content.decode()
    page = client.get(address, {"other": str(other.pk)}).content.decode()
    assert "First name: take Ana María" in page
    told = {
        "other": other.pk,
        "version": kept.version,
        "other_version": other.version,
        "first_name": "other",
    }
    done = client.post(address, told, follow=True).content.decode()
    assert "Merged. The other account is closed" in done and "Undo the merge" in done
    again = client.post(address, told)
    assert (
        again.status_code == 409 and "Nothing was done" in again.content.decode()
    ) or "changed meanwhile" in again.content.decode()
    back = client.post(
        reverse("student-unmerge", args=[school.pk, other.pk]), follow=True
    ).content.decode()
    assert "Both accounts are as they were before" in back
