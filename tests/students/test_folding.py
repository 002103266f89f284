"""The database and the rules fold names alike, and searches find names as people type them."""

import random
import re

import pytest
from django.db import connection
from django.db.models import F, TextField, Value
from django.db.models.functions import Concat

from rollbook.roster.values.names import ONE_LETTER, PASSED_OVER, TWO_LETTERS, fold
from rollbook.students import listing
from rollbook.students.listing import StudentQuery
from rollbook.students.models import StudentAccount
from rollbook.students.search_pattern import pattern_of
from rollbook.students.searching import full_name_text, having_words
from rollbook.sync.report.change_rows import CHANGE_TEXT
from tests.students.conftest import MakeStudent

pytestmark = pytest.mark.django_db

LETTERS = (
    *("abcdefgxyzABCXYZ 0123456789.@_%\\&;,()", "áàâãäåæçéèêëíìîïñóòôõöøœúùûüýÿßðþÁÉÑÖØŒÞ"),
    *("āăąćčďđēėęěğģħīįıİķłļńňŋőŕřśşšţťūůűųŵžźżŁŠŽĐĞƏə", "ạảấầẩẫậắằẳẵặẹẻẽếềểễệịọộớờợụứừựỳỵơưƠƯ"),
    *("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώΑΒΓΣΩ", "абвгдежзийклмнопрстуфхцчшщъыьэюяёЁЙЖЯ"),
    *("李明王小丽张伟陳大文", "김민수박지영", "かがきぎサザ", "عمرأحمدםיוחנן", "สมชายनमस्ते"),
    *("ＡｄａﬁℌⅣ①", PASSED_OVER, "".join(ONE_LETTER), "".join(TWO_LETTERS)),
)


def made_up_names(number: int) -> list[str]:
    chance = random.Random(number)
    alphabet = "".join(LETTERS)
    mixed = ["".join(chance.choices(alphabet, k=chance.randint(1, 20))) for _ in range(number)]
    of_one_script = [
        "".join(chance.choices(chance.choice(LETTERS), k=chance.randint(1, 12)))
        for _ in range(number)
    ]
    return mixed + of_one_script + list(alphabet)


def test_the_database_folds_as_the_rules_do() -> None:
    names = made_up_names(3_000)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, students_fold(name) FROM unnest(%s::text[]) AS name", [names])
        rows = cursor.fetchall()
    assert [(name, folded, fold(name)) for name, folded in rows if folded != fold(name)] == []


def test_the_pattern_of_a_word_matches_each_text_that_has_it() -> None:
    """Whatever part of a name is searched, the quick look at the row doesn't lose it."""
    chance = random.Random(14)
    names = made_up_names(1_000)
    rows = []
    for name in names:
        joined = name.replace(" ", "")
        for text in (name, joined, f" {name}"):
            start = chance.randrange(len(text) or 1)
            word = text[start : start + chance.randint(1, 8)]
            if fold(word).strip():
                rows.append((name, word, pattern_of(word)))
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT name, word FROM unnest(%s::text[], %s::text[], %s::text[])
                AS search (name, word, pattern)
            CROSS JOIN LATERAL students_search_text(name, '', '', '', '', '', '') AS text
            WHERE strpos(text, students_fold(word)) > 0 AND NOT (' ' || name || ' ') ~ pattern""",
            [list(column) for column in zip(*rows, strict=True)],
        )
        assert cursor.fetchall() == []
    assert len(rows) > 3_000


PEOPLE = {
    "obryan": ("Séamus", "O’Bryan"),
    "nunez": ("José", "Núñez"),
    "john": ("Anne-Marie", "St. John"),
    "farsi": ("Omar", "Al-Farsi"),
    "donald": ("Ewan", "Mc Donald"),
    "duc": ("Đức", "Lê"),
    "bo": ("Søren", "Bø"),
    "li": ("小明", "李"),
    "kim": ("민수", "김"),
}


@pytest.mark.parametrize(
    ("search", "who"),
    [
        *(
            ("obryan", "obryan"),
            ("o'bryan", "obryan"),
            ("O’BRYAN", "obryan"),
            ("O`Bryan", "obryan"),
        ),
        *(("Núñez, José", "nunez"), ("nunez, jose", "nunez"), ("nunez,jose", "nunez")),
        *(
            ("anne marie", "john"),
            ("anne-marie", "john"),
            ("annemarie", "john"),
            ("st john", "john"),
        ),
        *(
            ("al farsi", "farsi"),
            ("alfarsi", "farsi"),
            ("Al-Farsi", "farsi"),
            ("al–farsi", "farsi"),
        ),
        *(("mcdonald", "donald"), ("mc donald", "donald"), ("Mc-Donald", "donald")),
        *(
            ("duc", "duc"),
            ("Đức", "duc"),
            ("soren", "bo"),
            ("SØREN BØ", "bo"),
            ("so\u200bren", "bo"),
        ),
        *(("小明", "li"), ("李小", "li"), ("李小明", "li"), ("明", "li"), ("李", "li")),
        *(("김민수", "kim"), ("민수", "kim")),
    ],
)
def test_a_name_is_found_as_people_type_it(
    make_student: MakeStudent, search: str, who: str
) -> None:
    made = {name: make_student(*names) for name, names in PEOPLE.items()}
    query = StudentQuery(search=search)
    found = listing.students(made[who].school, query)
    assert list(found) == [made[who]]
    # Rows of a run and problems have the names in columns of their own.
    name = Concat("first_name", Value(" "), "last_name", output_field=TextField())
    rows = StudentAccount.objects.alias(full_name=name, value=F("email"))
    for text in (CHANGE_TEXT, full_name_text("full_name", "value", "sis_id")):
        assert list(having_words(rows, search, text)) == [made[who]]


@pytest.mark.parametrize("search", ["-", "'", "- ’", ","])
def test_a_search_for_nothing_but_signs_finds_nobody(
    make_student: MakeStudent, search: str
) -> None:
    school = make_student("Anne-Marie", "O'Neal").school
    assert not listing.students(school, StudentQuery(search=search)).exists()


def test_the_text_of_an_account_is_its_folded_values() -> None:
    names = [*made_up_names(300), "Mc Donald", "Anne-Marie", "O'Brien", "Van der Berg", "Zoë Ann"]
    query = "SELECT name, students_search_text(name, name, NULL, 'B`x', 'O-k@x.org', NULL, 'S7')"
    with connection.cursor() as cursor:
        cursor.execute(f"{query} FROM unnest(%s::text[]) AS name", [names])
        rows = cursor.fetchall()
    assert [name for name, text in rows if text != expected_text(name)] == []


def expected_text(name: str) -> str:
    words = [name, name]
    if " " in name:
        words += [name.replace(" ", "")] * 2
    if re.search("[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff]", name):
        words.append(name + name)
    return fold(" ".join(["", *words, "", "B`x", "O-k@x.org", "", "S7"]))
