"""A table that is no longer what the run was planned with stops the run, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from struct import pack
from uuid import UUID

import pytest
from cassandra import InvalidRequest, OperationTimedOut

from cass_snapshot.errors import RangeFailed, SnapshotError, StateError
from cass_snapshot.model import TOKEN_MAX, TOKEN_MIN, Cells, Column, ColumnKind, Table, TokenRange
from cass_snapshot.reader.columns import (
    COLUMNS,
    IDS,
    TYPES,
    VIEW_IDS,
    of_partitions,
    refuse_changed,
)
from cass_snapshot.reader.drift import Drift
from cass_snapshot.reader.pages import CassandraSource
from cass_snapshot.reader.session import Connection
from cass_snapshot.reader.statements import select_values
from tests.support.patient import patience
from tests.support.small_cassandra import Rows, Session
from tests.support.typed_cells import clustering, column, key, table

ADDRESS = 'frozen<address{street text, "House No" int}>'
ORDERS = table(
    key("k", "int"),
    clustering("a", "int", descending=True),
    column("s", "text", ColumnKind.STATIC),
    column("home", ADDRESS),
    column("v", "text"),
)
WAS = UUID(int=1)
ID = UUID(int=7)


def texts(*found: str) -> bytes:
    """Return a serialized list of texts."""
    cells = [f.encode() for f in found]
    return pack(">i", len(cells)) + b"".join(pack(">i", len(c)) + c for c in cells)


@dataclass(frozen=True)
class Answer:
    """An answer that is under way."""

    result: Callable[[], list[Cells]]


class SystemTables:
    """A raw session that answers what a node says of a table."""

    def __init__(self, columns: tuple[Column, ...] = ORDERS.columns) -> None:
        self.version = WAS
        self.columns = columns
        self.id = ID
        self.ids = IDS
        self.asked: list[str] = []
        self.fails: list[Exception] = []

    def execute_async(self, query: str) -> Answer:
        """Answer later."""
        return Answer(lambda: self.execute(query, None))

    def execute(self, query: str, values: tuple[object, ...] | None) -> list[Cells]:
        """Return the rows of a query, as bytes."""
        self.asked.append(query)
        if self.fails:
            raise self.fails.pop()
        if query == TYPES:
            assert values == ("shop",)
            return [(b"address", texts("street", "House No"), texts("text", "int"))]
        if query == COLUMNS:
            assert values == ("shop", "orders")
            return [self._told(c) for c in reversed(self.columns)]
        if query in (IDS, VIEW_IDS):
            assert values == ("shop", "orders")
            return [(self.id.bytes,)] if self.columns and query == self.ids else []
        assert values is None
        return [(self.version.bytes,)]

    def _told(self, found: Column) -> Cells:
        order = b"desc" if found.descending else b"none"
        spelled = "frozen<address>" if found.type == ADDRESS else found.type
        place = -1 if found.kind in (ColumnKind.REGULAR, ColumnKind.STATIC) else 0
        return (
            found.kind.value.encode(),
            pack(">i", place),
            found.name.encode(),
            spelled.encode(),
            order,
        )

    def change(self, columns: tuple[Column, ...]) -> None:
        """Alter the table, or another one."""
        self.columns = columns
        self.version = UUID(int=self.version.int + 1)


def test_a_table_that_is_as_planned_costs_one_small_request() -> None:
    """Its columns are read where the schema's version was not seen before."""
    node = SystemTables()
    drift = Drift(node, ORDERS, patience())
    for _ in range(4):
        drift.check()
    assert len(node.asked) == 4 + 3
    node.change(ORDERS.columns)  # another table of the cluster
    drift.check()
    assert len(node.asked) == 8 + 3
    node.version = WAS  # a node that lags behind
    drift.check()
    assert len(node.asked) == 8 + 4


