"""The ways to connect in the wizard, as the screen shows them. A new source is one more row."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from rollbook.standins import powerschool, veracross
from rollbook.standins.standin import StandIn


@dataclass(frozen=True)
class Way:
    """`typed`: by label of the credentials, in their order, what a running stand-in accepts."""

    sis: str
    version: str
    serve: Callable[[], StandIn]
    typed: dict[str, Callable[[Any], str]]
    required: tuple[str, ...]
    optional: tuple[str, ...]
    progress: str
    secret: str

    @property
    def name(self) -> str:
        return f"{self.sis} {self.version}".strip()

    @property
    def uploader_type(self) -> str:
        return f"{self.sis} Student"


_OF_VERACROSS = ("Middle name", "Preferred name", "Current grade", "Date of birth", "Gender")
_veracross = partial(
    Way,
    sis="Veracross",
    serve=lambda: veracross.serve(students=600, seed=7, clean=True),
    required=("person_pk", "email_1", "first_name", "last_name", "graduation_year"),
    progress=r"\d+ students? read",
)

POWERSCHOOL = Way(
    sis="PowerSchool",
    version="",
    serve=lambda: powerschool.serve(students=600, seed=7, clean=True, page_size_max=40),
    typed={
        "Client ID": lambda sis: sis.client_id,
        "Client Secret": lambda sis: sis.client_secret,
        "Client URL": lambda sis: sis.url,
    },
    required=("id", "email", "first_name", "last_name", "projected_graduation_year"),
    optional=("Date of birth", "Gender", "Student number", "Home room"),
    progress=r"\d+ of \d+ students read, page \d+ of \d+",
    secret="Client Secret",
)
VERACROSS_V3 = _veracross(
    version="API v3",
    typed={
        "Client ID": lambda sis: sis.client_id,
        "Client Secret": lambda sis: sis.client_secret,
        "School Route": lambda sis: sis.address,
    },
    optional=_OF_VERACROSS,  # v3's list of students has no second e-mail
    secret="Client Secret",
)
VERACROSS_V2 = _veracross(
    version="API v2 (legacy)",
    typed={
        "User Name": lambda sis: sis.user_name,
        "Password": lambda sis: sis.password,
        "Client": lambda sis: sis.address,
    },
    optional=("Personal Email Address", *_OF_VERACROSS),
    secret="Password",
)
WAYS = (POWERSCHOOL, VERACROSS_V3, VERACROSS_V2)
