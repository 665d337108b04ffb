"""Rows that are set aside, and why: what the encoder or the target does not take."""

from __future__ import annotations

from dataclasses import dataclass

from cass_snapshot.model import Batch, Cells, Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a value is refused, without the value (I12).

    ``error`` is the number of the MySQL error that it raised or would have raised, ``code`` ours.
    """

    column: str
    what: str
    fix: str
    error: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A row that was set aside: its place, its problems, and the row itself.

    ``key`` holds the cells of the primary key. ``cells`` are those of the row by planned column
    where the encoder refused it; ``line`` is its WAL line where the target did.
    """

    token: int
    key: Cells
    problems: tuple[Problem, ...]
    cells: Cells | None = None
    line: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """What becomes of some rows: lines, in the order of the rows, and the rows without a line."""

    lines: Lines
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwritten:
    """A row that the target refused while it took others; durable beside the WAL as ``id``."""

    id: str
    token: int
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Batches of one range, one after the other, whose rows are in the target but for ``rejected``.

    The batches say what their commit lines say; their rows are not carried along.
    """

    batches: tuple[Batch, ...]
    rejected: tuple[Unwritten, ...] = ()
