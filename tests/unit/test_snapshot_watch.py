"""Three kinds of waits, for the source, the target and the disk: each by itself, to its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from cass_snapshot.errors import (
    Fault,
    SnapshotError,
    SourceOverloaded,
    SourceUnavailable,
    TargetFull,
    TargetUnavailable,
    Transient,
    Unavailable,
)
from cass_snapshot.snapshot.messages import Waiting
from cass_snapshot.snapshot.status import Phase
from cass_snapshot.snapshot.supervisor import WorkerDeath
from tests.support.copy_phase import copy

AWAY = TargetUnavailable("MySQL does not answer", why="2003")
SILENT = SourceUnavailable("Cassandra does not answer", why="timeout")
FULL = Unavailable("reading waits for room", why="0 B are free", fault=Fault.ROOM)


def test_waiting_is_told_once_until_it_is_over(tmp_path: Path) -> None:
    """However many workers say it; each of the three sides by itself."""
    made = copy(tmp_path)
    for error in (AWAY, AWAY, SILENT, FULL, FULL):
        made.copying.hear(Waiting(error=error, pause_s=1.0))
    assert made.events("pause") == ["started"] * 3
    assert [e.fields["side"] for e in made.view.events] == ["target", "source", "disk"]
    kinds = [e.fields["reason"] for e in made.view.events]
    assert kinds == [{"kind": k} for k in ("target_away", "source_away", "disk_room")]
    status = made.progress.status()
    assert (status.phase, status.waiting_for) == (Phase.WAITING, ("disk", "source", "target"))
    assert [(c.side, c.fault, c.times) for c in status.faults] == [
        ("disk", "room", 2),
        ("source", "away", 1),
        ("target", "away", 2),
    ]


@pytest.mark.parametrize(
    ("over", "words"),
    [
        (AWAY, "the target answers again"),
        (SILENT, "the source answers again"),
        (FULL, "there is room for the WAL again"),
    ],
)
def test_a_wait_ends_by_an_answer_of_its_own_side_alone(
    tmp_path: Path, over: SnapshotError, words: str
) -> None:
    """And by nothing that only failed in passing."""
    made = copy(tmp_path)
    waits = {"target": AWAY, "source": SILENT, "disk": FULL}
    for error in waits.values():
        made.copying.hear(Waiting(error=error, pause_s=1.0))
    for fault in (Fault.REDO, Fault.REQUEST, Fault.LOCKED):
        made.copying.hear(Waiting(error=Transient("t", fault=fault), pause_s=None))
    assert len(made.progress.status().waiting_for) == 3
    for _ in range(2):
        made.copying.hear(Waiting(error=over, pause_s=None))
    assert made.view.events[-1].message == words
    assert made.events("pause") == ["started"] * 3 + ["finished"]
    left = [error for error in waits.values() if error is not over]
    status = made.progress.status()
    assert status.waiting == "; ".join(f"{e.what} ({e.why})" for e in left)
    assert len(status.waiting_for) == 2
    for error in left:
        made.copying.hear(Waiting(error=error, pause_s=None))
    assert (made.progress.status().waiting, made.progress.status().waiting_for) == (None, ())


def test_a_request_that_is_repeated_is_a_warning_and_no_pause(tmp_path: Path) -> None:
    """A deadlock is over at once."""
    made = copy(tmp_path)
    made.copying.hear(Waiting(error=Transient("deadlock"), pause_s=0.1))
    assert (made.events("retry"), made.events("pause")) == (["warning"], [])
    assert made.progress.tables[0].retries == 1


def test_what_is_tried_again_is_counted_by_kind(tmp_path: Path) -> None:
    """Each side and kind by itself, in the events and in the status."""
    made = copy(tmp_path)
    for fault in (Fault.REDO, Fault.REDO, Fault.SPLIT, Fault.LOCKED):
        made.copying.hear(Waiting(error=Transient("t", fault=fault), pause_s=0.1))
    for error in (
        Transient("a timeout"),
        SourceUnavailable("s"),
        SourceOverloaded("s", why="busy"),
        TargetUnavailable("t", fault=Fault.FAILOVER),
        TargetFull("full"),
    ):
        made.copying.hear(Waiting(error=error, pause_s=0.1))
    told = [e.fields for e in made.view.events if "fault" in e.fields]
    assert [(f["side"], f["fault"], f["times"]) for f in told] == [
        ("target", "redo", 1),
        ("target", "redo", 2),
        ("target", "split", 1),
        ("disk", "locked", 1),
        ("source", "request", 1),
        ("source", "away", 1),
        ("source", "capacity", 1),
        ("target", "failover", 1),
        ("target", "space", 1),
    ]
    kinds = [f["reason"]["kind"] for f in told if isinstance(f.get("reason"), dict)]  # type: ignore[index]  # a mapping
    assert kinds == ["source_away", "source_busy", "target_read_only", "target_full"]
    counted = {(f.side, f.fault): f.times for f in made.progress.status().faults}
    assert counted["target", "redo"] == 2
    assert sum(counted.values()) == len(told)


def test_nobody_is_waited_for_on_behalf_of_a_dead_worker(tmp_path: Path) -> None:
    """It cannot say that it goes on; whoever else waits says so again."""
    made = copy(tmp_path)
    for error in (AWAY, FULL):
        made.copying.hear(Waiting(error=error, pause_s=1.0))
    made.copying.hear(WorkerDeath(worker="worker-2", exit_code=-9, tasks=()))
    assert made.progress.status().waiting is None
    assert made.events("pause") == ["started"] * 2 + ["finished"] * 2
    made.copying.hear(Waiting(error=AWAY, pause_s=1.0))
    assert made.progress.status().waiting_for == ("target",)
