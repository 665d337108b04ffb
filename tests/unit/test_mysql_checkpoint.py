"""The checkpoint moves once for each batch, and by nobody but its owner (I2, I3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from cass_snapshot.errors import Fenced, StateError
from cass_snapshot.model import (
    Batch,
    Checkpoint,
    Lines,
    Position,
    RangeState,
    TableName,
    TokenRange,
)
from cass_snapshot.mysql.checkpoint import CheckpointKeeper, parse_position, position_text
from cass_snapshot.mysql.control import ControlSql

RANGE = TokenRange(number=4, start=-10, end=10)
POSITION = Position(token=-3, partition_key=(b"\0k",), clustering=(b"", b"\xff"))
SQL = ControlSql("ctl")
Row = tuple[object, ...]


@dataclass(slots=True)
class Server:
    """A cursor on the few rows that a keeper asks for."""

    epoch: int | None = 3
    seq: int = 0
    state: RangeState = RangeState.PENDING
    wal: dict[int, str] = field(default_factory=dict)
    registered: bool = True
    rowcount: int = -1
    asked: list[str] = field(default_factory=list)
    _row: Row | None = None

    def execute(self, sql: str, values: Sequence[object]) -> None:
        """Answer the statements of the control tables by what they are."""
        self.asked.append(sql)
        self._row = None
        if sql == SQL.epoch:
            self._row = None if self.epoch is None else (self.epoch,)
        elif sql == SQL.checkpoint and self.registered:
            text = position_text(POSITION)
            head = (RANGE.number, RANGE.start, RANGE.end, self.seq, text)
            self._row = (*head, 20, 20, "d1", self.state.value, 1)
        elif sql == SQL.wal_checksum:
            found = self.wal.get(int(str(values[-1])))
            self._row = None if found is None else (found, None)
        elif sql == SQL.advance:
            self.rowcount = int(values[-1] == self.seq)
            if self.rowcount:
                self.seq, self.state = int(str(values[1])), RangeState(str(values[5]))
        elif sql == SQL.insert_wal:
            self.wal[int(str(values[3]))] = str(values[8])

    def fetchone(self) -> Row | None:
        """Return the row of the last question."""
        return self._row


def keeper() -> CheckpointKeeper:
    """Return a keeper of epoch 3."""
    return CheckpointKeeper(
        SQL, run_id="r1", source="c/shop.t", epoch=3, worker="w", wal_state="applied"
    )


def batch(seq: int, *, closing: bool = False, checksum: str = "") -> Batch:
    """Return a batch of two rows."""
    return Batch(
        table=TableName(keyspace="shop", name="t"),
        range=RANGE,
        seq=seq,
        lines=Lines(data=b"[1]\n[2]\n", rows=2, words=0),
        position=POSITION,
        closing=closing,
        checksum=checksum or f"sum{seq}",
        segment="s",
        offset=0,
        size=8,
    )


def test_a_batch_moves_the_checkpoint_by_one() -> None:
    """The state is running, and done with the closing batch (I8)."""
    server = Server()
    assert keeper().advance(server, batch(1)).fresh
    assert (server.seq, server.state) == (1, RangeState.RUNNING)
    assert keeper().advance(server, batch(2, closing=True)).fresh
    assert (server.seq, server.state) == (2, RangeState.DONE)


def test_a_batch_that_is_in_already_is_left_alone() -> None:
    """Proven by the checksum of the very batch, not by its number alone (I3)."""
    server = Server(seq=2, wal={1: "sum1", 2: "sum2"})
    assert not keeper().advance(server, batch(1)).fresh
    assert not keeper().advance(server, batch(2)).fresh
    assert server.seq == 2


@pytest.mark.parametrize(
    ("server", "offered"),
    [
        (Server(seq=2, wal={1: "sum1", 2: "other"}), batch(2)),
        (Server(seq=2, wal={1: "sum1"}), batch(2)),
        (Server(seq=0), batch(2)),
        (Server(seq=5, wal={7: "sum7"}), batch(7)),
    ],
    ids=["another batch of that number", "no record of it", "a gap", "a gap with a record"],
)
def test_a_batch_that_does_not_follow_the_checkpoint_is_refused(
    server: Server, offered: Batch
) -> None:
    """Skipping it, or writing it, would lose or repeat rows unseen."""
    with pytest.raises(StateError, match="does not fit the WAL") as refused:
        keeper().advance(server, offered)
    assert f"batch {offered.seq}" in refused.value.where


@pytest.mark.parametrize("epoch", [2, 4, None])
def test_a_process_whose_run_was_taken_over_writes_nothing(epoch: int | None) -> None:
    """The epoch is looked at before the checkpoint is touched."""
    server = Server(epoch=epoch)
    with pytest.raises(Fenced):
        keeper().advance(server, batch(1))
    assert [SQL.epoch] == server.asked


def test_a_checkpoint_is_read_whole() -> None:
    """Range, position, counts, digest, state and attempts."""
    expected = Checkpoint(
        range=RANGE,
        batch_seq=6,
        position=POSITION,
        rows_read=20,
        rows_written=20,
        row_digest="d1",
        state=RangeState.DONE,
        attempts=1,
    )
    assert expected == keeper().read(Server(seq=6, state=RangeState.DONE), 4)


def test_a_range_that_was_never_registered_is_no_empty_checkpoint() -> None:
    """None yet is not could not read."""
    with pytest.raises(StateError, match="range 4 is not registered"):
        keeper().read(Server(registered=False), 4)


def test_the_record_of_a_batch_names_where_it_lies() -> None:
    """Segment, offset, rows, bytes, checksum."""
    server = Server()
    keeper().record(server, batch(1), [])
    assert server.wal == {1: "sum1"}


def test_no_position_is_stored_as_null() -> None:
    """A range without rows has none."""
    assert position_text(None) is None
    assert parse_position(None) is None
