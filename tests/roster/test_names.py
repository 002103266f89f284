"""Names: read, and compared as people write them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.values.names import fold, name_key, personal_name, same_first_name, same_name

SAME = [
    ("D'Arcy", "D’Arcy"),
    ("D'Arcy", "D`Arcy"),
    ("D'Arcy", "Darcy"),
    ("O´Neal", "ONeal"),
    ("O'Neal", "O Neal"),
    ("Mary-Jane", "Mary Jane"),
    ("Mary–Jane", "Mary‑Jane"),
    ("Mary-Jane", "Maryjane"),
    ("Al-Farsi", "AlFarsi"),
    ("Al-Farsi", "al farsi"),
    ("Mc Donald", "McDonald"),
    ("Van der Berg", "Vanderberg"),
    ("Đức", "Duc"),
    ("Søren Bø", "Soren Bo"),
    ("Łukasz", "Lukasz"),
    ("Işık", "Isik"),
    ("Weiß", "Weiss"),
    ("Ægir", "Aegir"),
    ("Œuvrard", "Oeuvrard"),
    ("Þór", "Thor"),
    ("Guðrún", "Gudrun"),
    ("Ħelena", "Helena"),
    ("Zo\u200be\u0308", "Zoë"),
    ("\ufeffAda", "Ada"),
    ("García\u200e", "Garcia"),
    ("Lennox Jr.", "Lennox"),
    ("Lennox, Jr", "lennox"),
    ("Lennox III", "Lennox"),
    ("St. John", "St John"),
    ("Ｍｉｒａ", "Mira"),
    ("Γιώργος", "ΓΙΩΡΓΟΣ"),
    *(("O'Neal", f"O{sign}Neal") for sign in 'ꞌ՚׳ߴˊ❜‚„“"'),
    *(("Mary-Jane", f"Mary{sign}Jane") for sign in "־᠆⸗⸺゠˗_~/"),
    ("Ƒatou Ɠarba", "Fatou Garba"),
    ("Ɲene Ƥaul", "Nene Paul"),
    ("ɑɡnes", "agnes"),
    ("محمّد", "محمد"),
    ("أحمد", "احمد"),
    ("فاطمة", "فاطمه"),
    ("יוֹסֵף", "יוסף"),
    ("Saint John", "St. John"),
    ("Lennox (Jr)", "Lennox"),
    ("Lennox Jnr", "Lennox"),
    ("Lennox V", "Lennox"),
    ("Silva Filho", "Silva"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_way_of_writing_makes_no_other_name(one: str, other: str) -> None:
    assert same_name(one, other)
    assert same_name(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("Ada", "Ida"), ("Jr", "Sr"), ("III", "II"), ("-", "'"), ("-", ""), ("か", "が")),
        *(("Al", "V"), ("Neto", "Filho"), ("Anna", "Hanna"), ("И", "І")),
        *(("Müller", "Mueller"), ("Lee", "Li"), ("王", "李"), ("Ivan", "Иван")),
    ],
)
def test_other_letters_are_another_name(one: str, other: str) -> None:
    assert not same_name(one, other)


@pytest.mark.parametrize(
    ("one", "other", "compatible"),
    [
        ("Anne Marie", "Anne", True),
        ("Anne-Marie", "Marie", True),
        ("Annemarie", "Anne-Marie", True),
        ("José Luis", "jose", True),
        ("Anne Marie", "Anne Sophie", False),
        ("Anne", "Anna", False),
        ("Annemarie", "Anne", False),
        ("Anne", None, False),
        ("", None, True),
    ],
)
def test_one_of_two_given_names_is_compatible(
    one: str, other: str | None, compatible: bool
) -> None:
    assert same_first_name(one, other) is compatible


LETTERS = "abcdefgABCDEFGéÉñøØłŁđĐßæÆœþğışŞİäÖüřčžāăơưọΩλЖя李明한ตعمرかが"
NAMES = st.text(LETTERS, min_size=1, max_size=12)


@given(NAMES, st.sampled_from("'’ʼ`´-‐‑– \u200b\ufeff"), st.integers(0, 12))
def test_a_sign_that_is_passed_over_changes_no_key_at_any_place(
    name: str, sign: str, place: int
) -> None:
    # Not between a letter and its mark.
    written = unicodedata.normalize("NFC", name)
    assert name_key(f"x{written[:place]}{sign}{written[place:]}x") == name_key(f"x{written}x")


@given(NAMES)
def test_forms_of_unicode_make_no_difference(name: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert fold(unicodedata.normalize(form, name)) == fold(name)
    assert fold(fold(name)) == fold(name)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("O&#39;Hara", "O'Hara"),
        ("O&#x27;Hara", "O'Hara"),
        ("O&apos;Hara", "O'Hara"),
        ("O&amp;#39;Hara", "O'Hara"),
        ("Jos&eacute;", "José"),
        ("Mary &amp; Ann", "Mary & Ann"),
        ("Tom & Ann; Bea", "Tom & Ann; Bea"),
        ("A&B", "A&B"),
        ("\u200b", None),
        ("\ufeff \u2060", None),
        ("\u3164", None),
        ("\u200e\u200f", None),
        ("&#8203;", None),
        ("&nbsp;", None),
        ("Mi\u200bra", "Mira"),
        ("Null", "Null"),
        ("Na", "Na"),
        (None, None),
    ],
)
def test_a_name_is_read_as_it_is_meant(written: str | None, expected: str | None) -> None:
    assert personal_name(written, 300) == expected
