"""Web and worker as real processes in production: files, cookies, headers, refusals to start."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from rollbook.standins.standin import StandIn
from rollbook.sync.models import Integration, Trigger
from rollbook.sync.runs import requests
from tests import processes
from tests.processes import LAST_BOUND
from tests.production.test_settings import KEY, SECRET

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
HOST = "rollbook.lincoln.example"
SOUND = {
    "ROLLBOOK_ENV": "production",
    "ROLLBOOK_SECRET_KEY": SECRET,
    "ROLLBOOK_ENCRYPTION_KEYS": f"k1:{KEY}",
    "ROLLBOOK_ALLOWED_HOSTS": json.dumps([HOST]),
    "ROLLBOOK_PUBLIC_URL": f"https://{HOST}",
}


@pytest.fixture
def web(transactional_db: None, tmp_path: Path) -> Iterator[processes.Started]:
    port = processes.free_port()
    environment = SOUND | {"ROLLBOOK_DATA_DIR": str(tmp_path / "data")}
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
    ) as started:
        yield started


def ask(url: str, host: str = HOST) -> HTTPResponse | HTTPError:
    """As the proxy in front asks, which has done the TLS."""
    request = Request(
        url, headers={"Host": host, "X-Forwarded-Proto": "https", "Accept-Encoding": "gzip"}
    )
    try:
        answer: HTTPResponse = urlopen(request, timeout=LAST_BOUND)
    except HTTPError as error:
        return error
    return answer


def test_web_serves_with_collected_files_secure_cookies_and_headers(web: processes.Started) -> None:
    with ask(f"{web.url}/") as answer:
        body, headers = answer.read().decode(), answer.headers
        cookies = headers.get_all("Set-Cookie") or []
    assert answer.status == 200
    assert cookies
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert "Secure" in cookie and "Path=/" in cookie and "Domain" not in cookie
    assert "max-age=31536000" in headers["Strict-Transport-Security"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (headers["X-Frame-Options"], headers["X-Content-Type-Options"]) == ("DENY", "nosniff")
    files = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', body))
    assert files
    for file in files:
        with ask(f"{web.url}{file}") as answer:
            assert answer.status == 200, file
            assert re.search(r"\.[0-9a-f]{12}\.", file), f"{file} has no hash in its name"
            assert "immutable" in answer.headers["Cache-Control"]
    assert web.end() == 0


def test_every_cookie_is_bound_to_this_host(tmp_path: Path) -> None:
    script = (
        "import django; django.setup()\n"
        "from django.conf import settings\n"
        "from rollbook.web.account.tries import COOKIE\n"
        "from rollbook.web.message_cookie import MessageCookie\n"
        "names = settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME\n"
        "print(*names, COOKIE, MessageCookie.cookie_name)"
    )
    environment = SOUND | {
        "DJANGO_SETTINGS_MODULE": "rollbook.settings",
        "ROLLBOOK_DATA_DIR": str(tmp_path),
    }
    printed = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=LAST_BOUND,
    ).stdout.split()
    names = ("sessionid", "csrftoken", "rollbook_device", "messages")
    assert printed == [f"__Host-{name}" for name in names]


def test_web_answers_no_host_but_its_own_and_health_whoever_asks(
    web: processes.Started, integration: Integration, standin: StandIn
) -> None:
    requests.request(integration, trigger=Trigger.PERSON)
    with ask(f"{web.url}/", host="elsewhere.example") as answer:
        assert answer.status == 400
    with ask(f"{web.url}/healthz", host="10.0.0.7:8000") as answer:
        told = json.load(answer)
    assert (answer.status, told["database"], told["workers"]) == (200, "ok", 0)
    assert told["oldest_waiting_run_seconds"] >= 0


def start(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    port = ["--port", str(processes.free_port())] if command == "web" else []
    return subprocess.run(
        [sys.executable, "-m", "rollbook", command, *port],
        capture_output=True,
        text=True,
        check=False,
        timeout=LAST_BOUND,
        env=os.environ | SOUND | environment,
    )


@pytest.mark.parametrize("command", ["web", "worker"])
def test_neither_starts_without_keys_or_with_wildcard_hosts(command: str) -> None:
    ended = start(command, ROLLBOOK_ENCRYPTION_KEYS="", ROLLBOOK_ALLOWED_HOSTS='["*"]')
    assert ended.returncode == 1
    assert "ROLLBOOK_ENCRYPTION_KEYS" in ended.stderr and "ROLLBOOK_ALLOWED_HOSTS" in ended.stderr
    assert "Traceback" not in ended.stderr
