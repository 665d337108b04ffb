"""Compares a whole table, cell by cell, in Cassandra and in MySQL; shares no code with the tool.

Both sides become plain Python values that are equal exactly when the cells mean the same:

    timestamp      milliseconds since 1970 (Cassandra's bytes; MySQL's text, taken apart by hand)
    date, time     days since 1970, nanoseconds of the day
    decimal        as numbers; in a key as text, where 1.0 and 1.00 are two keys
    uuid, inet     text
    float          widened to double
    the others     as the drivers give them
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from tests.support.servers import Place, Row

_EPOCH = date(1970, 1, 1).toordinal()
_SHOWN_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    name: str
    type: str
    in_key: bool

    @property
    def quoted(self) -> str:
        return '"' + self.name.replace('"', '""') + '"'

    @property
    def backticked(self) -> str:
        return "`" + self.name.replace("`", "``") + "`"


def differences(place: Place, table: str, target: str | None = None) -> list[str]:
    """Return in words every way in which the copy of a table differs from it; empty if in none."""
    columns = _columns(place, table)
    source = _keyed(columns, _source_rows(place, table, columns))
    copy = _keyed(columns, _target_rows(place, target or table, columns))
    found = [f"missing {key}" for key in source if key not in copy]
    found += [f"extra {key}" for key in copy if key not in source]
    for key in source.keys() & copy.keys():
        found += [
            f"{key} {column.name}: {wanted!r} became {actual!r}"
            for column, wanted, actual in zip(columns, source[key], copy[key], strict=True)
            if not _same(wanted, actual)
        ]
    return found[:_SHOWN_MAX] + [f"... {len(found)} in all"] * (len(found) > _SHOWN_MAX)


def _same(wanted: object, actual: object) -> bool:
    return type(wanted) is type(actual) and wanted == actual


def _columns(place: Place, table: str) -> list[_Column]:
    rows = place.servers.cql(
        "SELECT column_name, type, kind FROM system_schema.columns"
        " WHERE keyspace_name = ? AND table_name = ?",
        (place.keyspace, table),
    )
    return [
        _Column(name=name, type=cql, in_key=kind in ("partition_key", "clustering"))
        for name, cql, kind in rows
    ]


def _keyed(columns: Sequence[_Column], rows: Sequence[Row]) -> dict[Row, Row]:
    keys = [place for place, column in enumerate(columns) if column.in_key]
    found = {tuple(row[i] for i in keys): row for row in rows}
    assert len(found) == len(rows), "a side holds two rows with one key"
    return found


def _source_rows(place: Place, table: str, columns: Sequence[_Column]) -> list[Row]:
    # The driver takes a timestamp through floating seconds, which loses milliseconds far from 1970.
    listed = ", ".join(
        f"blobAsBigint(timestampAsBlob({c.quoted}))" if c.type == "timestamp" else c.quoted
        for c in columns
    )
    rows = place.servers.cql(f'SELECT {listed} FROM "{place.keyspace}"."{table}"')
    readers = [_from_source(c) for c in columns]
    return [_read(readers, row) for row in rows]


def _target_rows(place: Place, table: str, columns: Sequence[_Column]) -> list[Row]:
    listed = ", ".join(
        f"CAST({c.backticked} AS CHAR)" if c.type in ("timestamp", "date", "time") else c.backticked
        for c in columns
    )
    rows = place.servers.sql(f"SELECT {listed} FROM `{place.database}`.`{table}`")
    readers = [_from_target(c) for c in columns]
    return [_read(readers, row) for row in rows]


def _read(readers: Sequence[Callable[[Any], Any]], row: Row) -> Row:
    return tuple(
        None if value is None else reader(value) for reader, value in zip(readers, row, strict=True)
    )


def _from_source(column: _Column) -> Callable[[Any], Any]:
    if column.type == "decimal" and column.in_key:
        return lambda value: value.as_tuple()
    if column.type == "decimal":
        return _number
    readers: dict[str, Callable[[Any], Any]] = {
        "uuid": str,
        "timeuuid": str,
        "date": lambda value: value.days_from_epoch,
        "time": lambda value: value.nanosecond_time,
    }
    return readers.get(column.type, lambda value: value)


def _from_target(column: _Column) -> Callable[[Any], Any]:
    if column.type == "decimal":
        return (lambda value: Decimal(value).as_tuple()) if column.in_key else _number
    readers: dict[str, Callable[[Any], Any]] = {
        "boolean": bool,
        "blob": bytes,
        "varint": int,
        "date": _days,
        "time": _nanoseconds,
        "timestamp": _milliseconds,
    }
    return readers.get(column.type, _plain)


def _number(value: Decimal) -> tuple[int, str]:
    """Return a decimal as a fraction's text would compare: sign, digits and exponent, stripped."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits)).lstrip("0")
    stripped = text.rstrip("0")
    if not stripped:
        return 0, "0"
    return -1 if sign else 1, f"{stripped}E{exponent + len(text) - len(stripped)}"


def _plain(value: object) -> object:
    return value.decode("utf-8") if isinstance(value, bytes | bytearray) else value


def _days(text: str) -> int:
    return date.fromisoformat(text).toordinal() - _EPOCH


def _nanoseconds(text: str) -> int:
    hours, minutes, seconds, fraction = _taken_apart(r"(\d+):(\d+):(\d+)\.(\d{6})", text)
    return ((hours * 60 + minutes) * 60 + seconds) * 10**9 + fraction * 1000


def _milliseconds(text: str) -> int:
    *clock, millis = _taken_apart(r".{10} (\d+):(\d+):(\d+)\.(\d{3})", text)
    hours, minutes, seconds = clock
    return (_days(text[:10]) * 86_400 + (hours * 60 + minutes) * 60 + seconds) * 1000 + millis


def _taken_apart(pattern: str, text: str) -> list[int]:
    found = re.fullmatch(pattern, text)
    assert found is not None, f"not of its form: {text}"
    return [int(part) for part in found.groups()]
