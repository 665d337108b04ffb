"""bin/bench begins when Cassandra gets no faster."""

from __future__ import annotations

import pytest

from tests.bench.contest import TRUTH, WARM_UPS_MAX, Contest
from tests.bench.report import Turn


class Warming(Contest):
    """A contest whose scans cost Cassandra what is said, without servers."""

    def __init__(self, *scans: float, fault: str | None = None) -> None:
        self._scans = list(scans)
        self._fault = fault
        self.turns: list[str] = []

    def turn(self, name: str) -> Turn:
        """Return what a turn of a peer would have cost."""
        self.turns.append(name)
        return Turn(
            peer=name,
            title=name,
            rows=1,
            seconds=1,
            client_cpu_s=1,
            cassandra_cpu_s=self._scans.pop(0) if name == "scan" else 0,
            mysql_cpu_s=1,
            memory_mib=1,
            equal=True,
            fault=self._fault,
        )


@pytest.mark.parametrize(
    ("scans", "needed"),
    [((46, 25, 20, 19.5, 1), 4), ((20, 21, 1), 2), ((20, 19.1, 1), 2)],
    ids=["cold", "warm", "nearly warm"],
)
def test_scans_are_repeated_until_they_cost_no_less(scans: tuple[float, ...], needed: int) -> None:
    """The first ones after a start cost twice as much."""
    contest = Warming(*scans)
    contest.warm_up()
    assert contest.turns == [TRUTH, *["scan"] * needed]


def test_somebody_who_never_settles_is_not_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    """It is said."""
    contest = Warming(*(2.0**-n for n in range(9)))
    contest.warm_up()
    assert contest.turns == [TRUTH, *["scan"] * WARM_UPS_MAX]
    assert "still gets faster" in capsys.readouterr().err


def test_a_warm_up_that_fails_ends_the_bench() -> None:
    """Nothing that comes after it would mean anything."""
    with pytest.raises(SystemExit, match="no such table"):
        Warming(1, 1, fault="no such table").warm_up()
