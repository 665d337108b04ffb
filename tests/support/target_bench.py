"""A target under the contract suite: in memory, or in a server of either flavour."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from cass_snapshot.codec.lines import line_locator
from cass_snapshot.forms import Form, Limits
from cass_snapshot.model import (
    Batch,
    Cells,
    Column,
    ColumnKind,
    Lines,
    Position,
    RunRecord,
    RunState,
    Table,
    TableName,
    TokenRange,
)
from cass_snapshot.planned import PlannedColumn, TableMapping
from cass_snapshot.protocols import Target
from cass_snapshot.ring.split import split_ring
from cass_snapshot.settings import MysqlSettings
from cass_snapshot.validation import RangeTally
from cass_snapshot.wiring import TableJob, open_target
from cass_snapshot.wiring.admins import open_target_admin
from tests.support.fakes import FakeStore, FakeTarget, MemoryRejects
from tests.support.servers import Place, Servers

TABLE = Table(
    name=TableName(keyspace="shop", name="notes"),
    cluster="test",
    columns=(
        Column(name="id", type="int", kind=ColumnKind.PARTITION_KEY),
        Column(name="body", type="text", kind=ColumnKind.REGULAR),
    ),
)
RANGES = split_ring(3)
Row = tuple[int, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A target under test: how it is opened, what its table holds, how somebody takes it over.

    ``widen`` changes how long a text may be, ``tallies`` is what the ledger says of the ranges.
    """

    open: Callable[[int], Target]
    rows: Callable[[], dict[int, str | None]]
    take_over: Callable[[], None]
    widen: Callable[[int], None]
    tallies: Callable[[], list[RangeTally]]
    rejects: MemoryRejects = field(default_factory=MemoryRejects)

    @property
    def rejected(self) -> list[tuple[Cells, str, int]]:
        """Return key, column and error of every row that was set aside."""
        return [(r.key, r.problems[0].column, r.problems[0].error) for r in self.rejects.rows]


LOCATE = line_locator(
    [
        PlannedColumn(column=c, form=form, limits=Limits(type=""))
        for c, form in zip(TABLE.columns, (Form.INTEGER, Form.TEXT), strict=True)
    ]
)


def in_memory() -> Bench:
    """Return the target in memory, with its plan."""
    store = FakeStore()
    store.register(RANGES)
    rejects = MemoryRejects()

    def take_over() -> None:
        store.epoch += 1

    def widen(chars: int) -> None:
        store.room = chars

    return Bench(
        open=lambda epoch: FakeTarget(store, epoch, rejects, LOCATE),
        rows=lambda: {key: _text(row[1]) for key, row in store.rows.items()},
        take_over=take_over,
        widen=widen,
        tallies=lambda: [
            RangeTally(range=c.range.number, rejected=c.rows_read - c.rows_written)
            for c in store.checkpoints.values()
        ],
        rejects=rejects,
    )


def in_mysql(place: Place, stack: ExitStack) -> Bench:
    """Return a target in a database of its own, with its plan; the stack closes it."""
    address = place.servers.endpoints.mysql
    settings = MysqlSettings(
        host=address.host,
        port=address.port,
        database=place.database,
        username=address.user,
        password=address.password or None,
    )
    admin = open_target_admin(settings)
    stack.callback(admin.close)
    planned = admin.plan(TABLE, TableMapping(target="notes"))
    record = RunRecord(
        run_id="20260101T000000-test",
        table=TABLE.name,
        source="test/shop.notes",
        target=planned.name,
        fingerprint="0" * 64,
        definition="{}",
        state=RunState.RUNNING,
        epoch=1,
    )
    admin.prepare()
    admin.ledger.register([(record, RANGES)])
    admin.create(planned)
    rejects = MemoryRejects()

    def open_mysql(epoch: int) -> Target:
        scratch = Path(place.folder) / f"scratch-{epoch}"
        scratch.mkdir(mode=0o700, exist_ok=True)
        target = open_target(
            settings,
            TableJob(table=TABLE, target=planned, record=replace(record, epoch=epoch)),
            worker="contract",
            wal_state="applied",
            scratch=scratch,
            rejects=rejects,
        )
        stack.callback(target.close)
        return target

    def take_over() -> None:
        admin.ledger.take_over(record)

    def widen(chars: int) -> None:
        place.sql(f"ALTER TABLE {{db}}.notes MODIFY body VARCHAR({chars})")

    return Bench(
        open=open_mysql,
        rows=lambda: dict(_pairs(place.servers, place.database)),
        take_over=take_over,
        widen=widen,
        tallies=lambda: admin.ledger.tallies(record),
        rejects=rejects,
    )


def _pairs(servers: Servers, database: str) -> list[Row]:
    return [(key, body) for key, body in servers.sql(f"SELECT id, body FROM {database}.notes")]


def _text(value: object) -> str | None:
    assert value is None or isinstance(value, str)
    return value


def batch(
    seq: int, rows: Sequence[Row], *, closing: bool = False, at: TokenRange = RANGES[1]
) -> Batch:
    """Return a batch as a WAL would."""
    data = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    nulls = sum(body is None for _, body in rows)
    return Batch(
        table=TABLE.name,
        range=at,
        seq=seq,
        lines=Lines(data=data, rows=len(rows), words=nulls),
        position=Position(token=at.start + seq, partition_key=(seq.to_bytes(4, "big"),)),
        closing=closing,
        checksum=hashlib.sha256(data).hexdigest()[:32],
        segment=f"shop.notes/{at.number}-1.wal",
        offset=100 * seq,
        size=len(data),
    )
