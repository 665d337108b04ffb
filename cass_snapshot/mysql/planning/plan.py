"""The plan of a target: from the mapping alone, or from the table that is there. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cass_snapshot.errors import PreflightError
from cass_snapshot.model import Table
from cass_snapshot.mysql import statements
from cass_snapshot.mysql.columns import Flavour, target_columns
from cass_snapshot.mysql.planning import created, existing
from cass_snapshot.mysql.planning.assembly import Place, assemble
from cass_snapshot.mysql.planning.tablefacts import TableFacts
from cass_snapshot.mysql.planning.wanted import (
    NAME_MAX,
    Wanted,
    fail,
    mapping_findings,
    skipped_columns,
    wanted_columns,
)
from cass_snapshot.planned import Finding, Level, PlannedTarget, Reading, TableMapping


def plan(
    table: Table,
    mapping: TableMapping,
    *,
    database: str,
    flavour: Flavour,
    there: TableFacts | None = None,
    may_create: bool = True,
) -> PlannedTarget:
    """Return what becomes of a table, with everything that keeps it from being copied.

    ``there`` is the target that exists; None where it is to be created, if it may be.
    """
    wanted = wanted_columns(table, mapping)
    laid = (
        _to_create(table, mapping, wanted, flavour, _creation(database, mapping, may_create))
        if there is None
        else _there(table, mapping, wanted, flavour, there)
    )
    assembled = assemble(laid.places, flavour)
    found = (*mapping_findings(table, mapping, wanted), *laid.findings, *assembled.findings)
    planned = PlannedTarget(
        name=f"{database}.{mapping.target}",
        table=mapping.target,
        columns=assembled.columns,
        definitions=assembled.definitions,
        dialect=flavour.value,
        ddl="",
        exists=there is not None,
        key=laid.key,
        conflict=mapping.conflict,
        owned=not laid.shared,
        shared=laid.shared,
        profile=mapping.profile,
        skipped=skipped_columns(table, mapping),
        findings=tuple(dict.fromkeys(found)),
    )
    return replace(planned, ddl=_ddl(planned, database))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Laid:
    """Where the columns go, by what rows are told apart, and what was found."""

    places: list[Place]
    key: tuple[str, ...]
    shared: str
    findings: list[Finding]


def _to_create(
    table: Table,
    mapping: TableMapping,
    wanted: tuple[Wanted, ...],
    flavour: Flavour,
    trouble: list[Finding],
) -> _Laid:
    places, limits = created.places(wanted, mapping, flavour)
    key = created.key_of(table, places)
    findings = [*limits, *created.match_findings(mapping, key), *trouble]
    return _Laid(places=places, key=key, shared="", findings=findings)


def _there(
    table: Table,
    mapping: TableMapping,
    wanted: tuple[Wanted, ...],
    flavour: Flavour,
    there: TableFacts,
) -> _Laid:
    places = existing.places(wanted, mapping, there, flavour)
    left = existing.unmapped(there, places)
    key = existing.source_key(table, places)
    return _Laid(
        places=places,
        key=key,
        shared=existing.shared(there, mapping, left),
        findings=[
            *existing.table_findings(there, mapping),
            *existing.asked_findings(places, mapping, flavour),
            *existing.unmapped_findings(left, mapping.target),
            *existing.key_findings(there, mapping, key, left),
            *existing.hidden_findings(there, mapping, left),
        ],
    )


def _creation(database: str, mapping: TableMapping, may_create: bool) -> list[Finding]:
    name = mapping.target
    found = []
    if not may_create:
        found.append(
            fail(
                f'MySQL has no table {database}.{name}, and [mysql] create_tables is "never"',
                'create it, or set create_tables = "if-missing"',
            )
        )
    if not name or len(name) > NAME_MAX or "\0" in name or name.endswith(" "):
        found.append(
            fail(
                f"{name!r} cannot be a table of MySQL: names have 1 to {NAME_MAX} characters",
                '[[tables]] target = "another name"',
            )
        )
    return found


def _ddl(planned: PlannedTarget, database: str) -> str:
    """Return the DDL that makes a table of this plan; empty where a finding forbids one."""
    if any(f.level is Level.FAIL for f in planned.findings):
        return ""
    tokens = [c.name for c in planned.columns if c.reading is Reading.TOKEN]
    return statements.create_target(
        statements.qualified(database, planned.table),
        target_columns(planned),
        planned.key,
        indexed=tokens,
    )


def refuse(planned: PlannedTarget, *, where: str) -> None:
    """Refuse a plan with failures.

    Raises:
        PreflightError: naming each failure, with its fix.
    """
    failures = [f for f in planned.findings if f.level is Level.FAIL]
    if not failures:
        return
    if len(failures) == 1:
        (only,) = failures
        raise PreflightError(
            f"{planned.name} cannot be copied into: {only.text}",
            where=f"{where}; nothing was written",
            fix=only.fix,
        )
    raise PreflightError(
        f"{planned.name} cannot be copied into, for {len(failures)} reasons",
        where=f"{where}; nothing was written",
        why="\n".join(f"{n}. {f.text}" for n, f in enumerate(failures, 1)),
        fix="\n".join(f"{n}. {f.fix}" for n, f in enumerate(failures, 1)),
    )
