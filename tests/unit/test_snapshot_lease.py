"""Who holds a run: told by a name, said again in time, taken over when it is dead."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import cast

import pytest

from cass_snapshot.errors import Fenced, LockedError, SnapshotError, TargetUnavailable
from cass_snapshot.model import Hold
from cass_snapshot.protocols import TargetAdmin
from cass_snapshot.protocols.targets import LEASE_S
from cass_snapshot.snapshot import holder, lease
from cass_snapshot.snapshot.holder import has_ended, own_name
from cass_snapshot.snapshot.journal import Journal
from cass_snapshot.snapshot.lease import Lease, renewing
from cass_snapshot.snapshot.progress import Progress
from cass_snapshot.snapshot.registering import register
from cass_snapshot.snapshot.rundir import RunDirectory
from tests.support.admins import MemoryAdmin, MemoryLedger
from tests.support.doubles import ListView
from tests.support.plans import first_status, plan

END_S = 30.0
"""How long a thread is waited for at most; it is there at once."""


def test_a_process_that_lives_has_not_ended() -> None:
    """Nor has one of which nothing can be known here."""
    name = own_name()
    assert name.startswith(f"{socket.gethostname()}, process {os.getpid()} on ")
    assert not has_ended(name)
    host, _, rest = name.partition(" on ")
    assert not has_ended(f"{host} on another-boot-4026531836/1"), "it runs on another machine"
    assert not has_ended("")
    assert not has_ended("a name of another version")
    assert has_ended(f"{host} on {rest.rpartition('/')[0]}/1"), "its number is another's by now"


def test_a_process_of_this_machine_that_is_gone_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also as long as nobody asked for its exit code."""
    code = "from cass_snapshot.snapshot.holder import own_name; print(own_name())"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        name = child.stdout.read().strip()  # to its end, which is the child's
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert has_ended(name)
    assert has_ended(name)
    monkeypatch.setattr(holder, "_machine", str)
    assert not has_ended(name), "a machine that cannot tell processes apart knows of none"


class Renewing(MemoryLedger):
    """A ledger that tells when it was asked."""

    asked: Event

    def renew(self, records: object) -> None:
        """Hold on."""
        self.asked.set()
        MemoryLedger.renew(self, cast("list[object]", records))  # type: ignore[arg-type]  # records


class Hanging(Renewing):
    """A ledger that gives no answer until it is let go."""

    let_go: Event

    def renew(self, records: object) -> None:
        """Hang."""
        self.asked.set()
        assert self.let_go.wait(END_S)
        MemoryLedger.renew(self, cast("list[object]", records))  # type: ignore[arg-type]  # records


@dataclass(slots=True)
class Clock:
    """A clock that is set by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@dataclass(slots=True)
class Held:
    """A lease that is renewed, by a clock that is set by hand, and what is said of it."""

    lease: Lease
    ledger: Renewing
    clock: Clock
    progress: Progress
    journal: Journal
    view: ListView

    def look(self, *, rows: int = 0) -> SnapshotError | None:
        """Ask whether this process may write, after it has written some rows."""
        (table,) = self.progress.tables
        self.progress.change(0, rows_applied=table.rows_applied + rows)
        return self.lease.look(self.progress, self.journal)

    def ask_again(self) -> None:
        """Return when a renewal that began from now on has been answered."""
        for _ in range(2):  # one may have been under way
            self.ledger.asked.clear()
            assert self.ledger.asked.wait(END_S)

    @property
    def said(self) -> list[str]:
        """Return what was told, by its first words."""
        return [e.message.partition(":")[0].partition(";")[0] for e in self.view.events]


@contextmanager
def held(ledger: Renewing, folder: Path) -> Iterator[Held]:
    """Give a lease."""
    clock, view = Clock(), ListView()
    record = plan("orders").tables[0].job.record
    with renewing(lambda: ledger, [record], clock) as taken:
        yield Held(
            lease=taken,
            ledger=ledger,
            clock=clock,
            progress=Progress(first_status(), clock),
            journal=Journal("r", RunDirectory(folder), view),
            view=view,
        )


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renew without a pause."""
    monkeypatch.setattr(lease, "RENEW_EVERY_S", 0.001)


@pytest.fixture
def ledger() -> Renewing:
    """Give a ledger that answers."""
    made = Renewing()
    made.asked = Event()
    return made


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    """Give a ledger that does not."""
    made = Hanging()
    made.asked, made.let_go = Event(), Event()
    yield made
    made.let_go.set()


def test_it_is_renewed_until_the_run_ends(ledger: Renewing, tmp_path: Path) -> None:
    """And not once after it was told how it ended."""
    with held(ledger, tmp_path) as made:
        assert ledger.asked.wait(END_S)
        made.lease.end()
        before = ledger.renewed
        assert before > 0
    assert ledger.renewed == before
    assert made.look() is None


