"""Addresses that mail can't be sent to are refused, and say why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.values.parsing import Unreadable, email


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *((f"mira{sign}s@x.example", "email_characters") for sign in "’‘“”„–—…´¨€™"),
        (".mira@x.example", "email_characters"),
        ("mira.@x.example", "email_characters"),
        ("mira@-x.example", "email_characters"),
        ("mira@x-.example", "email_characters"),
        ("mira@x_y.example", "email_characters"),
        ("mira@x!y.example", "email_characters"),
        ("ｍｉｒａ@x.example", "email_characters"),
        ("ﬁona@x.example", "email_characters"),
        ("mirа@x.example", "email_lookalike"),  # the last letter is Cyrillic
        ("mira@exаmple.org", "email_lookalike"),
        ("οmar@x.example", "email_lookalike"),  # a Greek omicron
        ("аса@x.example", "email_lookalike"),  # all Cyrillic
        ("mira@х.org", "email_lookalike"),
        ("mıra@x.example", "email_lookalike"),  # a dotless i
        ("miɡa@x.example", "email_lookalike"),
        (f"mira@{'x' * 64}.example", "email_invalid"),
        ("mira@192.0.2.1", "email_invalid"),
        ("mira@x.123", "email_invalid"),
    ],
)
def test_what_mail_cannot_carry_is_refused_with_its_reason(written: str, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        email(written, 320)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "written",
    [
        "o'neil@x.example",
        "josé@x.example",
        "иван@почта.рф",
        "жора@x.example",
        "a-b+c_d@x-y.example",
    ],
)
def test_what_mail_can_carry_is_taken(written: str) -> None:
    assert email(written, 320) == written


@pytest.mark.parametrize("around", ['"{}"', "'{}'", "<{}>", "“{}”", "‘{}’", "«{}»", " < {} > "])
def test_quotation_marks_and_brackets_around_an_address_are_taken_off(around: str) -> None:
    assert email(around.format("mira@x.example"), 320) == "mira@x.example"


@pytest.mark.parametrize("written", ["'mira@x.example", "’mira@x.example"])
def test_an_apostrophe_in_front_of_an_address_is_taken_off(written: str) -> None:
    assert email(written, 320) == "mira@x.example"


@given(st.text("abcаеорс", min_size=1, max_size=8))
def test_no_address_mixes_latin_and_cyrillic_letters(local: str) -> None:
    plain = local.isascii()
    try:
        assert (email(f"{local}@x.example", 320) is not None) is plain
    except Unreadable as refused:
        assert refused.code == "email_lookalike"
        assert not plain
