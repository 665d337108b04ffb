"""The statements that carry rows: a load of WAL lines, and inserts by policy. Pure.

Neither is executed with parameters, so a ``%`` in a name or a value stays one. Columns of the
target that are not mapped are never named: they keep what they hold, or get their default.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cass_snapshot.forms import Form
from cass_snapshot.mysql.columns import TargetColumn
from cass_snapshot.mysql.literals import constant
from cass_snapshot.mysql.statements import names, quote
from cass_snapshot.planned import Conflict, Reading

WRITETIME_NONE = "-9223372036854775808"
"""Older than every write: what a row without a write time counts as."""
_CHARSET = re.compile(r"CHARACTER SET (\w+)|COLLATE ([a-z0-9]+)", re.IGNORECASE)
_AS_BYTES = frozenset({"utf8mb4", "utf8mb3", "utf8", "binary"})
"""Character sets that take a text's UTF-8 as it is, or refuse it."""
_LETTERS = frozenset({Form.TEXT, Form.JSON})
"""Forms that are not ASCII alone. MariaDB puts any bytes into an ascii column without a word."""
_CONVERTED = re.compile(r"(json|enum|set|uuid|inet[46])\b", re.IGNORECASE)
"""Types that MySQL and MariaDB make of a text; of 16 bytes UUID and INET6 make something else."""
OFFERED = "offered"
SAVEPOINT = "SAVEPOINT cass_snapshot"
TO_SAVEPOINT = "ROLLBACK TO SAVEPOINT cass_snapshot"
WARNINGS = "SHOW WARNINGS"


def load_data(table: str, columns: Sequence[TargetColumn], path: str) -> str:
    """Return the load of a file of WAL lines, read as bytes.

    A WAL line is ``[field,field,...]`` with JSON's escapes, of which MySQL reads those that the
    loader lets through. REPLACE, because plain and IGNORE turn errors into warnings.
    """
    file = path.replace("\\", "\\\\").replace("'", "\\'")
    fields, assigned = [], []
    for i, column in enumerate(columns):
        made = _from_variable(column, f"@v{i}")
        fields.append(quote(column.name) if made is None else f"@v{i}")
        if made is not None:
            assigned.append(f"{quote(column.name)} = {made}")
    tail = f" SET {', '.join(assigned)}" if assigned else ""
    return (
        f"LOAD DATA LOCAL INFILE '{file}' REPLACE INTO TABLE {table} CHARACTER SET binary"
        " FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '\\\\'"
        " LINES STARTING BY '[' TERMINATED BY ']\\n'"
        f" ({', '.join(fields)}){tail}"
    )


def _from_variable(column: TargetColumn, variable: str) -> str | None:
    """Return what makes a column's value of a field, None where the field is the value."""
    value = _converted(column, variable)
    null = column.planned.null
    if null is None:
        return None if value == variable else value
    replacement = constant(null, column.planned.form)
    if not column.hexadecimal and value != variable:
        replacement = f"CONVERT({replacement} USING utf8mb4)"
    return f"IF({variable} IS NULL, {replacement}, {value})"


def _converted(column: TargetColumn, variable: str) -> str:
    """Return the expression of a field that is there.

    A variable holds bytes. They are taken as they are, unless the column's type or character set
    would read them as something else than UTF-8.
    """
    if column.hexadecimal:
        return f"UNHEX({variable})"
    if column.definition[:3].upper() == "BIT":
        return f"CAST({variable} AS SIGNED)"
    found = _CHARSET.search(column.definition)
    charset = (found[1] or found[2]).lower() if found else "utf8mb4"
    as_it_is = charset in _AS_BYTES or (charset == "ascii" and column.planned.form not in _LETTERS)
    if _CONVERTED.match(column.definition) or not as_it_is:
        return f"CONVERT({variable} USING utf8mb4)"
    return variable


def upsert(
    table: str,
    columns: Sequence[TargetColumn],
    *,
    conflict: Conflict,
    mariadb: bool,
) -> tuple[str, str]:
    """Return what stands before and after the rows of an insert that obeys a policy.

    Right where no unique key can be hit but that of the key columns: preflight sees to that.
    Applied twice, each leaves the target as once. The two flavours name the offered row
    differently, and each warns about the other's way or does not know it.
    """
    listed = names([c.name for c in columns])
    # An alias must not be the table's own name, in whatever case (error 1066).
    alias = OFFERED if not table.casefold().endswith(f"`{OFFERED}`") else f"{OFFERED}_row"
    offered = "VALUES({})" if mariadb else f"{alias}.{{}}"
    named = "" if mariadb else f" AS {alias}"
    others = [c for c in columns if not c.in_key]
    if not others or conflict is Conflict.KEEP:
        kept = quote(next(c.name for c in columns if c.in_key))
        update = f"{kept} = {table}.{kept}"
    elif conflict is Conflict.NEWER:
        update = _newer(table, others, offered)
    else:
        update = ", ".join(f"{n} = {offered.format(n)}" for n in (quote(c.name) for c in others))
    return f"INSERT INTO {table} ({listed}) VALUES ", f"{named} ON DUPLICATE KEY UPDATE {update}"


def _newer(table: str, columns: Sequence[TargetColumn], offered: str) -> str:
    """Return assignments that take the offered row only if none of the target's is newer.

    MySQL assigns from left to right and reads what it has assigned; so what decides comes last.
    """
    times = [c for c in columns if c.planned.reading is Reading.WRITETIME]
    rest = [c for c in columns if c.planned.reading is not Reading.WRITETIME]
    stamps = [quote(c.name) for c in times]
    newest_offered = _newest([offered.format(s) for s in stamps])
    newest_held = _newest([f"{table}.{s}" for s in stamps])
    condition = f"{newest_offered} >= {newest_held}"
    return ", ".join(
        f"{name} = IF({condition}, {offered.format(name)}, {table}.{name})"
        for name in (quote(c.name) for c in (*rest, *times))
    )


def _newest(stamps: Sequence[str]) -> str:
    known = [f"COALESCE({stamp}, {WRITETIME_NONE})" for stamp in stamps]
    return known[0] if len(known) == 1 else f"GREATEST({', '.join(known)})"
