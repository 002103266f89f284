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


@pytest.mark.parametrize(
    "text", ["", "Ada", "O'Neil", "ada@lincoln.example", "1-2", "'quoted'", " ", '"', "Anne-Marie"]
)
def test_usual_texts_stay_as_they_are(text: str) -> None:
    assert guarded(text) == unguarded(text) == text


@given(st.text(alphabet="=+-@\t\r\n '\"a1", max_size=8))
def test_a_guarded_text_comes_back_as_it_was(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(FORMULA_SIGNS)
