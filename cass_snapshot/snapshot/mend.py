"""``replay-wal --rejected``: tries rows that were set aside again, in the target as it is now.

Nothing is removed from ``rejected``: which rows have gone in since, the target's ledger knows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cass_snapshot.exits import Exit
from cass_snapshot.model import Cells, Position, Problem, Rejected, TokenRange
from cass_snapshot.protocols import Target
from cass_snapshot.retry import Patience
from cass_snapshot.settings import Settings
from cass_snapshot.snapshot.aside import grouped
from cass_snapshot.snapshot.chosen import ChosenRun, chosen_run
from cass_snapshot.snapshot.definition import define, mapping_of
from cass_snapshot.snapshot.plan import refuse_changed
from cass_snapshot.snapshot.reports import MendReport, TableMend
from cass_snapshot.wal.kept import KeptRow, read_rows
from cass_snapshot.wiring import TableJob, encoder_of


def mend(settings: Settings, *, run: str | None, table: str | None, dry_run: bool) -> MendReport:
    """Write what the target takes by now of the rejected rows of a run, and say what it refuses.

    Args:
        settings: where the target is, and the folder of the runs.
        run: a run id, its last part or its folder; None where there is one run only.
        table: this source table alone, as keyspace.table.
        dry_run: encode the rows with the limits of the target as it is now, and write nothing.

    Raises:
        PreflightError: the target does not fit the run any more.
        StateError: values of a column would be written in another form than in the rest of the run.
    """
    with chosen_run(settings, run=run, table=table) as chosen:
        reports = tuple(
            _mend_table(settings, chosen, _as_it_is_now(chosen, job), dry_run=dry_run)
            for job in chosen.jobs
        )
    left = sum(report.left for report in reports)
    code = Exit.PARTIAL if left and not dry_run else Exit.OK
    return MendReport(run_id=chosen.run_id, tables=reports, exit_code=code)


def _as_it_is_now(chosen: ChosenRun, job: TableJob) -> TableJob:
    """Return the job with the target's present limits; its plan must be the run's (I9)."""
    mapping = mapping_of(job.record)
    planned = chosen.admin.plan(job.table, mapping)
    refuse_changed(job.record, define(job.table, planned, mapping))
    chosen.admin.compare(planned)
    return replace(job, target=planned)


def _mend_table(
    settings: Settings, chosen: ChosenRun, job: TableJob, *, dry_run: bool
) -> TableMend:
    """Try the rows of a table that are not in yet."""
    ledger = chosen.admin.ledger
    tallies = {t.range: t.rejected for t in ledger.tallies(job.record)}
    ranges = [c.range for c in ledger.checkpoints(job.record)]
    rows = _Rows(chosen.folder / "rejected", job, ranges, ledger.mended(job.record), tallies)
    refused: list[Sequence[Problem]] = []
    tried = 0
    with_target = chosen.open_target(settings.mysql, job)
    patience = Patience(unavailable_s=settings.mysql.unavailable_timeout_s)
    mender = _Mender(job, with_target, patience, dry_run=dry_run)
    try:
        for token_range, kept in rows:
            tried += 1
            if problems := mender.problems(token_range, kept):
                refused.append(problems)
    finally:
        with_target.close()
    return TableMend(
        table=str(job.table.name),
        rejected=sum(tallies.values()),
        tried=tried,
        left=sum(t.rejected for t in ledger.tallies(job.record)),
        rows_refused=len(refused),
        refused=grouped(refused),
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """The kept rows of a table that are still lacking, each with the range that it was read from.

    A row that was refused once and went in when its batch was tried again lies in ``rejected``
    too; its range then lacks none.
    """

    directory: Path
    job: TableJob
    ranges: Sequence[TokenRange]
    mended: frozenset[str]
    lacking: dict[int, int]

    def __iter__(self) -> Iterator[tuple[TokenRange, KeptRow]]:
        ends = [r.end for r in self.ranges]
        for kept in read_rows(self.directory, self.job.table.name, self.job.line_names):
            token_range = self.ranges[bisect_left(ends, kept.why.token)]
            if kept.why.id not in self.mended and self.lacking[token_range.number]:
                yield token_range, kept


class _Mender:
    """Writes one row at a time, each in a transaction of its own."""

    def __init__(self, job: TableJob, target: Target, patience: Patience, *, dry_run: bool) -> None:
        self._width = len(job.table.partition_key)
        self._target = target
        self._patience = patience
        self._dry_run = dry_run
        self._row: Rejected | None = None
        self._encoder = encoder_of(job, self._position)

    def problems(self, token_range: TokenRange, kept: KeptRow) -> Sequence[Problem]:
        """Try a row; return why it is refused, nothing if it is in, or would be tried."""
        self._row = kept.row
        line = kept.row.line
        if kept.row.cells is not None:
            encoded = self._encoder.encode([kept.row.cells])
            if encoded.rejected:
                return encoded.rejected[0].problems
            line = encoded.lines.data
        if line is None or self._dry_run:
            return ()
        whole = line.rstrip(b"\n")
        return self._patience.call(lambda: self._target.mend(kept.why.id, token_range, whole))

    def _position(self, _cells: Cells) -> Position:
        """Return where the row stands: its key may not be among its cells."""
        assert self._row is not None  # noqa: S101 - set before each row is encoded
        key = tuple(cell or b"" for cell in self._row.key)
        return Position(
            token=self._row.token,
            partition_key=key[: self._width],
            clustering=key[self._width :],
        )
