"""Which columns a line has: the source's by the operator's mapping, then those made of the row.

Pure. What the operator asks and cannot have is a finding that names the key to change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from cass_snapshot.cql import CqlType, parse
from cass_snapshot.model import Column, ColumnKind, Table
from cass_snapshot.planned import ColumnMapping, Conflict, Finding, Level, Reading, TableMapping

DIGEST_NAME, TOKEN_NAME = "cassandra_key", "cassandra_token"
DIGEST_KEY = '[[tables]] key = "digest"'
NAME_MAX = 64
NAMED_MAX = 5
"""Columns that a finding names; more are counted."""
_READ_AS = {Reading.WRITETIME: "bigint", Reading.TTL: "int", Reading.TOKEN: "bigint"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A column of a line: where it comes from, and what it is called in the target."""

    column: Column
    reading: Reading
    name: str
    said: ColumnMapping

    @property
    def in_source_key(self) -> bool:
        """Tell whether it holds a part of the source's primary key."""
        return self.reading is Reading.VALUE and self.column.in_key

    @property
    def cql(self) -> CqlType:
        """Return the type of what is written: the column's, or of what is told of it."""
        return parse(_READ_AS.get(self.reading, self.column.type))

    @property
    def setting(self) -> str:
        """Return the section of the config file that speaks of the column."""
        return f"[tables.columns.{toml_key(self.column.name)}]"


def toml_key(name: str) -> str:
    """Return a name as a key of TOML."""
    if re.fullmatch(r"[A-Za-z0-9_-]+", name, re.ASCII):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def fail(text: str, fix: str) -> Finding:
    """Return a finding that stops a run."""
    return Finding(level=Level.FAIL, text=text, fix=fix)


def warn(text: str, fix: str) -> Finding:
    """Return a finding that an operator should know."""
    return Finding(level=Level.WARN, text=text, fix=fix)


def wanted_columns(table: Table, mapping: TableMapping) -> tuple[Wanted, ...]:
    """Return the columns of a line in order; parts of the key are there even if skipped."""
    found: list[Wanted] = []
    for column in table.columns:
        said = mapping.of(column.name)
        if said.skip and not column.in_key:
            continue
        name = said.name or column.name
        found.append(Wanted(column=column, reading=Reading.VALUE, name=name, said=said))
        for reading, extra in ((Reading.WRITETIME, said.writetime), (Reading.TTL, said.ttl)):
            if extra:
                found.append(Wanted(column=column, reading=reading, name=extra, said=said))
    if mapping.digest_key:
        name = mapping.match[0] if len(mapping.match) == 1 else DIGEST_NAME
        found.append(made(Reading.DIGEST, name))
    if mapping.digest_key or mapping.token_column:
        found.append(made(Reading.TOKEN, TOKEN_NAME))
    return tuple(found)


def made(reading: Reading, name: str) -> Wanted:
    """Return a column that is made from the row."""
    digest = reading is Reading.DIGEST
    column = Column(
        name=DIGEST_NAME if digest else TOKEN_NAME,
        type="blob" if digest else "bigint",
        kind=ColumnKind.REGULAR,
    )
    return Wanted(column=column, reading=reading, name=name, said=ColumnMapping(source=""))


def skipped_columns(table: Table, mapping: TableMapping) -> tuple[str, ...]:
    """Return the source columns that are not copied."""
    return tuple(c.name for c in table.columns if mapping.of(c.name).skip and not c.in_key)


def mapping_findings(
    table: Table, mapping: TableMapping, wanted: tuple[Wanted, ...]
) -> Iterator[Finding]:
    """Yield what the mapping asks and cannot have."""
    by_name = {c.name: c for c in table.columns}
    for said in mapping.columns:
        if said.source not in by_name:
            near = get_close_matches(said.source, by_name, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(by_name)}"
            section = f"[tables.columns.{toml_key(said.source)}]"
            yield fail(f"{section}: {table.name} has no such column", f"{section}: {hint}")
            continue
        yield from _column_findings(by_name[said.source], said)
    if mapping.conflict is Conflict.NEWER:
        yield from _newer_findings(wanted)
    yield from _name_findings(table, wanted)


def _newer_findings(wanted: tuple[Wanted, ...]) -> Iterator[Finding]:
    """Yield the columns whose write times nobody looks at."""
    timed = {w.column.name for w in wanted if w.reading is Reading.WRITETIME}
    values = [w for w in wanted if w.reading is Reading.VALUE and not w.column.in_key]
    if not timed:
        yield fail(
            'on_conflict = "newer" needs the time at which a column was written',
            '[tables.columns.NAME] writetime = "a target column", or another on_conflict',
        )
    elif left := [w for w in values if w.column.name not in timed]:
        listed = ", ".join(w.column.name for w in left[:NAMED_MAX])
        more = f" and {len(left) - NAMED_MAX} more" if len(left) > NAMED_MAX else ""
        yield warn(
            f'on_conflict = "newer" does not see when {listed}{more} changed: no write time is'
            " copied",
            f'{left[0].setting} writetime = "a target column"',
        )


def _column_findings(column: Column, said: ColumnMapping) -> Iterator[Finding]:
    section = f"[tables.columns.{toml_key(column.name)}]"
    cql = parse(column.type)
    for key, asked in (("skip", said.skip), ("null", said.null is not None)):
        if asked and column.in_key:
            yield fail(
                f"{column.name} is part of the primary key, which is always copied as it is",
                f"remove {section} {key}",
            )
    for key, asked in (("writetime", bool(said.writetime)), ("ttl", bool(said.ttl))):
        if not asked:
            continue
        if column.in_key or cql.name == "counter":
            what = "a part of the primary key" if column.in_key else "a counter"
            yield fail(f"{column.name} is {what} and has no {key}", f"remove {section} {key}")
        elif cql.multi_cell and key == "ttl":
            yield fail(
                f"{column.name} is {cql}: each of its elements has a ttl of its own",
                f"remove {section} ttl",
            )


def _name_findings(table: Table, wanted: tuple[Wanted, ...]) -> Iterator[Finding]:
    """Yield the names that MySQL, which ignores their case, does not have or takes for one."""
    seen: dict[str, Wanted] = {}
    for column in wanted:
        name = column.name
        fix = _rename(column)
        if not name or len(name) > NAME_MAX or "\0" in name or name.endswith(" "):
            yield fail(f"{name!r} cannot be a column of MySQL: names have 1 to 64 characters", fix)
        other = seen.setdefault(name.casefold(), column)
        if other is not column:
            yield fail(
                f"columns {other.name} and {name} of {table.name} would be one in MySQL,"
                " which ignores case",
                fix,
            )


def _rename(column: Wanted) -> str:
    if not column.reading.read:
        return "rename the other column: its [tables.columns.NAME] name"
    key = "name" if column.reading is Reading.VALUE else column.reading.value
    return f'{column.setting} {key} = "another"'
