"""What every target promises (``protocols.Target``): the one in memory and MySQL alike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import orjson
import pytest

from cass_snapshot.errors import Fenced, RangeFailed, StateError
from cass_snapshot.model import (
    Batch,
    Column,
    ColumnKind,
    Lines,
    Position,
    RangeState,
    RunRecord,
    RunState,
    Table,
    TableName,
    TokenRange,
)
from cass_snapshot.planned import TableMapping
from cass_snapshot.protocols import Target
from cass_snapshot.ring.split import split_ring
from cass_snapshot.settings import MysqlSettings
from cass_snapshot.wiring import TableJob, open_target, open_target_admin
from tests.support.fakes import FakeStore, FakeTarget
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
    """A target under test: how it is opened, what its table holds, how somebody takes it over."""

    open: Callable[[int], Target]
    rows: Callable[[], dict[int, str | None]]
    take_over: Callable[[], None]


@pytest.fixture(params=["memory", pytest.param("mysql", marks=pytest.mark.servers)])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Return each target in turn, its plan of three ranges registered at epoch 1."""
    if request.param == "memory":
        yield _in_memory()
        return
    place = Place(
        servers=request.getfixturevalue("servers"),
        keyspace="",
        database=request.getfixturevalue("database"),
        folder=request.getfixturevalue("tmp_path"),
    )
    with ExitStack() as stack:
        yield _in_mysql(place, stack)


def _in_memory() -> Bench:
    store = FakeStore()
    store.register(RANGES)

    def take_over() -> None:
        store.epoch += 1

    return Bench(
        open=lambda epoch: FakeTarget(store, epoch),
        rows=lambda: {key: _text(row[1]) for key, row in store.rows.items()},
        take_over=take_over,
    )


def _in_mysql(place: Place, stack: ExitStack) -> Bench:
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

    def open_mysql(epoch: int) -> Target:
        scratch = Path(place.folder) / f"scratch-{epoch}"
        scratch.mkdir(mode=0o700, exist_ok=True)
        job = TableJob(table=TABLE, target=planned, record=replace(record, epoch=epoch))
        target = open_target(settings, job, worker="contract", wal_state="applied", scratch=scratch)
        stack.callback(target.close)
        return target

    def take_over() -> None:
        admin.ledger.take_over(record)

    return Bench(
        open=open_mysql,
        rows=lambda: dict(_pairs(place.servers, place.database)),
        take_over=take_over,
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
        position=Position(token=at.start + seq, partition_key=(bytes([seq]),)),
        closing=closing,
        checksum=hashlib.sha256(data).hexdigest()[:32],
        segment=f"shop.notes/{at.number}-1.wal",
        offset=100 * seq,
        size=len(data),
    )


def test_a_range_that_has_not_begun_stands_before_its_first_batch(bench: Bench) -> None:
    """Registered and untouched: batch 0, no position, pending."""
    found = bench.open(1).checkpoint(RANGES[1])
    assert found.range == RANGES[1]
    assert (found.batch_seq, found.position, found.state) == (0, None, RangeState.PENDING)


def test_a_range_that_nobody_registered_is_an_error_and_not_a_beginning(bench: Bench) -> None:
    """To say "none yet" is another thing than to say that it could not be read."""
    with pytest.raises(StateError):
        bench.open(1).checkpoint(TokenRange(number=77, start=0, end=1))


def test_the_checkpoint_moves_with_the_rows(bench: Bench) -> None:
    """After each write both are there; the closing batch makes the range done (I2, I8)."""
    target = bench.open(1)
    first, last = batch(1, [(1, "a"), (2, None)]), batch(2, [(3, "c")], closing=True)

    assert target.write(first).fresh
    found = target.checkpoint(RANGES[1])
    assert bench.rows() == {1: "a", 2: None}
    assert (found.batch_seq, found.position) == (1, first.position)
    assert (found.rows_read, found.state) == (2, RangeState.RUNNING)

    assert target.write(last).fresh
    found = target.checkpoint(RANGES[1])
    assert bench.rows() == {1: "a", 2: None, 3: "c"}
    assert (found.batch_seq, found.position) == (2, last.position)
    assert (found.rows_read, found.state) == (3, RangeState.DONE)
    assert target.checkpoint(RANGES[0]).state is RangeState.PENDING


