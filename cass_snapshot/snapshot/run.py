"""``run``, from the first look at both servers to a plan that is registered."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from cass_snapshot import __version__, logs
from cass_snapshot.model import TableName
from cass_snapshot.planned import Finding, Level
from cass_snapshot.protocols import SourceAdmin, TargetAdmin
from cass_snapshot.settings import Settings, redacted
from cass_snapshot.settings.tables import TableSettings
from cass_snapshot.snapshot.capturing import refuse_ceiling
from cass_snapshot.snapshot.disk import disk_error
from cass_snapshot.snapshot.journal import Journal
from cass_snapshot.snapshot.lease import ANSWER_S, Lease, renewing
from cass_snapshot.snapshot.plan import Examined, RunPlan, examine, lay_out
from cass_snapshot.snapshot.preflight.findings import found_by, in_short, refuse_failures
from cass_snapshot.snapshot.preflight.gauge import ordering_of
from cass_snapshot.snapshot.process import Standby
from cass_snapshot.snapshot.registering import register
from cass_snapshot.snapshot.remains import cut_anew
from cass_snapshot.snapshot.retention import remove_expired
from cass_snapshot.snapshot.rundir import (
    RunDirectory,
    new_run_id,
    prepare_runs_directory,
    table_lock,
)
from cass_snapshot.snapshot.session import Session
from cass_snapshot.snapshot.signals import StopRequest
from cass_snapshot.snapshot.status import RunStatus, View
from cass_snapshot.wiring.admins import open_ledger, open_source_admin, open_target_admin


def run(
    settings: Settings,
    *,
    tables: Sequence[TableSettings],
    new: bool,
    view: View,
    command_line: Sequence[str],
    standby: Standby | None = None,
    capture_only: bool = False,
) -> RunStatus:
    """Copy tables, or go on copying them, and return how it ended.

    Args:
        settings: everything that was set.
        tables: what to copy.
        new: begin afresh also where an unfinished run could be continued.
        view: shows the run to somebody; closed by the caller.
        command_line: for ``run.json``; holds no secret, since options take none.
        standby: processes that wait already for something to do.
        capture_only: fill the WAL, and write no row to the target.

    Raises:
        SnapshotError: something that keeps the run from starting; nothing was written.
    """
    with ExitStack() as stack:
        source, target = _open_sides(settings, stack)
        examined = examine(settings, tables, source=source, target=target, new=new)
        found = _refused_or_found(examined, source, target)
        warning, expired = _prepare_runs(settings)
        _take_tables(settings, tables, stack)
        settings = _reading_from(source.datacenter, settings)
        plan = _planned(settings, examined, source, target, new=new, capture_only=capture_only)
        stop = stack.enter_context(StopRequest())
        plan = register(plan, target, settings.mysql.unavailable_timeout_s)
        lease = stack.enter_context(_lease(settings, plan))
        own = _open_directory(settings, plan, command_line)
        plan, cut = cut_anew(settings, plan, target.ledger, own.wal)
        session = Session(settings, plan, source, target, own, view, stop, doctor=in_short(found))
        _tell(session.journal, plan, found, warning, [*expired, *cut])
        return session.run(lease, standby)


def _refused_or_found(
    examined: Sequence[Examined], source: SourceAdmin, target: TargetAdmin
) -> list[Finding]:
    """Return what is worth knowing of servers and tables; refuse to start where something stops."""
    findings = found_by([found.table for found in examined], source, target)
    refuse_failures(findings)
    return findings + [f for found in examined for f in found.target.findings]


def _warn(journal: Journal, findings: Sequence[Finding], texts: Sequence[str]) -> None:
    for finding in findings:
        if finding.level is Level.WARN:
            journal.emit("doctor", "warning", finding.text, fix=finding.fix)
    for text in filter(None, texts):
        journal.emit("run", "warning", text)


def _planned(
    settings: Settings,
    examined: Sequence[Examined],
    source: SourceAdmin,
    target: TargetAdmin,
    *,
    new: bool,
    capture_only: bool,
) -> RunPlan:
    """Return the plan, with the order in which each table's rows are applied."""
    if capture_only:
        refuse_ceiling(settings)
    own_id = new_run_id(datetime.now(UTC))
    plan = lay_out(settings, examined, target=target, new_run_id=own_id, new=new)
    tables = tuple(
        replace(
            t,
            ordering=ordering_of(
                settings, t.job.table, t.job.target, source, target, settings.run.directory
            ),
        )
        for t in plan.tables
    )
    return replace(plan, tables=tables, capture_only=capture_only)


