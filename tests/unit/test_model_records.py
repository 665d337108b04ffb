"""The records that cross rooms and processes: frozen, small, picklable."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

from cass_snapshot import blocks, model, rejection
from cass_snapshot.model import TableName, TokenRange
from cass_snapshot.validation import RangeCount, Validation
from tests.support.plans import plan
from tests.support.typed_cells import clustering, column, key, table

RECORDS = {
    kind
    for module in (model, blocks, rejection)
    for kind in vars(module).values()
    if dataclasses.is_dataclass(kind)
}


@pytest.mark.parametrize("kind", sorted(RECORDS, key=repr))
def test_a_record_is_frozen_slotted_and_built_by_keyword(kind: type) -> None:
    """Nothing is changed behind anybody's back."""
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]  # of dataclasses
    assert "__slots__" in vars(kind)
    assert all(f.kw_only for f in dataclasses.fields(kind))


def test_a_plan_crosses_a_process_whole() -> None:
    """Workers are spawned and get it through a pipe."""
    made = plan("orders", "items")
    assert made == pickle.loads(pickle.dumps(made))  # noqa: S301 - our own


def test_a_table_tells_its_key_from_its_other_columns() -> None:
    """In the order in which the partition key is hashed and rows sort."""
    found = table(key("b", "int"), key("a", "int"), clustering("c", "int"), column("d", "int"))
    assert (
        [c.name for c in found.partition_key],
        [c.name for c in found.clustering],
        [c.name for c in found.primary_key],
    ) == (["b", "a"], ["c"], ["b", "a", "c"])
    assert [c.in_key for c in found.columns] == [True, True, True, False]


def validation(*counts: tuple[int, int]) -> Validation:
    """Return the outcome of a count."""
    return Validation(
        table=TableName(keyspace="shop", name="orders"),
        run_id="r",
        ranges=tuple(
            RangeCount(range=TokenRange(number=n, start=n, end=n + 1), source_rows=a, target_rows=b)
            for n, (a, b) in enumerate(counts)
        ),
    )


def test_missing_and_extra_rows_do_not_cancel_out() -> None:
    """Equal totals with unequal ranges are a difference."""
    found = validation((5, 3), (2, 4), (1, 1))
    assert (
        found.source_rows,
        found.target_rows,
        found.missing,
        found.extra,
        found.ranges_equal,
        found.status,
    ) == (8, 8, 2, 2, 1, "DIFFERS")


def test_equal_ranges_are_ok() -> None:
    """Also where there is not one row."""
    assert validation((5, 5), (0, 0)).status == "OK"


def test_names_are_printed_as_the_operator_writes_them() -> None:
    """keyspace.table, and range n."""
    assert str(TableName(keyspace="shop", name="orders")) == "shop.orders"
    assert str(TokenRange(number=17, start=0, end=1)) == "range 17"
