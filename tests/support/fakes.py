"""A target in memory that keeps the contract of ``protocols.Target``; for tests without a server.

The store is what outlives a process: rows, checkpoints, the log of batches and the run's epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import orjson

from cass_snapshot.errors import Fenced, StateError
from cass_snapshot.model import Batch, Cells, Checkpoint, Lines, RangeState, TokenRange, Written
from cass_snapshot.protocols import Rejects
from cass_snapshot.rejection import Problem, Rejected, Stretch, Unwritten

TOO_LONG = 1406
Row = list[object]


@dataclass(slots=True)
class FakeStore:
    """What a server would hold of one table of one run; the first column is the key, an int.

    ``room`` is how long a text may be; ``rejected`` holds the state of each rejected row.
    """

    epoch: int = 1
    room: int = 2**32
    rows: dict[int, Row] = field(default_factory=dict)
    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)
    batches: dict[tuple[int, int], tuple[str, int]] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)

    def register(self, ranges: Iterable[TokenRange]) -> None:
        """Store a plan."""
        self.checkpoints = {r.number: Checkpoint(range=r) for r in ranges}

    def problem(self, row: Row) -> Problem | None:
        """Return why a row is refused."""
        body = row[1]
        if not isinstance(body, str) or len(body) <= self.room:
            return None
        return Problem(column="body", what="", fix="", error=TOO_LONG, code="CS-D04")


class MemoryRejects:
    """Keeps rows; ``fails`` is raised instead while it is set, ``after`` when they are kept."""

    def __init__(self) -> None:
        self.rows: list[Rejected] = []
        self.fails: Exception | None = None
        self.after: Exception | None = None

    def add(self, rows: Sequence[Rejected]) -> tuple[str, ...]:
        """Keep rows, each once; what they are called is made of their key."""
        if self.fails is not None:
            raise self.fails
        known = {row.key for row in self.rows}
        self.rows += [row for row in rows if row.key not in known]
        if self.after is not None:
            raise self.after
        return tuple(self.name(row.key) for row in rows)

    def name(self, key: Cells) -> str:
        """Return what the row with this key is called."""
        return b"".join(cell or b"" for cell in key).hex()


class FakeTarget:
    """Writes batches into a store, as protocols.Target promises."""

    how = "memory"

    def __init__(
        self,
        store: FakeStore,
        epoch: int,
        rejects: Rejects,
        locate: Callable[[bytes], tuple[int, Cells]],
    ) -> None:
        self._store = store
        self._epoch = epoch
        self._rejects = rejects
        self._locate = locate

    def checkpoint(self, token_range: TokenRange) -> Checkpoint:
        """Return what the store holds of a range."""
        if token_range.number not in self._store.checkpoints:
            raise StateError(f"{token_range} is not registered")
        return self._store.checkpoints[token_range.number]

    def write(self, batch: Batch) -> Written:
        """Write rows and checkpoint together, unless they were already there."""
        self._guard()
        store = self._store
        at = (batch.range.number, batch.seq)
        before = self.checkpoint(batch.range)
        checksum, rejected = store.batches.get(at, ("", 0))
        if before.batch_seq >= batch.seq and checksum == batch.checksum:
            return Written(fresh=False, rejected=rejected)
        if before.batch_seq != batch.seq - 1:
            raise StateError("the checkpoint does not fit the WAL")
        refused = self._take(batch.lines)
        ids = (*batch.lines.tally.ids, *(identity for identity, _ in refused))
        store.rejected |= dict.fromkeys(ids, "rejected")
        store.batches[at] = (batch.checksum, len(refused))
        store.checkpoints[batch.range.number] = replace(
            before,
            batch_seq=batch.seq,
            position=batch.position,
            rows_read=before.rows_read + batch.lines.rows + batch.lines.tally.refused,
            rows_written=before.rows_written + batch.lines.rows - len(refused),
            row_digest=batch.checksum,
            state=RangeState.DONE if batch.closing else RangeState.RUNNING,
        )
        return Written(fresh=True, rejected=len(refused))

    def rewrite(self, batch: Batch) -> Written:
        """Write the rows of a batch that is in once more, and count what changes by it."""
        self._guard()
        store, number = self._store, batch.range.number
        before = self.checkpoint(batch.range)
        if before.batch_seq < batch.seq or store.batches[number, batch.seq][0] != batch.checksum:
            raise StateError("the checkpoint does not fit the WAL")
        refused = {identity for identity, _ in self._take(batch.lines)}
        names = {self._rejects.name(self._locate(x)[1]) for x in batch.lines.data.splitlines()}
        lacking = {i for i, state in store.rejected.items() if state == "rejected"}
        gained, lost = (names & lacking) - refused, refused - lacking
        store.rejected |= dict.fromkeys(gained, "written") | dict.fromkeys(lost, "rejected")
        written = before.rows_written + len(gained) - len(lost)
        store.checkpoints[number] = replace(before, rows_written=written)
        return Written(fresh=True, rejected=len(refused))

    def load(self, lines: Lines, where: str) -> tuple[Unwritten, ...]:  # noqa: ARG002 - for messages
        """Write rows without a checkpoint."""
        self._guard()
        refused = self._take(lines)
        return tuple(
            Unwritten(id=identity, token=row.token, problem=row.problems[0])
            for identity, row in refused
        )

    def advance(self, stretches: Sequence[Stretch]) -> bool:
        """Move checkpoints over batches whose rows are in; all of them or none."""
        self._guard()
        if stretches and all(map(self._is_in, stretches)):
            return False
        moved = {s.batches[0].range.number: self._moved(s) for s in stretches}
        store = self._store
        store.checkpoints |= moved
        for stretch in stretches:
            for batch in stretch.batches:
                rejected = len(stretch.rejected) if batch is stretch.batches[-1] else 0
                store.batches[batch.range.number, batch.seq] = (batch.checksum, rejected)
                store.rejected |= dict.fromkeys(batch.lines.tally.ids, "rejected")
            store.rejected |= dict.fromkeys((row.id for row in stretch.rejected), "rejected")
        return True

    def _is_in(self, stretch: Stretch) -> bool:
        last = stretch.batches[-1]
        if self.checkpoint(last.range).batch_seq < last.seq:
            return False
        if self._store.batches[last.range.number, last.seq][0] != last.checksum:
            raise StateError("the checkpoint does not fit the WAL")
        return True

    def _moved(self, stretch: Stretch) -> Checkpoint:
        last = stretch.batches[-1]
        before = self.checkpoint(last.range)
        seqs = [batch.seq for batch in stretch.batches]
        if seqs != list(range(before.batch_seq + 1, before.batch_seq + 1 + len(seqs))):
            raise StateError("the checkpoint does not fit the WAL")
        rows = sum(batch.lines.rows for batch in stretch.batches)
        refused = sum(batch.lines.tally.refused for batch in stretch.batches)
        return replace(
            before,
            batch_seq=last.seq,
            position=last.position,
            rows_read=before.rows_read + rows + refused,
            rows_written=before.rows_written + rows - len(stretch.rejected),
            row_digest=last.checksum,
            state=RangeState.DONE if last.closing else RangeState.RUNNING,
        )

    def _take(self, lines: Lines) -> list[tuple[str, Rejected]]:
        """Put the rows that are taken; return the others with their ids, which are kept first."""
        rows = lines.data.splitlines()
        refused = [r for line in rows if (r := self._refusal(line)) is not None]
        ids = self._rejects.add(refused) if refused else ()
        good = [orjson.loads(line) for line in rows if self._refusal(line) is None]
        self._store.rows |= {row[0]: row for row in good}
        return list(zip(ids, refused, strict=True))

    def mend(self, row_id: str, token_range: TokenRange, line: bytes) -> tuple[Problem, ...]:
        """Write one row again, once."""
        self._guard()
        row = orjson.loads(line)
        if row_id not in self._store.rejected:
            raise StateError(f"row {row_id} is none of the rejected rows")
        if self._store.rejected[row_id] == "written":
            return ()
        before = self.checkpoint(token_range)
        if before.rows_written == before.rows_read:
            raise StateError(f"{token_range} lacks no row")
        if (problem := self._store.problem(row)) is not None:
            return (problem,)
        self._store.rows[row[0]] = row
        self._store.rejected[row_id] = "written"
        self._store.checkpoints[token_range.number] = replace(
            before, rows_written=before.rows_written + 1
        )
        return ()

    def close(self) -> None:
        """Give nothing back."""

    def _guard(self) -> None:
        if self._epoch != self._store.epoch:
            raise Fenced("another process has taken this run over")

    def _refusal(self, line: bytes) -> Rejected | None:
        problem = self._store.problem(orjson.loads(line))
        if problem is None:
            return None
        token, key = self._locate(line)
        return Rejected(token=token, key=key, problems=(problem,), line=line)
