"""Where a made-up school keeps its e-mails and graduation years.

Real schools keep them in different places (EP: 115 of 115 students had an empty `contact_info`).
"""

from typing import NamedTuple

from rollbook.standins.people import Student

ALL = "all"
"""Each place that the vendor has, except for the user name."""
EMAIL_HOMES = (ALL, "contact_info", "person", "extension", "email_2", "username", "domain", "none")
"""`username`: the user name is the address. `domain`: it is the part before @school.example."""
YEAR_HOMES = (ALL, "sched", "classof", "core", "none")


class Homes(NamedTuple):
    """The places that are filled; all others are empty."""

    email: str = ALL
    year: str = ALL

    def email_in(self, home: str, who: Student) -> str:
        """Return the e-mail that this place has, or ""."""
        return who.email if self.email in (ALL, home) else ""

    def username(self, who: Student) -> str:
        """Return the user name. Without an e-mail it is what it always was."""
        if self.email == "username" and who.email:
            return who.email
        if self.email == "domain" and who.email:
            return who.email.partition("@")[0]
        return who.username

    def year_in(self, home: str, who: Student) -> int:
        """Return the graduation year that this place has, or 0."""
        return who.graduation_year if self.year in (ALL, home) else 0


EVERYWHERE = Homes()


def checked(email: str, year: str) -> Homes:
    """Return the homes. Raises ValueError for one that doesn't exist."""
    if email not in EMAIL_HOMES or year not in YEAR_HOMES:
        raise ValueError(f"no home {email} of e-mails or {year} of years")
    return Homes(email, year)
