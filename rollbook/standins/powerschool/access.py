"""The columns that the plugin may read: `access_request` of plugin.xml, as it was granted."""

from typing import NamedTuple

BLACKLISTED = frozenset({"students.ssn"})
"""Columns that no grant opens; metadata calls them BlackListNoAccess (TS)."""


class Grants(NamedTuple):
    """Grants as `table.column` or `table.*`, in lower case.

    With `everything` all columns but the denied ones can be read, else only the allowed ones.
    """

    everything: bool
    allowed: frozenset[str]
    denied: frozenset[str]

    def allow(self, table: str, column: str) -> bool:
        """Whether the plugin may read a column."""
        names = {f"{table}.{column}".lower(), f"{table}.*".lower()}
        return not names & (self.denied | BLACKLISTED) and (
            self.everything or bool(names & self.allowed)
        )

    def access(self, table: str, column: str) -> str:
        """Return the access as the metadata of a table names it."""
        if f"{table}.{column}".lower() in BLACKLISTED:
            return "BlackListNoAccess"
        return "ViewOnly" if self.allow(table, column) else "NoAccess"


def read_grants(text: str) -> Grants:
    """Return the grants of a text such as `all,-log.schoolid`.

    `all`, `none`, or `table.column` and `table.*` with commas between; a leading `-` denies.
    """
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    denied = frozenset(word[1:] for word in words if word[0] == "-")
    allowed = frozenset(word for word in words if word[0] != "-") - {"all", "none"}
    return Grants("all" in words or (not allowed and "none" not in words), allowed, denied)