def test_another_type_order_or_kind_is_a_change() -> None:
    """As the operator's own ALTER of a user type is."""
    home = replace(ORDERS.columns[3], type='frozen<address{street text, "House No" int, x int}>')
    clustered = replace(ORDERS.columns[1], descending=False)
    for place, other in ((3, home), (1, clustered)):
        columns = (*ORDERS.columns[:place], other, *ORDERS.columns[place + 1 :])
        with pytest.raises(StateError, match="changed") as changed:
            refuse_changed(ORDERS, columns, "")
        assert other.name in changed.value.why
        assert "descending" in changed.value.why or "x int" in changed.value.why


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            lambda cs: (*cs, column("extra", "int")),
            "column extra was not there, is int (regular)",
        ),
        (lambda cs: cs[:-1], "column v was text (regular), is gone"),
        (
            lambda cs: (*cs[:-1], column("w", "text")),
            "column v was text (regular), is gone; column w was not there, is text (regular)",
        ),
        (lambda _: (), "the table is gone"),
    ],
)
def test_what_changed_is_named(
    change: Callable[[tuple[Column, ...]], tuple[Column, ...]], why: str
) -> None:
    """At the next range, and at no earlier one."""
    node = SystemTables()
    drift = Drift(node, ORDERS, patience())
    drift.check()
    node.change(change(ORDERS.columns))
    with pytest.raises(StateError) as changed:
        drift.check()
    assert why == changed.value.why
    assert "shop.orders" in changed.value.what
    assert "same command" in changed.value.fix


def test_a_copy_of_partitions_minds_its_own_columns() -> None:
    """A new regular column is none that it reads."""
    kept = replace(ORDERS, columns=of_partitions(ORDERS.columns), partitions=True)
    refuse_changed(kept, (*ORDERS.columns, column("extra", "int")), "")
    with pytest.raises(StateError):
        refuse_changed(kept, ORDERS.columns[:2] + ORDERS.columns[3:], "")


@pytest.mark.parametrize("ids", [IDS, VIEW_IDS])
def test_another_table_of_the_same_name_and_columns_is_refused(ids: str) -> None:
    """It was dropped and created again; a view, too, has an id."""
    node = SystemTables()
    node.ids = ids
    drift = Drift(node, replace(ORDERS, id=str(ID)), patience())
    drift.check()
    node.id = UUID(int=8)
    node.change(ORDERS.columns)
    with pytest.raises(StateError, match="dropped and created again") as changed:
        drift.check()
    assert f"its id was {ID}, is {UUID(int=8)}" in changed.value.why
    assert changed.value.fix == "start afresh with --new"


@pytest.mark.parametrize("ahead", [False, True])
def test_looking_is_repeated_as_reading_is(ahead: bool) -> None:
    """A request that is lost says nothing of the schema, nor one that was under way."""
    node = SystemTables()
    node.fails = [OperationTimedOut(), OperationTimedOut()]
    drift = Drift(node, ORDERS, patience())
    drift.check(drift.look() if ahead else None)
    assert len(node.asked) == 6


NUMBERS = table(key("k", "int"), column("v", "text"))
RING = TokenRange(number=0, start=TOKEN_MIN, end=TOKEN_MAX)


def reading(node: SystemTables, source: Table, session: Session) -> CassandraSource:
    """Return a source that minds its table."""
    return CassandraSource(
        Connection(cluster=None, session=session),
        source,
        select_values(source.columns),
        page_rows_max=1,
        patience=patience(),
        drift=Drift(node, source, patience()),
    )


def test_every_range_begins_with_a_look() -> None:
    """What was read of the range before is kept; nothing is given of the next one."""
    node = SystemTables(NUMBERS.columns)
    session = Session(Rows(NUMBERS, [(pack(">i", n), b"v") for n in range(3)]).answer)
    source = reading(node, NUMBERS, session)
    assert len([row for page in source.pages(RING, None) for row in page.rows]) == 3
    node.change((*NUMBERS.columns, column("w", "int")))
    with pytest.raises(StateError, match="changed"):
        next(source.pages(RING, None))


@pytest.mark.parametrize(
    ("columns", "raised", "said"),
    [
        (NUMBERS.columns[:1], StateError, "column v was text (regular), is gone"),
        (NUMBERS.columns, RangeFailed, "columns are what they were"),
    ],
)
def test_a_refused_request_says_whether_the_table_changed(
    columns: tuple[Column, ...], raised: type[SnapshotError], said: str
) -> None:
    """The schema is read again, whatever version it has."""
    node = SystemTables(NUMBERS.columns)
    source = reading(node, NUMBERS, Session(lambda _: InvalidRequest("Undefined column name v")))
    pages = source.pages(RING, None)
    source_drift = source._drift
    assert source_drift is not None
    source_drift.check()
    node.columns = columns
    with pytest.raises(SnapshotError) as failed:
        next(pages)
    assert raised is type(failed.value)
    assert said in failed.value.why
