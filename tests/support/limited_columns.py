"""A column with limits, and what the codec makes of one cell for it."""

from __future__ import annotations

import json
from struct import pack
from typing import Any

from cass_snapshot.forms import Form, Limits
from cass_snapshot.model import Tally
from cass_snapshot.planned import PlannedColumn
from cass_snapshot.rejection import Problem
from tests.support.json_cells import shortest
from tests.support.typed_cells import column, encode, encoded


def planned(cql: str, form: Form, **limits: Any) -> PlannedColumn:  # noqa: ANN401 - their types differ
    """Return a column ``v`` with limits."""
    return PlannedColumn(
        column=column("v", cql), form=form, limits=Limits(type="the target", **limits)
    )


def value(column: PlannedColumn, cell: bytes) -> object:
    """Return the WAL value of a cell that fits."""
    (found,) = json.loads(encode([column], [(cell,)]).data)
    return found


def problem(column: PlannedColumn, cell: bytes | None) -> Problem:
    """Return why a cell is refused."""
    made = encoded([column], [(cell,)])
    assert (made.lines.data, made.lines.rows, made.lines.tally) == (b"", 0, Tally(refused=1))
    (rejected,) = made.rejected
    (found,) = rejected.problems
    return found


def big(number: int) -> bytes:
    """Return eight bytes."""
    return pack(">q", number)


def decimal(unscaled: int, scale: int) -> bytes:
    """Return a decimal's cell."""
    return pack(">i", scale) + shortest(unscaled)
