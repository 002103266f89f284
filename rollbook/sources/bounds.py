"""The limits of one conversation with a SIS."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits on time, size and number of requests.

    `request_seconds` is the total time of one try, not the time of one read.
    """

    connect_seconds: float = 10
    request_seconds: float = 60
    page_bytes: int = 20_000_000  # after unpacking
    pages: int = 2_000
    page_records: int = 20_000
    records: int = 200_000
    run_seconds: float = 30 * 60
    tries: int = 5
    first_wait_seconds: float = 1  # before the second try; doubles with each further try
    retry_after_seconds: float = 300  # the longest `Retry-After` that is waited for
    sign_ins: int = 3
    single_reads: int = 200  # missing students who are asked for one by one
    parallel: int = 4
    # CIDRs that are allowed besides public addresses; plain http is allowed only there.
    allowed_networks: tuple[str, ...] = ()
    ca_file: str | None = None  # PEM file of authorities that are trusted besides the system's
