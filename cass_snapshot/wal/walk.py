"""Reads the segments of a range one after the other and holds them against each other.

What holds between segments: all are of one run, table and range; each begins with the batch after
the last one of the segment before and continues its checksum chain; epochs never fall; only the
newest may lack its footer or end in a torn tail (I6); nothing follows the closing batch. A range
that was cut anew ends earlier in the segments that were written since, and never later. What an
older segment holds of the tokens behind that end is another range's by now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cass_snapshot.errors import Fenced, StateError, WalCorrupt
from cass_snapshot.model import Batch, Position, TokenRange, WalIdentity
from cass_snapshot.wal.disk import File, Files
from cass_snapshot.wal.evidence import damage_behind
from cass_snapshot.wal.format import CHAIN_START
from cass_snapshot.wal.names import SegmentName, folder_of
from cass_snapshot.wal.records import Header
from cass_snapshot.wal.segment import SegmentReader
from cass_snapshot.wal.units import BrokenError

_FIX = (
    "keep the file and look at the disk; with the segments of this range moved out of the run"
    " directory a run continues from the target's checkpoint, but cannot replay their batches"
)
_SAME = ("run_id", "source", "target", "schema", "table", "columns")
"""What all segments of a range have in common; a resumed run has a newer epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentEnd:
    """How a segment ends: the state that the next one, or recovery, goes on from.

    ``torn`` is where an invalid tail begins, None where there is none. Below ``synced`` nothing was
    at risk in the newest write.
    """

    name: SegmentName
    header: Header | None
    batches: int
    rows: int
    size: int
    last_seq: int
    chain: str
    closing: bool
    position: Position | None
    sealed: bool
    end: int
    synced: int
    torn: int | None


class Walk:
    """One reading of a range's segments in order; ``read`` tells how each of them ends.

    With ``identity`` every header must be of that run, table and range, and of no newer epoch;
    without it, of the same as the first.
    """

    def __init__(
        self,
        files: Files,
        folder: Path,
        names: Sequence[SegmentName],
        identity: WalIdentity | None = None,
    ) -> None:
        self.read: list[SegmentEnd] = []
        self._files = files
        self._folder = folder
        self._names = names
        self._expected = identity
        self._range = identity.range if identity else None
        self._epoch_max = identity.epoch if identity else None
        self._epoch = 0
        self._range_end: int | None = None

    @property
    def ends(self) -> tuple[SegmentEnd | None, SegmentEnd | None]:
        """Return how the last segment but one and the last one end, None where there is none."""
        before, newest = [None, None, *self.read][-2:]
        return before, newest

    def batches(self) -> Iterator[Batch]:
        """Yield every batch, oldest first, until the first that is not whole.

        With ``identity`` each is said to be of that range, however it was cut at the time.

        Raises:
            WalCorrupt: bytes or files that no crash explains.
            Fenced: a newer epoch wrote here.
            StateError: a newer release wrote here; or rows are behind the range's present end.
        """
        for name in self._names:
            file = self._files.open(self._folder / str(name))
            try:
                reader = SegmentReader(file, name, self._folder.name)
                torn = None
                try:
                    self._follow(reader)
                    for batch in reader.batches():
                        yield self._own(batch)
                except BrokenError as error:
                    torn = self._torn(file, reader, error)
                self._finish(reader, torn)
            finally:
                file.close()

    def _own(self, batch: Batch) -> Batch:
        """Return a batch as one of the range as it is cut now."""
        if self._range is None:
            return batch
        if self._range_end is not None and self._range_end > self._range.end:
            refuse_behind(f"{batch.segment}:{batch.offset}", batch.position, self._range)
        return replace(batch, range=self._range)

    def _torn(self, file: File, reader: SegmentReader, error: BrokenError) -> int:
        """Return where a torn tail begins; anything else is corruption (I6)."""
        where = f"{reader.where}:{error.offset}"
        if not error.by_crash:
            raise corrupt(where, error.why) from error
        if reader.name != self._names[-1]:
            why = f"{error.why}, and a newer segment shows that this one was complete"
            raise corrupt(where, why) from error
        damage = damage_behind(file, error.offset, compressed=reader.name.compressed)
        if damage and _still_broken(file, reader, error.offset):
            raise corrupt(where, f"{error.why}, and {damage}") from error
        return error.offset

    def _follow(self, reader: SegmentReader) -> None:
        """Read the header and hold it against the segment before and what is expected."""
        before = self.ends[1]
        if before and reader.name.first_seq != before.last_seq + 1:
            raise corrupt(reader.where, _gap(before, reader.name))
        if before and before.closing:
            raise corrupt(reader.where, f"{before.name} holds the closing batch of the range")
        header = reader.read_header()
        chain = before.chain if before else CHAIN_START if header.first_seq == 1 else header.prev
        if header.prev != chain:
            raise corrupt(reader.where, "it does not continue the segment before it")
        self._check_identity(reader.where, header.identity)

    def _check_identity(self, where: str, found: WalIdentity) -> None:
        expected = self._expected = self._expected or found
        if folder_of(found.table) != self._folder.name:
            raise corrupt(where, f"it belongs to {found.table}")
        for name in _SAME:
            one, other = getattr(found, name), getattr(expected, name)
            if one != other:
                raise corrupt(where, f"it is foreign: its {name} is {one}, not {other}")
        self._check_range(where, found.range)
        if self._epoch_max is not None and found.epoch > self._epoch_max:
            raise Fenced(
                "a newer process has written the WAL of this range",
                where=where,
                why=f"it has epoch {found.epoch}, this process {self._epoch_max}",
            )
        if found.epoch < self._epoch:
            raise corrupt(where, f"it has epoch {found.epoch}, the one before it {self._epoch}")
        self._epoch = found.epoch

    def _check_range(self, where: str, found: TokenRange) -> None:
        """Refuse another range; one that was narrowed since ends no later than the one before."""
        expected = self._expected.range if self._expected else found
        if (found.number, found.start) != (expected.number, expected.start):
            one, other = (f"{r} from {r.start} on" for r in (found, expected))
            raise corrupt(where, f"it is foreign: its range is {one}, not {other}")
        if self._range is not None and found.end < self._range.end:
            raise corrupt(where, f"its range ends at {found.end}, before {self._range.end}")
        if self._range_end is not None and found.end > self._range_end:
            raise corrupt(where, f"its range ends at {found.end}, behind {self._range_end}")
        self._range_end = found.end

    def _finish(self, reader: SegmentReader, torn: int | None) -> None:
        newest = reader.name == self._names[-1]
        if not newest and reader.footer is None:
            why = "it ends without a footer, and a newer segment shows that it had one"
            raise corrupt(f"{reader.where}:{reader.end}", why)
        self.read.append(_end_of(reader, torn))


