"""``replay-wal`` over a WAL on disk and a server in memory, killed and signalled wherever it is."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Timer
from time import perf_counter

import pytest

from cass_snapshot.cli.replay_view import replay_lines
from cass_snapshot.errors import Fenced, LockedError, StateError, TargetUnavailable
from cass_snapshot.exits import Exit
from cass_snapshot.model import (
    Batch,
    Checkpoint,
    Lines,
    Position,
    RangeState,
    RunRecord,
    RunState,
    TokenRange,
    Written,
)
from cass_snapshot.planned import PlannedTarget
from cass_snapshot.settings import RunSettings
from cass_snapshot.snapshot.asked import Asked, FromSegment
from cass_snapshot.snapshot.replay import replay
from cass_snapshot.snapshot.reports import ReplayReport
from cass_snapshot.wal.names import SegmentName
from cass_snapshot.wiring import TableJob, open_wal
from tests.support.admins import MemoryAdmin, MemoryLedger
from tests.support.plans import plan, settings

FOLDER = "20261120T104211-shop.orders-k3f9"
RANGES, BATCHES = 2, 3
ROWS = {b'[%d,"row"]' % (10 * number + seq) for number in range(RANGES) for seq in range(BATCHES)}
WIDTH = 2**60
"""How many tokens lie between two batches of a range."""


class KilledError(BaseException):
    """The process is gone."""


@dataclass(slots=True)
class Life:
    """How many steps a process goes before it is killed; None for one that lives."""

    steps: int | None = None

    def step(self) -> None:
        """Go a step, or die before it."""
        if self.steps == 0:
            raise KilledError
        if self.steps is not None:
            self.steps -= 1


@dataclass(slots=True)
class Ledger(MemoryLedger):
    """The record of runs, each of whose changes is a step."""

    life: Life = field(default_factory=Life)

    def refill(self, record: RunRecord) -> RunRecord:
        """Note that a target gets its rows back."""
        self.life.step()
        return MemoryLedger.refill(self, record)

    def refilled(self, record: RunRecord) -> None:
        """Note that it has them."""
        self.life.step()
        MemoryLedger.refilled(self, record)

    def finish(self, record: RunRecord, state: RunState, exit_code: int) -> None:
        """Keep the state, too."""
        self.life.step()
        MemoryLedger.finish(self, record, state, exit_code)
        self.records = [
            replace(r, state=state) if r.source == record.source else r for r in self.records
        ]

    def move(self, batch: Batch) -> None:
        """Move the checkpoint of a batch's range over it."""
        (record,) = self.records
        found = self.plans[record.run_id, record.source]
        (at,) = (n for n, c in enumerate(found) if c.range.number == batch.range.number)
        assert found[at].batch_seq == batch.seq - 1
        rows = found[at].rows_read + batch.lines.rows
        found[at] = Checkpoint(
            range=found[at].range,
            batch_seq=batch.seq,
            position=batch.position,
            rows_read=rows,
            rows_written=rows,
            row_digest=batch.checksum,
            state=RangeState.DONE if batch.closing else RangeState.RUNNING,
        )


