"""Texts for people: marked for translation, and translated where they are shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import rollbook.roster
from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.problems.catalogue import PROBLEMS
from rollbook.roster.problems.expected_values import EXPECTED_VALUES
from rollbook.roster.problems.problem_texts import UNKNOWN_PROBLEM
from rollbook.roster.problems.sheet_problems import FILE_REMEDIES, FIX_IN_FILE
from rollbook.roster.school_calendar import DAYS
from rollbook.roster.sheets.date_orders import guess_date_order
from rollbook.roster.sheets.upload_template import template_columns
from rollbook.roster.translation import Phrase, fill, gettext_noop, translated
from rollbook.roster.values.dates import MONTHS
from tests.marked_texts import SEVERAL_WORDS, literals, marked_texts

FILES = sorted(Path(rollbook.roster.__file__ or "").parent.rglob("*.py"))
# Texts that stay in English, or are not for people.
UNMARKED = {
    "What is wrong",  # a heading by which we recognise a file of our own
    "The mapping lacks .",  # an error of ours, not of a person
}

GERMAN = {
    "{name} is closed until {day}.": "{name} ist bis {day} geschlossen.",
    "Monday": "Montag",
    "PowerSchool": "never looked up",
}


def german(text: str) -> str:
    return GERMAN.get(text, text)


def test_a_marked_text_stays_as_it_is_until_it_is_shown() -> None:
    assert gettext_noop("Monday") == "Monday"
    assert translated("Monday", german) == "Montag"
    assert translated("", lambda text: "gettext answers the header of its file") == ""


def test_a_phrase_is_english_text_that_can_be_shown_in_another_language() -> None:
    phrase = Phrase("{name} is closed until {day}.", name="PowerSchool", day=Phrase("Monday"))
    assert phrase == "PowerSchool is closed until Monday."
    assert translated(phrase, german) == "PowerSchool ist bis Montag geschlossen."


def test_filling_never_fails_on_what_a_translator_or_a_student_wrote() -> None:
    values = {"name": "{day} {", "day": 3}
    assert (
        fill("{name} {0} {} {missing} {day!r} {{", values) == "{day} { {0} {} {missing} {day!r} {{"
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_sentence_is_marked(path: Path) -> None:
    """Texts without a capital letter are lists of words that are recognised."""
    unmarked = [
        f"{node.lineno}: {text}"
        for node, text in literals(path)
        if SEVERAL_WORDS.search(text) and text != text.lower() and text not in UNMARKED
    ]
    assert unmarked == []


def shown_texts() -> Iterator[str]:
    """Yield the texts that screens, files and mails take from the rules, short ones included."""
    for problem in (*PROBLEMS.values(), UNKNOWN_PROBLEM):
        yield from (problem.cause, problem.remedy)
    yield from (FIX_IN_FILE, *FILE_REMEDIES.values(), *EXPECTED_VALUES.values())
    yield from (*MONTHS, *DAYS)
    for field in STUDENT_FIELDS.values():
        yield from (field.label, field.meaning)
    for column in template_columns():
        yield column.meaning
    for dates in ([], ["2010-05-03"], ["3/5/10"], ["13/4/2011"], ["3/5/2010"], ["3/3/2010"]):
        sentence = guess_date_order(dates).sentence
        yield sentence.template if isinstance(sentence, Phrase) else sentence


def test_every_text_that_is_shown_is_found_by_makemessages() -> None:
    marked = {text for path in FILES for text in marked_texts(path)}
    assert set(shown_texts()) - marked == set()
