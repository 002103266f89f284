"""The packed keys of accounts answer as a dict of them would."""

from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.planning.known_accounts import KnownAccounts
from rollbook.roster.planning.matching import Matcher
from rollbook.roster.records import AccountKey


def account_key(
    number: int, sis_id: str | None = None, fingerprint: bytes | None = None
) -> AccountKey:
    written = str(number) if sis_id is None else sis_id
    return AccountKey(number.to_bytes(16), fingerprint, f"é{number}@x.example", written)


TEXTS = st.text(max_size=6) | st.integers(0, 300).map(str)


@given(st.lists(TEXTS, unique=True, max_size=60), st.lists(TEXTS, max_size=20))
def test_it_answers_as_a_dict(sis_ids: list[str], removed: list[str]) -> None:
    expected = {each: account_key(number, each) for number, each in enumerate(sis_ids)}
    known = KnownAccounts(expected.values())
    for sis_id in removed:
        assert (known.pop(sis_id, None), sis_id in known) == (expected.pop(sis_id, None), False)
    assert dict(known) == expected and len(known) == len(expected)
    assert [known.get(each) for each in sis_ids] == [expected.get(each) for each in sis_ids]
    for number, sis_id in enumerate(removed):
        known[sis_id] = expected[sis_id] = account_key(1_000 + number, sis_id)
    assert dict(known) == expected


def test_many_keys_are_added_at_once_and_found() -> None:
    keys = [account_key(number, fingerprint=bytes([number % 251]) * 16) for number in range(5_000)]
    known = KnownAccounts(keys[:10])
    known.add(b"".join(keys[10:]), [len(key) for key in keys[10:]])
    assert [known[str(number)] for number in range(5_000)] == keys
    assert known.row_of("5000") is None and known.row_of("") is None
    assert known.row_of("4999") == 4_999
    last = keys[4_999].fingerprint
    assert known.rows_with(["4999", 4_999, "4999"], [last, last, b"\0" * 16]) == [
        4_999,
        4_999,
        None,
    ]
    found = known.with_emails({"é17@x.example", "é4998@x.example", "nobody@x.example"})
    assert list(found) == [keys[17], keys[4_998]]


def test_an_account_without_a_fingerprint_is_never_unchanged() -> None:
    matcher = Matcher([account_key(1)], [])
    assert matcher.take_unchanged([1], [b"\0" * 16]) == [0]


def test_the_fingerprint_of_another_account_is_not_enough() -> None:
    matcher = Matcher([account_key(1, fingerprint=b"a" * 16), account_key(2)], [])
    assert matcher.take_unchanged([2, "1", 1, True], [b"a" * 16] * 4) == [0, 3]
    assert matcher.unchanged == 1
    assert [key.sis_id for key in matcher.missing_accounts()] == ["2"]


@given(
    st.lists(st.integers(0, 40), unique=True, max_size=40),
    st.lists(st.integers(0, 45), max_size=60),
    st.lists(st.integers(0, 40), max_size=6),
)
def test_rows_are_found_in_any_order(added: list[int], sent: list[int], removed: list[int]) -> None:
    keys = {str(number): account_key(number, fingerprint=bytes([number]) * 16) for number in added}
    known = KnownAccounts(keys.values())
    for number in removed:
        known.pop(str(number), None)
    prints = [
        None if number % 7 == 3 else bytes([number - number % 5 // 4]) * 16 for number in sent
    ]
    expected = []
    for number, fingerprint in zip(sent, prints, strict=True):
        key = known.get(str(number))
        is_same = key is not None and fingerprint is not None and key.fingerprint == fingerprint
        expected.append(known.row_of(str(number)) if is_same else None)
    assert known.rows_with(sent, prints) == expected
    assert known.rows_with(list(map(str, sent)), prints) == expected
