"""What a run was asked to do, as typed values; `Run.settings` stores them as JSON.

A key that is missing in the JSON has its usual value; one that is unknown is ignored.
"""

from collections.abc import Mapping
from typing import Any, Self

import msgspec

from rollbook.roster.planning.selecting import doubted_levels
from rollbook.roster.records import Selection


class StoredSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How settings are loaded and stored."""

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """Return the settings that a run has stored."""
        return msgspec.convert(stored, cls)

    def stored(self) -> dict[str, Any]:
        """Return the settings as a run stores them."""
        settings: dict[str, Any] = msgspec.to_builtins(self)
        return settings


class FieldRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one of our fields is filled: `wins` is "app" where the SIS fills it only once."""

    wins: str = ""
    blank_clears: bool = False


class RosterSettings(StoredSettings, frozen=True, kw_only=True):
    """The settings of a run that reads a SIS, as its integration had them when it was asked for.

    `mapping` are pairs of (source field, our field). `leavers` and `limits` are the values of
    `leaver_rules.LeaverRules` and `roster.guards.Limits` by name; `wider` are those limits that
    were given for this run alone. `grades`, `grade_names` and `schools` are those of
    `models.Integration`; of the schools, their names by key. `grade_meanings` are the levels that
    a person chose for names of grades, by the name in lower case.
    `test_run` is the integration's switch, which a run may override.
    `free_emails_after` is the rule of the school.
    `other_fields` are the fields that the other active SISs of the school map, by source; `owners`
    is the SIS that the school chose for a field.
    """

    grades: tuple[int, ...] = ()
    grade_names: dict[str, bool] = {}
    grade_meanings: dict[str, int | None] = {}
    schools: dict[str, str] = {}
    mapping: tuple[tuple[str, str], ...] = ()
    mapping_version: int = 1
    variant: str = ""
    choices: dict[str, str] = {}
    field_rules: dict[str, FieldRule] = {}
    other_fields: dict[str, tuple[str, ...]] = {}
    owners: dict[str, str] = {}
    leavers: dict[str, Any] = {}
    limits: dict[str, Any] | None = None
    wider: dict[str, Any] = {}
    only_adds: bool = False
    test_run: bool = False
    free_emails_after: int | None = None

    @property
    def selection(self) -> Selection:
        """The students to import, by grade and school."""
        names = {name.casefold(): chosen for name, chosen in self.grade_names.items()}
        doubted = doubted_levels(self.grade_meanings)
        return Selection(frozenset(self.grades), names, frozenset(self.schools), doubted)


class UploadSettings(StoredSettings, frozen=True, kw_only=True):
    """The settings of an upload. `input` is a digest of all that its plan was made from."""

    free_emails_after: int | None = None

    upload: str = ""
    file_name: str = ""
    mapping: tuple[tuple[str, str], ...] = ()
    input: str = ""


class UndoSettings(StoredSettings, frozen=True, kw_only=True, omit_defaults=True):
    """The settings of an undo: for one `student` (the id of an account), or for all."""

    variant: str = ""
    student: str | None = None
