"""Run directories as ``status`` finds and reads them: running, ended, crashed or copied elsewhere.

runs/20261120T104211-shop.orders-k3f9/   run.json  status.json  result.json (once it has ended)
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cass_snapshot.errors import StateError, UsageError
from cass_snapshot.snapshot.status import Phase, RunStatus

SILENT_S = 60
"""``status.json`` is replaced once a second; a process that is silent for longer is not ours."""


class Life(StrEnum):
    """What has become of a run."""

    RUNNING = "running"
    ENDED = "ended"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """What a run directory says."""

    path: Path
    plan: Mapping[str, Any]
    status: RunStatus | None
    ended: bool

    def life(self, now: datetime) -> Life:
        """Return what has become of the run.

        A process id alone proves nothing on a copied directory or after a reboot: the process must
        also have written lately.
        """
        if self.ended:
            return Life.ENDED
        if self.status is None or not _exists(self.status.pid):
            return Life.INTERRUPTED
        silent_s = (now - datetime.fromisoformat(self.status.updated_at)).total_seconds()
        return Life.RUNNING if silent_s <= SILENT_S else Life.INTERRUPTED


def find(directory: Path, name: str | None) -> tuple[Path, str]:
    """Return a run's folder and a note where it was not named and is one of several.

    ``name`` is a run id, its last part, the folder's name or its path.

    Raises:
        UsageError: there is no such run, or there are several.
    """
    if name is not None and (Path(name) / "run.json").is_file():
        return Path(name), ""
    folders = sorted(path.parent for path in directory.glob("*/run.json"))
    if not folders:
        raise UsageError(
            f"there are no runs in {directory}",
            where="[run] directory, or --run-dir",
            fix="--run-dir DIR, or start one: cass-snapshot run",
        )
    if name is None:
        note = f"the newest of {len(folders)} runs" if len(folders) > 1 else ""
        return folders[-1], note
    found = [folder for folder in folders if name in _names(folder)]
    if len(found) == 1:
        return found[0], ""
    raise UsageError(
        f"{len(found) or 'no'} runs are named {name}",
        where=str(directory),
        why=f"there are {_some([folder.name for folder in found or folders])}",
        fix="name one of them",
    )


def read(folder: Path) -> RunFolder:
    """Return what a run directory says.

    Raises:
        StateError: a file in it is not one of ours.
    """
    plan, result = _json(folder / "run.json") or {}, _json(folder / "result.json")
    raw = _json(folder / "status.json")
    try:
        status = TypeAdapter(RunStatus).validate_python(raw) if raw is not None else None
    except ValidationError as error:
        raise StateError(
            "this status.json is of another version",
            where=str(folder / "status.json"),
            why=str(error.errors(include_url=False)[0]["msg"]),
        ) from error
    if status is not None and result is not None:
        status = replace(
            status,
            phase=Phase.ENDED,
            waiting=None,
            waiting_for=(),
            exit_code=result.get("exit_code"),
            exit_name=result.get("exit_name"),
            reason=result.get("reason"),
        )
    return RunFolder(path=folder, plan=plan, status=status, ended=result is not None)


def run_id(folder: Path) -> str:
    """Return the run's id, which is its folder's name without the tables."""
    first, *_, last = folder.name.split("-")
    return f"{first}-{last}"


def _names(folder: Path) -> tuple[str, ...]:
    return folder.name, run_id(folder), folder.name.rpartition("-")[2]


def _some(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(reversed(names[-most:])) + more


def _json(path: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StateError(
            f"cannot read {path.name}", where=str(path), why=str(error), fix="see run.log beside it"
        ) from error
    return record


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it exists and is somebody else's
        return True
    return True
