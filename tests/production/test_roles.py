"""Commands on a database that is not set up, or as a role that may not set it up."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.processes import LAST_BOUND
from tests.production.test_starting import start

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
NAME = f"roles_{os.getpid()}"
OTHER, APP = f"{NAME}_owner", f"{NAME}_app"


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment for an empty database whose owner may not create roles."""
    server = os.environ["DATABASE_OWNER_URL"]
    address = urlsplit(server)._replace(path=f"/{NAME}").geturl()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {OTHER} LOGIN; CREATE ROLE {APP} LOGIN")
        connection.execute(f"GRANT {OTHER}, {APP} TO CURRENT_USER")  # to end their sessions
        connection.execute(f"CREATE DATABASE {NAME} OWNER {OTHER}")
        yield {
            "DATABASE_URL": address.replace("rollbook_owner", OTHER, 1),
            "ROLLBOOK_DATA_DIR": str(tmp_path),
        }
        connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)")
        connection.execute(f"DROP ROLE {OTHER}, {APP}")


@pytest.mark.parametrize("command", ["web", "worker"])
def test_neither_starts_on_a_database_that_is_not_migrated(
    empty: dict[str, str], command: str
) -> None:
    ended = start(command, **empty, ROLLBOOK_DATABASE_APP_ROLE=OTHER)
    assert ended.returncode == 7
    assert "Run `rollbook migrate`" in ended.stderr and "Traceback" not in ended.stderr


def migrate(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rollbook", "migrate"]
    ours = {name: value for name, value in os.environ.items() if name != "DATABASE_OWNER_URL"}
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=LAST_BOUND,
        env=ours | environment,
    )


def test_an_owner_who_may_not_create_roles_is_told_which_role_to_create(
    empty: dict[str, str],
) -> None:
    ended = migrate(empty | {"ROLLBOOK_DATABASE_APP_ROLE": "not_yet_there"})
    assert (ended.returncode, "Traceback" in ended.stderr) == (7, False)
    assert "CREATE ROLE not_yet_there" in ended.stderr


def test_a_role_that_owns_nothing_is_told_which_variable_is_missing(empty: dict[str, str]) -> None:
    app = empty["DATABASE_URL"].replace(OTHER, APP, 1)
    ended = migrate(empty | {"DATABASE_URL": app})
    assert (ended.returncode, "Traceback" in ended.stderr) == (7, False)
    assert "Set DATABASE_OWNER_URL" in ended.stderr