def test_a_target_that_is_away_costs_nothing_but_time(ledger: Renewing, tmp_path: Path) -> None:
    """However long it takes no row: nobody else gets there either. The operator is told, once."""
    ledger.down = TargetUnavailable("away")
    with held(ledger, tmp_path) as made:
        made.ask_again()
        made.clock.now += LEASE_S - 1
        assert (made.look(rows=5), made.said) == (None, [])
        made.clock.now += 1
        assert (made.look(), made.said) == (None, ["the run's lease ran out"])
        made.clock.now += 100 * LEASE_S
        assert (made.look(), len(made.said)) == (None, 1)
        ledger.down = None
        made.ask_again()
        assert made.look(rows=5) is None
        assert made.said[1:] == ["the run's lease is renewed"]


def test_rows_do_not_go_in_for_long_without_a_lease(ledger: Renewing, tmp_path: Path) -> None:
    """A target that takes them and no renewal is not written to any more: exit 7, with its why."""
    ledger.down = TargetUnavailable("MySQL is busy", why="1040")
    with held(ledger, tmp_path) as made:
        made.ask_again()
        made.clock.now += LEASE_S
        assert made.look() is None
        made.clock.now += LEASE_S
        assert made.look(rows=5) is None, "it may only just be back"
        made.clock.now += LEASE_S - 1
        assert made.look(rows=5) is None
        made.clock.now += 1
        refused = made.look()
        assert isinstance(refused, TargetUnavailable)
        assert "since 90 s; the last try: MySQL is busy; why: 1040" in refused.why


def test_rows_before_a_renewal_are_forgotten_by_it(ledger: Renewing, tmp_path: Path) -> None:
    """Two short troubles are not a long one."""
    with held(ledger, tmp_path) as made:
        for _ in range(3):
            ledger.down = TargetUnavailable("away")
            made.ask_again()
            made.clock.now += LEASE_S
            assert made.look(rows=5) is None
            made.clock.now += LEASE_S - 1
            assert made.look(rows=5) is None
            ledger.down = None
            made.ask_again()
            assert made.look() is None
        assert len(made.said) == 6


def test_a_target_that_hangs_is_noticed_and_keeps_nobody_from_ending(
    hanging: Hanging, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease runs out by the clock, not by an answer; its thread is left behind."""
    monkeypatch.setattr(lease, "ANSWER_S", 0.01)
    with held(hanging, tmp_path) as made:
        assert hanging.asked.wait(END_S)
        made.clock.now += LEASE_S
        assert (made.look(), made.said) == (None, ["the run's lease ran out"])
    assert made.lease._thread.is_alive()
    assert made.lease._thread.daemon, "or the process would wait for it"


def test_a_lease_counts_from_before_it_was_asked_for(hanging: Hanging, tmp_path: Path) -> None:
    """The target may have taken it at any time since."""
    with held(hanging, tmp_path) as made:
        assert hanging.asked.wait(END_S)
        made.clock.now += LEASE_S
        made.lease._done.set()  # this renewal is the last
        hanging.let_go.set()
        made.lease._thread.join(END_S)
        assert hanging.renewed == 1
        made.look()
        assert made.said == ["the run's lease ran out"]


def test_a_run_that_somebody_else_took_is_lost(ledger: Renewing, tmp_path: Path) -> None:
    """The thread ends; the run is ended by who looks at it."""
    ledger.down = Fenced("taken")
    with held(ledger, tmp_path) as made:
        made.lease._thread.join(END_S)
        assert made.look() is ledger.down


def test_a_run_of_a_dead_process_is_taken_over_and_a_live_one_s_is_not() -> None:
    """Another machine's is not known to be dead before its lease is over."""
    admin = MemoryAdmin()
    begun = register(plan("orders", admin=admin), cast("TargetAdmin", admin), 0.01)
    (table,) = begun.tables
    record = table.job.record
    assert admin.ledger.held[record.run_id].holder == own_name()
    again = replace(begun, tables=(replace(table, registered=True),))
    with pytest.raises(LockedError, match=f"process {os.getpid()}"):
        register(again, cast("TargetAdmin", admin), 0.01)
    name = own_name()
    gone = name[: name.rindex("/")] + "/1"
    admin.ledger.held[record.run_id] = Hold(run_id=record.run_id, holder=gone, left_s=20)
    taken = register(again, cast("TargetAdmin", admin), 0.01)
    assert taken.tables[0].job.record.epoch == record.epoch + 1
    elsewhere = Hold(run_id=record.run_id, holder="db-7, process 1 on b-1/5", left_s=20)
    admin.ledger.held[record.run_id] = elsewhere
    with pytest.raises(LockedError, match="db-7"):
        register(again, cast("TargetAdmin", admin), 0.01)
    another = plan("orders", admin=admin, new=True)
    with pytest.raises(LockedError, match="db-7"):
        register(another, cast("TargetAdmin", admin), 0.01)
