"""A plain client of the Veracross stand-in: it returns all of each answer."""

import base64
from collections.abc import Iterator
from urllib.parse import urlencode

from rollbook.standins.veracross import VeracrossStandIn
from tests.standins.client import Answer, Client

FORM = "application/x-www-form-urlencoded"


class VeracrossClient(Client):
    """A client of a Veracross stand-in; it signs in with its first request to v3."""

    def __init__(self, standin: VeracrossStandIn) -> None:
        super().__init__(standin)
        self.veracross = standin

    def form(self, **more: str) -> dict[str, str]:
        return {
            "client_id": self.veracross.client_id,
            "client_secret": self.veracross.client_secret,
            **more,
        }

    def oauth(self, what: str, form: dict[str, str], content_type: str = FORM) -> Answer:
        path = f"/{self.veracross.route}/oauth/{what}"
        return self.send("POST", path, {"Content-Type": content_type}, urlencode(form).encode())

    def token(self, scope: str = "students:list students:read") -> str:
        form = self.form(grant_type="client_credentials", scope=scope)
        return str(self.oauth("token", form).json["access_token"])

    def v3(self, what: str = "students", token: str = "", **headers: str) -> Answer:
        self._token = token or self._token or self.token()
        names = {
            "page_size": "X-Page-Size",
            "page_number": "X-Page-Number",
            "value_lists": "X-API-Value-Lists",
        }
        sent = {names.get(name, name): value for name, value in headers.items()}
        return self.send(
            "GET",
            f"/{self.veracross.route}/v3/{what}",
            {"Authorization": f"Bearer {self._token}", **sent},
        )

    def v2(self, what: str = "students.json", password: str = "", **headers: str) -> Answer:
        pair = f"{self.veracross.user_name}:{password or self.veracross.password}"
        basic = "Basic " + base64.b64encode(pair.encode()).decode()
        return self.send(
            "GET", f"/{self.veracross.route}/v2/{what}", {"Authorization": basic, **headers}
        )

    def everybody(self, what: str = "students", size: int = 100) -> Iterator[dict[str, object]]:
        """Yield every student of a v3 list, until a short page."""
        for page in range(1, 1000):
            rows = self.v3(what, page_size=str(size), page_number=str(page)).json["data"]
            yield from rows
            if len(rows) < size:
                return