def _still_broken(file: File, reader: SegmentReader, offset: int) -> bool:
    """Read again: a writer may have finished a batch between two looks at it."""
    again = SegmentReader(file, reader.name, reader.where.partition("/")[0])
    try:
        for _ in again.batches():
            pass
    except BrokenError as error:
        return error.offset == offset
    return False


def _end_of(reader: SegmentReader, torn: int | None) -> SegmentEnd:
    return SegmentEnd(
        name=reader.name,
        header=reader.header,
        batches=reader.batches_read,
        rows=reader.rows,
        size=reader.size,
        last_seq=reader.last_seq,
        chain=reader.chain,
        closing=reader.last is not None and reader.last.closing,
        position=reader.last.position if reader.last else None,
        sealed=reader.footer is not None,
        end=reader.end,
        synced=reader.synced,
        torn=torn,
    )


def refuse_behind(where: str, position: Position | None, token_range: TokenRange) -> None:
    """Refuse a batch that reaches behind the end of its range.

    Only a machine that has not this WAL cuts a range before what is in it, and so gives the tokens
    behind to ranges that it reads later: these rows would be put over newer ones.

    Args:
        where: the batch, for the message.
        position: where it ends; None where the range has no row.
        token_range: the range as it is cut now.

    Raises:
        StateError: naming both tokens.
    """
    if position is None or position.token <= token_range.end:
        return
    raise StateError(
        "the WAL has rows behind the end of their range",
        where=where,
        why=f"they reach token {position.token}; {token_range} was cut anew on another machine and"
        f" ends at {token_range.end}, and what is behind is read there, later than here",
        fix="move the segments of this range out of the run directory; a run then continues from"
        " the target's checkpoint",
    )


def corrupt(where: str, why: str) -> WalCorrupt:
    """Return the error for what no crash explains, with what an operator can do."""
    return WalCorrupt("the WAL is damaged", where=where, why=why, fix=_FIX)


def needed(folder: Path, names: Sequence[SegmentName], after: int) -> list[SegmentName]:
    """Return the segments that hold the batches above ``after``.

    Raises:
        WalCorrupt: the first of these batches are in none of them.
    """
    if names and names[0].first_seq > after + 1:
        why = f"batches {after + 1} to {names[0].first_seq - 1} are not in the WAL any more"
        raise corrupt(f"{folder.name}/{names[0]}", why)
    later = [name for name in names if name.first_seq > after + 1]
    return list(names[max(0, len(names) - len(later) - 1) :])


def _gap(before: SegmentEnd, name: SegmentName) -> str:
    if name.first_seq <= before.last_seq:
        return f"it repeats batch {name.first_seq}, which {before.name} holds too"
    return f"batches {before.last_seq + 1} to {name.first_seq - 1} are missing before it"