def _lease(settings: Settings, plan: RunPlan) -> AbstractContextManager[Lease]:
    records = [table.job.record for table in plan.tables]
    return renewing(partial(open_ledger, settings.mysql, answer_s=ANSWER_S), records)


def _tell(
    journal: Journal,
    plan: RunPlan,
    findings: Sequence[Finding],
    warning: str,
    lines: Sequence[str],
) -> None:
    """Tell the order of each table, and what else is worth knowing before the first row."""
    _warn(journal, findings, (warning,))
    for table in plan.tables:
        order = table.ordering
        journal.emit(
            "plan",
            "started",
            f"{order.order} order: {order.why}",
            table=str(table.job.table.name),
            order=order.order,
            window_bytes=order.window_bytes,
        )
        _warn(journal, order.findings, ())
    for line in lines:
        journal.emit("plan", "started", line)


def _open_sides(settings: Settings, stack: ExitStack) -> tuple[SourceAdmin, TargetAdmin]:
    source = open_source_admin(settings.cassandra)
    stack.callback(source.close)
    target = open_target_admin(settings.mysql)
    stack.callback(target.close)
    return source, target


def _prepare_runs(settings: Settings) -> tuple[str, list[str]]:
    """Make the folder of runs; return a warning about it, and a line for each WAL that expired."""
    warning = prepare_runs_directory(settings.run.directory)
    try:
        found = remove_expired(settings.run.directory, datetime.now(UTC))
    except OSError as error:
        raise disk_error(error) from error
    return warning, [
        f"the WAL of {one.folder.name} is removed: it was kept for {one.retention} after success"
        for one in found
    ]


def _take_tables(settings: Settings, tables: Sequence[TableSettings], stack: ExitStack) -> None:
    """Keep other runs of these tables away."""
    for name in sorted({t.name for t in tables}):
        stack.enter_context(table_lock(settings.run.directory, name))


def _reading_from(datacenter: str, settings: Settings) -> Settings:
    local = settings.cassandra.model_copy(update={"local_datacenter": datacenter})
    return settings.model_copy(update={"cassandra": local})


def _open_directory(settings: Settings, plan: RunPlan, command_line: Sequence[str]) -> RunDirectory:
    """Return the run's folder, with its record in it and the log going there."""
    names = [t.job.table.name for t in plan.tables]
    directory = RunDirectory.open(settings.run.directory, plan.run_id, names)
    logs.to_file(directory.path / "run.log", settings.log)
    directory.write_run(_run_record(settings, plan, names, command_line))
    return directory


def _run_record(
    settings: Settings, plan: RunPlan, names: Sequence[TableName], command_line: Sequence[str]
) -> dict[str, object]:
    return {
        "v": 1,
        "run_id": plan.run_id,
        "version": __version__,
        "extensions": logs.extensions(),
        "command_line": list(command_line),
        "tables": [
            {
                "table": str(name),
                "source": t.job.record.source,
                "target": t.job.record.target,
                "fingerprint": t.job.record.fingerprint,
                "definition": t.job.record.definition,
                "ddl": t.job.target.ddl,
                "ranges": [[r.number, r.start, r.end] for r in t.ranges],
            }
            for name, t in zip(names, plan.tables, strict=True)
        ],
        "settings": redacted(settings),
    }
