"""One process's part of a run, after it was registered: copy, verify, and say how it ended."""

from __future__ import annotations

import logging
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from cass_snapshot import __version__, logs
from cass_snapshot.errors import SnapshotError
from cass_snapshot.exits import Exit, exit_code_for, exit_name_for, worst
from cass_snapshot.protocols import SourceAdmin, TargetAdmin
from cass_snapshot.settings import Settings, cores
from cass_snapshot.settings.retention import APPLIED, KEEP
from cass_snapshot.snapshot.aside import Aside, Tallies
from cass_snapshot.snapshot.budget import Budget
from cass_snapshot.snapshot.capturing import Capturing
from cass_snapshot.snapshot.copying import Copying
from cass_snapshot.snapshot.disk import disk_error
from cass_snapshot.snapshot.ending import CLOSING_ANSWER_S, Ending
from cass_snapshot.snapshot.journal import Journal
from cass_snapshot.snapshot.lease import Lease
from cass_snapshot.snapshot.leftovers import remove_leftovers
from cass_snapshot.snapshot.messages import Waiting
from cass_snapshot.snapshot.pace import Pace
from cass_snapshot.snapshot.plan import RunPlan
from cass_snapshot.snapshot.process import Standby
from cass_snapshot.snapshot.progress import Progress, iso, table_status
from cass_snapshot.snapshot.rundir import RunDirectory
from cass_snapshot.snapshot.scratch import make_scratch
from cass_snapshot.snapshot.signals import StopRequest
from cass_snapshot.snapshot.status import Phase, RunStatus, View
from cass_snapshot.snapshot.supervisor import Pool
from cass_snapshot.snapshot.unchanged import refuse_changed
from cass_snapshot.snapshot.verification import Counting
from cass_snapshot.snapshot.watch import Watch
from cass_snapshot.wiring import Job

STATUS_FILE_EVERY_S = 1.0
log = logging.getLogger(__name__)


