"""Targets that somebody made, and writers into them, for tests that plan by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from cass_snapshot.forms import Form, Limits
from cass_snapshot.model import (
    Batch,
    Column,
    ColumnKind,
    Lines,
    Position,
    RunRecord,
    RunState,
    Table,
    TableName,
    Written,
)
from cass_snapshot.planned import Conflict, Constant, PlannedColumn, PlannedTarget, Reading
from cass_snapshot.protocols import Target
from cass_snapshot.ring.split import split_ring
from cass_snapshot.settings import MysqlSettings
from cass_snapshot.wiring import TableJob, open_target
from cass_snapshot.wiring.admins import open_target_admin
from tests.support.fakes import MemoryRejects
from tests.support.servers import Place, Servers, new_database

NAME = TableName(keyspace="shop", name="items")
(RANGE,) = split_ring(1)
RUN_ID = "20260101T000000-test"
SOURCE = "test/shop.items"


@dataclass(frozen=True, slots=True, kw_only=True)
class Into:
    """A column of a target: its name and type there, and what it holds."""

    name: str
    sql: str
    cql: str
    form: Form
    source: str = ""
    key: bool = False
    reading: Reading = Reading.VALUE
    null: Constant | None = None

    @property
    def planned(self) -> PlannedColumn:
        """Return the column as a plan has it."""
        kind = ColumnKind.PARTITION_KEY if self.key else ColumnKind.REGULAR
        return PlannedColumn(
            column=Column(name=self.source or self.name, type=self.cql, kind=kind),
            form=self.form,
            limits=Limits(type=self.sql),
            reading=self.reading,
            target=self.name,
            null=self.null,
        )


@dataclass(slots=True)
class Bench:
    """A table that stands in MySQL, and a run that was registered to write into it."""

    place: Place
    stack: ExitStack
    rejects: MemoryRejects
    settings: MysqlSettings
    planned: PlannedTarget
    record: RunRecord
    seq: int = 0

    def open(self) -> Target:
        """Return a writer of its own."""
        scratch = Path(self.place.folder) / f"scratch-{len(list(self.place.folder.iterdir()))}"
        scratch.mkdir(mode=0o700)
        target = open_target(
            self.settings,
            TableJob(table=_table(self.planned), target=self.planned, record=self.record),
            worker="test",
            wal_state="applied",
            scratch=scratch,
            rejects=self.rejects,
        )
        self.stack.callback(target.close)
        return target

    def batch(self, rows: Sequence[Sequence[Any]]) -> Batch:
        """Return the next batch."""
        self.seq += 1
        data = b"".join(orjson.dumps(row) + b"\n" for row in rows)
        words = sum(v is None or isinstance(v, bool) for row in rows for v in row)
        return Batch(
            table=NAME,
            range=RANGE,
            seq=self.seq,
            lines=Lines(data=data, rows=len(rows), words=words),
            position=Position(token=self.seq, partition_key=(b"k",)),
            closing=False,
            checksum=hashlib.sha256(data).hexdigest()[:16],
            segment="shop.items/0-1.wal",
            offset=self.seq,
            size=len(data),
        )

    def rows(self, columns: str = "*") -> list[tuple[Any, ...]]:
        """Return the target's rows in the order of their first column."""
        return self.place.sql(f"SELECT {columns} FROM {{db}}.items ORDER BY 1")


def _table(planned: PlannedTarget) -> Table:
    values = [p.column for p in planned.columns if p.reading is Reading.VALUE]
    return Table(name=NAME, columns=tuple(values), cluster="test")


def make_bench(
    place: Place,
    stack: ExitStack,
    columns: Sequence[Into],
    *,
    ddl: str,
    conflict: Conflict = Conflict.OVERWRITE,
    owned: bool = False,
) -> Bench:
    """Create a table by ``ddl``, what stands in its parentheses, and register a run into it."""
    address = place.servers.endpoints.mysql
    settings = MysqlSettings(
        host=address.host,
        port=address.port,
        database=place.database,
        username=address.user,
        password=address.password or None,
    )
    place.sql(f"CREATE TABLE {{db}}.items ({ddl})")
    planned = PlannedTarget(
        name=f"{place.database}.items",
        table="items",
        columns=tuple(c.planned for c in columns),
        definitions=tuple(c.sql for c in columns),
        dialect="mysql",
        ddl="",
        exists=True,
        key=tuple(c.name for c in columns if c.key),
        conflict=conflict,
        owned=owned,
    )
    record = RunRecord(
        run_id=RUN_ID,
        table=NAME,
        source=SOURCE,
        target=planned.name,
        fingerprint="0" * 64,
        definition="{}",
        state=RunState.RUNNING,
        epoch=1,
    )
    admin = open_target_admin(settings)
    stack.callback(admin.close)
    admin.prepare()
    admin.ledger.register([(record, [RANGE])])
    return Bench(
        place=place,
        stack=stack,
        rejects=MemoryRejects(),
        settings=settings,
        planned=planned,
        record=record,
    )


Make = Callable[..., Bench]
KEY = Into(name="id", sql="INT", cql="int", form=Form.INTEGER, key=True)
BODY = Into(name="body", sql="VARCHAR(40)", cql="text", form=Form.TEXT)


@pytest.fixture
def make(flavour_servers: Servers, tmp_path: Path) -> Iterator[Make]:
    """Return what makes a target in a database of its own."""
    with ExitStack() as stack:
        place = Place(
            servers=flavour_servers,
            keyspace="",
            database=stack.enter_context(new_database(flavour_servers)),
            folder=tmp_path,
        )
        yield partial(make_bench, place, stack)


def twice(bench: Bench, rows: Sequence[Sequence[object]]) -> None:
    """Write rows as one batch, and once more as another, as a run that goes on may."""
    target = bench.open()
    for _ in range(2):
        assert target.write(bench.batch(rows)) == Written(fresh=True)