@dataclass(slots=True)
class Server(MemoryAdmin):
    """A server with one target; what it took is there whatever becomes of the process."""

    life: Life = field(default_factory=Life)
    rows: set[bytes] = field(default_factory=set)
    away: TargetUnavailable | None = None

    def holds_rows(self, _target: PlannedTarget) -> bool:
        """Tell whether the target has rows."""
        return bool(self.rows)

    def create(self, target: PlannedTarget) -> None:
        """Create it."""
        self.life.step()
        MemoryAdmin.create(self, target)

    def write(self, batch: Batch) -> Written:
        """Take a batch and move its checkpoint; the answer is a step of its own."""
        return self._put(batch, moves=True)

    def rewrite(self, batch: Batch) -> Written:
        """Take a batch again."""
        return self._put(batch, moves=False)

    def _put(self, batch: Batch, *, moves: bool) -> Written:
        self.life.step()
        if self.away is not None:
            raise self.away
        assert "orders" in self.there
        if moves:
            assert isinstance(self.ledger, Ledger)
            self.ledger.move(batch)
        self.rows |= set(batch.lines.data.splitlines())
        self.life.step()
        return Written(fresh=True)

    @property
    def state(self) -> RunState:
        """Return the state of the only run."""
        (record,) = self.ledger.records
        return record.state

    def lose(self, lost: str) -> None:
        """Let somebody drop or empty the target."""
        self.rows = set()
        if lost == "dropped":
            self.there = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A run that was captured and applied, and its WAL."""

    server: Server
    runs: Path
    timeout_s: float = 0.01

    @property
    def folder(self) -> Path:
        """Return the folder of the run."""
        return self.runs / FOLDER

    def replay(self, asked: Asked | None = None) -> ReplayReport:
        """Replay as asked, by default what is lacking."""
        given = settings(RANGES)
        run = given.run.model_copy(update={"directory": self.runs})
        mysql = given.mysql.model_copy(update={"unavailable_timeout_s": self.timeout_s})
        return replay(given.model_copy(update={"run": run, "mysql": mysql}), asked or Asked())

    def refuses(self) -> bool:
        """Tell whether a default replay and a run both refuse to trust the checkpoints."""
        both: list[Callable[[], object]]
        both = [self.replay, lambda: plan("orders", admin=self.server)]
        refusals = [found for found in map(refusal, both) if found is not None]
        assert len(refusals) in (0, 2), "one trusts what the other does not"
        for refused in refusals:
            assert "run 20261120T104211-k3f9" in refused.where
            assert "the target shop.orders is" in refused.what
            gone = refused.what.endswith("is gone")
            assert gone or "replay-wal --all 20261120T104211-k3f9" in refused.fix
        return bool(refusals)


def refusal(call: Callable[[], object]) -> StateError | None:
    """Return why something is refused, None where it is not."""
    try:
        call()
    except StateError as refused:
        return refused
    return None


Make = Callable[..., Made]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return what makes such a run in a folder of its own."""

    def made(name: str = "runs", state: RunState = RunState.CAPTURED) -> Made:
        life = Life()
        server = Server(ledger=Ledger(life=life), life=life)
        begun = plan("orders", admin=server, ranges=RANGES)
        (table,) = begun.tables
        record = replace(table.job.record, state=state)
        server.ledger.register([(record, table.ranges)])
        folder = tmp_path / name / FOLDER
        for path in (folder.parent, folder, folder / "wal"):
            path.mkdir(mode=0o700)
        (folder / "run.json").write_text('{"tables": []}')
        for token_range in table.ranges:
            capture(folder / "wal", table.job, token_range)
        monkeypatch.setattr("cass_snapshot.snapshot.chosen.open_target_admin", lambda _: server)
        monkeypatch.setattr("cass_snapshot.snapshot.chosen.open_target", lambda *_, **__: server)
        return Made(server=server, runs=folder.parent)

    return made


def capture(wal: Path, job: TableJob, token_range: TokenRange) -> None:
    """Write the batches of a range, a row each."""
    log = open_wal(wal, job, token_range, RunSettings(), 0)
    for seq in range(BATCHES):
        data = b'[%d,"row"]\n' % (10 * token_range.number + seq)
        at = Position(token=token_range.start + (seq + 1) * WIDTH, partition_key=(b"%d" % seq,))
        log.append(Lines(data=data, rows=1, words=0), at, closing=seq == BATCHES - 1)
    log.close()


def whole(make: Make, name: str = "runs") -> Made:
    """Return a run whose rows are all in the target."""
    made = make(name)
    assert made.replay().exit_code == 0
    assert (made.server.rows, made.server.state) == (ROWS, RunState.APPLIED)
    return made


def killed_after(made: Made, steps: int) -> bool:
    """Write everything again, but for a kill after some steps; tell whether it came to that."""
    made.server.life.steps = steps
    try:
        made.replay(Asked(whole=True))
    except KilledError:
        return True
    finally:
        made.server.life.steps = None
    return False


@pytest.mark.parametrize("lost", ["dropped", "emptied"])
def test_a_refill_that_is_killed_anywhere_is_never_taken_for_whole(make: Make, lost: str) -> None:
    """Before, between and behind all that it changes; whole again, the run is what it was."""
    first, told, ended = 1, 1, 1
    total = first + (lost == "dropped") + 2 * len(ROWS) + told + ended
    for steps in range(total + 1):
        made = whole(make, f"{steps}")
        made.server.lose(lost)
        assert killed_after(made, steps) is (steps < total)
        if steps < first:  # as if it had never begun
            assert made.refuses() is (lost == "dropped")
        else:
            assert made.refuses() is (steps < total - ended)
        if steps < total:
            made.replay(Asked(whole=True))
        assert (made.server.rows, made.server.state) == (ROWS, RunState.APPLIED)
        assert made.replay().tables[0].rows_applied == 0


