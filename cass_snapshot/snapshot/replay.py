"""``replay-wal``: applies to the target what the WAL of a run holds, by default what it lacks.

Needs no source. A batch that the target lacks is written as in a run: one transaction with its
checkpoint (I2). One that it has is written again under its checkpoint as it is, which never moves
back (I3). A target that does not know the run is registered first, and ends with the checkpoints of
the WAL; one that lost its rows is noted as being refilled until all are in again. Nothing of the
WAL is changed or removed.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile

from cass_snapshot.errors import SnapshotError, UsageError
from cass_snapshot.exits import Exit, worst
from cass_snapshot.model import Checkpoint, RangeState, RunState
from cass_snapshot.retry import TRIED_AGAIN, Patience
from cass_snapshot.settings import Settings
from cass_snapshot.snapshot.apply import apply
from cass_snapshot.snapshot.asked import Asked
from cass_snapshot.snapshot.chosen import ChosenRun, chosen_run
from cass_snapshot.snapshot.reports import ReplayReport, TableReplay
from cass_snapshot.snapshot.signals import StopRequest
from cass_snapshot.snapshot.stock import Shelf, Stock, take_stock, unfit
from cass_snapshot.wiring import TableJob


def replay(settings: Settings, asked: Asked) -> ReplayReport:
    """Apply what is asked for, and return what that came to.

    Args:
        settings: where the target is, and the folder of the runs.
        asked: which run, and what of it.

    Raises:
        StateError: the WAL is of another run, schema or target, lacks what is asked for, or does
            not fit the checkpoint.
        UsageError: the run has no such range or segment.
    """
    with (
        StopRequest() as stop,
        chosen_run(
            settings,
            run=asked.run,
            table=asked.table,
            prepare=asked.writes,
            whole=asked.whole,
            again=asked.again,
        ) as chosen,
    ):
        stop.at_once = partial(shutil.rmtree, chosen.scratch, ignore_errors=True)
        _refuse_ambiguous(chosen, asked)
        shelves = [
            take_stock(job, chosen.folder, _checkpoints(chosen, job), asked)
            for job in chosen.jobs
            if asked.segment is None or asked.segment.table in (None, job.table.name)
        ]
        if asked.writes:
            return _write(settings, chosen, shelves, asked, stop)
        counted = [_count_table(shelf, stop, prove=asked.verify_only) for shelf in shelves]
        return ReplayReport(
            run_id=chosen.run_id,
            tables=tuple(_report(s, c) for s, c in zip(shelves, counted, strict=True)),
            exit_code=stop.exit_code if stop.requested else Exit.OK,
        )


def _write(
    settings: Settings,
    chosen: ChosenRun,
    shelves: Sequence[Shelf],
    asked: Asked,
    stop: StopRequest,
) -> ReplayReport:
    """Write what is asked for, table by table, and note how each ended."""
    marked = [
        replace(s, job=chosen.mark(s.job, claimed=asked.again and s.claims_rows)) for s in shelves
    ]
    chosen.begin({s.job.record.source: s.ranges for s in marked})
    tables: list[TableReplay] = []
    halted: SnapshotError | None = None
    try:
        for shelf in marked:
            counted = _apply_table(settings, chosen, shelf, stop, whole=asked.everything)
            tables.append(_report(shelf, counted))
    except TRIED_AGAIN as error:
        if not stop.requested:
            raise
        halted = error  # the signal ended the wait; how far this table is cannot be asked now
    code = _judged(settings, tables)
    for shelf, table in zip(marked, tables, strict=True) if halted is None else ():
        _note_end(chosen, shelf, table, code)
    return ReplayReport(
        run_id=chosen.run_id,
        tables=tuple(tables),
        exit_code=worst([code, *([stop.exit_code] if stop.requested else [])]),
        reason=None if halted is None else str(halted),
    )


def _checkpoints(chosen: ChosenRun, job: TableJob) -> list[Checkpoint] | None:
    return None if chosen.is_new(job) else chosen.admin.ledger.checkpoints(job.record)


def _refuse_ambiguous(chosen: ChosenRun, asked: Asked) -> None:
    """Refuse a segment's or a range's number that may be of several tables, and one of no table."""
    names = [job.table.name for job in chosen.jobs]
    named = asked.segment.table if asked.segment else None
    if named is not None and named not in names:
        raise UsageError(
            f"the segment is of {named}, which is not asked for",
            where="--from-segment",
            why=f"the tables are {', '.join(map(str, names))}",
            fix="name a segment of one of them",
        )
    if asked.wanted is not None and named is None and len(names) > 1:
        raise UsageError(
            "ranges have the same numbers in each table of a run",
            where="--from-segment" if asked.segment else "--ranges",
            why=f"the run has {', '.join(map(str, names))}",
            fix=f"--table {names[0]}",
        )


@dataclass(slots=True)
class _Counted:
    """What became of the ranges of a table that were asked for, or would become of them.

    Of the ``read`` rows the target lacks ``rejected``; ``rows`` of ``batches`` were written.
    """

    batches: int = 0
    rows: int = 0
    read: int = 0
    rejected: int = 0

    def take(self, checkpoint: Checkpoint) -> None:
        """Count what the target has of a range."""
        self.read += checkpoint.rows_read
        self.rejected += checkpoint.rows_read - checkpoint.rows_written


def _apply_table(
    settings: Settings, chosen: ChosenRun, shelf: Shelf, stop: StopRequest, *, whole: bool
) -> _Counted:
    """Write what is asked for of a table, oldest batches of each range first, until the stop.

    With ``whole`` that is all that the target may have lost, and so it is whole at the end.
    """
    counted = _Counted()
    record, ledger = shelf.job.record, chosen.admin.ledger
    patience = Patience(unavailable_s=settings.mysql.unavailable_timeout_s, stop=stop.event)
    with closing(chosen.open_target(settings.mysql, shelf.job)) as target:
        for stock in shelf.stocks:
            if stop.requested:
                break
            batches = takewhile(lambda _: not stop.requested, stock.reader.replay(stock.after))
            again = stock.checkpoint.batch_seq
            for batch, written in apply(batches, target, patience, again=again):
                if written.fresh:
                    counted.batches += 1
                    counted.rows += batch.lines.rows - written.rejected
    if whole and record.state is RunState.REFILLING and not stop.requested:
        patience.call(partial(ledger.refilled, record))
    for checkpoint in shelf.of(patience.call(partial(ledger.checkpoints, record))):
        counted.take(checkpoint)
    return counted


def _count_table(shelf: Shelf, stop: StopRequest, *, prove: bool) -> _Counted:
    """Count what would be written of a table; with ``prove`` all that the WAL has is read."""
    counted = _Counted()
    for checkpoint in shelf.bare:
        counted.take(checkpoint)
    for stock in shelf.stocks:
        if stop.requested:
            break
        counted.take(stock.checkpoint)
        _count_range(shelf, stock, counted, prove=prove)
    return counted


def _count_range(shelf: Shelf, stock: Stock, counted: _Counted, *, prove: bool) -> None:
    checkpoint = stock.checkpoint
    again = held = 0
    start = stock.reader.first_seq - 1 if prove else stock.after
    for batch in stock.reader.replay(start):
        rows, refused = batch.lines.rows, batch.lines.tally.refused
        wanted = batch.seq > stock.after
        counted.batches += wanted
        if batch.seq <= checkpoint.batch_seq:
            held += rows + refused
            again += rows if wanted else 0
        else:
            counted.rows += rows
            counted.read += rows + refused
            counted.rejected += refused
        if prove and batch.seq == checkpoint.batch_seq and batch.checksum != checkpoint.row_digest:
            raise unfit(shelf, stock, f"batch {batch.seq} there is another than the one in MySQL")
    if prove and stock.reader.last_seq < checkpoint.batch_seq:
        why = f"the WAL ends with batch {stock.reader.last_seq}, MySQL has {checkpoint.batch_seq}"
        raise unfit(shelf, stock, why)
    if prove and stock.reader.first_seq == 1 and held != checkpoint.rows_read:
        why = f"{held:,} rows up to its batch {checkpoint.batch_seq}, not"
        raise unfit(shelf, stock, f"{why} {checkpoint.rows_read:,}")
    # What the target refused of them stands in no batch; it is taken to be refused again.
    counted.rows += min(again, checkpoint.rows_written)


def _report(shelf: Shelf, counted: _Counted) -> TableReplay:
    stocks = shelf.stocks
    return TableReplay(
        table=str(shelf.job.table.name),
        batches_found=sum(s.reader.last_seq - s.reader.first_seq + 1 for s in stocks),
        batches_applied=counted.batches,
        rows_applied=counted.rows,
        ranges=len(stocks),
        rejected=counted.rejected,
        rows_captured=counted.read,
        rows_there=counted.read - counted.rejected - counted.rows,
    )


def _judged(settings: Settings, tables: Sequence[TableReplay]) -> Exit:
    """Return the exit code that a run with so many rejected rows ends with."""
    rejected = sum(table.rejected for table in tables)
    if not rejected:
        return Exit.OK
    read = sum(table.rows_captured for table in tables)
    return Exit.LIMIT if settings.limits.exceeded(rejected, read) else Exit.PARTIAL


def _note_end(chosen: ChosenRun, shelf: Shelf, table: TableReplay, code: Exit) -> None:
    """Note that a table is wholly in, where the ledger says something else of its run."""
    record, ledger = shelf.job.record, chosen.admin.ledger
    # A refill that has ended gave the run the state back that it had before.
    state = next(r.state for r in ledger.runs(record.run_id) if r.source == record.source)
    checkpoints = ledger.checkpoints(record)
    whole = all(c.state is RangeState.DONE for c in checkpoints)
    captured = state is RunState.CAPTURED or chosen.is_new(shelf.job)
    if state in (RunState.DONE, RunState.REFILLING):
        return
    if whole and (table.batches_applied or captured):
        lacking = any(c.rows_read > c.rows_written for c in checkpoints)
        ledger.finish(record, RunState.PARTIAL if lacking else RunState.APPLIED, code)
