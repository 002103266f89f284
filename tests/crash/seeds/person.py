"""A signed-in person who uploads files and undoes runs by the forms of web.

A person whose click gets no answer, or a 503, clicks again: web or the database was away.
"""

import http.client
import secrets
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode, urlsplit

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from rollbook.schools.models import Membership, School, User
from rollbook.sync.models import Run, Upload
from tests.processes import LAST_BOUND

FORM = "application/x-www-form-urlencoded"


def session_of(school: School) -> str:
    """Return the session of a new person who is signed in as administrator of this school."""
    user = User.objects.create_user(
        f"ada@{school.pk}.example", "Ada", "only for a play, 12 or more"
    )
    Membership.objects.create(school=school, user=user, role="administrator")
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session.save()
    return str(session.session_key)


class Person:
    """A person at one school. `url` returns the address of web, which changes when it restarts."""

    def __init__(self, school: School, session: str, url: Callable[[], str]) -> None:
        self._school, self._session, self._url = school, session, url
        self._token = secrets.token_hex(16)  # 32 letters, as Django's own

    def send(self, file_name: str, content: bytes) -> None:
        """Send a file. It becomes a draft."""
        boundary = uuid.uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"'
            f"\r\n\r\n{self._token}\r\n",
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file_name}"'
            "\r\nContent-Type: text/csv\r\n\r\n",
        ]
        body = "".join(parts).encode() + content + f"\r\n--{boundary}--\r\n".encode()
        self._post("import/", body, f"multipart/form-data; boundary={boundary}", "/settings/")

    def ask_for_preview(self, upload: Upload, fields: Sequence[str]) -> None:
        """Choose what the columns fill, and go on to the preview."""
        chosen = {f"column-{place}": field for place, field in enumerate(fields)}
        self._submit(f"import/{upload.pk}/columns/", {"header_row": "1"} | chosen)

    def confirm_upload(self, upload: Upload, run: Run) -> None:
        """Confirm the preview, with a tick for each of its alarms."""
        ticks = {f"accept-{alarm['code']}": "on" for alarm in run.alarms}
        self._submit(f"import/{upload.pk}/confirm/", {"run": str(run.pk)} | ticks)

    def ask_for_undo(self, run: Run) -> None:
        self._submit(f"runs/{run.pk}/undo/", {})

    def confirm_undo(self, undo: Run) -> None:
        self._submit(f"runs/{undo.pk}/undo/confirm/", {})

    def _submit(self, path: str, form: Mapping[str, str]) -> None:
        body = urlencode({"csrfmiddlewaretoken": self._token} | dict(form)).encode()
        self._post(path, body, FORM, "/runs/")

    def _post(self, path: str, body: bytes, content_type: str, leads_to: str) -> None:
        """Post a form until web answers. Assert that it leads to such a page."""
        deadline = time.monotonic() + LAST_BOUND
        while time.monotonic() < deadline:
            status, location, page = self._answer(path, body, content_type)
            if status not in {0, 503}:
                assert status == 302 and leads_to in location, (path, status, location, page[-500:])
                return
            time.sleep(0.3)
        raise AssertionError(f"web did not answer {path}")

    def _answer(self, path: str, body: bytes, content_type: str) -> tuple[int, str, bytes]:
        """Return status, location and page of one click; status 0 is no answer."""
        headers = {
            "Cookie": f"sessionid={self._session}; csrftoken={self._token}",
            "Content-Type": content_type,
        }
        connection = http.client.HTTPConnection(urlsplit(self._url()).netloc, timeout=LAST_BOUND)
        try:
            connection.request("POST", f"/schools/{self._school.pk}/{path}", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Location", ""), answer.read()
        except (OSError, http.client.HTTPException):
            return 0, "", b""
        finally:
            connection.close()
