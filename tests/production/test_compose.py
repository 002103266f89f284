"""The Dockerfile and compose.yaml name settings, commands and files that exist."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import psycopg
import pytest
import yaml

from rollbook.cli import main
from rollbook.config import variables
from rollbook.web.operations.healthz import PATH
from tests import processes
from tests.processes import LAST_BOUND
from tests.production.test_starting import HOST, SOUND, ask

ROOT = Path(__file__).parent.parent.parent
SETTINGS = set(variables().values())
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
OURS = {
    name: service
    for name, service in COMPOSE["services"].items()
    if service.get("image") == "rollbook"
}


def test_there_are_web_two_workers_a_database_and_migrations_before_both() -> None:
    assert COMPOSE["services"].keys() == {"web", "worker", "migrate", "tools", "db"}
    assert COMPOSE["services"]["worker"]["deploy"]["replicas"] == 2
    for name in ("web", "worker"):
        assert OURS[name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"}
        }
    for name in ("migrate", "tools"):
        assert OURS[name]["depends_on"] == {"db": {"condition": "service_healthy"}}


def test_backup_and_restore_run_as_the_owner_with_a_folder_of_this_machine() -> None:
    assert OURS["tools"]["profiles"] == ["tools"]  # `up` doesn't start it
    assert "DATABASE_OWNER_URL" in OURS["tools"]["environment"]
    assert OURS["tools"]["volumes"] == ["./backups:/backups"]
    text = (ROOT / "docs/operations.md").read_text()
    for command in ("backup", "restore"):
        assert f"docker compose run --rm tools {command} /backups/" in text


@pytest.mark.parametrize("name", OURS)
def test_every_setting_and_command_exists(name: str) -> None:
    assert set(OURS[name]["environment"]) <= SETTINGS
    command, *options = OURS[name]["command"]
    found = main.get_command(click.Context(main), command)
    assert found
    known = {option for parameter in found.params for option in parameter.opts}
    assert {option for option in options if option.startswith("--")} <= known


def test_only_migrations_and_tools_know_the_owner_and_only_the_loopback_address_is_open() -> None:
    assert [
        name for name, service in OURS.items() if "DATABASE_OWNER_URL" in service["environment"]
    ] == ["migrate", "tools"]
    assert [
        port for service in COMPOSE["services"].values() for port in service.get("ports", [])
    ] == ["127.0.0.1:8000:8000"]


def test_every_service_that_stays_has_a_health_check_and_time_to_end() -> None:
    for name in ("web", "worker", "db"):
        assert (
            COMPOSE["services"][name]["healthcheck"]["test"]
            and COMPOSE["services"][name]["stop_grace_period"]
        )
    assert PATH in str(OURS["web"]["healthcheck"])


def test_every_variable_is_in_the_example_and_every_file_is_there() -> None:
    wanted = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    assert wanted == set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    for volume in COMPOSE["services"]["db"]["volumes"]:
        if volume.startswith("./"):
            assert (ROOT / volume.split(":")[0]).is_file()
    copied = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    files = [name for line in copied for name in line.split()]
    assert all((ROOT / name).exists() for name in files)
    assert {f"!{name}" for name in files} <= set((ROOT / ".dockerignore").read_text().splitlines())


def test_the_image_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert lines.index("USER rollbook") < next(
        at for at, line in enumerate(lines) if line.startswith("ENTRYPOINT")
    )


@pytest.mark.parametrize("service", COMPOSE["services"].values(), ids=COMPOSE["services"])
def test_no_service_changes_its_image_or_gains_a_right(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert any(place.partition(":")[0] == "/tmp" for place in service["tmpfs"])
    if service in OURS.values():
        assert not service.get("cap_add")


def test_our_user_may_write_where_the_static_files_are_collected() -> None:
    image = (ROOT / "Dockerfile").read_text()
    [folder] = re.findall(r"ROLLBOOK_DATA_DIR=(\S+)", image)
    [user] = re.findall(r"--uid (\d+)", image)
    for service in OURS.values():
        assert f"{folder}:uid={user},mode=0755" in service["tmpfs"]


@pytest.mark.slow
def test_static_files_are_collected_as_the_image_is_built(tmp_path: Path) -> None:
    build = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    [line] = [line.removeprefix("RUN ") for line in build.splitlines() if "collectstatic" in line]
    assert shlex.split(line)[0] == "env"
    line = line.replace("python ", f"{shlex.quote(sys.executable)} ")
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DATABASE", "ROLLBOOK_"))
    }
    subprocess.run(
        ["sh", "-c", line],
        cwd=ROOT,
        check=True,
        env=environment | {"ROLLBOOK_DATA_DIR": str(tmp_path)},
        timeout=LAST_BOUND,
    )
    assert (tmp_path / "static" / "staticfiles.json").exists()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_with_two_logins_the_owner_migrates_and_web_works_as_one_that_owns_nothing(
    tmp_path: Path,
) -> None:
    owner = os.environ["DATABASE_OWNER_URL"]
    name, app = f"compose_{os.getpid()}", f"compose_app_{os.getpid()}"
    address = urlsplit(owner)._replace(path=f"/{name}").geturl()
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {app} LOGIN")
        connection.execute(f"CREATE DATABASE {name}")
    environment = SOUND | {
        "DATABASE_URL": address.replace("rollbook_owner", app, 1),
        "DATABASE_OWNER_URL": address,
        "ROLLBOOK_DATABASE_APP_ROLE": app,
        "ROLLBOOK_DATA_DIR": str(tmp_path / "data"),
    }
    subprocess.run(
        [sys.executable, "-m", "rollbook", "migrate"],
        check=True,
        env=os.environ | environment,
        timeout=LAST_BOUND,
    )
    del environment["DATABASE_OWNER_URL"]
    port = processes.free_port()
    url, log = f"http://127.0.0.1:{port}", tmp_path / "web.log"
    with processes.rollbook(
        "web",
        "--port",
        str(port),
        "--processes",
        "1",
        log=log,
        url=url,
        ready=lambda _: processes.answers(port),
        **environment,
    ):
        for path in ("/", PATH):
            with ask(f"{url}{path}", HOST) as answer:
                assert answer.status == 200
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute(f"DROP ROLE {app}")
