"""What a fingerprint is made of: source, target, profile and every column. Pure.

The text is kept in the ledger, so that a difference can be named (I9), and so that a WAL can be
replayed where the source is out of reach.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from cass_snapshot.forms import Form, Limits
from cass_snapshot.model import Column, ColumnKind, RunRecord, Table
from cass_snapshot.planned import PlannedColumn, PlannedTarget
from cass_snapshot.wiring import TableJob, source_name


def define(table: Table, target: PlannedTarget, profile: str) -> str:
    """Return the definition of a table's copy, as JSON text."""
    columns = [
        {
            "name": p.column.name,
            "type": p.column.type,
            "kind": p.column.kind.value,
            "descending": p.column.descending,
            "form": p.form.value,
            "definition": definition,
        }
        for p, definition in zip(target.columns, target.definitions, strict=True)
    ]
    parts = {
        "source": source_name(table),
        "target": target.name,
        "target_table": target.table,
        "dialect": target.dialect,
        "profile": profile,
        "columns": columns,
    }
    return orjson.dumps(parts).decode()


def fingerprint(definition: str) -> str:
    """Return the digest of a definition."""
    return hashlib.sha256(definition.encode()).hexdigest()


def restore(record: RunRecord) -> TableJob:
    """Return the job of a registered table, for applying its WAL; it has no limits to check."""
    parts = orjson.loads(record.definition)
    planned = tuple(
        PlannedColumn(
            column=Column(
                name=c["name"],
                type=c["type"],
                kind=ColumnKind(c["kind"]),
                descending=c["descending"],
            ),
            form=Form(c["form"]),
            limits=Limits(type=c["definition"]),
        )
        for c in parts["columns"]
    )
    return TableJob(
        table=Table(
            name=record.table,
            columns=tuple(p.column for p in planned),
            cluster=record.source.rpartition("/")[0],
        ),
        target=PlannedTarget(
            name=record.target,
            table=parts["target_table"],
            columns=planned,
            definitions=tuple(c["definition"] for c in parts["columns"]),
            dialect=parts["dialect"],
            ddl="",
            exists=True,
        ),
        record=record,
    )


def difference(before: str, now: str) -> str:
    """Return in words what differs between two definitions."""
    old, new = orjson.loads(before), orjson.loads(now)
    parts = [
        f"{key} was {old.get(key)}, is {new.get(key)}"
        for key in sorted({*old, *new} - {"columns", "target_table"})
        if old.get(key) != new.get(key)
    ]
    was, present = _columns(old), _columns(new)
    parts += [
        f"column {name} was {was.get(name, 'not there')}, is {present.get(name, 'gone')}"
        for name in sorted({*was, *present})
        if was.get(name) != present.get(name)
    ]
    return "; ".join(parts[:6]) or "the order of the columns differs"


def _columns(parts: dict[str, Any]) -> dict[str, str]:
    return {c["name"]: f"{c['type']} ({c['kind']}) to {c['definition']}" for c in parts["columns"]}
