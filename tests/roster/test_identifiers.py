"""IDs: placeholders are none, and what a spreadsheet made of one is recognised."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.sheets.matching import RowKeys, RowMatch, SheetKey, check_sheet
from rollbook.roster.values.identifiers import is_grouped, plain_digits, sent_id, sheet_id
from rollbook.roster.values.parsing import Unreadable

PLACEHOLDERS = [
    *("TBD", "tbc", "T.B.D.", "N/A", "NA", "n.a.", "none", "None", "NULL", "(null)", "-", "–", "—"),
    *(
        "0",
        "000",
        "0.0",
        "new",
        "New",
        "pending",
        "?",
        "??",
        "...",
        "ＴＢＤ",
        "０",
        "#N/A",
        "TBD.",
        "_",
    ),
    *("\u200btbd", "[none]", "Unknown", "to be determined", "T B D", "N / A", "n-a", "N⁄A", "xxxx"),
    *("to be issued", "not yet assigned", "temp", "none yet", "No ID yet", "000-000", "0,0", "x"),
    *("#REF!", "#NAME?", "#DIV/0!", "#NULL!", "id", "SIS ID", "{null}"),
    *("neu", "folgt", "unbekannt", "pendiente", "Ninguno", "s/n", "à venir", "inconnu", "nessuno"),
    *("geen", "n.v.t.", "brak", "yok", "нет", "待定", "无", "なし", "未設定", "없음", "미정"),
]


@pytest.mark.parametrize("read", [sheet_id, sent_id])
@pytest.mark.parametrize("written", PLACEHOLDERS)
def test_a_placeholder_is_no_id(read: Any, written: str) -> None:
    with pytest.raises(Unreadable, match="id_placeholder"):
        read(written, 200)


@pytest.mark.parametrize(
    "written",
    ["ask the office", "wird nachgereicht", "por definir", "غير معروف", "待办"],
)
def test_words_in_a_cell_are_no_id_in_any_language(written: str) -> None:
    with pytest.raises(Unreadable, match="id_placeholder"):
        sheet_id(written, 200)
    assert sent_id(written, 200) == written  # a SIS may have such IDs


@pytest.mark.parametrize("read", [sheet_id, sent_id])
@pytest.mark.parametrize("written", [None, "", "  ", "\u200b", "\ufeff"])
def test_a_blank_is_no_id(read: Any, written: str | None) -> None:
    assert read(written, 200) is None


@pytest.mark.parametrize("read", [sheet_id, sent_id])
@pytest.mark.parametrize("written", ["1", "S12", "00123", "12E3", "NA12", "new-1", "a.b", "10-20"])
def test_an_id_stays_as_it_is(read: Any, written: str) -> None:
    assert read(written, 200) == written


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('="00123"', "00123"),
        ('= "S-1"', "S-1"),
        ("'00123", "00123"),
        ("’00123", "00123"),
        ('"00123"', "00123"),
        ("1017.0", "1017"),
        ("1017.00", "1017"),
        ("1017,00", "1017"),
        ("1,017.00", "1017"),
        ("００１２３", "00123"),
        ("\ufeffS12", "S12"),
        ("S\u200b12", "S12"),
        ("1.017E3", "1017"),
        ("1.017E+03", "1017"),
        ("1.23457E+5", "123457"),
        ("1.017 E+03", "1017"),
        ("=00123", "00123"),
        ("='00123'", "00123"),
        ('=""00123""', "00123"),
        ("‘00123’", "00123"),
        ("“00123”", "00123"),
        ("1017.", "1017"),
        ("1017,", "1017"),
        ("1017;", "1017"),
        ("1017.000", "1017"),
        ("1.017,00", "1017"),
        ("1 017,00", "1017"),
        ("1\u202f017,0", "1017"),
        ("12.345.678,00", "12345678"),
        ("٠٠١٢٣", "00123"),
        ("१०१७", "1017"),
    ],
)
def test_an_id_in_another_dress_is_read_as_that_id(written: str, expected: str) -> None:
    assert sheet_id(written, 200) == expected


LOST_DIGITS = [
    *("1.23457E+11", "1,23457E+11", "1.02e+03", "1E+05", "2.04E10", "1.E+05", "12.3E+10"),
    *("123.5E+9", "1.23 E+11", '=TEXT(A2,"00000")', "=VLOOKUP(B2,C:D,2,0)"),
]


@pytest.mark.parametrize("written", LOST_DIGITS)
def test_an_id_with_lost_digits_is_refused(written: str) -> None:
    with pytest.raises(Unreadable, match="digits_lost"):
        sheet_id(written, 200)


@pytest.mark.parametrize(
    "written",
    ["3-Dec", "12-Mar", "Oct-12", "12 Oct", "2026-12-03", "2026-12-03 00:00:00", "3/12/2026"],
)
def test_an_id_that_became_a_date_is_refused(written: str) -> None:
    with pytest.raises(Unreadable, match="id_as_date"):
        sheet_id(written, 200)


@pytest.mark.parametrize("written", ["20091213", "3-12", "12-34-56", "2026-17", "Dec", "SEP12A"])
def test_an_id_that_only_looks_a_little_like_a_date_is_read(written: str) -> None:
    assert sheet_id(written, 200) == written


def row(sis_id: str, address: str = "new@x") -> RowKeys:
    return RowKeys(2, sheet_id(sis_id, 200), None, address, b"", skipped=False)


GROUPED = ["1,017", "1.017", "1 017", "1\u00a0017", "1'017", "1’017"]


@pytest.mark.parametrize("written", GROUPED)
@pytest.mark.parametrize("known", ["1017", "01017", "5"])
def test_digits_in_groups_are_a_question_whether_or_not_the_account_is_known(
    written: str, known: str
) -> None:
    account = SheetKey(b"a", "known@x", known, None)
    check = check_sheet([row(written)], [account])
    assert check.conflicts == {2: ("id_reshaped", "sis_id")}
    assert check.similar_ids == ({} if known == "5" else {2: b"a"})


@pytest.mark.parametrize(
    "written", ["#1017", "# 1017", "No. 1017", "Nr 1017", "N° 1017", "№1017", "ID 1017", "(1017)"]
)
def test_an_id_with_its_name_is_a_question_where_an_account_has_it_without(written: str) -> None:
    check = check_sheet([row(written)], [SheetKey(b"a", "known@x", "01017", None)])
    assert check.conflicts == {2: ("id_reshaped", "sis_id")}
    assert check.similar_ids == {2: b"a"}
    check = check_sheet([row(written)], [SheetKey(b"a", "known@x", "5", None)])
    assert check.matches == {2: RowMatch(None, "")}


def test_an_id_that_an_account_has_as_it_is_written_is_no_question() -> None:
    accounts = [SheetKey(b"a", "a@x", "1.017", None), SheetKey(b"b", "b@x", "1017", None)]
    check = check_sheet([row("1.017")], accounts)
    assert check.matches == {2: RowMatch(accounts[0], "sis_id")}


def test_somebody_can_say_that_these_are_different_students() -> None:
    account = SheetKey(b"a", "a@x", "00123", None)
    check = check_sheet([row("123")], [account], accept_lookalikes=True)
    assert check.matches == {2: RowMatch(None, "")}


@given(st.integers(1, 10**9), st.integers(0, 6), st.integers(0, 6))
def test_no_row_makes_a_second_account_for_other_zeros_in_front(
    number: int, zeros: int, other_zeros: int
) -> None:
    account = SheetKey(b"a", "a@x", "0" * zeros + str(number), None)
    check = check_sheet([row("0" * other_zeros + str(number))], [account])
    if zeros == other_zeros:
        assert check.matches == {2: RowMatch(account, "sis_id")}
    else:
        assert check.matches == {}
        assert check.similar_ids == {2: b"a"}


@given(
    st.integers(1, 10**14), st.sampled_from(["{}.0", "{}.00", '="{}"', "'{}", "\ufeff{}", "{:e}"])
)
def test_a_number_in_another_dress_is_that_number_or_refused(number: int, dress: str) -> None:
    try:
        assert sheet_id(dress.format(number), 200) == str(number)
    except Unreadable as refused:
        assert refused.code == "digits_lost"
        assert dress == "{:e}"


@given(st.integers(1_000, 10**12), st.sampled_from(", .'’"))
def test_grouped_digits_are_the_number(number: int, sign: str) -> None:
    written = f"{number:,}".replace(",", sign)
    assert is_grouped(written)
    assert plain_digits(written) == str(number)
