"""Who holds a run, where two begin at once or the answer to a COMMIT is lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from time import perf_counter
from typing import Any

import mysql.connector
import pytest

from cass_snapshot.errors import Fault, Fenced, LockedError, TargetUnavailable
from cass_snapshot.model import RunRecord, RunState
from cass_snapshot.mysql.connection import connect
from cass_snapshot.mysql.leases import LeaseKeeper
from cass_snapshot.protocols import Ledger
from cass_snapshot.retry import Patience
from cass_snapshot.ring.split import split_ring
from cass_snapshot.wiring.admins import open_ledger, open_target_admin
from tests.support.planned_targets import BODY, KEY, RANGE, Bench, make_bench
from tests.support.servers import Place, Servers, new_database

pytestmark = pytest.mark.servers

TOGETHER_S = 30.0
ANSWER_S = 2


@pytest.fixture
def bench(flavour_servers: Servers, tmp_path: Path) -> Iterator[Bench]:
    """Give control tables of each flavour in turn."""
    with new_database(flavour_servers) as database, ExitStack() as stack:
        place = Place(servers=flavour_servers, keyspace="", database=database, folder=tmp_path)
        yield make_bench(place, stack, [KEY, BODY], ddl="id INT PRIMARY KEY, body VARCHAR(3)")


def ledger_of(bench: Bench) -> Ledger:
    """Return a ledger with a connection of its own."""
    admin = open_target_admin(bench.settings)
    bench.stack.callback(admin.close)
    return admin.ledger


def begun(bench: Bench, name: str) -> RunRecord:
    """Return a run that is not registered yet, of a table that no run has copied before."""
    return replace(bench.record, run_id=name, source="test/shop.untouched")


def test_of_two_that_register_at_once_one_is_locked_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each looks for the other when its own row is in, however close they come."""
    original, together = LeaseKeeper.refuse_held, Barrier(2)
    first_look: set[str] = set()

    def refuse_held(self: LeaseKeeper, cursor: Any, record: RunRecord, dead: Any) -> None:  # noqa: ANN401 - as the original
        if record.run_id not in first_look:
            first_look.add(record.run_id)
            together.wait(TOGETHER_S)
        original(self, cursor, record, dead)

    monkeypatch.setattr(LeaseKeeper, "refuse_held", refuse_held)

    def register(name: str) -> str:
        ledger = ledger_of(bench)
        try:
            Patience(unavailable_s=TOGETHER_S).call(
                lambda: ledger.register([(begun(bench, name), [RANGE])], holder=name)
            )
        except LockedError:
            return "locked"
        return "works"

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(register, ["one", "two"])) == ["locked", "works"]
    one = begun(bench, "one")
    assert len(ledger_of(bench).holds(one.source, one.target)) == 1


def test_a_registration_whose_answer_was_lost_is_found_to_be_ours(bench: Bench) -> None:
    """The same call again adds nothing; somebody else is kept out all the same."""
    ledger, record = ledger_of(bench), begun(bench, "again")
    for _ in range(2):
        ledger.register([(record, [RANGE])], holder="me")
    assert len(ledger.checkpoints(record)) == 1
    with pytest.raises(LockedError):
        ledger.register([(begun(bench, "other"), [RANGE])], holder="you")


def test_a_take_over_whose_answer_was_lost_is_found_to_be_ours(bench: Bench) -> None:
    """The epoch is raised once; whoever raised it otherwise is somebody else."""
    ledger, record = ledger_of(bench), begun(bench, "again")
    ledger.register([(record, [RANGE])], holder="dead")
    for _ in range(2):
        assert ledger.take_over(record, holder="me", dead="dead") == record.epoch + 1
    assert [found.epoch for found in ledger.runs("again")] == [record.epoch + 1]
    with pytest.raises(LockedError):
        ledger.take_over(record, holder="you", dead="dead")
    bench.place.sql("UPDATE {db}.snapshot_runs SET lease_until = NULL")
    with pytest.raises(Fenced):
        ledger.take_over(record, holder="you", dead="dead")


def test_a_plan_of_many_ranges_passes_through_small_packets(
    bench: Bench, flavour_servers: Servers
) -> None:
    """Each statement of the ledger is far below the packet's limit, however many ranges."""
    ((limit,),) = flavour_servers.sql("SELECT @@global.max_allowed_packet")
    flavour_servers.sql("SET GLOBAL max_allowed_packet = 1048576")
    try:
        ledger, record = ledger_of(bench), begun(bench, "many")
        ledger.register([(record, split_ring(20_000))], holder="me")
    finally:
        flavour_servers.sql(f"SET GLOBAL max_allowed_packet = {limit}")
    assert len(ledger.checkpoints(record)) == 20_000


@contextmanager
def rows_held(bench: Bench) -> Iterator[None]:
    """Keep every run's row from being written, so that whoever writes one gets no answer."""
    with closing(connect(bench.settings)) as other:
        with other.cursor() as cursor:
            cursor.execute(f"SELECT * FROM `{bench.settings.control}`.snapshot_runs FOR UPDATE")
            cursor.fetchall()
        yield


@pytest.mark.parametrize("compiled", [True, False], ids=["extension", "pure"])
def test_a_renewal_without_an_answer_ends_in_time_and_the_next_one_renews(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, compiled: bool
) -> None:
    """Whatever keeps the server: here somebody has the row; the connection is taken for lost."""
    monkeypatch.setattr(mysql.connector, "HAVE_CEXT", compiled and mysql.connector.HAVE_CEXT)
    ledger, record = open_ledger(bench.settings, answer_s=ANSWER_S), begun(bench, "held")
    bench.stack.callback(ledger.close)
    ledger.register([(record, [RANGE])], holder="me")
    with rows_held(bench):
        began = perf_counter()
        with pytest.raises(TargetUnavailable) as raised:
            ledger.renew([record])
        assert ANSWER_S <= perf_counter() - began < 4 * ANSWER_S
    assert raised.value.fault is Fault.RECONNECT
    ledger.renew([record])
    (hold,) = ledger.holds(record.source, record.target)
    assert hold.run_id == "held"


def test_a_late_renewal_does_not_hold_a_run_that_has_ended(bench: Bench) -> None:
    """It was left behind by a process that could not wait for it."""
    ledger, record = ledger_of(bench), begun(bench, "ended")
    ledger.register([(record, [RANGE])], holder="me")
    ledger.finish(record, RunState.STOPPED, 6)
    ledger.renew([record])
    assert ledger.holds(record.source, record.target) == []
    later = replace(record, epoch=ledger.take_over(record, holder="you"))
    ledger.renew([later])
    assert [hold.holder for hold in ledger.holds(record.source, record.target)] == ["you"]


def test_a_ledger_in_a_hurry_waits_no_longer_than_that(bench: Bench) -> None:
    """At its end a run notes how it went, and is not kept from ending by a server that hangs."""
    ledger, record = ledger_of(bench), begun(bench, "held")
    ledger.register([(record, [RANGE])], holder="me")
    ledger.hurry(ANSWER_S)
    with rows_held(bench):
        began = perf_counter()
        with pytest.raises(TargetUnavailable):
            ledger.finish(record, RunState.STOPPED, 6)
        assert perf_counter() - began < 4 * ANSWER_S
    ledger.finish(record, RunState.STOPPED, 6)
    assert ledger.holds(record.source, record.target) == []
