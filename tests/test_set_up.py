"""The database and network that all tests use."""

import socket

import pytest
from django.core.management import call_command
from django.db import connection

from rollbook.schools import audit
from rollbook.schools.models import AuditEntry, School


@pytest.mark.django_db
def test_works_as_the_role_that_owns_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, count(*) FROM pg_tables "
            "WHERE tableowner = current_user GROUP BY 1"
        )
        assert cursor.fetchone() is None
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("rollbook_app",)


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "second"])
def test_a_committed_row_is_gone_in_the_next_test_even_where_the_app_role_may_not_delete_it(
    time: str,
) -> None:
    assert not School.objects.exists()
    assert not AuditEntry.objects.exists()
    audit.record("school.added", school=School.objects.create(name=time), actor=None)


def test_reaches_no_network_but_this_machine() -> None:
    with pytest.raises(PermissionError), socket.socket() as outside:
        outside.connect(("192.0.2.1", 9))
