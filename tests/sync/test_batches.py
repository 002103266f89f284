"""Pages are gathered into batches that are bounded in records and in bytes."""

from rollbook.sources.base import Page
from rollbook.sources.powerschool_answers import StudentReader
from rollbook.sync.planning.reading import BATCH, BATCH_BYTES, batches


def page(records: int, size: int = 0) -> Page:
    body = b'{"students":{"student":[%b]}}' % b",".join([b'{"id":1}'] * records)
    sent = StudentReader(frozenset()).records(body)
    sent.size = size
    return Page(sent, 1, None, None)


def test_a_batch_ends_with_its_records_or_its_bytes() -> None:
    small, many, large = page(1), page(BATCH), page(1, BATCH_BYTES)
    lengths = [len(batch) for batch in batches([small, many, small, large, small])]
    assert lengths == [2, 2, 1]
