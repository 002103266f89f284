"""Web, worker and check refuse a database role that could get around the rules of the database.

What counts is the role that signed in and what it can become, whatever `SET ROLE` hides.
"""

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from rollbook import database
from tests.database import APP, OWNER
from tests.production.test_starting import start

pytestmark = pytest.mark.django_db(transaction=True)
ROLE, BETWEEN = f"tried_{os.getpid()}", f"between_{os.getpid()}"


@pytest.fixture
def superuser(transactional_db: None) -> Iterator[psycopg.Connection[Any]]:
    """The superuser of the server, with two new roles that may do nothing."""
    address = os.environ["DATABASE_OWNER_URL"].replace(OWNER, "postgres", 1)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN; CREATE ROLE {BETWEEN}")
        connection.execute(f"GRANT {APP} TO {ROLE}")
        yield connection
        connection.execute(f"DROP OWNED BY {ROLE}, {BETWEEN}; DROP ROLE {ROLE}, {BETWEEN}")


def power(role: str = ROLE) -> str:
    """Return what is refused about a session that signed in as this role."""
    address = os.environ["DATABASE_OWNER_URL"].replace(OWNER, role, 1)
    options = f"-c role={APP}"
    with psycopg.connect(address, options=options) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (APP,)
        as_django: Any = connection
        return database.power_of_role(as_django)


def test_the_role_of_the_app_and_its_members_are_fine(
    superuser: psycopg.Connection[Any],
) -> None:
    assert power() == power(APP) == ""


@pytest.mark.parametrize(
    ("grant", "why"),
    [
        (f"ALTER ROLE {ROLE} SUPERUSER", f"{ROLE} is a superuser"),
        (f"ALTER ROLE {ROLE} BYPASSRLS", f"{ROLE} is above all access rules"),
        (f"GRANT {OWNER} TO {ROLE}", f"{ROLE} can become {OWNER}, which owns the tables"),
        (f"ALTER ROLE {ROLE} NOINHERIT; GRANT {OWNER} TO {ROLE}", f"can become {OWNER}"),
        (f"GRANT {OWNER} TO {BETWEEN}; GRANT {BETWEEN} TO {ROLE}", f"can become {OWNER}"),
        (
            f"ALTER ROLE {BETWEEN} SUPERUSER; GRANT {BETWEEN} TO {ROLE}",
            f"can become {BETWEEN}, which is a superuser",
        ),
        (
            f"ALTER ROLE {BETWEEN} BYPASSRLS; GRANT {BETWEEN} TO {ROLE}",
            f"can become {BETWEEN}, which is above all access rules",
        ),
        (f"CREATE VIEW tried AS SELECT 1; ALTER VIEW tried OWNER TO {ROLE}", "owns the tables"),
        (f"GRANT pg_execute_server_program TO {ROLE}", "files and programs"),
    ],
    # Each process of a test run collects the same names, so these have no role's name in them.
    ids=[
        "superuser",
        "bypassrls",
        "member of the owner",
        "member that does not inherit",
        "member behind a member",
        "superuser behind a member",
        "bypassrls behind a member",
        "owner of a view",
        "runs programs",
    ],
)
def test_power_is_seen_behind_set_role(
    superuser: psycopg.Connection[Any], grant: str, why: str
) -> None:
    superuser.execute(grant)
    assert why in power()


def test_the_owner_and_a_superuser_are_seen_behind_set_role(
    superuser: psycopg.Connection[Any],
) -> None:
    assert f"{OWNER} owns the tables" in power(OWNER)
    assert "postgres is a superuser" in power("postgres")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["web", "worker", "check"])
def test_none_starts_as_the_owner_behind_set_role(command: str) -> None:
    ended = start(command, DATABASE_URL=os.environ["DATABASE_OWNER_URL"])
    assert ended.returncode == (7 if command == "check" else 1)
    assert f"role {OWNER} owns the tables" in ended.stderr + ended.stdout
    assert "Let DATABASE_URL sign in as" in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr
