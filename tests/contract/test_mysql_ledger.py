"""The control tables: what they say besides rows, and those of an earlier version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from cass_snapshot.errors import Fenced, LockedError, StateError
from cass_snapshot.forms import Form
from cass_snapshot.model import Recut, RunState, Tally
from cass_snapshot.protocols.targets import LEASE_S
from cass_snapshot.validation import RangeCount, RangeTally, Validation
from cass_snapshot.wiring.admins import open_target_admin
from tests.support.planned_targets import NAME, RANGE, RUN_ID, Bench, Into, make_bench
from tests.support.servers import Place, Servers, new_database

pytestmark = pytest.mark.servers

COLUMNS = [
    Into(name="id", sql="INT", cql="int", form=Form.INTEGER, key=True),
    Into(name="body", sql="VARCHAR(3)", cql="text", form=Form.TEXT),
]


@pytest.fixture
def bench(flavour_servers: Servers, tmp_path: Path) -> Iterator[Bench]:
    """Give a target, and control tables with a run in them, of each flavour in turn."""
    with new_database(flavour_servers) as database, ExitStack() as stack:
        place = Place(servers=flavour_servers, keyspace="", database=database, folder=tmp_path)
        yield make_bench(place, stack, COLUMNS, ddl="id INT PRIMARY KEY, body VARCHAR(3)")


def test_the_ledger_sums_what_batches_have_besides_their_rows(bench: Bench) -> None:
    """Partitions without a row, NULLs that were replaced, rows rejected on either side."""
    target = bench.open()
    tallies = [
        Tally(static_only=2, refused=1, nulls=(("body", 3),), ids=("e0",)),
        Tally(),
        Tally(static_only=1, nulls=(("body", 1), ("size", 4))),
    ]
    for n, tally in enumerate(tallies):
        offered = bench.batch([[n, "ok"], [n + 10, "too long"]])
        assert target.write(replace(offered, lines=replace(offered.lines, tally=tally))).fresh
    with ExitStack() as stack:
        admin = open_target_admin(bench.settings)
        stack.callback(admin.close)
        found = admin.ledger.tallies(bench.record)
        assert found == [
            RangeTally(
                range=RANGE.number,
                rejected=4,
                static_only=3,
                replaced=(("body", 4), ("size", 4)),
            )
        ]
        lacking = admin.ledger.lacking(bench.record)
        assert lacking == dict.fromkeys(["e0", "0000000a", "0000000b", "0000000c"], RANGE.number)
        count = RangeCount(range=RANGE, source_rows=7, target_rows=3)
        admin.ledger.record_validation(
            Validation(table=NAME, run_id=RUN_ID, ranges=(count,), tallies=tuple(found))
        )
    stored = bench.place.sql("SELECT rejected, static_only, replaced FROM {db}.snapshot_validation")
    assert stored == [(4, 3, '{"body":4,"size":4}')]
    assert bench.place.sql("SELECT tally FROM {db}.snapshot_wal ORDER BY batch_seq") == [
        ('{"static_only":2,"refused":1,"nulls":{"body":3},"rejected":1}',),
        ('{"rejected":1}',),
        ('{"static_only":1,"nulls":{"body":1,"size":4},"rejected":1}',),
    ]
    named = "SELECT row_id, `range`, state, error_code, column_name FROM {db}.snapshot_rejected"
    assert bench.place.sql(f"{named} ORDER BY row_id") == [
        ("0000000a", RANGE.number, "rejected", 1406, "body"),
        ("0000000b", RANGE.number, "rejected", 1406, "body"),
        ("0000000c", RANGE.number, "rejected", 1406, "body"),
        ("e0", RANGE.number, "rejected", None, None),
    ]


def test_a_row_that_cannot_be_counted_in_is_not_written(bench: Bench) -> None:
    """Row and range change together, or neither does and nothing of the row is in."""
    assert bench.open().write(bench.batch([[1, "ok"], [2, "too long"]])).rejected == 1
    bench.place.sql("UPDATE {db}.snapshot_checkpoints SET rows_written = rows_read")
    with pytest.raises(StateError, match="lacks no row"):
        bench.open().mend("00000002", RANGE, b'[2,"ok"]')
    assert bench.rows() == [(1, "ok")]
    assert bench.place.sql("SELECT state FROM {db}.snapshot_rejected") == [("rejected",)]


def test_thousands_of_refused_rows_are_named_in_one_transaction(bench: Bench) -> None:
    """As many as a batch can have by default, however the statements are cut."""
    ids = tuple(f"{n:032x}" for n in range(5000))
    offered = bench.batch([[1, "ok"]])
    lines = replace(offered.lines, tally=Tally(refused=5000, ids=ids))
    assert bench.open().write(replace(offered, lines=lines)).fresh
    found = bench.place.sql("SELECT row_id FROM {db}.snapshot_rejected ORDER BY row_id")
    assert [row[0] for row in found] == list(ids)


def test_control_tables_of_the_first_version_are_ours_and_are_brought_up_to_date(
    bench: Bench,
) -> None:
    """Their rows stay, with nothing rejected; the tables are taken for ours before that, too."""
    sql = bench.place.sql
    assert bench.open().write(bench.batch([[1, "ok"]])).fresh
    sql("ALTER TABLE {db}.snapshot_wal DROP COLUMN tally")
    sql(
        "ALTER TABLE {db}.snapshot_validation DROP COLUMN rejected, DROP COLUMN static_only,"
        " DROP COLUMN replaced"
    )
    sql(
        "INSERT INTO {db}.snapshot_validation VALUES"
        " (NULL, 'a', 1, 1, 0, 'OK', '2026-01-01', 'r', 0, NULL, 0, 1, 1)"
    )
    sql("DROP TABLE {db}.snapshot_rejected")
    admin = open_target_admin(bench.settings)
    assert admin.ledger.lacking(bench.record) == {}
    admin.close()
    for _ in range(2):
        admin = open_target_admin(bench.settings)
        admin.prepare()
        tallies = admin.ledger.tallies(bench.record)
        admin.close()
    assert tallies == [RangeTally(range=RANGE.number)]
    assert sql("SELECT rejected, static_only, replaced FROM {db}.snapshot_validation") == [
        (0, 0, None)
    ]
    assert bench.open().write(bench.batch([[2, "too long"]])).rejected == 1
    state = "SELECT row_id, `range`, state, error_code FROM {db}.snapshot_rejected"
    (problem,) = bench.open().mend("00000002", RANGE, b'[2,"too long"]')
    assert problem.error == 1406
    assert sql(state) == [("00000002", RANGE.number, "refused", 1406)]
    admin = open_target_admin(bench.settings)
    assert admin.ledger.lacking(bench.record) == {"00000002": RANGE.number}
    assert bench.open().mend("00000002", RANGE, b'[2,"ok"]') == ()
    assert sql(state) == [("00000002", RANGE.number, "written", None)]
    assert admin.ledger.lacking(bench.record) == {}
    admin.close()


def test_a_plan_is_cut_anew_as_a_whole_or_not_at_all(bench: Bench) -> None:
    """A range that is begun never goes, and one that somebody changed stops the change."""
    admin = open_target_admin(bench.settings)
    ledger = admin.ledger
    cut, rest = replace(RANGE, end=RANGE.end - 5), replace(RANGE, number=900, start=RANGE.end - 5)
    try:
        ledger.recut(bench.record, Recut(narrowed=(cut,), added=(rest,)))
        assert [c.range for c in ledger.checkpoints(bench.record)] == [cut, rest]
        assert bench.open().write(replace(bench.batch([[1, "ok"]]), range=cut)).fresh
        for change in (
            Recut(gone=(cut,), added=(replace(cut, number=901),)),
            Recut(gone=(rest, replace(rest, number=77))),
            Recut(narrowed=(replace(rest, start=rest.start + 1),)),
        ):
            with pytest.raises(StateError, match="changed while they were cut"):
                ledger.recut(bench.record, change)
        ledger.recut(bench.record, Recut(gone=(rest,), added=(replace(rest, number=902),)))
        assert [c.range.number for c in ledger.checkpoints(bench.record)] == [RANGE.number, 902]
        with pytest.raises(Fenced):
            ledger.recut(replace(bench.record, epoch=bench.record.epoch + 1), Recut())
    finally:
        admin.close()


def test_a_run_is_held_until_its_lease_ends_or_its_holder_is_known_to_be_dead(
    bench: Bench,
) -> None:
    """By the server's clock; whoever is late finds the epoch raised."""
    admin = open_target_admin(bench.settings)
    ledger, holder = admin.ledger, "db-1, process 5 on b-1/77"
    try:
        second, third = (replace(bench.record, run_id=f"another-{n}") for n in (2, 3))
        ledger.register([(second, [RANGE])], holder=holder, dead=())
        with pytest.raises(Fenced, match="taken this run over"):  # nobody had ended it
            ledger.renew([bench.record])
        (hold,) = [h for h in ledger.holds(second.source, second.target) if h.holder]
        assert (hold.run_id, hold.holder) == (second.run_id, holder)
        assert 0 < hold.left_s <= LEASE_S
        with pytest.raises(LockedError, match="db-1, process 5 holds it"):
            ledger.register([(third, [RANGE])], holder="me", dead=())
        assert ledger.runs(third.run_id) == []
        with pytest.raises(LockedError, match="db-1, process 5 holds it"):
            ledger.take_over(second, holder="me")
        assert ledger.take_over(second, holder="me", dead=holder) == second.epoch + 1
        mine = replace(second, epoch=second.epoch + 1)
        for _ in range(20):  # twice within one millisecond changes nothing
            ledger.renew([mine])
        with pytest.raises(Fenced, match="taken this run over"):
            ledger.renew([second])
        bench.place.sql(
            "UPDATE {db}.snapshot_runs SET lease_until = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND"
        )
        assert ledger.holds(second.source, second.target) == []
        assert ledger.take_over(mine, holder="you") == mine.epoch + 1
        ledger.finish(replace(mine, epoch=mine.epoch + 1), RunState.DONE, 0)
        assert ledger.holds(second.source, second.target) == []
        ledger.register([(third, [RANGE])], holder="me", dead=())
    finally:
        admin.close()
