"""The product's writer over a MySQL in memory that fails as planned, by a clock of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

from cass_snapshot.codec.lines import line_locator
from cass_snapshot.errors import Fault, SnapshotError
from cass_snapshot.forms import Form, Limits
from cass_snapshot.model import (
    Batch,
    Column,
    ColumnKind,
    Lines,
    Position,
    TableName,
    TokenRange,
    Written,
)
from cass_snapshot.mysql import connection
from cass_snapshot.mysql.checkpoint import CheckpointKeeper
from cass_snapshot.mysql.control import ControlSql
from cass_snapshot.mysql.writer import MysqlTarget
from cass_snapshot.planned import PlannedColumn, PlannedTarget
from cass_snapshot.rejection import Unwritten
from cass_snapshot.retry import Patience
from cass_snapshot.settings import MysqlSettings
from cass_snapshot.snapshot.apply import apply
from tests.support.fake_mysql import Server
from tests.support.fakes import MemoryRejects
from tests.support.patient import NoWait

AWAY_S = 60.0
RANGE = TokenRange(number=0, start=-1, end=1)
_COLUMNS = (
    PlannedColumn(
        column=Column(name="id", type="int", kind=ColumnKind.PARTITION_KEY),
        form=Form.INTEGER,
        limits=Limits(type="INT"),
    ),
    PlannedColumn(
        column=Column(name="body", type="text", kind=ColumnKind.REGULAR),
        form=Form.TEXT,
        limits=Limits(type="VARCHAR(40)"),
    ),
)


def lines(rows: Sequence[int]) -> Lines:
    """Return rows as a WAL has them."""
    data = b"".join(orjson.dumps([row, f"text {row}"]) + b"\n" for row in rows)
    return Lines(data=data, rows=len(rows), words=0)


def batch(seq: int, rows: Sequence[int]) -> Batch:
    """Return a batch as a WAL has it."""
    made = lines(rows)
    return Batch(
        table=TableName(keyspace="shop", name="notes"),
        range=RANGE,
        seq=seq,
        lines=made,
        position=Position(token=seq, partition_key=(b"k",)),
        closing=False,
        checksum=hashlib.sha256(made.data).hexdigest()[:16],
        segment="shop.notes/0-1.wal",
        offset=seq,
        size=len(made.data),
    )


@dataclass(slots=True)
class Bench:
    """A writer, the server under it, and what its patience was told."""

    server: Server
    target: MysqlTarget
    rejects: MemoryRejects
    told: list[tuple[SnapshotError | None, float]] = field(default_factory=list)
    now: list[float] = field(default_factory=lambda: [0.0])

    @property
    def patience(self) -> Patience:
        """Return a patience whose pauses take no time but by its own clock."""
        stop = NoWait()

        def clock() -> float:
            self.now[0] += sum(stop.pauses)
            stop.pauses.clear()
            return self.now[0]

        return Patience(unavailable_s=AWAY_S, tell=self.hear, stop=stop, clock=clock)

    def hear(self, error: SnapshotError | None, pause_s: float) -> None:
        """Keep what is told."""
        self.told.append((error, pause_s))

    @property
    def faults(self) -> list[Fault | None]:
        """Return the kinds of the faults that were told, in order."""
        return [error.fault for error, _ in self.told if error is not None]

    def write(self, *batches: Batch) -> list[Written]:
        """Write batches as a worker does, with its patience."""
        return [written for _, written in apply(batches, self.target, self.patience)]

    def load(self, rows: Sequence[int]) -> tuple[Unwritten, ...]:
        """Write a slice as a worker does."""
        return self.patience.call(lambda: self.target.load(lines(rows), "slice 1"))


def bench(monkeypatch: pytest.MonkeyPatch, folder: Path, *, owned: bool) -> Bench:
    """Return a writer by LOAD DATA where the rows are ``owned``, else by INSERT."""
    server, rejects = Server(), MemoryRejects()
    monkeypatch.setattr(connection, "connect", server.connect)
    monkeypatch.setattr(connection, "server_facts", server.facts)
    planned = PlannedTarget(
        name="shop.notes",
        table="notes",
        columns=_COLUMNS,
        definitions=("INT", "VARCHAR(40)"),
        dialect="mysql",
        ddl="",
        exists=True,
        key=("id",),
        owned=owned,
    )
    told: list[tuple[SnapshotError | None, float]] = []
    target = MysqlTarget(
        MysqlSettings(host="db1", database="shop"),
        planned,
        keeper=CheckpointKeeper(
            ControlSql("shop"),
            run_id="r",
            source="c/shop.notes",
            epoch=1,
            worker="w",
            wal_state="applied",
        ),
        directory=folder,
        rejects=rejects,
        locate=line_locator(_COLUMNS),
        tell=lambda error, pause_s: told.append((error, pause_s)),
    )
    return Bench(server=server, target=target, rejects=rejects, told=told)
