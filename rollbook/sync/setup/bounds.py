"""The installation's limits on one conversation with a SIS."""

from rollbook.config import config
from rollbook.sources.bounds import Bounds


def bounds() -> Bounds:
    """Return the installation's limits on one conversation with a SIS."""
    return Bounds(
        connect_seconds=config.connect_seconds,
        request_seconds=config.request_seconds,
        page_bytes=config.page_bytes,
        pages=config.pages,
        page_records=config.page_records,
        records=config.records,
        run_seconds=config.run_seconds,
        tries=config.tries,
        retry_after_seconds=config.retry_after_seconds,
        sign_ins=config.sign_ins,
        single_reads=config.single_reads,
        allowed_networks=config.networks,
        ca_file=str(config.ca_file) if config.ca_file else None,
    )
