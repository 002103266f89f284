"""Texts, e-mail addresses and names in canonical form."""

import unicodedata
from datetime import date, datetime
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.values.names import same_name
from rollbook.roster.values.parsing import Unreadable, email, email_key, text
from tests.roster.model import named

TEXTS: list[tuple[Any, str | None]] = [
    (None, None),
    ("", None),
    ("   ", None),
    ("\u00a0\u3000\t\r\n", None),
    ("Ada", "Ada"),
    ("  Mary \t Ann\u00a0Smith\r\n", "Mary Ann Smith"),
    ("Ada\u2028Byron\u0085", "Ada Byron"),
    ("Jose\u0301", "José"),
    ("Ångström", "Ångström"),
    ("\u1112\u1161\u11ab", "한"),
    ("عمر", "عمر"),
    ("👩\u200d👧", "👩\u200d👧"),
    ("00417", "00417"),
    ("=SUM(A1)", "=SUM(A1)"),
    (20418, "20418"),
    (20418.0, "20418"),
    (-0.0, "0"),
    (3.5, "3.5"),
    (10**40, "1" + "0" * 40),
    (True, "true"),
    (False, "false"),
    (date(2010, 2, 28), "2010-02-28"),
    (datetime.fromisoformat("2010-02-28T01:02"), "2010-02-28T01:02:00"),
]
UNREADABLE: list[tuple[Any, str]] = [
    ("a\x00b", "control_characters"),
    ("a\x1fb", "control_characters"),
    ("\x1c", "control_characters"),
    ("a\x7f", "control_characters"),
    ("a\x9b", "control_characters"),
    ("a\ud800", "control_characters"),
    ("\udfff", "control_characters"),
    ("a\uffff", "control_characters"),
    ("x" * 301, "text_too_long"),
    ("e\u0301" * 301, "text_too_long"),
    (10**300, "text_too_long"),
    (10**5_000, "text_too_long"),
    ([], "wrong_type"),
    ({}, "wrong_type"),
    (["Ada"], "wrong_type"),
    (b"Ada", "wrong_type"),
    (float("nan"), "wrong_type"),
    (float("-inf"), "wrong_type"),
]
ADDRESSES: list[tuple[Any, str | None]] = [
    (None, None),
    ("", None),
    ("  ", None),
    (" Ada.Byron@School.example ", "Ada.Byron@School.example"),
    ("o'neil+1@x.example", "o'neil+1@x.example"),
    ("jose\u0301@x.example", "josé@x.example"),
    ("用户@例子.广告", "用户@例子.广告"),
    ("x" * 244 + "@y.example", "x" * 244 + "@y.example"),
]
NO_ADDRESSES: list[Any] = [
    *(
        "ada",
        "@x.example",
        "ada@",
        "ada@x",
        "ada@x.",
        "ada@.example",
        "ada@x..example",
        "a..b@x.example",
        "a@b@x.example",
    ),
    *(
        "ada byron@x.example",
        "ada@x.example, bea@x.example",
        "Ada <ada@x.example>",
        '"ada"@x.example',
        "ada@x.example;",
    ),
    *(
        "mailto:a@x.example",
        "x" * 245 + "@y.example",
        "x" * 100_000,
        "ada\u200b@x.example",
        "\ufeffada@x.example",
        "ada@x.example\u200e",
        12,
        1.5,
        True,
    ),
    "İ" * 240 + "@x.example",  # in small letters it has 492 characters, more than a key can hold
]
SAME_NAMES = [
    *(
        ("José", "JOSE"),
        ("José", "Jose\u0301"),
        ("Nguyễn", "nguyen"),
        ("Strauß", "STRAUSS"),
        ("  Mary  Ann", "mary ann"),
    ),
    *(("İnci", "inci"), ("Ａda", "Ada"), ("ℌans", "hans"), ("", None)),
]
OTHER_NAMES = [
    ("Ada", "Ida"),
    ("Ada", None),
    ("Mary Ann", "Marian"),
    ("かき", "がき"),
    ("สุ", "ส"),
    ("Müller", "Mueller"),
]


