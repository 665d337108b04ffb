"""What a fingerprint is made of: source, target, mapping, profile and every column. Pure.

The text is kept in the ledger, so that a difference can be named (I9), and so that a WAL can be
replayed where the source is out of reach. What an operator may mend while a run is unfinished is
in the text and not in the fingerprint: a wider target column is no other plan, as long as values
are written in the same form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import orjson

from cass_snapshot.errors import StateError
from cass_snapshot.forms import Form, Limits
from cass_snapshot.model import Column, ColumnKind, RunRecord, Table
from cass_snapshot.planned import (
    ColumnMapping,
    Conflict,
    PlannedColumn,
    PlannedTarget,
    Reading,
    TableMapping,
)
from cass_snapshot.wiring import TableJob, source_name

_MENDABLE = ("definitions", "owned", "columns_of_source")


def define(table: Table, target: PlannedTarget, mapping: TableMapping) -> str:
    """Return the definition of a table's copy, as JSON text."""
    parts = {
        "source": source_name(table),
        "table_id": table.id,
        "where": table.where,
        "allow_filtering": table.allow_filtering,
        "partitions": table.partitions,
        "target": target.name,
        "target_table": target.table,
        "dialect": target.dialect,
        "profile": mapping.profile,
        "conflict": target.conflict.value,
        "key": target.key,
        "owned": target.owned,
        "skipped": target.skipped,
        "mapping": asdict(replace(mapping, columns=_sorted(mapping.columns))),
        "columns": [_written(p) for p in target.columns],
        "definitions": target.definitions,
        "columns_of_source": [_as_dict(c) for c in table.columns],
    }
    return orjson.dumps(parts).decode()


def _sorted(columns: Sequence[ColumnMapping]) -> tuple[ColumnMapping, ...]:
    """Return what is said of columns in an order of its own: that of the file says nothing."""
    return tuple(sorted(columns, key=lambda c: c.source))


def _as_dict(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "kind": column.kind.value,
        "descending": column.descending,
    }


def _written(planned: PlannedColumn) -> dict[str, Any]:
    return _as_dict(planned.column) | {
        "reading": planned.reading.value,
        "form": planned.form.value,
        "target": planned.name,
        "null": planned.null,
    }


def fingerprint(definition: str) -> str:
    """Return the digest of a definition, without what may be mended."""
    parts = orjson.loads(definition)
    kept = {key: value for key, value in parts.items() if key not in _MENDABLE}
    return hashlib.sha256(orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)).hexdigest()


def restore(record: RunRecord) -> TableJob:
    """Return the job of a registered table, for applying its WAL; it has no limits to check."""
    parts = _parts(record)
    planned = tuple(
        PlannedColumn(
            column=_column(c),
            form=Form(c["form"]),
            limits=Limits(type=definition),
            reading=Reading(c["reading"]),
            target=c["target"],
            null=c["null"],
        )
        for c, definition in zip(parts["columns"], parts["definitions"], strict=True)
    )
    return TableJob(
        table=Table(
            name=record.table,
            columns=tuple(_column(c) for c in parts["columns_of_source"]),
            cluster=record.source.rpartition("/")[0],
            where=parts["where"],
            allow_filtering=parts["allow_filtering"],
            partitions=parts["partitions"],
            id=parts["table_id"],
        ),
        target=PlannedTarget(
            name=record.target,
            table=parts["target_table"],
            columns=planned,
            definitions=tuple(parts["definitions"]),
            dialect=parts["dialect"],
            ddl="",
            exists=True,
            key=tuple(parts["key"]),
            conflict=Conflict(parts["conflict"]),
            owned=parts["owned"],
            profile=parts["profile"],
            skipped=tuple(parts["skipped"]),
        ),
        record=record,
    )


def _parts(record: RunRecord) -> dict[str, Any]:
    """Return the definition's parts.

    Raises:
        StateError: another version of this tool wrote it.
    """
    parts: dict[str, Any] = orjson.loads(record.definition)
    if "table_id" not in parts:
        raise StateError(
            "this run was begun by another version of cass-snapshot",
            where=f"run {record.run_id}, {record.table}; nothing was written",
            why="its definition in snapshot_runs is written in another way",
            fix="finish it with the version that began it, or start afresh with --new",
        )
    return parts


def mapping_of(record: RunRecord) -> TableMapping:
    """Return what the operator said of the target when the run began."""
    said = _parts(record)["mapping"]
    columns = tuple(ColumnMapping(**c) for c in said.pop("columns"))
    match, conflict = tuple(said.pop("match")), Conflict(said.pop("conflict"))
    return TableMapping(**said, match=match, conflict=conflict, columns=columns)


def _column(parts: dict[str, Any]) -> Column:
    return Column(
        name=parts["name"],
        type=parts["type"],
        kind=ColumnKind(parts["kind"]),
        descending=parts["descending"],
    )


def difference(before: str, now: str) -> str:
    """Return in words what differs between two definitions."""
    old, new = orjson.loads(before), orjson.loads(now)
    if "table_id" not in old:
        return "another version of cass-snapshot began it, and wrote its definition in another way"
    told = {"columns", "table_id", "target_table", "mapping", *_MENDABLE}
    parts = [
        f"{key} was {old.get(key)}, is {new.get(key)}"
        for key in sorted({*old, *new} - told)
        if old.get(key) != new.get(key)
    ]
    if old["table_id"] != new["table_id"]:
        parts.append(
            "the source table was dropped and created again:"
            f" its id was {old['table_id']}, is {new['table_id']}"
        )
    was, present = _columns(old), _columns(new)
    parts += [
        f"column {name} was {was.get(name, 'not there')}, is {present.get(name, 'gone')}"
        for name in sorted({*was, *present})
        if was.get(name) != present.get(name)
    ]
    if not parts and old.get("mapping") != new.get("mapping"):
        parts = ["the mapping under [[tables]] is another"]
    return "; ".join(parts[:6]) or "the order of the columns differs"


def _columns(parts: dict[str, Any]) -> dict[str, str]:
    return {
        _label(c): f"{c['type']} ({c['kind']}) to {definition}"
        + (f" {c['target']}" if c["target"] != c["name"] else "")
        for c, definition in zip(parts["columns"], parts["definitions"], strict=True)
    }


def _label(column: dict[str, Any]) -> str:
    reading = column["reading"]
    name: str = column["name"]
    return name if reading == Reading.VALUE else f"{reading} of {name}"
