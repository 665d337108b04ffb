"""Proves the operator's condition before anything is written.

Cassandra itself is asked to prepare every statement that the condition is going to stand in, those
that go on after a row among them. What would change a statement instead of narrowing its rows, and
so could lose some quietly, is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from cassandra import InvalidRequest
from cassandra.protocol import SyntaxException

from cass_snapshot.errors import PreflightError
from cass_snapshot.model import Column, ColumnKind, Table
from cass_snapshot.planned import Reading
from cass_snapshot.reader import statements
from cass_snapshot.reader.faults import translate
from cass_snapshot.reader.statements import Selected, select_values

_LITERAL = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$\$.*?\$\$", re.DOTALL)
_WORDS = re.compile(r"\b(ALLOW|LIMIT|ORDER|GROUP|PER)\b", re.IGNORECASE)
_MARKS = (
    (";", "a semicolon"),
    ("--", "a comment"),
    ("//", "a comment"),
    ("/*", "a comment"),
)


def refuse_foreign(table: Table) -> None:
    """Refuse a condition that is more, or less, than relations joined by AND.

    Raises:
        PreflightError: it is blank, or holds another clause, a semicolon or a comment.
    """
    if not table.where:
        return
    bare = _LITERAL.sub("''", table.where)
    word = _WORDS.search(bare)
    mark = next((name for text, name in _MARKS if text in bare), None)
    if word is not None and word[0].upper() == "ALLOW":
        raise _refused(
            table,
            "it holds ALLOW FILTERING",
            "take that out of it, and set allow_filtering = true beside it",
        )
    found = word[0].upper() if word is not None else mark
    if found is not None:
        raise _refused(
            table, f"it holds {found}", "leave only relations, joined by AND, as after WHERE in CQL"
        )
    if not table.where.strip():
        raise _refused(table, "it is blank", "take it out, or say which rows are wanted")


def select_proven(table: Table) -> tuple[Selected, ...]:
    """Return what proves a condition before it is known which columns are copied."""
    columns: tuple[Column, ...] = table.primary_key
    return select_values(columns + tuple(c for c in table.columns if c.kind is ColumnKind.STATIC))


def prove(session: Any, table: Table, columns: Sequence[Selected]) -> None:  # noqa: ANN401 - the driver is untyped
    """Have Cassandra prepare every statement that reads rows of a table.

    Raises:
        PreflightError: it refuses one of them, or finds a parameter that is not ours.
    """
    for cql, parameters in _readings(table, columns):
        try:
            prepared = session.prepare(cql)
        except (InvalidRequest, SyntaxException) as error:
            raise _refused_by_cassandra(table, columns, error) from error
        except Exception as error:
            raise translate(error, where=str(table.name)) from error
        if len(prepared.column_metadata) != parameters:
            raise _refused(table, "it holds a parameter", "write the value in its place")


def _readings(table: Table, selected: Sequence[Selected]) -> Iterator[tuple[str, int]]:
    """Yield each statement, and how many parameters it has."""
    width = len(table.partition_key)
    yield statements.select_range(table, selected), 2
    yield statements.select_partition(table, selected), width
    for depth in range(len(table.clustering)):
        yield statements.select_rest_of_partition(table, selected, depth), width + depth + 1


def _refused_by_cassandra(
    table: Table, columns: Sequence[Selected], error: Exception
) -> PreflightError:
    text = str(error)
    said = re.search(r'message="(.*)"', text, re.DOTALL)
    why = said[1] if said else text
    extra = [s.column.name for s in columns if s.reading is not Reading.VALUE]
    if extra and (not table.where or "writetime" in why.lower() or "ttl" in why.lower()):
        return PreflightError(
            f"Cassandra does not tell what is wanted of {table.name}",
            where=f"[tables.columns] writetime and ttl of {', '.join(dict.fromkeys(extra))};"
            " nothing was written",
            why=" ".join(why.split())[:500],
            fix="take writetime or ttl away from that column; of collections and user types"
            " only Cassandra 5 and later tell the newest write time, and none their TTL",
        )
    if "ALLOW FILTERING" in why and not table.allow_filtering:
        fix = "allow_filtering = true beside it: Cassandra then reads rows that it leaves out"
    elif "more than one" in why.lower() or "both an equality" in why:
        fix = "leave columns of the primary key out of it: going on after a row restricts them too"
    else:
        fix = "correct it; it stands behind WHERE in CQL"
    return _refused(table, " ".join(why.split())[:500], fix)


def _refused(table: Table, why: str, fix: str) -> PreflightError:
    return PreflightError(
        f"the condition on {table.name} cannot be used",
        where=f"[[tables]] where = {table.where!r}; nothing was written",
        why=why,
        fix=fix,
    )
