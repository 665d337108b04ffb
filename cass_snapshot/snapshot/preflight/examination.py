"""What ``doctor`` found, as records. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cass_snapshot.exits import Exit
from cass_snapshot.planned import Finding, Level


class Section(StrEnum):
    """What doctor examines, in the order in which it is shown."""

    CONFIGURATION = "configuration"
    MACHINE = "machine"
    CASSANDRA = "cassandra"
    MYSQL = "mysql"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found in a section."""

    section: Section
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What doctor found: the document that ``doctor --output json`` writes; names are interface.

    With ``strict`` a warning counts as a failure.
    """

    v: int = 1
    sections: tuple[Examination, ...]
    ok: int
    warned: int
    failed: int
    strict: bool = False
    exit_code: int


def report(sections: Sequence[Examination], *, strict: bool = False) -> Report:
    """Return the sections with their sums and the exit code that follows from them."""
    levels = Counter(f.level for section in sections for f in section.findings)
    stops = levels[Level.FAIL] or (strict and levels[Level.WARN])
    return Report(
        sections=tuple(sections),
        ok=levels[Level.OK],
        warned=levels[Level.WARN],
        failed=levels[Level.FAIL],
        strict=strict,
        exit_code=Exit.PREFLIGHT if stops else Exit.OK,
    )