def test_writing_a_batch_again_changes_nothing(bench: Bench) -> None:
    """It says that the batch was there already, whoever asks, however late (I3)."""
    one, two = batch(1, [(1, "a")]), batch(2, [(1, "b")])
    target = bench.open(1)
    assert target.write(one).fresh
    assert target.write(two).fresh
    before = target.checkpoint(RANGES[1])

    assert not target.write(two).fresh
    assert not target.write(one).fresh
    assert not bench.open(1).write(one).fresh

    assert bench.rows() == {1: "b"}
    assert before == target.checkpoint(RANGES[1])


def test_a_range_without_a_row_is_closed_by_an_empty_batch(bench: Bench) -> None:
    """No row, no position, and done all the same."""
    empty = replace(batch(1, [], closing=True), position=None)
    target = bench.open(1)
    assert target.write(empty).fresh
    found = target.checkpoint(RANGES[1])
    assert (found.batch_seq, found.position, found.state) == (1, None, RangeState.DONE)
    assert bench.rows() == {}


def test_a_refused_row_leaves_neither_rows_nor_checkpoint(bench: Bench) -> None:
    """All of a batch or nothing; the target is of use afterwards (I2)."""
    target = bench.open(1)
    with pytest.raises(RangeFailed):
        target.write(batch(1, [(1, "a"), (2**40, "too large for an int")]))
    assert bench.rows() == {}
    assert target.checkpoint(RANGES[1]).batch_seq == 0

    assert target.write(batch(1, [(1, "a")])).fresh
    assert bench.rows() == {1: "a"}


def test_a_gap_is_refused(bench: Bench) -> None:
    """Batch 3 is not written where batch 2 is not."""
    target = bench.open(1)
    assert target.write(batch(1, [(1, "a")])).fresh
    with pytest.raises(StateError):
        target.write(batch(3, [(3, "c")]))
    assert bench.rows() == {1: "a"}
    assert target.checkpoint(RANGES[1]).batch_seq == 1


def test_a_foreign_batch_under_a_known_number_is_refused(bench: Bench) -> None:
    """The checksum tells that it is not the batch that was applied."""
    target = bench.open(1)
    assert target.write(batch(1, [(1, "a")])).fresh
    with pytest.raises(StateError):
        target.write(batch(1, [(1, "another")]))
    assert bench.rows() == {1: "a"}


def test_a_writer_of_an_earlier_epoch_is_fenced(bench: Bench) -> None:
    """After a take-over the old writer writes nothing, not even a batch that would fit."""
    old = bench.open(1)
    assert old.write(batch(1, [(1, "a")])).fresh
    bench.take_over()

    with pytest.raises(Fenced):
        old.write(batch(2, [(2, "b")]))

    assert bench.rows() == {1: "a"}
    new = bench.open(2)
    assert new.checkpoint(RANGES[1]).batch_seq == 1
    assert new.write(batch(2, [(2, "b")])).fresh
    assert bench.rows() == {1: "a", 2: "b"}


def test_ranges_do_not_know_each_other(bench: Bench) -> None:
    """Each range counts its own batches, and has its own checkpoint."""
    target = bench.open(1)
    assert target.write(batch(1, [(1, "a")], at=RANGES[0], closing=True)).fresh
    assert target.write(batch(1, [(2, "b")], at=RANGES[2])).fresh
    states = [target.checkpoint(r).state for r in RANGES]
    assert states == [RangeState.DONE, RangeState.PENDING, RangeState.RUNNING]
    assert bench.rows() == {1: "a", 2: "b"}


class BrokenLines:
    """Lines that cannot be read: a bug, or memory that has run out, in the middle of a write."""

    rows = 1
    words = 0

    @property
    def data(self) -> bytes:
        """Raise what no target expects."""
        raise MemoryError


def test_an_unexpected_error_leaves_no_checkpoint_behind(bench: Bench) -> None:
    """The next batch of another range must not commit a checkpoint without its rows (I2)."""
    target = bench.open(1)
    broken = replace(batch(1, [(1, "a")]), lines=cast("Lines", BrokenLines()))
    with pytest.raises(MemoryError):
        target.write(broken)
    assert target.write(batch(1, [(9, "z")], at=RANGES[2])).fresh
    assert target.checkpoint(RANGES[1]).batch_seq == 0
    assert bench.rows() == {9: "z"}
    assert target.write(batch(1, [(1, "a")])).fresh
    assert bench.rows() == {1: "a", 9: "z"}
