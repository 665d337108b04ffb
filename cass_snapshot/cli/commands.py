"""The commands to type next, made from the one that was typed. Pure.

What was typed holds no secret, since no option accepts one.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WITH_VALUE = frozenset(
    {
        *("-c", "--config", "--from", "--to", "--run-dir", "--range-count", "--workers"),
        *("--compression", "--progress", "--progress-every", "--events", "--output", "--color"),
        *("--log-file", "--log-format", "--write-csv", "--rejected-max"),
    }
)
"""The options of ``run`` and ``find-missing`` with a value; a test compares them with the help."""
OF_PLACE = frozenset({"-c", "--config", "--from", "--to"})
OF_RUNS = frozenset({"-c", "--config", "--run-dir"})
OF_REPLAY = frozenset({"-c", "--config", "--to", "--run-dir"})
ONLY_RUNS = OF_RUNS - OF_PLACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """What an operator may type next, with the addresses or the file of this time."""

    again: str
    copy: str
    afresh: str
    find_missing: str
    status: str
    mend: str
    apply: str


def commands_from(typed: Sequence[str]) -> Commands:
    """Return what follows from ``cass-snapshot run ...`` or ``cass-snapshot find-missing ...``."""
    groups = list(_groups(typed[2:]))
    again = [word for group in groups if group != ["--new"] for word in group]
    tables = [word for group in groups if not group[0].startswith("-") for word in group]
    place = tables + _those(groups, OF_PLACE)
    runs = _those(groups, OF_RUNS)
    return Commands(
        again=shlex.join(["cass-snapshot", "run", *again]),
        copy=shlex.join(["cass-snapshot", "run", *place, *_those(groups, ONLY_RUNS)]),
        afresh=shlex.join(["cass-snapshot", "run", "--new", *place, *_those(groups, ONLY_RUNS)]),
        find_missing=shlex.join(["cass-snapshot", "find-missing", *place]),
        mend=shlex.join(["cass-snapshot", "replay-wal", "--rejected", *_those(groups, OF_REPLAY)]),
        apply=shlex.join(["cass-snapshot", "replay-wal", *_those(groups, OF_REPLAY)]),
        status=shlex.join(["cass-snapshot", "status", *runs]),
    )


def _those(groups: Sequence[list[str]], names: frozenset[str]) -> list[str]:
    return [word for group in groups if group[0].partition("=")[0] in names for word in group]


def _groups(words: Sequence[str]) -> Iterator[list[str]]:
    """Yield each option with its value, and each table by itself."""
    rest = iter(words)
    for word in rest:
        yield [word, *([next(rest, "")] if word in WITH_VALUE else [])]
