"""What MySQL says of a row that it does not take, without its data (I12)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mysql.connector import Error

from cass_snapshot.mysql.faults import FaultClass, classify
from cass_snapshot.mysql.rows import WARNINGS
from cass_snapshot.rejection import Problem

CODE = "CS-D04"
TOO_LARGE = 1153
"""The server's error for a statement above max_allowed_packet, which is never sent."""
HARMLESS = frozenset({1592})
"""Warnings that concern no row: a statement-based binary log, beside a second unique key."""
_AT_ROW = re.compile(r" at row \d+$")


class Refused(Exception):
    """MySQL does not take some rows for their data; caught where they are sifted.

    Args:
        error: MySQL's number of the error or warning, 0 where there is none.
        message: its text, which may quote the row.
        fix: what to do, where that is known here.
    """

    def __init__(self, error: int, message: str = "", fix: str = "") -> None:
        super().__init__(f"MySQL error {error}")
        self.error = error
        self._message = message
        self._fix = fix

    def problem(self, columns: Sequence[str]) -> Problem:
        """Return why, with the column among the given ones that the message names."""
        return Problem(
            column=column_named(self._message, columns),
            what=f"MySQL refuses the row with error {self.error}",
            fix=self._fix or "mend the target table, then replay-wal --rejected",
            error=self.error,
            code=CODE,
        )


def column_named(message: str, columns: Sequence[str]) -> str:
    """Return the column that a message is about, empty where it names none of the given ones.

    Compared with names that are known, at the end of the message: its middle may quote the row.
    MySQL writes the name in quotes, MariaDB the full name in backticks.
    """
    where = _AT_ROW.sub("", message)
    for name in columns:
        ends = (f"column '{name}'", f".`{name}`", f"column `{name}`")
        if where.endswith(ends) or where == f"Column '{name}' cannot be null":
            return name
    return ""


def refusal(error: Error) -> Refused | None:
    """Return an error as a refusal of rows, None where it is another kind of error."""
    if classify(error) is not FaultClass.DATA:
        return None
    return Refused(error.errno, error.msg or "")


def refuse_warnings(cursor: Any) -> None:  # noqa: ANN401 - see connection.connect
    """Take a warning about the last statement for what it is: rows that would be changed.

    Raises:
        Refused: there is a warning that concerns rows.
    """
    count = cursor.warning_count
    if not count:
        return
    cursor.execute(WARNINGS)
    found = [(int(code), str(text)) for _, code, text in cursor.fetchall()]
    serious = [warning for warning in found if warning[0] not in HARMLESS]
    if serious:
        raise Refused(*serious[0])
    if len(found) < count:  # the server keeps fewer than it counts
        raise Refused(0)
