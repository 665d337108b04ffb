"""Which run it is: a new one, the one to go on with, or neither (I7, I9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cass_snapshot.errors import StateError, UsageError
from cass_snapshot.model import RangeState, RunRecord, RunState
from cass_snapshot.planned import ColumnMapping, Conflict, TableMapping
from cass_snapshot.ring.split import split_ring
from cass_snapshot.settings.tables import TableSettings
from cass_snapshot.snapshot.definition import define, difference, fingerprint, mapping_of, restore
from cass_snapshot.snapshot.plan import RunPlan
from tests.support.admins import MemoryAdmin, MemorySource
from tests.support.plans import make_plan, plan, settings, source_table


def registered(made: RunPlan, state: RunState = RunState.STOPPED) -> MemoryAdmin:
    """Return a server on which a plan was registered and left in a state."""
    admin = MemoryAdmin(there={t.job.target.table for t in made.tables})
    admin.ledger.register([(replace(t.job.record, state=state), t.ranges) for t in made.tables])
    return admin


def changed(admin: MemoryAdmin, *more: str, name: str = "orders") -> RunPlan:
    """Return the plan of a table that has these columns now."""
    return make_plan(
        settings(),
        [TableSettings(source=f"shop.{name}")],
        source=MemorySource({name: source_table(name, *more)}),
        target=admin,
        new_run_id="20261121T000000-zzzz",
        new=False,
    )


def test_a_first_run_tiles_the_ring_and_is_not_registered() -> None:
    """Nothing is written by planning."""
    admin = MemoryAdmin()
    made = plan("orders", admin=admin)
    (table,) = made.tables
    assert (split_ring(4), False) == (table.ranges, table.registered)
    assert {RangeState.PENDING} == {c.state for c in table.checkpoints}
    assert (made.run_id, made.continues) == ("20261120T104211-k3f9", False)
    assert (
        table.job.record.epoch,
        table.job.record.target_created,
        table.job.record.state,
    ) == (1, True, RunState.RUNNING)
    assert ([], set()) == (admin.ledger.records, admin.there)


def test_control_tables_that_are_missing_mean_a_first_run() -> None:
    """They are made when the run is registered."""
    admin = MemoryAdmin()
    admin.ledger.there = False
    assert not plan("orders", admin=admin).continues


def test_a_target_that_is_there_is_not_said_to_be_created() -> None:
    """Its extra rows may be somebody's."""
    assert (
        not plan("orders", admin=MemoryAdmin(there={"orders"})).tables[0].job.record.target_created
    )


@pytest.mark.parametrize(
    "state", [RunState.RUNNING, RunState.STOPPED, RunState.PARTIAL, RunState.FAILED]
)
def test_a_run_that_did_not_end_well_goes_on(state: RunState) -> None:
    """With its own ranges, whatever number is asked for now."""
    first = plan("orders", ranges=7)
    made = plan("orders", admin=registered(first, state), ranges=3)
    assert (first.run_id, True) == (made.run_id, made.continues)
    assert (first.tables[0].ranges, True) == (made.tables[0].ranges, made.tables[0].registered)


def test_a_run_that_is_done_is_followed_by_a_new_one() -> None:
    """The same command copies afresh."""
    made = plan("orders", admin=registered(plan("orders"), RunState.DONE))
    assert (made.continues, made.tables[0].registered) == (False, False)


def test_new_begins_afresh_beside_an_unfinished_run() -> None:
    """The operator said so."""
    assert not plan("orders", admin=registered(plan("orders")), new=True).continues


def test_another_column_is_named_when_a_run_cannot_go_on() -> None:
    """What differs stands in the message (I9)."""
    with pytest.raises(StateError, match="belongs to another plan") as refused:
        changed(registered(plan("orders")), "price")
    assert refused.value.why == "column price was not there, is int (regular) to INT"
    assert "nothing was written" in refused.value.where
    assert "--new" in refused.value.fix


def test_a_registered_plan_that_does_not_tile_the_ring_is_refused() -> None:
    """Somebody changed the control tables (I7)."""
    admin = registered(plan("orders"))
    (ranges,) = admin.ledger.plans.values()
    del ranges[2]
    with pytest.raises(StateError, match="token ring exactly once"):
        plan("orders", admin=admin)


@pytest.mark.parametrize("second", ["orders", "ORDERS", "Orders"])
def test_two_tables_cannot_share_a_target(second: str) -> None:
    """MySQL may take names in another case for one table."""
    wanted = [
        TableSettings(source="shop.orders"),
        TableSettings(source="shop.others", target=second),
    ]
    with pytest.raises(UsageError, match=r"shop\.orders and shop\.others have the same target"):
        make_plan(
            settings(),
            wanted,
            source=MemorySource({}),
            target=MemoryAdmin(),
            new_run_id="r",
            new=False,
        )


def test_one_table_cannot_be_copied_twice_at_once() -> None:
    """Not even where both mentions of it are the very same setting."""
    once = TableSettings(source="shop.orders")
    with pytest.raises(UsageError, match="have the same target"):
        make_plan(
            settings(),
            [once, once],
            source=MemorySource({"orders": source_table("orders")}),
            target=MemoryAdmin(),
            new_run_id="r",
            new=False,
        )


