"""What the WAL has of a run's table, range by range, and from which batch on it is to be applied.

Everything that may be refused is refused here, before anything is written: a range that the run
does not have, a WAL of something else, batches that are wanted and gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cass_snapshot.errors import StateError, UsageError
from cass_snapshot.model import Checkpoint, RangeState, RunState, TokenRange, WalIdentity
from cass_snapshot.ring.split import prove_tiling
from cass_snapshot.snapshot.asked import Asked
from cass_snapshot.wal.reader import RangeReader, find_ranges
from cass_snapshot.wiring import TableJob, wal_identity

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
        StateError: the WAL is of another run, source, schema or target, or batches are gone.
        UsageError: a range or segment is asked for that the run does not have.
    """
    readers = _readers(job, folder)
    if checkpoints is None:
        checkpoints = _as_captured(job, folder, readers)
    known = {c.range.number: c for c in checkpoints}
    for number, reader in readers.items():
        _refuse_foreign(job, folder, reader, known.get(number), moves=asked.whole)
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


def _refuse_foreign(
    job: TableJob, folder: Path, reader: RangeReader, checkpoint: Checkpoint | None, *, moves: bool
) -> None:
    """Refuse a WAL that is not of this run, source and schema; nor of this target, unless moved."""
    says = reader.identity
    why = "the run has no such range"
    if checkpoint is not None:
        wanted = wal_identity(job, checkpoint.range, says.compression)
        differing = _differing(says, replace(wanted, target=says.target) if moves else wanted)
        if not differing:
            return
        why = "; ".join(differing)
    raise StateError(
        "a segment of the WAL does not belong to this run",
        where=f"{folder / 'wal'}, {job.table.name}, range {says.range.number}; nothing was written",
        why=why,
        fix="put the WAL of this run back, or name the run and the target that it belongs to",
    )


def _differing(says: WalIdentity, wanted: WalIdentity) -> list[str]:
    """Return in words in what a WAL differs from what the run has."""
    found = [
        f"its {name.replace('_', ' ')} is {one}, not {other}"
        for name, one, other in (
            ("run_id", says.run_id, wanted.run_id),
            ("source", says.source, wanted.source),
            ("target", says.target, wanted.target),
            ("table", says.table, wanted.table),
        )
        if one != other
    ]
    if (says.schema, says.columns) != (wanted.schema, wanted.columns):
        lines = {c.name: f"{c.type} as {c.form}" for c in says.columns}
        present = {c.name: f"{c.type} as {c.form}" for c in wanted.columns}
        names = [n for n in sorted({*lines, *present}) if lines.get(n) != present.get(n)]
        told = [f"{n} was {lines.get(n, 'no')}, is {present.get(n, 'no')}" for n in names]
        found.append(f"its columns differ: {', '.join(told[:NAMED_MAX]) or 'another condition'}")
    one, other = says.range, wanted.range
    # A range that was cut anew ended later when its older segments were written.
    if (one.number, one.start) != (other.number, other.start) or one.end < other.end:
        found.append(f"its range is ({one.start}, {one.end}], not ({other.start}, {other.end}]")
    return found


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
