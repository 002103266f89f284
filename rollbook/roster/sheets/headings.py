"""The headings of a spreadsheet: which field each names, and what speaks against a guess."""

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from rollbook.roster.fields import ACTIVE, STUDENT_FIELDS
from rollbook.roster.sheets.contrary_words import CONTRARY_PHRASES, CONTRARY_STEMS, CONTRARY_WORDS

# How PowerSchool and others name a column: by its table first. Its table 1 is that of students.
_TABLE_PREFIX: Final = re.compile(
    r"^\s*(?:\[\s*(?:0*1|\w*students?)\s*\]|\w*students?\.)(?=\s*\w)", re.IGNORECASE
)
_IN_BRACKETS: Final = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")  # (DD/MM/YYYY), [Required]
# Where a word begins without a space: firstName, DOBDate, Guardian1.
_WORD_START: Final = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])"
)
_NAME_WORDS: Final = re.compile(r"\b(?:first|last) names?\b")
_WORD: Final = re.compile(r"[^\W_]+")
_HEADING_LIMIT: Final = 200  # characters that are looked at

_ACTIVE_HEADINGS: Final = (
    "active isactive activestatus enabled isenabled studentactive accountactive enableduser"
)
_HEADINGS: Final[dict[str, list[str]]] = {
    **{key: field.headings.split() for key, field in STUDENT_FIELDS.items()},
    ACTIVE: _ACTIVE_HEADINGS.split(),
}
_FIELD_OF: Final = {heading: field for field, names in _HEADINGS.items() for heading in names}
_RANK: Final = {heading: rank for names in _HEADINGS.values() for rank, heading in enumerate(names)}
# Our own names of fields, as the template and our exports write them.
_OWN_HEADINGS: Final = {
    name: field.key for field in STUDENT_FIELDS.values() for name in (field.key, field.label)
}
ENROLL_STATUS: Final = "enrollstatus"  # PowerSchool's, in which 0 is active
_STUDENT_WORDS: Final = frozenset(
    (
        *("student", "students", "pupil", "pupils", "learner", "learners", "scholar"),
        *("scholars", "child", "legal", "alumno", "alumna", "alumnos", "estudiante"),
    )
)
_GLUE_WORDS: Final = frozenset(["of", "the", "de", "del", "la", "el"])
_STATUS_COMPANIONS: Final = frozenset(
    (
        *("account", "user", "student", "pupil", "record", "school", "current", "active"),
        *("enroll", "enrol", "enrollment", "enrolment", "enrolled"),
    )
)
# A heading that names the student is surer about these than one that doesn't. An ID is not among
# them: "Student ID" is often the school's number, so "SIS ID" is better.
_OF_A_PERSON: Final = frozenset(
    (
        *("email", "first_name", "last_name", "middle_name", "preferred_name"),
        *("personal_email", "birth_date", "gender"),
    )
)


class KnownHeading(NamedTuple):
    """A heading that names a field. `key` is its form in `Field.headings`; "status" for any status.

    Where two headings name one field, the smaller `rank` wins.
    """

    field: str
    key: str
    rank: tuple[bool, int]


def heading_key(name: str | None) -> str:
    """Return a heading in small letters and digits only, without accents.

    "E-Mail Address*" and "email_address" have the same key. A table of students before the name
    is left out, as in "[Students]First_Name", "STUDENTS.First_Name" and "student.firstName".
    """
    bare = _TABLE_PREFIX.sub("", (name or "")[:_HEADING_LIMIT])
    return "".join(letter for letter in _folded(bare) if letter.isalnum())


@lru_cache(maxsize=4_096)
def known_heading(name: str | None) -> KnownHeading | None:
    """Return the field that a heading names, None where it names none of ours."""
    written = (name or "").removesuffix("*").strip()
    words = heading_words(name)
    if written in _OWN_HEADINGS:
        return _known(_OWN_HEADINGS[written], heading_key(written), words, -1)
    key = heading_key(name)
    if key in _FIELD_OF:
        return _known(_FIELD_OF[key], key, words, _RANK[key])
    if _is_status(words):
        kind = ENROLL_STATUS if key == ENROLL_STATUS else "status"
        return KnownHeading(ACTIVE, kind, (True, len(_HEADINGS[ACTIVE])))
    if speaks_against_student(name):
        return None
    bare = _IN_BRACKETS.sub(" ", _TABLE_PREFIX.sub("", (name or "")[:_HEADING_LIMIT]))
    for key in (heading_key(bare), "".join(without_student(heading_words(bare)))):
        if key in _FIELD_OF:
            return _known(_FIELD_OF[key], key, words, _RANK[key])
    return None


def _known(field: str, key: str, words: list[str], rank: int) -> KnownHeading:
    names_student = field in _OF_A_PERSON and not _STUDENT_WORDS.isdisjoint(words)
    return KnownHeading(field, key, (not names_student, rank))


def _is_status(words: list[str]) -> bool:
    """Return whether a heading names the status of an account: "Status", "Enrollment Status"."""
    plain = [word for word in words if word not in ("read", "only", "required")]
    return "status" in plain and set(plain) <= {"status", *_STATUS_COMPANIONS}


def without_student(words: list[str]) -> list[str]:
    """Return the words without "student", with "of the" before it and the "s" behind it."""
    words_left: list[str] = []
    after_student = False
    for word in words:
        if word in _STUDENT_WORDS:
            while words_left and words_left[-1] in _GLUE_WORDS:
                words_left.pop()
            after_student = True
            continue
        if not (after_student and word == "s"):
            words_left.append(word)
        after_student = False
    return words_left


def heading_words(name: str | None) -> list[str]:
    """Return the words of a heading in small letters, without accents.

    "Guardian1_Email", "guardian1Email" and "Guardian 1 e-mail" have the words of three, three and
    four: a number is a word of its own.
    """
    bare = _TABLE_PREFIX.sub("", (name or "")[:_HEADING_LIMIT]).replace("学生", " student ")
    return _WORD.findall(_folded(_WORD_START.sub(" ", bare)))


@lru_cache(maxsize=4_096)
def speaks_against_student(name: str | None) -> bool:
    """Return whether a heading says that its values are not the student's own, or not of today.

    "Parent Email" is no student's address, "Enrollment Date" no birth date, "Year Joined" no
    graduation year.
    """
    spaced = _NAME_WORDS.sub(" ", f" {' '.join(heading_words(name))} ")
    words = spaced.split()
    if not CONTRARY_WORDS.isdisjoint(words):
        return True
    joined = "".join(words)
    if any(stem in joined for stem in _CONTRARY_STEMS):
        return True
    return any(phrase in spaced for phrase in CONTRARY_PHRASES)


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", bare)  # Korean syllables are taken apart as well


_CONTRARY_STEMS: Final = tuple(map(_folded, CONTRARY_STEMS))
