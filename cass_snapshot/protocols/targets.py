"""What the target's side promises: rows in, the record of runs, and keys back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from cass_snapshot.model import (
    Batch,
    Cells,
    Checkpoint,
    Hold,
    Lines,
    RangeState,
    Recut,
    RunRecord,
    RunState,
    Table,
    TokenRange,
    Written,
)
from cass_snapshot.planned import Finding, PlannedTarget, TableMapping, Way
from cass_snapshot.protocols.refills import Refills
from cass_snapshot.rejection import Problem, Stretch, Unwritten
from cass_snapshot.validation import RangeTally, Validation


class Target(Protocol):
    """Takes the batches of one table. Writing a batch again changes nothing (I3)."""

    @property
    def how(self) -> str:
        """Return how rows are written, and why if not the fastest way; empty before the first."""
        ...

    def checkpoint(self, token_range: TokenRange) -> Checkpoint:
        """Return what the target durably holds of a registered range.

        Raises:
            StateError: the range was never registered.
            TargetUnavailable: the target did not answer.
        """
        ...

    def write(self, batch: Batch) -> Written:
        """Write rows and checkpoint in one transaction (I2); not ``fresh`` if they were there.

        Rows that the target refuses for their data are left out, and are durable in ``Rejects``
        before the others are committed; the ids of all rejected rows of the batch are in the same
        transaction. After a lost connection the next call opens another one.

        Raises:
            TargetUnavailable: the connection is lost; whether the batch is in, the checkpoint says.
            Transient: nothing was written; the same batch may be tried at once.
            RangeFailed: the target refuses the batch, and not for one of its rows.
            Fenced: a newer epoch owns the run.
        """
        ...

    def rewrite(self, batch: Batch) -> Written:
        """Write the rows of a batch again that is in; its checkpoint stays where it is (I3).

        Rows that are refused now are durable in ``Rejects`` before the others are committed. Last,
        the ledger counts those as lacking that were in before, and those as in that were rejected
        before and are taken now.

        Raises what ``write`` raises, and StateError for a batch that is not the one that is in.
        """
        ...

    def load(self, lines: Lines, where: str) -> tuple[Unwritten, ...]:
        """Write rows in a transaction of their own, without a checkpoint; return the refused ones.

        For rows of batches whose checkpoints ``advance`` moves later, when all rows of all of them
        are in: a process that dies before that has them written again, which changes nothing (I3).
        Refused rows are durable in ``Rejects`` before the others are committed.

        Args:
            lines: rows of any batches of this table; ``cuts`` and ``tally`` mean nothing here.
            where: what they are, for messages.

        Raises what ``write`` raises; RangeFailed concerns these lines as a whole.
        """
        ...

    def advance(self, stretches: Sequence[Stretch]) -> bool:
        """Move the checkpoints of some ranges over batches whose rows are in; all or none (I2).

        The audit rows, and the rejected rows of encoder and target, are in the same transaction.
        False if the checkpoints stood there already: the answer to an earlier COMMIT was lost.

        Raises:
            TargetUnavailable, Transient, Fenced: as ``write``.
            StateError: a checkpoint is not where its batches begin.
        """
        ...

    def mend(self, row_id: str, token_range: TokenRange, line: bytes) -> tuple[Problem, ...]:
        """Try a rejected row again, and return why it is refused; empty where it is in.

        The row, the note that it is in, and the count of its range are one transaction. A row that
        went in before is left alone. Raises what ``write`` raises, and StateError for a row that is
        none of the rejected ones.
        """
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


LEASE_S = 30
"""How long a run is held after a process said that it holds it; seconds of the target's clock."""