def test_a_refill_of_a_refill_that_is_killed_is_none_either(make: Make) -> None:
    """Its target has rows by then; the state that the run had before is not forgotten.

    Each has an epoch of its own: one that is frozen, not dead, writes nothing over a later one.
    """
    made = whole(make)
    made.server.lose("dropped")
    for steps in (5, 6, 1):
        (before,) = made.server.ledger.records
        assert killed_after(made, steps)
        assert made.server.ledger.records[0].epoch == before.epoch + 1
        assert made.refuses()
    made.replay(Asked(whole=True))
    assert (made.server.rows, made.server.state) == (ROWS, RunState.APPLIED)


def test_a_part_does_not_make_a_target_whole(make: Make) -> None:
    """Ranges, or what follows a segment, of a target that was emptied: the rest is lacking."""
    part = FromSegment(name=SegmentName(range_number=1, first_seq=1))
    for name, asked in (
        ("ranges", Asked(whole=True, numbers=frozenset({0, 1}))),
        ("segment", Asked(segment=part)),
    ):
        made = whole(make, name)
        made.server.lose("emptied")
        for _ in range(2):
            assert made.replay(asked).exit_code == 0
            assert made.server.state is RunState.REFILLING
            assert made.refuses()
        made.replay(Asked(whole=True))
        assert made.server.state is RunState.APPLIED


def test_a_target_that_has_rows_or_should_have_none_is_not_said_to_be_refilled(make: Make) -> None:
    """A kill takes no row away; and a target that was never written lacks nothing."""
    made = whole(make, "full")
    assert killed_after(made, 3)
    assert not made.refuses()
    fresh = make("fresh")
    assert killed_after(fresh, 3)
    assert fresh.server.state is RunState.CAPTURED
    fresh.replay()
    assert fresh.server.rows == ROWS


