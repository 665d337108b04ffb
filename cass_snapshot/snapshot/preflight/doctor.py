"""Examines everything that a run needs, section by section, and changes nothing.

A section that cannot be examined is a finding; the others are examined all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TypeVar

from cass_snapshot.errors import SnapshotError
from cass_snapshot.model import Table
from cass_snapshot.planned import Finding, Level, Verdict
from cass_snapshot.protocols import SourceAdmin, TargetAdmin
from cass_snapshot.settings import CassandraSettings, MysqlSettings, Settings
from cass_snapshot.settings.tables import TableSettings
from cass_snapshot.snapshot.preflight.earlier import Earlier
from cass_snapshot.snapshot.preflight.examination import Examination, Section
from cass_snapshot.snapshot.preflight.findings import failure
from cass_snapshot.snapshot.preflight.machine import machine_findings
from cass_snapshot.snapshot.preflight.outlook import find_table, look, preview_of
from cass_snapshot.snapshot.preflight.preview import TablePreview
from cass_snapshot.wiring.admins import open_source_admin, open_target_admin

Found = dict[Section, list[Finding]]
Login = TypeVar("Login", CassandraSettings, MysqlSettings)
Side = TypeVar("Side", SourceAdmin, TargetAdmin)


def examine(
    settings: Settings, known: Mapping[Section, Sequence[Finding]], wanted: Collection[Section]
) -> list[Examination]:
    """Examine the sections that are wanted, in their order.

    Args:
        settings: what was set.
        known: what is known already; a section of which something is known is not looked into.
        wanted: which sections. What becomes of the tables needs both servers.
    """
    found = {section: list(known.get(section, ())) for section in Section}
    asked = {section for section in wanted if not known.get(section)}
    with ExitStack() as stack:
        source = target = None
        if Section.CASSANDRA in asked:
            source = _open(open_source_admin, settings.cassandra, found[Section.CASSANDRA], stack)
        if Section.MYSQL in asked:
            target = _open(open_target_admin, settings.mysql, found[Section.MYSQL], stack)
        need = _servers(settings, source, target, found)
    if Section.MACHINE in asked:
        found[Section.MACHINE] += machine_findings(settings.run.directory, need)
    return [
        Examination(section=section, findings=tuple(found[section]))
        for section in Section
        if section in wanted
    ]


def _open(
    open_side: Callable[[Login], Side], login: Login, found: list[Finding], stack: ExitStack
) -> Side | None:
    """Return a side, None (and the reason among what is found) where it cannot be asked."""
    try:
        side = open_side(login)
    except SnapshotError as error:
        found.append(failure(error))
        return None
    stack.callback(side.close)
    return side


def _servers(
    settings: Settings, source: SourceAdmin | None, target: TargetAdmin | None, found: Found
) -> int | None:
    """Add what is found of servers and tables; return how much disk the WAL needs, if known."""
    tables: list[tuple[TableSettings, Table]] = []
    if source is not None:
        with _told(found[Section.CASSANDRA]):
            tables, missing = _tables(settings, source)
            found[Section.CASSANDRA] += source.findings([table for _, table in tables])
            found[Section.CASSANDRA] += missing
    if target is not None:
        with _told(found[Section.MYSQL]):
            found[Section.MYSQL] += target.findings()
    if source is None or target is None:
        return None
    sizes = [_mapped(settings, item, table, source, target, found) for item, table in tables]
    return sum(size for size in sizes if size is not None) if any(sizes) else None


@contextmanager
def _told(found: list[Finding]) -> Iterator[None]:
    """Turn an error of ours into a finding, and go on."""
    try:
        yield
    except SnapshotError as error:
        found.append(failure(error))


def _tables(
    settings: Settings, source: SourceAdmin
) -> tuple[list[tuple[TableSettings, Table]], list[Finding]]:
    """Return the tables that there are, and why others are not."""
    tables: list[tuple[TableSettings, Table]] = []
    missing: list[Finding] = []
    for item in settings.tables:
        with _told(missing):
            tables.append((item, find_table(source, item)))
    return tables, missing


def _mapped(
    settings: Settings,
    item: TableSettings,
    table: Table,
    source: SourceAdmin,
    target: TargetAdmin,
    found: Found,
) -> int | None:
    """Add what becomes of a table; return how much disk its WAL needs, if known."""
    try:
        looked = look(settings, item, table, source, target)
    except SnapshotError as error:
        found[Section.MYSQL].append(failure(error))
        return None
    preview = preview_of(settings, looked, Earlier())
    if not any(finding.level is Level.FAIL for finding in found[Section.CASSANDRA]):
        found[Section.CASSANDRA] += looked.failures  # else the reason is among them already
    found[Section.MYSQL] += _fitting(preview, looked.failures)
    return preview.estimate.wal_bytes_estimate


def _fitting(table: TablePreview, told: Sequence[Finding]) -> list[Finding]:
    """Return what is found of a table's target; that it fits is said where nothing stops it."""
    found = [_named(finding, table) for finding in table.findings if finding not in told]
    if any(finding.level is Level.FAIL for finding in found):
        return found
    verdicts = Counter(column.verdict for column in table.columns)
    said = ", ".join(f"{verdicts[v]} {v.value}" for v in Verdict if verdicts[v])
    state = "exists" if table.exists else "run creates"
    columns = f"{len(table.columns)} columns, all types have a target"
    text = f"{table.source} -> {table.target}, which {state}: {columns} ({said})"
    how = f"{table.source}: written by {table.statement}: {table.statement_why}"
    return [Finding(level=Level.OK, text=text), Finding(level=Level.OK, text=how), *found]


def _named(finding: Finding, table: TablePreview) -> Finding:
    """Return a finding that says which table it is about."""
    if table.source in finding.text or table.target in finding.text:
        return finding
    return replace(finding, text=f"{table.source}: {finding.text}")
