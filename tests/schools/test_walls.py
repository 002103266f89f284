"""The second wall: the database itself shows and takes only rows of the school whose scope is open.

Everything here signs in as the app role. The lists of exceptions are complete: a table that is new
has to be behind the wall, or be named here with its reason.
"""

import ast
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Model

from rollbook import scope
from rollbook.schools.models import School, User
from rollbook.students.models import FieldLock, FurtherLink, StudentAccount
from rollbook.sync.models import Change, Credential, Integration, Notice, Run, Schedule

pytestmark = pytest.mark.django_db
PRODUCT: Final = Path(__file__).parent.parent.parent / "rollbook"
# Tables with a school that are not behind the wall, and why.
NO_WALL: Final = {
    "schools_membership": "signing in looks for the schools of a person",
    "schools_staffinvitation": "the link of an invitation is opened without a school",
    "schools_emergencyaccess": "an operator enters from outside of any school",
    "schools_emergencynotice": "mail about an emergency access, without student data",
    "schools_auditentry": "one chain over all schools; the app role can't change an entry",
}
# Columns that point into another table with a school: how the database compares both schools.
BY_POLICY: Final = {
    "students_studentaccount": "a key with the school costs 20 % of inserting accounts",
    "sync_run": "planned rows have no foreign key: it cost half of storing them",
}
BY_TRIGGER: Final = {("students_studentaccount", "merged_into_id")}
NO_CHECK: Final = {
    ("schools_emergencynotice", "access_id"),
    ("sync_problem", "first_run_id"),  # a run that is removed leaves its problems behind
    ("sync_problem", "last_run_id"),
}
# Where the scope of the whole installation is opened, and why.
ACROSS: Final = {
    ("backup.py", "BACKUP"),
    ("cli/output.py", "COMMAND"),
    ("sync/queue.py", "SCHOOL_OF_ROW"),
    ("sync/runs/lease.py", "LEASES"),
    ("sync/worker/housekeeping.py", "HOUSEKEEPING"),
    ("sync/worker/places.py", "QUEUE"),
    ("sync/worker/tasks.py", "STUDENTS_DOOR"),
    ("web/account/me.py", "STUDENTS_DOOR"),
    ("web/operations/healthz.py", "MEASURES"),
    ("web/operations/installation.py", "OPERATORS"),
    ("web/operations/metrics.py", "MEASURES"),
}


def tables() -> dict[str, type[Model]]:
    """Return the models of all tables with a school, by table."""
    return {
        model._meta.db_table: model
        for model in apps.get_models(include_auto_created=True)
        if "school_id" in {field.column for field in model._meta.concrete_fields}
    }


