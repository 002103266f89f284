"""Plain records, mapped a field at a time, are mapped as one by one."""

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.planning.mapping import MappedRecord, RecordMapper
from rollbook.roster.planning.plain_records import MOST_KEPT, PlainMapper
from rollbook.roster.planning.selecting import Choice, Selector
from rollbook.roster.records import Selection
from rollbook.roster.values.addresses import address_fault, is_usual_address, unquoted
from rollbook.roster.values.parsing import text
from tests.roster.model import GRADES, MAPPING, mapper, raw

USUAL: dict[str, list[Any]] = {
    "first": ["Ada", "Zoë", "An  na", "O&#39;Neil", " Bo "],
    "last": ["Byron", "Müller", "王"],
    "mail": ["Ada@x.example", "a.b-c_d@x1.example.org"],
    "year": [2028, "2029", "2028-06-30"],
    "born": ["2010-12-10", "12/31/2010", "", None],
    "sex": ["F", "m", "N/A", None, 1],
    "home_mail": ["a@home.example", "", "n/a", None],
}
ODD: list[Any] = [
    *(
        None,
        "",
        " ",
        "\0",
        "NULL",
        "?",
        True,
        1,
        0,
        -3,
        1.0,
        2028.0,
        10**14,
        "x" * 400,
        "Jos\ud800",
    ),
    *("3/5/2010", "1890-01-01", "2029", "a@b", '"a@x.example"', "a@x.example ", "é@x.example"),
    *(
        "a@x.1",
        "-a@x.example",
        "a@" + "x" * 64 + ".example",
        "＜a@x.example＞",
        "\u200b",
        "A\u0308",
    ),
]
RAWS = st.lists(
    st.builds(
        lambda values, sis_id: raw(sis_id, **values),
        st.fixed_dictionaries(
            {}, optional={key: st.sampled_from([*usual, *ODD]) for key, usual in USUAL.items()}
        ),
        st.sampled_from([1, 2, "3", " 4", "TBD", "", True, 5.0, -6, 7]),
    ),
    max_size=12,
)


def mapped_plain(one: RecordMapper, records: list[dict[str, Any]]) -> list[MappedRecord | None]:
    columns = [[record.get(field) for record in records] for field in one.sources]
    ids = [record.get(one.id_field) for record in records]
    return PlainMapper(one).map_all(ids, columns, prints(records))


def prints(records: list[dict[str, Any]]) -> list[bytes]:
    return [bytes([place]) * 16 for place in range(len(records))]


@given(RAWS, st.sampled_from([(), ("birth_date",), ("personal_email", "gender")]))
def test_a_plain_record_is_mapped_as_any_other(
    records: list[dict[str, Any]], clears: tuple[str, ...]
) -> None:
    selector = Selector(Selection(GRADES), "level")
    one = RecordMapper(MAPPING, 1, selector, clears=frozenset(clears))
    one.today = date(2026, 11, 27)
    plain = mapped_plain(one, records)
    for record, fingerprint, result in zip(records, prints(records), plain, strict=True):
        if result is not None:
            assert result == one.map(record, fingerprint, Choice.IMPORTED)
            assert type(result.record) is type(one.map(record, fingerprint, Choice.IMPORTED).record)


def test_usual_records_are_plain() -> None:
    number = max(map(len, USUAL.values()))
    records = []
    for at in range(number):
        values = {key: usual[at % len(usual)] for key, usual in USUAL.items()}
        records.append(raw(at + 1, **values))
    assert None not in mapped_plain(mapper(), records)


def test_a_record_that_needs_a_word_is_not_plain() -> None:
    records = [raw(1, mail=""), raw(2, first="\0"), raw("3 "), raw(4, born="1890-01-01"), raw(5)]
    one = mapper()
    one.today = date(2026, 11, 27)
    assert [each is None for each in mapped_plain(one, records)] == [True, True, True, True, False]


def test_more_different_values_than_are_kept_are_mapped_too() -> None:
    one = mapper()
    plain = PlainMapper(one)
    for start in range(0, MOST_KEPT + 200, 100):
        names = [f"N{number}" for number in range(start, start + 100)]
        records = [raw(number + 1, first=name) for number, name in enumerate(names)]
        columns = [[record.get(field) for record in records] for field in one.sources]
        ids = [record[one.id_field] for record in records]
        result = plain.map_all(ids, columns, prints(records))
        assert [each and each.record and each.record.first_name for each in result] == names


@given(
    st.from_regex(r"[a-zA-Z0-9._-]{1,8}@[a-zA-Z0-9.-]{1,70}", fullmatch=True), st.integers(5, 300)
)
def test_a_usual_address_is_one_by_the_general_rule(address: str, limit: int) -> None:
    if is_usual_address(address, limit):
        assert text(address, limit) == address == unquoted(address)
        assert address_fault(address, limit) == ""
