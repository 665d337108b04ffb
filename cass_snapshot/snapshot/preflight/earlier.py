"""What the runs folder tells of earlier runs: how fast they were, and what was set then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from cass_snapshot.snapshot.preflight.estimate import changes, rate_of
from cass_snapshot.snapshot.preflight.preview import Change, Rate
from cass_snapshot.snapshot.rundir import run_id_of, scan

RUNS_MAX = 50
"""So many of the newest runs are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The earlier runs of some tables on this machine; ``run_id`` is the newest one."""

    run_id: str | None = None
    settings: Mapping[str, Any] | None = None
    rates: Mapping[str, Rate] = field(default_factory=dict)

    @classmethod
    def find(cls, directory: Path, tables: Sequence[str]) -> Earlier:
        """Look through a runs folder. What cannot be read tells nothing, and is passed over."""
        newest: tuple[str, Mapping[str, Any]] | None = None
        rates: dict[str, Rate] = {}
        for folder in list(scan(directory))[: -RUNS_MAX - 1 : -1]:
            run_id = run_id_of(folder)
            record, result = _read(folder / "run.json"), _read(folder / "result.json")
            ours = {t.get("table") for t in record.get("tables", [])} & set(tables)
            if ours and newest is None:
                newest = run_id, record.get("settings") or {}
            for table in ours - set(rates):
                if rate := rate_of(run_id, result, table):
                    rates[table] = rate
        if newest is None:
            return cls(rates=rates)
        return cls(run_id=newest[0], settings=newest[1], rates=rates)

    def rate(self, table: str) -> Rate | None:
        """Return how fast the newest run was that copied rows of a table."""
        return self.rates.get(table)

    def changes(self, now: Mapping[str, Any]) -> tuple[Change, ...]:
        """Return the settings that differ from the newest run's."""
        return changes(self.settings, now) if self.settings is not None else ()


def _read(path: Path) -> dict[str, Any]:
    """Return a record, empty where there is none that can be read."""
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
