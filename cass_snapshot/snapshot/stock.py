"""What the WAL has of a run's table, range by range, and from which batch on it is to be applied.

Everything that may be refused is refused here, before anything is written: a range that the run
does not have, a WAL of something else, batches that are wanted and gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cass_snapshot.errors import StateError, UsageError
from cass_snapshot.model import Checkpoint, RangeState, RunState, TokenRange
from cass_snapshot.ring.split import prove_tiling
from cass_snapshot.snapshot.asked import Asked
from cass_snapshot.snapshot.belonging import refuse_foreign
from cass_snapshot.wal.reader import RangeReader, find_ranges
from cass_snapshot.wal.walk import refuse_behind
from cass_snapshot.wiring import TableJob

NAMED_MAX = 5
"""How many of the ranges that lack something a message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """A range of which the WAL has batches; those above ``after`` are to be applied.

    ``checkpoint`` is what the target has of it.
    """

    checkpoint: Checkpoint
    after: int
    reader: RangeReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """All that the WAL has of a table.

    Args:
        job: the table.
        folder: of the run.
        checkpoints: what the target has, of every range; of a range that is not done the WAL may
            have more.
        stocks: the ranges that are asked for and of which the WAL has something.
        bare: the checkpoints of those that are asked for and of which it has nothing.
    """

    job: TableJob
    folder: Path
    checkpoints: tuple[Checkpoint, ...]
    stocks: tuple[Stock, ...]
    bare: tuple[Checkpoint, ...]

    @property
    def ranges(self) -> tuple[TokenRange, ...]:
        """Return the ranges of the table."""
        return tuple(checkpoint.range for checkpoint in self.checkpoints)

    @property
    def claims_rows(self) -> bool:
        """Tell whether the checkpoints say that the target has rows."""
        return any(checkpoint.rows_written for checkpoint in self.checkpoints)

    def of(self, checkpoints: Iterable[Checkpoint]) -> list[Checkpoint]:
        """Return those checkpoints whose ranges are asked for."""
        numbers = {c.range.number for c in (*self.bare, *(s.checkpoint for s in self.stocks))}
        return [c for c in checkpoints if c.range.number in numbers]


def take_stock(
    job: TableJob, folder: Path, checkpoints: Sequence[Checkpoint] | None, asked: Asked
) -> Shelf:
    """Return what is to be applied of a table.

    Args:
        job: the table.
        folder: of the run.
        checkpoints: what the target has; None where it knows nothing of the run, and the WAL by
            itself has to be a full copy.
        asked: which ranges, and from where on.

    Raises:
        StateError: the WAL is of another run, source, schema or target; batches are gone or stale.
        UsageError: a range or segment is asked for that the run does not have.
    """
    readers = _readers(job, folder)
    if checkpoints is None:
        checkpoints = _as_captured(job, folder, readers)
    known = {c.range.number: c for c in checkpoints}
    for number, reader in readers.items():
        refuse_foreign(job, folder, reader, known.get(number), moves=asked.whole)
    wanted = asked.wanted
    if wanted is not None:
        _refuse_unknown(job, known, wanted, asked)
    chosen = {n: c for n, c in known.items() if wanted is None or n in wanted}
    shelf = Shelf(
        job=job,
        folder=folder,
        checkpoints=tuple(checkpoints),
        stocks=tuple(
            Stock(checkpoint=c, after=_after(c, readers[n], asked), reader=readers[n])
            for n, c in chosen.items()
            if n in readers
        ),
        bare=tuple(c for n, c in chosen.items() if n not in readers),
    )
    _refuse_gaps(shelf, asked)
    _refuse_stale(shelf)
    return shelf


def _refuse_unknown(
    job: TableJob, known: Mapping[int, Checkpoint], wanted: frozenset[int], asked: Asked
) -> None:
    """Refuse ranges that the run does not have, and any part of a target that is to be whole."""
    if other := sorted(wanted - known.keys()):
        raise UsageError(
            f"the run has no range {other[0]}",
            where="--from-segment" if asked.segment else "--ranges",
            why=f"{job.table.name} was cut into the ranges {_spans(known)}",
            fix="name ranges of this run; cass-snapshot wal inspect lists those in the WAL",
        )
    if not job.target.exists and any(c.batch_seq for c in known.values()):
        raise StateError(
            f"the target {job.record.target} is gone",
            where=f"run {job.record.run_id}, {job.table.name}; nothing was written",
            why="its checkpoints stand for the rows of all ranges, and not all are asked for",
            fix=f"cass-snapshot replay-wal --all {job.record.run_id}, without --ranges",
        )


def _readers(job: TableJob, folder: Path) -> dict[int, RangeReader]:
    """Return the ranges of which the WAL has a batch."""
    wal, name = folder / "wal", job.table.name
    found = {n: RangeReader(wal, name, n) for table, n in find_ranges(wal) if table == name}
    # A crash between a segment's creation and its first batch leaves one without any.
    return {number: reader for number, reader in found.items() if reader.begun}