class Ledger(Refills, Protocol):
    """The target's own record of runs, ranges and verifications."""

    def exists(self) -> bool:
        """Tell whether there is a record to read."""
        ...

    def newest(self, source: str, target: str) -> RunRecord | None:
        """Return the newest run of a source into a target, however it ended."""
        ...

    def runs(self, run_id: str) -> list[RunRecord]:
        """Return the tables of a run."""
        ...

    def created_by_us(self, target: str) -> bool:
        """Tell whether some run of ours created a target."""
        ...

    def holds(self, source: str, target: str) -> list[Hold]:
        """Return who holds runs of a source into a target at this moment."""
        ...

    def register(
        self,
        records: Sequence[tuple[RunRecord, Sequence[TokenRange]]],
        *,
        holder: str = "",
        dead: Collection[str] = (),
    ) -> None:
        """Store runs and their whole plans in one transaction, before any copying (I7).

        Args:
            records: the runs; they are held for LEASE_S.
            holder: this process; an empty text keeps nobody away.
            dead: holders of other runs that are known to have ended.

        Raises:
            LockedError: another process copies one of the tables into the same target.
        """
        ...

    def renew(self, records: Sequence[RunRecord]) -> None:
        """Hold runs for LEASE_S from now on; one that has ended by now is held by nobody.

        Raises:
            Fenced: another process took one over.
        """
        ...

    def recut(self, record: RunRecord, change: Recut) -> None:
        """Cut what remains of a plan anew, in one transaction; the ring stays covered once (I7).

        Raises:
            Fenced: another process took the run over.
            StateError: a range is no longer what it was when the change was made up.
        """
        ...

    def take_over(self, record: RunRecord, *, holder: str = "", dead: str = "") -> int:
        """Raise the epoch, so that writers of an earlier one are fenced; return the new one.

        Args:
            record: the run; it is held for LEASE_S.
            holder: this process.
            dead: who held it and is known to have ended, an empty text where that is not known.

        Raises:
            LockedError: another process holds it.
            Fenced: somebody else raised it first.
        """
        ...

    def checkpoints(self, record: RunRecord) -> list[Checkpoint]:
        """Return the checkpoint of every range, in order of their tokens."""
        ...

    def tallies(self, record: RunRecord) -> list[RangeTally]:
        """Return what every range has besides its written rows, in order of their tokens."""
        ...

    def lacking(self, record: RunRecord) -> dict[str, int]:
        """Return the ids of the rejected rows that are not in, each with its range's number."""
        ...

    def mark_range(self, record: RunRecord, number: int, state: RangeState, attempts: int) -> None:
        """Record the state of a range that is not done."""
        ...

    def finish(self, record: RunRecord, state: RunState, exit_code: int) -> None:
        """Record how the copy of a table ended."""
        ...

    def record_validation(self, validation: Validation) -> None:
        """Store the outcome of a verification."""
        ...

    def hurry(self, answer_s: int) -> None:
        """Wait for each answer no longer than so many whole seconds from now on."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


class TargetAdmin(Protocol):
    """Examines and prepares the target side, before and after the copying."""

    @property
    def heading(self) -> str:
        """Return the server in a few words, for the first lines of a run."""
        ...

    @property
    def buffer_pool_bytes(self) -> int | None:
        """Return how much of its tables the server keeps in memory, None where it does not say."""
        ...

    @property
    def ledger(self) -> Ledger:
        """Return the record of runs; readable before ``prepare`` where it exists."""
        ...

    def findings(self) -> list[Finding]:
        """Return what the server, its settings and the login's grants mean for a run."""
        ...

    def plan(self, table: Table, mapping: TableMapping) -> PlannedTarget:
        """Return what a table becomes: in the target that is there, or in the one to create.

        Whatever keeps the table from being copied is a finding of the plan, not an error.
        """
        ...

    def way(self, target: PlannedTarget) -> Way:
        """Return how rows of a plan will be written, as server and login allow it now."""
        ...

    def compare(self, target: PlannedTarget) -> None:
        """Refuse a plan one of whose findings is a failure.

        Raises:
            PreflightError: naming each of them, with its fix.
        """
        ...

    def prepare(self) -> None:
        """Create the control tables that are missing."""
        ...

    def holds_rows(self, target: PlannedTarget) -> bool:
        """Tell whether a target that is there has any row."""
        ...

    def create(self, target: PlannedTarget) -> None:
        """Create a target that is missing.

        Raises:
            PreflightError: the server refuses.
        """
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


class TargetKeys(Protocol):
    """Reads primary keys back from the target, for verification."""

    def tokens(self) -> Iterator[list[int]]:
        """Yield the token of every row, in bounded lists.

        A row whose key is none of the source's yields TOKEN_MIN, which belongs to no row.
        """
        ...

    def absent(self, keys: Sequence[Cells]) -> list[Cells]:
        """Return those of the given primary keys that the target lacks."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...
