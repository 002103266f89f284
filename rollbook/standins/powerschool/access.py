"""Which columns the plugin may read: the `access_request` of plugin.xml as the administrator granted it."""

from typing import NamedTuple

BLACKLISTED = frozenset({"students.ssn"})
"""No grant opens these; metadata calls them BlackListNoAccess (TS)."""


class Grants(NamedTuple):
    """`table.column` or `table.*`, lower-case; `everything` but what is denied, or only what is allowed."""

    everything: bool
    allowed: frozenset[str]
    denied: frozenset[str]

    def allow(self, table: str, column: str) -> bool:
        names = {f"{table}.{column}".lower(), f"{table}.*".lower()}
        return not names & (self.denied | BLACKLISTED) and (
            self.everything or bool(names & self.allowed)
        )

    def access(self, table: str, column: str) -> str:
        """As the metadata of a table words it."""
        if f"{table}.{column}".lower() in BLACKLISTED:
            return "BlackListNoAccess"
        return "ViewOnly" if self.allow(table, column) else "NoAccess"


def read_grants(text: str) -> Grants:
    """`all`, `none`, or a comma list of `table.column` and `table.*`; a leading `-` denies: `all,-log.schoolid`."""
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    denied = frozenset(word[1:] for word in words if word[0] == "-")
    allowed = frozenset(word for word in words if word[0] != "-") - {"all", "none"}
    return Grants("all" in words or (not allowed and "none" not in words), allowed, denied)