def _as_captured(
    job: TableJob, folder: Path, readers: dict[int, RangeReader]
) -> tuple[Checkpoint, ...]:
    """Return the checkpoints before the first batch, of a WAL that is a full copy by itself."""
    where = f"{folder / 'wal'}, {job.table.name}; nothing was written"
    fix = "cass-snapshot run --capture-only, with the run's own source and target, completes it"
    what = "the WAL of this run is no full copy"
    if open_ := [number for number, reader in readers.items() if not reader.closed]:
        why = f"{_listed(open_)} not captured to the end"
        raise StateError(what, where=where, why=why, fix=fix)
    ranges = sorted((r.identity.range for r in readers.values()), key=lambda r: r.start)
    try:
        prove_tiling(ranges)
    except StateError as gap:
        why = f"ranges are not in it: of {len(ranges)} there, {gap.where}, {gap.why}"
        raise StateError(what, where=where, why=why, fix=fix) from gap
    return tuple(Checkpoint(range=r) for r in ranges)


def _after(checkpoint: Checkpoint, reader: RangeReader, asked: Asked) -> int:
    """Return the batch after which a range is applied."""
    if asked.segment is not None:
        name = asked.segment.name
        if name not in reader.segments:
            raise UsageError(
                f"the WAL has no segment {name}",
                where="--from-segment",
                why=f"of this range there are {', '.join(map(str, reader.segments[:NAMED_MAX]))}",
                fix="name one of them; cass-snapshot wal inspect lists all",
            )
        return min(name.first_seq - 1, checkpoint.batch_seq)
    return 0 if asked.whole else checkpoint.batch_seq


def _refuse_gaps(shelf: Shelf, asked: Asked) -> None:
    """Refuse a WAL of which batches are gone that are to be applied."""
    gone = [
        f"range {s.checkpoint.range.number}: batches {s.after + 1} to {s.reader.first_seq - 1}"
        for s in shelf.stocks
        if s.reader.first_seq > s.after + 1
    ]
    if asked.whole:
        gone += [
            f"range {s.checkpoint.range.number}: batches {s.reader.last_seq + 1} to"
            f" {s.checkpoint.batch_seq}"
            for s in shelf.stocks
            if s.reader.last_seq < s.checkpoint.batch_seq
        ]
        gone += [
            f"range {c.range.number}: batches 1 to {c.batch_seq}" for c in shelf.bare if c.batch_seq
        ]
    gone += _unclosed(shelf)
    if not gone:
        return
    more = f" and {len(gone) - NAMED_MAX} ranges more" if len(gone) > NAMED_MAX else ""
    raise StateError(
        "segments of the WAL are gone, so that it is no full copy"
        if asked.whole
        else "segments of the WAL are gone that the target lacks",
        where=f"{shelf.folder / 'wal'}, {shelf.job.table.name}; nothing was written",
        why=f"{'; '.join(gone[:NAMED_MAX])}{more}",
        fix="put them back; without --all what MySQL lacks is applied, and a run with --new reads"
        " everything again",
    )


def _refuse_stale(shelf: Shelf) -> None:
    """Refuse to apply what another machine has read since: its rows are newer than these.

    It went on from the checkpoint without this WAL: behind the end that it gave the range other
    ranges are read, and before it batches of the same numbers hold other rows.
    """
    where = f"{shelf.folder / 'wal'}, {shelf.job.table.name}; nothing was written"
    for stock in shelf.stocks:
        reader, seq = stock.reader, stock.checkpoint.batch_seq
        if stock.after >= reader.last_seq:
            continue  # nothing of it is applied
        refuse_behind(where, reader.position, stock.checkpoint.range)
        if reader.first_seq <= seq < reader.last_seq:
            there = next(reader.replay(seq - 1))
            if there.checksum != stock.checkpoint.row_digest:
                raise unfit(shelf, stock, f"batch {seq} there is another than the one in MySQL")


def unfit(shelf: Shelf, stock: Stock, why: str) -> StateError:
    """Return the error for a range whose WAL and checkpoint speak of different rows."""
    return StateError(
        "the checkpoint does not fit the WAL",
        where=f"{shelf.folder / 'wal'}, {shelf.job.table.name}, {stock.checkpoint.range}",
        why=why,
        fix="put the WAL of this run back; cass-snapshot run --new copies afresh",
    )


def _unclosed(shelf: Shelf) -> list[str]:
    """Return what is gone at the ends of a run that was captured whole.

    Each of its ranges had a closing batch, and the target has not a row of them to tell it by.
    """
    if shelf.job.record.state is not RunState.CAPTURED:
        return []
    return [
        f"range {s.checkpoint.range.number}: batches from {s.reader.last_seq + 1} on"
        for s in shelf.stocks
        if not s.reader.closed and s.checkpoint.state is not RangeState.DONE
    ] + [
        f"range {c.range.number}: all batches"
        for c in shelf.bare
        if not c.batch_seq and c.state is not RangeState.DONE
    ]


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, sorted(numbers)[:NAMED_MAX]))
    one = len(numbers) == 1
    more = f" and {len(numbers) - NAMED_MAX} more" if len(numbers) > NAMED_MAX else ""
    return f"range{'' if one else 's'} {shown}{more} {'is' if one else 'are'}"


def _spans(numbers: Iterable[int]) -> str:
    """Return numbers as operators type them: 0-7,9."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(f"{a}-{b}" if a < b else str(a) for a, b in spans)
