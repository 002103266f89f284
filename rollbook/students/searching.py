"""Search by words, as every list of students, changes and problems does it.

A row is found when its text has every word of the search. A word of one or two letters must begin
a word of the text, unless it is Chinese, Japanese or Korean. Letter case, accents, apostrophes and
hyphens do not matter (`roster.values.names.fold`).
"""

import re
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from django.db.models import F, Func, Model, Q, QuerySet, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Concat, StrIndex, Substr

from rollbook.roster.values.names import fold
from rollbook.schools.models import School
from rollbook.students.folding import Folded
from rollbook.students.models import FurtherLink, StudentAccount
from rollbook.students.search_pattern import pattern_of

LONGEST_SEARCH: Final = 200
SHORT_WORD: Final = 2  # letters
# "Núñez, José" is how a class list writes José Núñez.
_BETWEEN_WORDS: Final = re.compile(r"[\s,;，、；]+")
# In these scripts one or two letters are a name, and no space is written between names.
_WITHOUT_SPACES: Final = re.compile("[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff]")
M = TypeVar("M", bound=Model)


class PersonText(NamedTuple):
    """A text to be searched, folded, and as the columns have it."""

    folded: Combinable
    unfolded: Combinable


SearchedText: TypeAlias = Combinable | PersonText

# The names, e-mail, student number and SIS ID of an account, folded by the database. Each text
# has a space before each word.
ACCOUNT_TEXT: Final = F("search_text")


def folded_text(*columns: str) -> Combinable:
    """Return the text of these columns, to be searched."""
    return Folded(_joined(columns))


def person_text(
    first_name: str | Combinable, last_name: str | Combinable, email: str, sis_id: str
) -> PersonText:
    """Return the text of these columns, with the names as the text of accounts has them.

    "mcdonald" finds Mc Donald, and 王小明 the student 小明 王.
    """
    columns = (first_name, last_name, email, sis_id)
    nothing = Value("")
    first, last, address, number = _values(columns)
    folded = Func(
        *(first, last, nothing, nothing, address, nothing, number),
        function="students_search_text",
        output_field=TextField(),
    )
    return PersonText(folded, _joined(columns))


def full_name_text(name: str, value: str, sis_id: str) -> PersonText:
    """Return the text of rows that have a student's first and last name in one column."""
    first_name = Func(
        *(F(name), Value(" "), Value(1)), function="split_part", output_field=TextField()
    )
    last_name = Substr(name, StrIndex(F(name), Value(" ")) + 1, output_field=TextField())
    return person_text(first_name, last_name, value, sis_id)


def accounts_having(
    accounts: QuerySet[StudentAccount], school: School, search: str
) -> QuerySet[StudentAccount]:
    """Return the accounts whose text has every word of the search.

    The search can also be the SIS ID in a second SIS.
    """
    by_words = having_words(accounts, search)
    sis_id = search.strip()
    if not sis_id or "\0" in sis_id:
        return by_words
    links = FurtherLink.objects.filter(school=school, sis_id=sis_id)
    if not links.exists():
        return by_words
    return accounts.filter(Q(pk__in=by_words.values("pk")) | Q(pk__in=links.values("account_id")))


def having_words(rows: QuerySet[M], search: str, text: SearchedText = ACCOUNT_TEXT) -> QuerySet[M]:
    """Return the rows whose text has every word of the search.

    A text that is folded for the search is folded for the rows that `pattern_of` lets through.
    """
    words = _BETWEEN_WORDS.split(search.replace("\0", " ")[:LONGEST_SEARCH].strip())
    words = [_as_searched(word) for word in words if fold(word)]
    if not words:
        return rows.none() if search.strip(" \0\t\r\n") else rows
    conditions = Q()
    for word in words:
        conditions &= Q(searched_text__contains=Folded(Value(word)))
    texts: dict[str, Any] = {"searched_text": text}
    if isinstance(text, PersonText):
        texts = {"searched_text": text.folded, "unfolded_text": text.unfolded}
        conditions &= Q(unfolded_text__regex=pattern_of(max(words, key=len)))
    with_text: QuerySet[Any] = rows.alias(**texts)
    return with_text.filter(conditions)


def _as_searched(word: str) -> str:
    """Return a word as it has to occur in a text: a short one after a space."""
    if len(word) <= SHORT_WORD and not _WITHOUT_SPACES.search(word):
        return f" {word}"
    return word


def _values(columns: tuple[str | Combinable, ...]) -> list[Combinable]:
    return [Coalesce(column, Value(""), output_field=TextField()) for column in columns]


def _joined(columns: tuple[str | Combinable, ...]) -> Concat:
    parts: list[Combinable] = []
    for value in _values(columns):
        parts += [Value(" "), value]
    return Concat(*parts, output_field=TextField())
