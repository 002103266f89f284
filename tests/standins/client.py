"""A plain HTTP client: it sends a request as it is given and returns all of the answer."""

import base64
import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from rollbook.standins.standin import StandIn
from tests.processes import LAST_BOUND

EVERYTHING = (
    "demographics,addresses,alerts,phones,school_enrollment,ethnicity_race,contact,contact_info,"
    "initial_enrollment,schedule_setup,fees,lunch,counselors,global_id"
)
ACTIVE = "school_enrollment.enroll_status_code==0"
FORM = "application/x-www-form-urlencoded;charset=UTF-8"


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """A client of a PowerSchool stand-in; it signs in with its first request."""

    def __init__(self, standin: StandIn) -> None:
        self.standin = standin
        self._token = ""

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """Send one request on a new connection, with `target` unchanged."""
        connection = http.client.HTTPConnection(
            self.standin.url.removeprefix("http://"), timeout=LAST_BOUND
        )
        try:
            connection.request(method, target, body, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def sign_in(
        self, path: str = "/oauth/access_token", secret: str = "", **headers: str
    ) -> Answer:
        pair = f"{self.standin.client_id}:{secret or self.standin.client_secret}"
        basic = "Basic " + base64.b64encode(pair.encode()).decode()
        sent = {"Authorization": basic, "Content-Type": FORM, **headers}
        return self.send("POST", path, sent, b"grant_type=client_credentials")

    def headers(self, **more: str) -> dict[str, str]:
        self._token = self._token or self.sign_in().json["access_token"]
        return {"Authorization": f"Bearer {self._token}", "Accept": "application/json", **more}

    def get(self, target: str, **headers: str) -> Answer:
        return self.send("GET", target, self.headers(**headers))

    def post(self, target: str, document: Any, **headers: str) -> Answer:
        body = json.dumps(document).encode()
        return self.send(
            "POST", target, self.headers(**{"Content-Type": "application/json"} | headers), body
        )

    def query(self, name: str, arguments: Any = None, **query: object) -> Answer:
        text = "&".join(f"{key}={value}" for key, value in query.items())
        return self.post(f"/ws/schema/query/{name}?{text}", arguments or {})

    def control(self, what: str, document: Any = None) -> Any:
        """Call `/_standin/...` and return its JSON: GET, or POST with a document."""
        body = None if document is None else json.dumps(document).encode()
        return self.send("POST" if body else "GET", f"/_standin/{what}", {}, body).json

    def students(self, q: str = "", expansions: str = "contact_info", size: int = 100) -> list[Any]:
        """Return every student of the district list, page by page until an empty one."""
        everybody: list[Any] = []
        for page in range(1, 1000):
            target = f"/ws/v1/district/student?page={page}&pagesize={size}&expansions={expansions}"
            students = (
                self.get(target + (f"&q={q}" if q else "")).json["students"].get("student", [])
            )
            if not students:
                break
            everybody += students if isinstance(students, list) else [students]
        return everybody
