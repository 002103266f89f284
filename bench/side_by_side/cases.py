"""The measurements that docs/performance.md asks for, each by its name."""

from typing import Final, NamedTuple

from bench.side_by_side.turns import PEERS

FEW_PEERS: Final = ("limit", "fetch only")  # who has to wait for the server anyhow


class Case(NamedTuple):
    """A size, a distance and a limit; `minutes` is about how long it takes on two quiet cores."""

    students: int
    minutes: int
    repetitions: int = 3
    latency_ms: float = 0.0
    rate: int = 0
    peers: tuple[str, ...] = tuple(PEERS)


CASES: Final = {
    "usual": Case(100_000, minutes=10),
    "small": Case(10_000, minutes=4),
    "large": Case(1_000_000, minutes=25, repetitions=1),
    "distant": Case(100_000, minutes=5, repetitions=1, latency_ms=50, peers=FEW_PEERS),
    "limited": Case(50_000, minutes=15, repetitions=1, rate=300, peers=FEW_PEERS),
}
