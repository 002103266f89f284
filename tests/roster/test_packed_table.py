"""The packed table answers as a dict would."""

from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.planning.packed_table import PackedTable


@given(st.lists(st.tuples(st.text(max_size=4), st.binary(max_size=4)), max_size=80))
def test_it_answers_as_a_dict(entries: list[tuple[str, bytes]]) -> None:
    table, expected = PackedTable(), dict[str, bytes]()
    for key, value in entries:
        before = expected.get(key)
        assert (table.get(key), key in table) == (before, before is not None)
        assert table.enter(key, value) == before
        expected.setdefault(key, value)
    assert list(table) == list(expected) and len(table) == len(expected)


def test_a_key_that_begins_like_another_one_is_another_key() -> None:
    table = PackedTable()
    for key, value in (("1", b"2"), ("12", b""), ("", b"12"), ("é", b"\0"), ("\ud800", b"")):
        assert table.enter(key, value) is None
    assert [table.get(key) for key in ("1", "12", "", "é", "\ud800", "2")] == [
        *(b"2", b"", b"12", b"\0", b""),
        None,
    ]


def test_many_entries_are_found_after_it_has_grown() -> None:
    table = PackedTable()
    for number in range(5_000):
        table.enter(f"{number}@x.example", str(number).encode())
    assert all(table.get(f"{number}@x.example") == b"%d" % number for number in range(5_000))
    assert "5000@x.example" not in table
