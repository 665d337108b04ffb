"""Which tables to copy: those of the command line, else those of the file, each checked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import ValidationError

from cass_snapshot.config.file import ConfigFile
from cass_snapshot.errors import UsageError
from cass_snapshot.settings import nearest
from cass_snapshot.settings.tables import TableSettings

_CHOICES = {"on_conflict": ("overwrite", "keep", "newer"), "key": ("natural", "digest")}
_SAMPLES = {
    "source": "KEYSPACE.TABLE, both as Cassandra stores them, for example shop.orders",
    "target": 'target = "orders"',
    "match": 'match = ["file_id"]',
    "where": "where = \"status = 'open'\"",
    "name": 'name = "file_id"',
    "type": 'type = "DECIMAL(18,4)"',
    "null": 'null = "", null = 0 or null = false; a date or a time in quotes',
    "writetime": 'writetime = "body_written_at"',
    "ttl": 'ttl = "body_ttl"',
}
"""What a key looks like when it is right; those that are true or false are left out."""
_WHYS = {
    "null": "a replacement is a text, a number, or true or false",
    "match": "it is a list of columns, also where it is only one",
}


def tables_of(
    file: ConfigFile, named: Sequence[str], target: str | None
) -> tuple[TableSettings, ...]:
    """Return the tables of the command line, else those of the file; never one twice.

    Args:
        file: the config file; what it says of a table goes also where the table is named.
        named: the tables on the command line.
        target: the target table of ``--to``, which goes with one source table.

    Raises:
        UsageError: a key does not fit, or two tables would be one.
    """
    known = [_table(entry, partial(file.where, "tables", n)) for n, entry in enumerate(file.tables)]
    tables = known
    if named:
        by_source = {table.source: table for table in known}
        asked = [_table({"source": name}, lambda *_: "the command line") for name in named]
        tables = [by_source.get(table.source, table) for table in asked]
    if target is not None:
        tables = [_only(tables).model_copy(update={"target": target})]
    for what, names in (
        ("source", Counter(table.source for table in tables)),
        ("target", Counter(table.target_table for table in tables)),
    ):
        _refuse_twice(what, names)
    return tuple(tables)


def _only(tables: Sequence[TableSettings]) -> TableSettings:
    if len(tables) != 1:
        raise UsageError(
            "a target table goes with exactly one source table",
            where="--to",
            why=f"there are {len(tables)} source tables",
            fix="end --to with the database, or name one table",
        )
    return tables[0]


def _refuse_twice(what: str, names: Counter[str]) -> None:
    apart = "; one with partitions = true goes into a config file of its own, with its own target"
    for name, times in names.items():
        if times > 1:
            raise UsageError(
                f"{name} is the {what} of {times} tables",
                where="the list of tables",
                fix=f"name each {what} once{apart if what == 'source' else ''}",
            )


def _table(entry: Mapping[str, Any], where: Callable[..., str]) -> TableSettings:
    try:
        return TableSettings(**entry)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _unfit(entry, first["loc"], first["msg"], where) from None


def _unfit(
    entry: Mapping[str, Any], loc: Sequence[int | str], message: str, where: Callable[..., str]
) -> UsageError:
    """Return the first complaint as ours. ``loc`` goes on into pydantic's own alternatives."""
    path, given = _found(entry, loc)
    key = str(path[-1])
    if key == "source":
        what = f"{given} is not a table to copy" if given is not None else "source is missing"
    else:
        what = f"{key} does not fit: {given}"
    choices = _CHOICES.get(key, ())
    guess = nearest(str(given), choices)
    fixes = [_SAMPLES.get(key, f"{key} = true, or leave it out")]
    if key == "match" and isinstance(given, str) and given:
        fixes = [f"match = [{json.dumps(given, ensure_ascii=False)}]"]
    if choices:
        fixes = [f'{key} = "{guess}"'] if guess else [f'{key} = "{c}"' for c in choices]
    return UsageError(
        what, where=where(*path), why=_WHYS.get(key, said(message)), fix=", or ".join(fixes)
    )


def _found(entry: Mapping[str, Any], loc: Sequence[int | str]) -> tuple[list[str], object]:
    """Return the keys that lead into the file's own tree, and the value there."""
    path: list[str] = []
    at: object = entry
    for part in map(str, loc):
        if isinstance(at, Mapping) and (part in at or not path):
            path.append(part)
            at = at.get(part)
    return path, at


def said(message: str) -> str:
    """Return what pydantic says as the end of a sentence of ours."""
    text = message.removeprefix("Value error, ")
    return text[:1].lower() + text[1:]