def rows(statement: str, *parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return list(cursor.fetchall())


def test_each_table_with_a_school_is_behind_the_wall() -> None:
    forced = rows("""
        SELECT relname FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid
        WHERE relrowsecurity AND relforcerowsecurity AND polcmd = '*'
          AND polqual IS NOT NULL AND polwithcheck IS NOT NULL
          AND pg_get_expr(polqual, polrelid) LIKE '%rollbook.school%'
          AND pg_get_expr(polwithcheck, polrelid) LIKE '%rollbook.school%'
    """)
    assert {name for (name,) in forced} == tables().keys() - NO_WALL.keys()
    in_database = rows("""
        SELECT table_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name = 'school_id'
    """)
    assert {name for (name,) in in_database} == tables().keys()


def test_each_table_of_the_apps_has_a_school_or_is_known_to_have_none() -> None:
    apps_of_ours = {"schools", "students", "sync"}
    without = {
        model._meta.db_table
        for model in apps.get_models()
        if model._meta.app_label in apps_of_ours and model._meta.db_table not in tables()
    }
    assert {name for name in without if not name.startswith("schools_")} == set()


def test_no_view_gets_around_the_wall() -> None:
    views = rows("""
        SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind IN ('v', 'm') AND NOT coalesce('security_invoker=true' = ANY(reloptions), false)
    """)
    assert views == []


def test_each_column_that_points_into_a_school_is_compared_with_the_school() -> None:
    keys = rows("""
        SELECT conrelid::regclass::text, array_agg(attname::text ORDER BY attname)
        FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey)
        WHERE contype = 'f' AND connamespace = 'public'::regnamespace GROUP BY pg_constraint.oid, 1
    """)
    by_key = {(table, column) for table, names in keys for column in names if "school_id" in names}
    policies = dict(
        rows("SELECT polrelid::regclass::text, pg_get_expr(polwithcheck, polrelid) FROM pg_policy")
    )
    unchecked = set()
    for table, model in tables().items():
        for field in model._meta.concrete_fields:
            parent = field.related_model
            if not (isinstance(parent, type) and parent._meta.db_table in tables()):
                continue
            in_policy = f"named.id = {table}.{field.column}" in policies.get(table, "")
            may_be_in_policy = parent._meta.db_table in BY_POLICY
            if (table, field.column) in by_key or (in_policy and may_be_in_policy):
                continue
            unchecked.add((table, field.column))
    assert unchecked == BY_TRIGGER | NO_CHECK


def test_the_scope_of_the_installation_is_opened_in_named_places_alone() -> None:
    opened = set()
    for path in PRODUCT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if node.func.attr == "of_installation":
                [reason] = node.args
                opened.add((str(path.relative_to(PRODUCT)), ast.unparse(reason).split(".")[-1]))
    assert opened == ACROSS
    assert {reason for _, reason in ACROSS} == set(scope.Across.__members__)


@pytest.fixture
def two(integration: Integration) -> Iterator[tuple[Integration, Integration]]:
    """An integration of Lincoln and one of Hamilton, each with a run, an account and its lock."""
    other = School.objects.create(name="Hamilton High", timezone="UTC")
    there = Integration.objects.get(pk=integration.pk)
    there.pk, there.school, there._state.adding = uuid4(), other, True
    there.save()
    for each in (integration, there):
        account = an_account(each.school)
        FieldLock.objects.create(school=each.school, account=account, field="last_name")
        Run.objects.create(
            school=each.school, integration=each, source=each.source, mode="test", state="done"
        )
    yield integration, there


def an_account(school: School) -> StudentAccount:
    return StudentAccount.objects.create(
        school=school,
        email="ada@x.example",
        email_key="ada@x.example",
        first_name="A",
        last_name="L",
    )


def seen(table: str) -> set[UUID]:
    return {school_id for (school_id,) in rows(f"SELECT DISTINCT school_id FROM {table}")}


def test_without_a_scope_there_are_no_rows(two: tuple[Integration, Integration]) -> None:
    here, there = two
    walled = tables().keys() - NO_WALL.keys()
    filled = {table for table in walled if seen(table)}
    assert filled >= {"sync_run", "sync_integration", "sync_credential", "students_studentaccount"}
    with scope.closed():
        assert [table for table in walled if seen(table)] == []
    for each in (here, there):
        with scope.of_school(each.school_id):
            assert [table for table in walled if seen(table) - {each.school_id}] == []
            assert seen("sync_run") == {each.school_id}


def test_a_session_that_never_heard_of_scopes_sees_nothing(
    two: tuple[Integration, Integration],
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("RESET rollbook.school; RESET rollbook.installation")
        cursor.execute("SELECT count(*) FROM sync_run")
        assert cursor.fetchone() == (0,)
    connection._sent = None  # type: ignore[attr-defined]


def test_rows_of_another_school_are_neither_written_nor_found(
    two: tuple[Integration, Integration],
) -> None:
    here, there = two
    with scope.of_school(here.school_id):
        assert StudentAccount.objects.filter(school=there.school_id).update(first_name="X") == 0
        assert FieldLock.objects.filter(school=there.school_id).delete()[0] == 0
        for table in sorted(tables().keys() - NO_WALL.keys()):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                rows(f"INSERT INTO {table} (school_id) VALUES (%s) RETURNING 1", there.school_id)
        moved = "UPDATE {} SET school_id = %s RETURNING 1"
        for table in ("sync_run", "sync_integration", "students_studentaccount"):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                rows(moved.format(table), there.school_id)


def forged(here: Integration, there: Integration) -> dict[str, Model]:
    """Return rows of this school that point into the other one."""
    school = here.school
    run = Run.objects.get(school=there.school)
    account = StudentAccount.objects.get(school=there.school)
    user = User.objects.create_user("nobody@x.example", "Nobody")
    return {
        "run": Run(school=school, integration=there, source=here.source, mode="live"),
        "undo": Run(school=school, undoes=run, source=here.source, mode="live"),
        "credential": Credential(school=school, integration=there, name="secret", ciphertext=b"x"),
        "schedule": Schedule(school=school, integration=there, timezone="UTC"),
        "notice": Notice(school=school, integration=here, run=run, user=user, event="failed"),
        "change": Change(school=school, run=run, kind="new", account_id=uuid4()),
        "link": FurtherLink(school=school, account=account, source="veracross", sis_id="1"),
        "lock": FieldLock(school=school, account=account, field="email"),
    }


ROWS: Final = ("run", "undo", "credential", "schedule", "notice", "change", "link", "lock")


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("across", [False, True], ids=["scope of the school", "all schools"])
def test_a_row_that_points_into_another_school_is_refused(
    two: tuple[Integration, Integration], name: str, across: bool
) -> None:
    here, there = two
    row = forged(here, there)[name]
    opened = (
        scope.of_installation(scope.Across.COMMAND) if across else scope.of_school(here.school_id)
    )
    with opened, pytest.raises((IntegrityError, DatabaseError)) as refused, transaction.atomic():
        row.save(force_insert=True)
        connection.check_constraints()  # those of keys wait for the end of the transaction
    text = str(refused.value)
    assert "row-level security" in text or "_of_school" in text, text


def test_an_account_is_not_merged_into_one_of_another_school(
    two: tuple[Integration, Integration],
) -> None:
    here, there = two
    own, other = (StudentAccount.objects.get(school=each.school) for each in (here, there))
    with pytest.raises(IntegrityError, match="another school"), transaction.atomic():
        StudentAccount.objects.filter(pk=own.pk).update(merged_into=other)


def test_the_scope_is_sent_again_after_a_rollback(two: tuple[Integration, Integration]) -> None:
    here, there = two
    with scope.of_school(there.school_id):
        assert seen("sync_run") == {there.school_id}
    with suppress(ValueError), transaction.atomic(), scope.of_school(here.school_id):
        assert seen("sync_run") == {here.school_id}
        raise ValueError
    with scope.of_school(here.school_id):
        assert seen("sync_run") == {here.school_id}
    with scope.closed():
        assert seen("sync_run") == set()


def test_lines_are_made_in_a_scope_that_is_closed_between_them(
    two: tuple[Integration, Integration],
) -> None:
    here, _ = two
    with scope.closed():
        lines = scope.lines_of_school(here.school_id, (len(seen("sync_run")) for _ in range(2)))
        for line in lines:
            assert (line, seen("sync_run")) == (1, set())
