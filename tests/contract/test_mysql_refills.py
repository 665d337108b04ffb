"""A target that lost its rows and gets them back: what the control tables say meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from cass_snapshot.errors import Fenced
from cass_snapshot.model import RunState
from cass_snapshot.protocols import Ledger
from cass_snapshot.wiring.admins import open_target_admin
from tests.support.planned_targets import BODY, KEY, RANGE, RUN_ID, Bench, make_bench
from tests.support.servers import Place, Servers, new_database

pytestmark = pytest.mark.servers

NOTED = "SELECT state, state_before, epoch FROM {db}.snapshot_runs"


@pytest.fixture
def bench(flavour_servers: Servers, tmp_path: Path) -> Iterator[Bench]:
    """Give a target, and control tables with a run in them, of each flavour in turn."""
    with new_database(flavour_servers) as database, ExitStack() as stack:
        place = Place(servers=flavour_servers, keyspace="", database=database, folder=tmp_path)
        yield make_bench(place, stack, [KEY, BODY], ddl="id INT PRIMARY KEY, body VARCHAR(3)")


def ledger_of(bench: Bench) -> Ledger:
    """Return a ledger with a connection of its own."""
    admin = open_target_admin(bench.settings)
    bench.stack.callback(admin.close)
    return admin.ledger


def test_the_state_before_is_kept_until_the_target_is_whole(bench: Bench) -> None:
    """However often the refill begins; each beginning is an epoch of its own."""
    ledger = ledger_of(bench)
    ledger.finish(bench.record, RunState.DONE, 0)
    first = ledger.refill(bench.record)
    assert bench.place.sql(NOTED) == [("refilling", "done", 2)]
    assert ledger.runs(RUN_ID) == [first]
    second = ledger.refill(first)
    assert bench.place.sql(NOTED) == [("refilling", "done", 3)]
    with pytest.raises(Fenced, match="has taken this run over"):
        ledger.refill(first)
    ledger.refilled(first)
    assert bench.place.sql(NOTED) == [("refilling", "done", 3)]
    for _ in range(2):  # the answer to the first COMMIT may be lost
        ledger.refilled(second)
        assert bench.place.sql(NOTED) == [("done", None, 3)]


def test_whoever_wrote_before_a_refill_writes_no_more(bench: Bench) -> None:
    """Nor does one that is refilled by somebody else, or that a new run has fenced."""
    assert bench.open().write(bench.batch([[1, "ok"]])).fresh
    before = bench.open()
    ledger = ledger_of(bench)
    bench.record = ledger.refill(bench.record)
    with pytest.raises(Fenced):
        before.write(bench.batch([[2, "ok"]]))
    bench.seq = 1
    refilling = bench.open()
    assert refilling.write(bench.batch([[2, "ok"]])).fresh
    new = replace(bench.record, run_id="20260101T000001-next", state=RunState.RUNNING, epoch=1)
    ledger.register([(new, [RANGE])], holder="me")
    with pytest.raises(Fenced):
        refilling.write(bench.batch([[3, "ok"]]))
    assert bench.rows() == [(1, "ok"), (2, "ok")]


def test_control_tables_without_the_column_get_it(bench: Bench) -> None:
    """As those of an earlier version; what they say of runs stays."""
    bench.place.sql("ALTER TABLE {db}.snapshot_runs DROP COLUMN state_before")
    admin = open_target_admin(bench.settings)
    bench.stack.callback(admin.close)
    assert admin.ledger.runs(RUN_ID) == [bench.record]
    admin.prepare()
    assert admin.ledger.refill(bench.record).state is RunState.REFILLING
    assert bench.place.sql(NOTED) == [("refilling", "running", 2)]
