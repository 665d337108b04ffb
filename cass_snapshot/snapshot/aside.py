"""What is known of rows that were set aside: from the ledger how many, from their files why."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from cass_snapshot.errors import SnapshotError
from cass_snapshot.model import TableName
from cass_snapshot.protocols import Ledger
from cass_snapshot.rejection import Problem
from cass_snapshot.snapshot.plan import RunPlan
from cass_snapshot.snapshot.progress import Counted, Progress, added
from cass_snapshot.snapshot.status import RejectedRows
from cass_snapshot.validation import RangeTally
from cass_snapshot.wal.kept import read_whys
from cass_snapshot.wal.rejects import stem_of

log = logging.getLogger(__name__)
Tallies = dict[int, tuple[RangeTally, ...]]
"""What the ranges of each table have besides written rows, by the table's place in the plan."""


class Aside:
    """Keeps the status record true to what the ledger knows of rows besides those written.

    Args:
        plan: the run.
        ledger: the target's own record.
        progress: where numbers go.
        directory: the folder ``rejected`` of the run.
    """

    def __init__(self, plan: RunPlan, ledger: Ledger, progress: Progress, directory: Path) -> None:
        self._plan = plan
        self._ledger = ledger
        self._progress = progress
        self._directory = directory

    def settle(self) -> Tallies:
        """Put what the ledger says in place of what was counted; return it.

        A table that the ledger cannot be asked for keeps what this process has counted.
        """
        names = [planned.job.table.name for planned in self._plan.tables]
        found: Tallies = {}
        for index, planned in enumerate(self._plan.tables):
            try:
                tallies = tuple(self._ledger.tallies(planned.job.record))
                lacking = self._ledger.lacking(planned.job.record)
            except SnapshotError as error:  # the end of the run tells it, too
                log.warning("rejected rows of %s could not be counted: %s", names[index], error)
                continue
            found[index] = tallies
            self._show(index, tallies)
            if any(t.rejected for t in tallies):
                self.tell(index, lacking)
        return found

    def tell(self, table: int, lacking: Collection[str]) -> None:
        """Show where the rows of these ids are, and why they were set aside."""
        names = [planned.job.table.name for planned in self._plan.tables]
        if lacking:
            self._progress.change(
                table,
                rejected_file=f"rejected/{stem_of(names[table], names)}.jsonl",
                rejects=reasons(self._directory, names[table], lacking),
            )

    def known(self, table: int) -> frozenset[str]:
        """Return the ids of the rows of a table that earlier processes kept in files."""
        if not self._plan.continues:
            return frozenset()
        name = self._plan.tables[table].job.table.name
        return frozenset(why.id for why in read_whys(self._directory, name))

    def _show(self, table: int, tallies: tuple[RangeTally, ...]) -> None:
        replaced: Counted = ()
        for tally in tallies:
            replaced = added(replaced, tally.replaced)
        self._progress.change(
            table,
            rows_rejected=sum(t.rejected for t in tallies),
            static_only=sum(t.static_only for t in tallies),
            replaced=replaced,
        )


def reasons(
    directory: Path, table: TableName, lacking: Collection[str]
) -> tuple[RejectedRows, ...]:
    """Return why rows of a table are set aside, the commonest reason first.

    Args:
        directory: the folder ``rejected`` of the run.
        table: the table.
        lacking: the ids of the rows that are set aside, by the ledger.
    """
    whys = read_whys(directory, table)
    return grouped(why.problems for why in whys if why.id in lacking)


def grouped(rows: Iterable[Sequence[Problem]]) -> tuple[RejectedRows, ...]:
    """Return rows by why they are set aside, what is told in the same words together.

    Args:
        rows: the problems of each row; one with several is counted under each of them.
    """
    reasons = Counter(problem for problems in rows for problem in dict.fromkeys(problems))
    return tuple(
        RejectedRows(
            rows=count,
            column=problem.column,
            code=problem.code,
            error=problem.error,
            why=problem.what,
            fix=problem.fix,
        )
        for problem, count in reasons.most_common()
    )
