"""``replay-wal --rejected``: tries rows that were set aside again, in the target as it is now.

Which rows are set aside and not in, the target's ledger knows, row by row; the files in
``rejected`` only hold what is in them. A row there that the ledger does not name is stale: its
batch was captured or applied again after a crash. Nothing is removed from the files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from cass_snapshot.errors import StateError
from cass_snapshot.exits import Exit
from cass_snapshot.model import Cells, Position, TokenRange
from cass_snapshot.protocols import Target
from cass_snapshot.rejection import Problem, Rejected
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
        StateError: values of a column would be written in another form than in the rest of the
            run, or the ledger does not know which rows were rejected.
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
    ranges = {c.range.number: c.range for c in ledger.checkpoints(job.record)}
    lacking = ledger.lacking(job.record)
    _refuse_unnamed(job, {t.range: t.rejected for t in ledger.tallies(job.record)}, lacking)
    refused: list[Sequence[Problem]] = []
    tried = 0
    with_target = chosen.open_target(settings.mysql, job)
    patience = Patience(unavailable_s=settings.mysql.unavailable_timeout_s)
    mender = _Mender(job, with_target, patience, dry_run=dry_run)
    try:
        for kept in read_rows(chosen.folder / "rejected", job.table.name, job.line_names):
            if (number := lacking.get(kept.why.id)) is not None:
                tried += 1
                if problems := mender.problems(ranges[number], kept):
                    refused.append(problems)
    finally:
        with_target.close()
    return TableMend(
        table=str(job.table.name),
        rejected=len(lacking),
        tried=tried,
        left=len(ledger.lacking(job.record)),
        rows_refused=len(refused),
        refused=grouped(refused),
    )


def _refuse_unnamed(job: TableJob, counted: dict[int, int], lacking: dict[str, int]) -> None:
    """Refuse a table of which the ledger counts other rejected rows than it names."""
    named = Counter(lacking.values())
    other = [number for number, rows in counted.items() if rows != named[number]]
    if other:
        raise StateError(
            "the control tables do not tell which rows were rejected",
            where=f"run {job.record.run_id}, {job.table.name}, range {other[0]}; nothing was"
            " written",
            why=f"snapshot_checkpoints counts {counted[other[0]]:,} that are not in, and"
            f" snapshot_rejected names {named[other[0]]:,}; so it is after a version that did not"
            " name them",
            fix=f"cass-snapshot run --new {job.table.name}",
        )


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
