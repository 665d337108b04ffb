"""Who holds a run, where two begin at once or the answer to a COMMIT is lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from cass_snapshot.errors import Fenced, LockedError
from cass_snapshot.model import RunRecord
from cass_snapshot.mysql.leases import LeaseKeeper
from cass_snapshot.protocols import Ledger
from cass_snapshot.retry import Patience
from cass_snapshot.ring.split import split_ring
from cass_snapshot.wiring.admins import open_target_admin
from tests.support.planned_targets import BODY, KEY, RANGE, Bench, make_bench
from tests.support.servers import Place, Servers, new_database

pytestmark = pytest.mark.servers

TOGETHER_S = 30.0


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