def test_a_stop_leaves_the_target_to_be_refilled(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command ends in good order, and has not brought everything back."""
    made = whole(make)
    made.server.lose("emptied")
    put = Server.rewrite

    def rewrite(server: Server, batch: Batch) -> Written:
        os.kill(os.getpid(), signal.SIGTERM)
        return put(server, batch)

    monkeypatch.setattr(Server, "rewrite", rewrite)
    assert made.replay(Asked(whole=True)).exit_code == Exit.SIGTERM
    assert 0 < len(made.server.rows) < len(ROWS)
    assert made.refuses()


def test_a_run_that_begins_afresh_may_have_the_target(make: Make) -> None:
    """It reads everything again, whatever is in there."""
    made = whole(make)
    made.server.lose("emptied")
    assert killed_after(made, 4)
    assert plan("orders", admin=made.server, new=True).continues is False


def test_what_is_looked_at_and_not_written_is_not_marked(make: Make) -> None:
    """A dry run; and the default ones are refused beside a refill as real ones are."""
    made = whole(make)
    made.server.lose("emptied")
    made.replay(Asked(whole=True, dry_run=True))
    assert made.server.state is RunState.APPLIED
    made.replay(Asked(whole=True, numbers=frozenset({0})))
    for asked in (Asked(dry_run=True), Asked(verify_only=True)):
        with pytest.raises(StateError, match="is being filled again"):
            made.replay(asked)
        assert made.replay(replace(asked, whole=True)).exit_code == 0


def test_what_changed_before_the_table_was_held_is_noticed(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refill that began and died between the first look and the lock."""
    made = whole(make)
    ledger, locked = made.server.ledger, False

    class Lock:
        def __init__(self, *_: object) -> None: ...

        def __enter__(self) -> None:
            nonlocal locked
            locked = True
            ledger.refill(ledger.records[0])

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr("cass_snapshot.snapshot.chosen.table_lock", Lock)
    with pytest.raises(LockedError, match="at this table at this moment"):
        made.replay()
    assert locked


def test_of_two_refills_the_later_one_goes_on(make: Make) -> None:
    """Whoever was frozen over it writes no more."""
    made = whole(make)
    (record,) = made.server.ledger.records
    assert made.server.ledger.refill(record).epoch == record.epoch + 1
    with pytest.raises(Fenced):
        made.server.ledger.refill(record)


def narrowed(made: Made, end: int) -> None:
    """Let another machine cut the first range before the end of its WAL here."""
    (record,) = made.server.ledger.records
    first, *others = made.server.ledger.checkpoints(record)
    cut = replace(first, range=replace(first.range, end=end))
    made.server.ledger.plans[record.run_id, record.source] = [cut, *others]


@pytest.mark.parametrize("asked", [Asked(), Asked(whole=True), Asked(verify_only=True)])
def test_rows_behind_the_end_that_another_machine_gave_a_range_are_not_applied(
    make: Make, asked: Asked
) -> None:
    """They are read there again, later; in the range as it is now everything is as it was."""
    inside = make("inside")
    (record,) = inside.server.ledger.records
    start = inside.server.ledger.checkpoints(record)[0].range.start
    narrowed(inside, start + BATCHES * WIDTH)
    assert inside.replay(asked).exit_code == 0
    made = make("behind")
    narrowed(made, start + BATCHES * WIDTH - 1)
    with pytest.raises(StateError, match="behind the end of their range") as refused:
        made.replay(asked)
    for told in (start + BATCHES * WIDTH, start + BATCHES * WIDTH - 1, "range 0"):
        assert str(told) in refused.value.why
    assert "shop.orders" in refused.value.where
    assert made.server.rows == set()


def test_a_range_that_another_machine_has_finished_lacks_nothing(make: Make) -> None:
    """Its WAL here is older, whatever it holds, and no batch of it is applied."""
    made = whole(make)
    (record,) = made.server.ledger.records
    start = made.server.ledger.checkpoints(record)[0].range.start
    narrowed(made, start + WIDTH)
    assert made.replay().tables[0].rows_applied == 0


def test_batches_are_not_applied_behind_another_one_than_their_own(make: Make) -> None:
    """Another machine went on from the checkpoint: its batches have the same numbers."""
    made = make()
    made.server.there = {"orders"}
    (record,) = made.server.ledger.records
    first, *others = made.server.ledger.checkpoints(record)
    elsewhere = replace(first, batch_seq=1, row_digest="another", rows_read=1, rows_written=1)
    made.server.ledger.plans[record.run_id, record.source] = [elsewhere, *others]
    with pytest.raises(StateError, match="does not fit the WAL") as refused:
        made.replay()
    assert "batch 1 there is another than the one in MySQL" in refused.value.why
    assert made.server.rows == set()


def test_a_table_of_the_wal_that_nobody_knows_is_named(make: Make) -> None:
    """As a table that joined the run later; left out, it would be missed by nobody."""
    made = make()
    (items,) = plan("items", ranges=1).tables
    capture(made.folder / "wal", items.job, items.ranges[0])
    with pytest.raises(StateError, match=r"does not say how shop\.items was") as refused:
        made.replay(Asked(whole=True))
    assert "run.json" in refused.value.where
    assert made.server.rows == set()
    assert made.replay(Asked(whole=True, table="shop.orders")).exit_code == 0
    assert made.server.rows == ROWS


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_wait_for_the_target_at_once(
    make: Make, number: signal.Signals, code: int
) -> None:
    """However long it may still be waited for; what it was waiting for is told."""
    made = replace(make(), timeout_s=40.0)
    made.server.away = TargetUnavailable("MySQL does not answer", why="2003")
    made.server.away.retry_after_s = 20.0
    began = perf_counter()
    timer = Timer(0.2, os.kill, (os.getpid(), number))
    timer.start()
    report = made.replay()
    timer.join()
    assert perf_counter() - began < 10
    assert (report.exit_code, report.tables) == (code, ())
    lines = replay_lines(report, dry_run=False)
    assert "  stopped by a signal; the same command goes on" in lines
    assert lines[-1] == "  it was waiting: MySQL does not answer; why: 2003"
    made.server.away = None
    assert made.replay().exit_code == 0
    assert made.server.rows == ROWS


def test_without_a_signal_a_target_that_stays_away_is_an_error(make: Make) -> None:
    """Exit 7, when the time is over."""
    made = make()
    made.server.away = TargetUnavailable("MySQL does not answer")
    with pytest.raises(TargetUnavailable):
        made.replay()
