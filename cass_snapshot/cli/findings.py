"""Findings as lines: the level, what was seen, and beneath it what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cass_snapshot.cli.grid import wrapped
from cass_snapshot.planned import Finding, Level

ROOM = 6
"""A level and the gap after it."""


def finding_lines(found: Finding, width: int, indent: str) -> list[str]:
    """Return a finding, its fix beneath; both wrap beneath themselves."""
    inner = width - len(indent) - ROOM
    first, *others = wrapped(found.text, inner)
    lines = [f"{indent}{found.level.value:<{ROOM}}{first}"]
    lines += [f"{indent}{'':<{ROOM}}{line}" for line in others]
    if found.fix:
        first, *others = wrapped(found.fix, inner - ROOM)
        lines.append(f"{indent}{'':<{ROOM}}{'fix':<{ROOM}}{first}")
        lines += [f"{indent}{'':<{2 * ROOM}}{line}" for line in others]
    return lines


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return what stops a run, then what is worth knowing, then what is well."""
    order: Sequence[Level] = (Level.FAIL, Level.WARN, Level.OK)
    return sorted(findings, key=lambda found: order.index(found.level))