@pytest.mark.parametrize(("written", "expected"), TEXTS)
def test_a_text_is_taken_in_canonical_form(written: Any, expected: str | None) -> None:
    assert text(written, 300) == expected


@pytest.mark.parametrize(("written", "code"), UNREADABLE, ids=named)
def test_what_is_no_text_is_refused_with_its_code(written: Any, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        text(written, 300)
    assert refused.value.code == code


def test_the_limit_counts_the_characters_of_the_canonical_form() -> None:
    assert text(" " + "e\u0301" * 300 + "\t", 300) == "é" * 300
    assert text("\u03b1\u0313\u0300\u0345" * 300, 300) == "\u1f82" * 300
    assert text("  " * 5_000 + "Ada", 3) == "Ada"


def test_a_long_run_of_accents_is_refused_before_it_is_normalised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Normalising one takes time by the square of its length."""
    lengths: list[int] = []
    normalize = unicodedata.normalize

    def measured(form: Literal["NFC", "NFKD"], written: str) -> str:
        lengths.append(len(written))
        return normalize(form, written)

    monkeypatch.setattr(unicodedata, "normalize", measured)
    assert text("e\u0301" * 300, 300) == "é" * 300
    with pytest.raises(Unreadable, match="text_too_long"):
        text("a" + "\u0301\u0323" * 100_000, 300)
    assert lengths == [600]


@given(st.text(max_size=40))
def test_canonical_texts_are_single_spaced_composed_and_stay_as_they_are(written: str) -> None:
    try:
        value = text(written, 300)
    except Unreadable as refused:
        assert refused.code == "control_characters"
        return
    assert value is None or (
        value == " ".join(value.split()) == unicodedata.normalize("NFC", value)
    )
    assert text(value, 300) == value
    assert text(unicodedata.normalize("NFD", written), 300) == value


@pytest.mark.parametrize(("written", "expected"), ADDRESSES)
def test_an_address_keeps_the_spelling_it_came_in(written: Any, expected: str | None) -> None:
    assert email(written, 320) == expected


@pytest.mark.parametrize("written", NO_ADDRESSES, ids=named)
def test_what_has_not_the_shape_of_an_address_is_refused(written: Any) -> None:
    with pytest.raises(Unreadable, match="email_invalid"):
        email(written, 320)


@pytest.mark.parametrize(
    ("written", "code"),
    [("a\x00@x.example", "control_characters"), ([], "wrong_type"), ({"a": 1}, "wrong_type")],
)
def test_an_address_that_is_no_text_says_so(written: Any, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        email(written, 320)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ada@X.example", "ada@x.EXAMPLE"), ("JOSÉ@x.y", "josé@x.y"), ("J\u030c@x.y", "\u01f0@x.y")],
)
def test_letter_case_does_not_tell_two_addresses_apart(one: str, other: str) -> None:
    assert email_key(one) == email_key(other)
    assert email_key(email_key(one)) == email_key(one)


@pytest.mark.parametrize(
    ("one", "other"), [("ada@x.y", "ada@y.y"), ("jose@x.y", "josé@x.y"), ("a.b@x.y", "ab@x.y")]
)
def test_addresses_that_differ_in_more_are_two(one: str, other: str) -> None:
    assert email_key(one) != email_key(other)


@pytest.mark.parametrize(("one", "other"), SAME_NAMES)
def test_letter_case_accents_and_spaces_do_not_tell_two_names_apart(
    one: str, other: str | None
) -> None:
    assert same_name(one, other)
    assert same_name(other, one)


@pytest.mark.parametrize(("one", "other"), OTHER_NAMES)
def test_other_letters_are_other_names(one: str, other: str | None) -> None:
    assert not same_name(one, other)