class Session:
    """One process's part of a run, after it was registered."""

    def __init__(
        self,
        settings: Settings,
        plan: RunPlan,
        source: SourceAdmin,
        target: TargetAdmin,
        directory: RunDirectory,
        view: View,
        stop: StopRequest,
        *,
        doctor: str = "",
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._source, self._target = source, target
        self._directory, self._view = directory, view
        self._protocol_version = source.protocol_version
        self.journal = Journal(plan.run_id, directory, view)
        self._pace = Pace(settings.run.workers, cores(), monotonic)
        self._progress = Progress(self._first_status(source, target, doctor), monotonic)
        self._budget = Budget(settings.limits, self._progress)
        self._aside = Aside(plan, target.ledger, self._progress, directory.rejected)
        self._copying = (Capturing if plan.capture_only else Copying)(
            plan,
            self._progress,
            self.journal,
            self._budget,
            folder=directory.path / "window",
            known=self._aside.known,
            workers=settings.run.workers,
            removes=settings.run.removes_applied and not plan.capture_only,
        )
        self._copying.watch.ease = self._pace.ease
        self._counting: Counting | None = None
        self._written_at = 0.0
        self._stop = stop
        self._lease: Lease | None = None
        self._scratch: Path | None = None
        stop.at_once = self._end_at_once
        self._pool: Pool | None = None

    def run(self, lease: Lease, standby: Standby | None = None) -> RunStatus:
        """Copy, verify, record; return the final status.

        Args:
            lease: says that the run is this process's.
            standby: processes that wait already for something to do.
        """
        self._lease = lease
        verb = "continues" if self._plan.continues else "begins"
        self.journal.emit(
            "run", "started", f"run {self._plan.run_id} {verb}", extensions=logs.extensions()
        )
        if self._plan.continues:
            self._aside.settle()
        self._show()
        scratch = self._scratch = make_scratch(self._directory.path)
        try:
            job = Job(
                settings=self._settings,
                tables=tuple(t.job for t in self._plan.tables),
                wal_directory=self._directory.wal,
                rejected=self._directory.rejected,
                scratch=scratch,
                run_log=self._directory.path / "run.log",
                protocol_version=self._protocol_version,
            )
            self._work(job, standby)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return self._finish()

    def _work(self, job: Job, standby: Standby | None) -> None:
        """Run both phases on one pool of workers."""
        size = self._pace.workers
        pool = self._pool = Pool(job, size=size, tick=self._tick, standby=standby)
        try:
            self._phase(Phase.COPYING)
            if self._copying.removes:
                remove_leftovers(self._plan, job.wal_directory)
            self._copying.run(pool)
            if self._may_go_on():
                self._refuse_changed()
            complete = [i for i in range(len(self._plan.tables)) if self._copying.complete(i)]
            if self._counts and complete and self._may_go_on():
                self._phase(Phase.VERIFYING)
                self._counting = Counting(
                    self._plan, complete, self._progress, Watch(self._progress, self.journal).hear
                )
                self._counting.pool = pool
                pool.run(self._counting.tasks, self._counting.hear)
        except SnapshotError as error:
            pool.kill()
            self._copying.halted = self._copying.halted or error
        except BaseException:
            pool.kill()
            raise
        finally:
            pool.close()

    def _refuse_changed(self) -> None:
        """Call nothing whole whose source is another than was planned (I9)."""
        watch = Watch(self._progress, self.journal)

        def hear(message: Waiting) -> None:
            watch.hear(message)
            self._tick()

        refuse_changed(
            self._plan,
            self._source,
            unavailable_s=self._settings.mysql.unavailable_timeout_s,
            hear=hear,
            stopped=lambda: self._stop.requested,
        )

    @property
    def _counts(self) -> bool:
        """Tell whether both sides are to be counted at the end."""
        return self._settings.verify.after_run and not self._plan.capture_only

    def _may_go_on(self) -> bool:
        return not self._stop.requested and self._copying.halted is None

    def _tick(self) -> None:
        """Look for a wish to stop, and for another owner; show and write the status."""
        if self._lease is not None and (lost := self._lease.look(self._progress, self.journal)):
            self._copying.halt(lost)
        if self._stop.requested and self._pool is not None:
            if self._progress.status().phase is not Phase.STOPPING:
                self._phase(Phase.STOPPING)
                self.journal.emit(
                    "run",
                    "warning",
                    "stopping after the batches in hand; once more ends at once, which is safe",
                )
            self._pool.stop()
        if self._pool is not None:
            self._pool.size = self._pace.look(*self._progress.work())
            self._progress.update(workers=self._pool.size)
        self._show()

    def _phase(self, phase: Phase) -> None:
        self._progress.phase(phase)
        self._show(write=True)

    def _show(self, *, write: bool = False) -> None:
        status = self._progress.status(self._copying.running())
        self._view.status(status)
        if write or monotonic() - self._written_at >= STATUS_FILE_EVERY_S:
            self._written_at = monotonic()
            try:
                self._directory.write_status(status)
            except OSError as error:  # a view of the run, not the run
                log.warning("status.json could not be written: %s", error)

    def _end_at_once(self) -> None:
        """Leave nothing behind but what the next run goes on from."""
        if self._pool is not None:
            self._pool.kill()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
        self._view.close()

    @property
    def _retention(self) -> str:
        """Return how long the WAL stays; below a ceiling it goes when it is applied."""
        run = self._settings.run
        if self._plan.capture_only:
            return KEEP
        return APPLIED if run.removes_applied else run.wal_retention

    def _first_status(self, source: SourceAdmin, target: TargetAdmin, doctor: str) -> RunStatus:
        now = iso(datetime.now(UTC))
        return RunStatus(
            run_id=self._plan.run_id,
            version=__version__,
            phase=Phase.STARTING,
            started_at=now,
            updated_at=now,
            elapsed_s=0.0,
            pid=os.getpid(),
            run_dir=str(self._directory.path),
            source=source.heading,
            target=target.heading,
            doctor=doctor,
            extensions=logs.extensions(),
            continues=self._plan.continues,
            capture_only=self._plan.capture_only,
            workers=self._pace.workers,
            wal_retention=self._retention,
            tables=tuple(
                replace(
                    table_status(str(t.job.table.name), t.job.target.name, list(t.checkpoints)),
                    target_created=t.job.record.target_created,
                    order=t.ordering.order,
                )
                for t in self._plan.tables
            ),
        )

    def _settle(self) -> Tallies:
        """Return what the ledger knows of rows besides those written, and tell why they are."""
        if not isinstance(self._copying, Capturing):
            return self._aside.settle()
        for table, ids in self._copying.refused_ids.items():  # of which it knows nothing yet
            self._aside.tell(table, ids)
        return {}

    def _finish(self) -> RunStatus:
        """Record how it ended: in the ledger, then in ``result.json``."""
        if self._lease is not None:
            self._lease.end()
        self._target.ledger.hurry(CLOSING_ANSWER_S)
        tallies = self._settle()
        ending = Ending(
            self._plan,
            self._copying,
            self._counting,
            self._progress,
            self.journal,
            self._budget,
            tallies,
        )
        code, reason = ending.record(self._target.ledger, self._stop, self._settings)
        self._progress.phase(Phase.ENDED)
        name = exit_name_for(code)
        self._progress.update(exit_code=code, exit_name=name, reason=reason)
        self.journal.emit(
            "result",
            "finished" if code == Exit.OK else "failed",
            f"ended with exit code {code} ({name})",
            exit_code=code,
            exit_name=name,
            reason=reason,
        )
        status = self._progress.status({})
        try:
            self._directory.write_result(status)
        except OSError as error:  # the ledger has it; the code and the summary still tell
            log.error("result.json could not be written: %s", error)  # noqa: TRY400 - no bug
            failed = disk_error(error)
            code = worst([code, exit_code_for(failed)])
            reason = "; ".join(filter(None, (reason, str(failed))))
            self._progress.update(exit_code=code, exit_name=exit_name_for(code), reason=reason)
            status = self._progress.status({})
        self._view.status(status)
        return status