def test_tables_of_different_unfinished_runs_cannot_go_on_together() -> None:
    """Both runs are named."""
    admin = registered(plan("orders"))
    other = plan("items").tables[0]
    record = replace(other.job.record, run_id="20261121T000000-zzzz", state=RunState.FAILED)
    admin.ledger.register([(record, other.ranges)])
    with pytest.raises(UsageError, match="different unfinished runs") as refused:
        plan("orders", "items", admin=admin)
    assert refused.value.why == "20261120T104211-k3f9, 20261121T000000-zzzz"


def test_a_table_beside_an_unfinished_one_joins_its_run() -> None:
    """One run, one of whose tables goes on and the other begins."""
    made = plan("orders", "items", admin=registered(plan("orders")))
    assert [t.registered for t in made.tables] == [True, False]
    assert {made.run_id} == {t.job.record.run_id for t in made.tables}


def test_a_definition_gives_the_job_back() -> None:
    """For a replay, which does not ask the source."""
    made = plan("orders").tables[0].job
    again = restore(made.record)
    assert made.table == again.table
    assert made.target.definitions == again.target.definitions
    assert [(p.column, p.form) for p in made.target.columns] == [
        (p.column, p.form) for p in again.target.columns
    ]
    assert (made.target.name, made.target.table) == (again.target.name, again.target.table)


def record_of(*more: str, target: str = "orders", profile: str = "readable") -> str:
    """Return the definition of a copy."""
    table = source_table("orders", *more)
    mapping = TableMapping(target=target, profile=profile)
    return define(table, MemoryAdmin().plan(table, mapping), mapping)


def test_equal_copies_have_equal_fingerprints() -> None:
    """Ranges, workers and pace are outside it; target, profile and columns are not."""
    definitions = {
        record_of(),
        record_of("a"),
        record_of("b"),
        record_of(target="t2"),
        record_of(profile="exact"),
    }
    assert len(definitions) == 5
    assert len({fingerprint(d) for d in definitions}) == 5
    assert fingerprint(record_of("a")) == fingerprint(record_of("a"))
    assert len(fingerprint(record_of())) == 64


def test_a_target_that_was_mended_is_no_other_plan() -> None:
    """A wider column takes the same lines; the definition tells it, the fingerprint does not."""
    table = source_table("orders", "a")
    planned = MemoryAdmin().plan(table, TableMapping(target="orders"))
    wider = replace(planned, definitions=(*planned.definitions[:-1], "BIGINT"), owned=False)
    before, now = (define(table, t, TableMapping(target="orders")) for t in (planned, wider))
    assert before != now
    assert fingerprint(before) == fingerprint(now)


@pytest.mark.parametrize(
    "said",
    [
        TableMapping(target="orders", match=("id",), conflict=Conflict.NEWER),
        TableMapping(target="orders", columns=(ColumnMapping(source="a", name="b", null=""),)),
        TableMapping(target="orders", columns=(ColumnMapping(source="a", writetime="w"),)),
        TableMapping(target="orders", digest_key=True, token_column=True),
    ],
)
def test_what_the_operator_said_is_part_of_the_plan(said: TableMapping) -> None:
    """Another mapping is another plan, and the ledger gives it back as it was said."""
    table = source_table("orders", "a")
    planned = MemoryAdmin().plan(table, TableMapping(target="orders"))
    text = define(table, planned, said)
    assert fingerprint(text) != fingerprint(define(table, planned, TableMapping(target="orders")))
    record = replace(plan("orders").tables[0].job.record, definition=text)
    assert mapping_of(record) == said


def test_the_order_of_the_file_is_no_part_of_the_plan() -> None:
    """Sections under [[tables]] may be moved about."""
    table = source_table("orders", "a", "b")
    planned = MemoryAdmin().plan(table, TableMapping(target="orders"))
    said = (ColumnMapping(source="b", name="c"), ColumnMapping(source="a", skip=True))
    one, other = (TableMapping(target="orders", columns=c) for c in (said, said[::-1]))
    assert define(table, planned, one) == define(table, planned, other)


def test_a_run_of_another_version_is_told_as_such() -> None:
    """Its definition has other parts; that is no bug, and nothing is written (exit 9)."""
    made = plan("orders")
    old = '{"source":"Test Cluster/shop.orders","columns":[]}'
    (table,) = made.tables
    record = replace(table.job.record, definition=old, fingerprint=fingerprint(old))
    for read in (restore, mapping_of):
        with pytest.raises(StateError, match="another version"):
            read(record)
    assert "another version" in difference(old, table.job.record.definition)


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (record_of("a"), record_of(), "column a was int (regular) to INT, is gone"),
        (record_of(), record_of(target="t2"), "target was shop.orders, is shop.t2"),
        (record_of(), record_of(profile="exact"), "profile was readable, is exact"),
        (record_of("a", "b"), record_of("b", "a"), "the order of the columns differs"),
    ],
)
def test_a_difference_is_said_in_words(before: str, now: str, words: str) -> None:
    """The name of what changed, and both of its values."""
    assert difference(before, now).startswith(words)


def test_the_record_is_that_of_one_table_of_the_run() -> None:
    """Source and target as the ledger names them."""
    record: RunRecord = plan("orders").tables[0].job.record
    assert (record.source, record.target) == ("Test Cluster/shop.orders", "shop.orders")
    assert fingerprint(record.definition) == record.fingerprint
