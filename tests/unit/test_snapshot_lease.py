"""Who holds a run: told by a name, said again in time, taken over when it is dead."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from threading import Event
from typing import cast

import pytest

from cass_snapshot.errors import Fenced, LockedError, TargetUnavailable
from cass_snapshot.model import Hold
from cass_snapshot.protocols import TargetAdmin
from cass_snapshot.snapshot import holder, lease
from cass_snapshot.snapshot.holder import has_ended, own_name
from cass_snapshot.snapshot.lease import Lease
from cass_snapshot.snapshot.registering import register
from tests.support.admins import MemoryAdmin, MemoryLedger
from tests.support.plans import plan

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


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Renewing:
    """Give a ledger whose leases are renewed without a pause."""
    monkeypatch.setattr(lease, "RENEW_EVERY_S", 0.001)
    made = Renewing()
    made.asked = Event()
    return made


def test_it_is_renewed_until_the_run_ends(ledger: Renewing) -> None:
    """And not once after it was told how it ended."""
    (table,) = plan("orders").tables
    admin = MemoryAdmin(ledger=ledger)
    with Lease(lambda: cast("TargetAdmin", admin), [table.job.record]) as held:
        assert ledger.asked.wait(END_S)
        held.end()
        before = ledger.renewed
        assert before > 0
    assert ledger.renewed == before
    assert held.lost is None


def test_a_target_that_is_away_costs_nothing_but_time(ledger: Renewing) -> None:
    """It may come back before anybody else gets there."""
    ledger.down = TargetUnavailable("away")
    admin = MemoryAdmin(ledger=ledger)
    with Lease(lambda: cast("TargetAdmin", admin), [plan("orders").tables[0].job.record]) as held:
        assert ledger.asked.wait(END_S)
        ledger.asked.clear()
        assert ledger.asked.wait(END_S), "it is asked again"
        assert held.lost is None


def test_a_run_that_somebody_else_took_is_lost(ledger: Renewing) -> None:
    """The thread ends; the run is ended by who looks at it."""
    ledger.down = Fenced("taken")
    admin = MemoryAdmin(ledger=ledger)
    with Lease(lambda: cast("TargetAdmin", admin), [plan("orders").tables[0].job.record]) as held:
        held._thread.join(END_S)
        assert held.lost is ledger.down


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
