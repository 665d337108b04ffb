"""How a run ended: per table for the ledger, in all for the exit code and its reason."""

from __future__ import annotations

from cass_snapshot.errors import SnapshotError
from cass_snapshot.exits import Exit, exit_code_for, worst
from cass_snapshot.model import RangeState, RunState
from cass_snapshot.protocols import Ledger
from cass_snapshot.retry import Patience
from cass_snapshot.settings import Settings
from cass_snapshot.snapshot.aside import Tallies
from cass_snapshot.snapshot.budget import Budget
from cass_snapshot.snapshot.copying import Copying
from cass_snapshot.snapshot.journal import Journal
from cass_snapshot.snapshot.plan import RunPlan
from cass_snapshot.snapshot.progress import Progress
from cass_snapshot.snapshot.signals import StopRequest
from cass_snapshot.snapshot.verification import Counting, counts_of
from cass_snapshot.snapshot.watch import UnexpectedError
from cass_snapshot.validation import Validation

CAPTURED = "captured only, and nothing was applied; it is applied by"
CLOSING_PATIENCE_S = 30.0
"""A run that is over waits this long for a target that is away, to note how it ended there."""
CLOSING_ANSWER_S = 30
"""And so long for an answer of one that hangs."""


class Ending:
    """Puts together what both phases left."""

    def __init__(
        self,
        plan: RunPlan,
        copying: Copying,
        counting: Counting | None,
        progress: Progress,
        journal: Journal,
        budget: Budget,
        tallies: Tallies,
    ) -> None:
        self._plan = plan
        self._copying = copying
        self._counting = counting
        self._progress = progress
        self._journal = journal
        self._budget = budget
        self._tallies = tallies

    def record(
        self, ledger: Ledger, stop: StopRequest, settings: Settings
    ) -> tuple[int, str | None]:
        """Write the ending of every table to the ledger; return exit code and reason."""
        halted = self._copying.halted or (self._counting.halted if self._counting else None)
        reasons = []
        codes = []
        if stop.requested:
            codes.append(stop.exit_code)
            reasons.append("stopped by a signal; the same command continues")
        if isinstance(halted, UnexpectedError):
            codes.append(Exit.BUG.value)
            reasons.append(f"unexpected error, see run.log: {halted}")
        elif halted is not None:
            codes.append(exit_code_for(halted))
            reasons.append(str(self._budget.at_the_end(halted)))
        per_table = []
        patience = Patience(
            unavailable_s=min(CLOSING_PATIENCE_S, settings.mysql.unavailable_timeout_s)
        )
        for index in range(len(self._plan.tables)):
            validation = self._validation(index)
            found, why = self._judge(index, validation, ledger, explained=bool(codes))
            per_table.append(found)
            reasons += why
            code = worst([*codes, found])
            try:
                patience.call(lambda i=index, c=code, v=validation: self._write(ledger, i, c, v))  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
            except SnapshotError as error:
                codes.append(exit_code_for(error))
                reasons.append(f"its end could not be noted in the target: {error}")
        code = worst([*codes, *per_table])
        if self._plan.capture_only and code in (Exit.OK, Exit.PARTIAL):
            reasons.insert(0, f"{CAPTURED} cass-snapshot replay-wal {self._plan.run_id}")
        return code, "; ".join(reasons) or None

    def _validation(self, index: int) -> Validation | None:
        """Return a table's verification, None where there was none or it broke off."""
        if self._counting is None or index not in self._counting.tables:
            return None
        return self._counting.validation(index, self._tallies.get(index, ()))

    def _judge(
        self, index: int, validation: Validation | None, ledger: Ledger, *, explained: bool
    ) -> tuple[int, list[str]]:
        """Return the exit code of a table by itself, and why.

        Where the run as a whole has not ``explained`` it, a table that is not whole is a bug.
        """
        name = self._plan.tables[index].job.table.name
        failures = self._copying.failed.get(index, [])
        code, reasons = self._judge_rejected(index, explained=explained)
        if failures:
            numbers = ", ".join(str(f.range) for f in failures[:10])
            why = f"{name}: {len(failures)} range{'s' if failures[1:] else ''} failed ({numbers})"
            return worst([code, Exit.PARTIAL]), [why, *reasons]
        if not explained and not self._whole(index, validation):
            return Exit.BUG, [f"{name}: something was left undone without a reason, see run.log"]
        if validation is None:
            return code, reasons
        found, why_found = self._judge_counts(index, validation, ledger)
        return worst([code, found]), why_found + reasons

    def _judge_rejected(self, index: int, *, explained: bool) -> tuple[int, list[str]]:
        """Return what rows that are set aside mean for a table, once no more can come."""
        rejected = self._progress.tables[index].rows_rejected
        if not rejected:
            return Exit.OK, []
        error = self._budget.exceeded(copying=False)
        code = Exit.PARTIAL if error is None else Exit.LIMIT
        name = self._plan.tables[index].job.table.name
        return code, [] if explained else [str(error) if error else f"{name}: {told(rejected)}"]

    def _judge_counts(
        self, index: int, validation: Validation, ledger: Ledger
    ) -> tuple[int, list[str]]:
        """Return what the counts of both sides mean for a table."""
        name = validation.table
        self._progress.change(index, counts=counts_of(validation))
        status = "failed" if validation.status == "DIFFERS" else "finished"
        self._journal.emit(
            "verify",
            status,
            f"{name}: cassandra {validation.source_rows}, mysql {validation.target_rows},"
            f" {validation.status}",
            table=str(name),
            missing=validation.missing,
            extra=validation.extra,
            rejected=validation.rejected,
            static_only=validation.static_only,
            replaced=validation.replaced,
        )
        if validation.missing:
            one = validation.missing == 1
            lacking = f"{validation.missing} {'row is' if one else 'rows are'} missing"
            return Exit.DIFFERS, [f"{name}: {lacking}"]
        if validation.extra and self._owned(index, ledger):
            why = f"{name}: the target holds {validation.extra} more than Cassandra"
            return Exit.DIFFERS, [f"{why}; a copy never deletes what Cassandra no longer has"]
        return Exit.OK, []

    def _whole(self, index: int, validation: Validation | None) -> bool:
        """Tell whether every range is done, and counted where counting was begun."""
        counted = self._counting is None or index not in self._counting.tables
        return self._copying.complete(index) and (counted or validation is not None)

    def _owned(self, index: int, ledger: Ledger) -> bool:
        """Tell whether this tool created the target, so that nobody else's rows belong there."""
        record = self._plan.tables[index].job.record
        if record.target_created:
            return True
        try:
            return ledger.created_by_us(record.target)
        except SnapshotError:
            return True  # unknown: a difference is then reported rather than hidden

    def _write(self, ledger: Ledger, index: int, code: int, validation: Validation | None) -> None:
        record = self._plan.tables[index].job.record
        for failure in self._copying.failed.get(index, []):
            ledger.mark_range(record, failure.range, RangeState.FAILED, failure.attempts)
        if validation is not None:
            ledger.record_validation(validation)
        ledger.finish(record, self._state(index, code), code)

    def _state(self, index: int, code: int) -> RunState:
        """Return the state: done where nothing is left to copy or mend and the counting is through.

        A run with rejected rows is never done: the next one would begin afresh, as if all were in.
        """
        aside = self._progress.tables[index].rows_rejected
        if self._plan.capture_only and self._copying.complete(index):
            return RunState.CAPTURED
        if self._copying.complete(index) and code in (Exit.OK, Exit.DIFFERS):
            return RunState.PARTIAL if aside else RunState.DONE
        if code in (Exit.SIGINT, Exit.SIGTERM, Exit.LIMIT):
            return RunState.STOPPED
        return RunState.PARTIAL if code == Exit.PARTIAL else RunState.FAILED


def told(rejected: int) -> str:
    """Return in words that rows are set aside."""
    return f"{rejected:,} row{'' if rejected == 1 else 's'} rejected"
