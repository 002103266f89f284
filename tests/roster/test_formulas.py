"""Texts that could be formulas are guarded, and come back as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.values.formulas import FORMULA_SIGNS, guarded, looks_like_formula, unguarded


@pytest.mark.parametrize("sign", FORMULA_SIGNS)
@pytest.mark.parametrize("before", ["", " ", "'", '"', ' "', "  '"])
def test_every_sign_is_guarded_after_spaces_and_quotes_too(sign: str, before: str) -> None:
    text = f"{before}{sign}1+2"
    assert looks_like_formula(text)
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("sign", "=+-@＝＋－＠﹦﹢﹣﹫")
@pytest.mark.parametrize("before", [";", "; ", ';"', "a;", "Ada; '", ";;", "a;b;"])
def test_no_part_of_a_line_that_is_parted_at_semicolons_is_a_formula(
    sign: str, before: str
) -> None:
    text = f"{before}{sign}1+2"
    safe = guarded(text)
    assert unguarded(safe) == text
    for part in safe.split(";"):
        assert not part.lstrip(' "').startswith(FORMULA_SIGNS), safe


@pytest.mark.parametrize("text", [";=1+2", ";＝1+2", "; @SUM(A1)"])
def test_a_text_that_begins_with_a_semicolon_is_guarded_in_front_too(text: str) -> None:
    assert looks_like_formula(text)
    assert guarded(text).startswith("'")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ada",
        "a; b",
        "a;b",
        ";",
        "x;'y",
        "O'Neil",
        "ada@lincoln.example",
        "1-2",
        "'quoted'",
        " ",
        '"',
        "Anne-Marie",
    ],
)
def test_usual_texts_stay_as_they_are(text: str) -> None:
    assert guarded(text) == unguarded(text) == text


@given(st.text(alphabet="=+-@＝＠\t\r\n '\";a1", max_size=8))
def test_a_guarded_text_comes_back_as_it_was(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(FORMULA_SIGNS)
