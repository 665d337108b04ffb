"""The folder of a run: what lies in it, and who may write there.

runs/20261120T104211-shop.orders-k3f9/
  run.json       written once; tables that join the run later are added
  status.json    replaced about once a second
  events.jsonl   one event a line
  run.log
  wal/           segments
  rejected/      rows that were set aside, and why
  result.json    written last; its presence means "ended"
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from cass_snapshot.errors import PreflightError, StateError
from cass_snapshot.model import TableName
from cass_snapshot.snapshot.status import Event, RunStatus
from cass_snapshot.wal.files import (
    REAL,
    RunLock,
    append_line,
    atomic_write,
    make_private_directory,
)
from cass_snapshot.wal.place import check_place

SUFFIX_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""No letters that look like another."""
_SHOWN = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def new_run_id(now: datetime) -> str:
    """Return an identity such as ``20261120T104211-k3f9``."""
    suffix = "".join(secrets.choice(SUFFIX_ALPHABET) for _ in range(4))
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S}-{suffix}"


def folder_name(run_id: str, tables: Sequence[TableName]) -> str:
    """Return the folder's name: the moment, the first table, how many more, the suffix."""
    moment, _, suffix = run_id.rpartition("-")
    more = f"+{len(tables) - 1}" if len(tables) > 1 else ""
    return f"{moment}-{tables[0]}{more}-{suffix}"


def find_folder(directory: Path, run_id: str) -> Path | None:
    """Return the folder of a run, None where this machine has none."""
    moment, _, suffix = run_id.rpartition("-")
    if not directory.is_dir():
        return None
    found = [
        p
        for p in directory.iterdir()
        if p.name.startswith(f"{moment}-") and p.name.endswith(f"-{suffix}")
    ]
    return found[0] if found else None


def run_id_of(folder: Path) -> str:
    """Return the identity of the run that a folder belongs to."""
    return f"{folder.name.partition('-')[0]}-{folder.name.rpartition('-')[2]}"


def prepare_runs_directory(directory: Path) -> str:
    """Make the folder that holds the runs, and return a warning about its file system.

    Raises:
        PreflightError: it cannot be written, is not ours, or lies in memory.
    """
    try:
        make_private_directory(directory)
        warning = check_place(directory)
        probe = directory / ".writable"
        atomic_write(probe, b"", sync=False)
        REAL.remove(probe)
    except OSError as error:
        raise PreflightError(
            "the folder for runs cannot be written",
            where=f"[run] directory (--run-dir), {directory}; nothing was written",
            why=error.strerror or str(error),
            fix="choose a folder that this user may write, on a local disk",
        ) from error
    return warning


def table_lock(directory: Path, table: TableName) -> RunLock:
    """Return the lock that keeps two runs of one table apart on this machine."""
    return RunLock(directory / f".{table}.lock")


class RunDirectory:
    """A run's own folder; made by the run, written by the parent process alone."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def open(cls, directory: Path, run_id: str, tables: Sequence[TableName]) -> RunDirectory:
        """Return the run's folder, made if this machine has none."""
        path = find_folder(directory, run_id) or directory / folder_name(run_id, tables)
        make_private_directory(path)
        make_private_directory(path / "wal")
        result = path / "result.json"
        if result.exists():  # the run goes on, so it has not ended
            REAL.rename(result, path / "result.before.json")
            REAL.sync_directory(path)
        return cls(path)

    @property
    def wal(self) -> Path:
        """Return the folder of the segments."""
        return self.path / "wal"

    @property
    def rejected(self) -> Path:
        """Return the folder of rows that were set aside; it is there if there are any."""
        return self.path / "rejected"

    def write_run(self, record: dict[str, Any]) -> None:
        """Write ``run.json``; where an earlier process of this run did, add the tables it lacks.

        Args:
            record: what is known of the run; each of its ``tables`` by ``source``.

        Raises:
            StateError: what is there is none of ours.
        """
        path = self.path / "run.json"
        whole = _joined(path, record) if path.exists() else record
        if whole is not None:
            atomic_write(path, orjson.dumps(whole, option=_SHOWN))

    def write_status(self, status: RunStatus) -> None:
        """Replace ``status.json``; a reader sees the old or the new one, whole."""
        atomic_write(self.path / "status.json", _json(status), sync=False)

    def write_result(self, status: RunStatus) -> None:
        """Write ``result.json``, durably; the last thing that a run does."""
        atomic_write(self.path / "status.json", _json(status), sync=False)
        atomic_write(self.path / "result.json", _json(status))

    def count_events(self) -> int:
        """Return how many events earlier processes of this run wrote."""
        path = self.path / "events.jsonl"
        if not path.exists():
            return 0
        with path.open("rb") as lines:
            return sum(1 for _ in lines)

    def append_event(self, event: Event) -> None:
        """Add a line to ``events.jsonl``."""
        append_line(self.path / "events.jsonl", event_line(event))


def event_line(event: Event) -> bytes:
    """Return an event as a line of JSON: the contract's fields, and its own beside them."""
    head = {"v": 1, "seq": event.seq, "run_id": event.run_id, "ts": event.ts}
    body = {"event": event.event, "status": event.status, **event.fields, "message": event.message}
    return orjson.dumps({**head, **body}, default=str) + b"\n"


def _joined(path: Path, record: dict[str, Any]) -> dict[str, Any] | None:
    """Return what is there with the tables that join it, None where none does."""
    try:
        before: dict[str, Any] = orjson.loads(path.read_bytes())
        tables = before.get("tables", [])
        there = {entry["source"] for entry in tables}
        more = [entry for entry in record.get("tables", []) if entry["source"] not in there]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(
            "the folder of the run does not say what is copied",
            where=str(path),
            why=f"{type(error).__name__}: it is not as this tool writes it",
            fix="put run.json of this run back",
        ) from error
    return {**before, "tables": [*tables, *more]} if more else None


def _json(status: RunStatus) -> bytes:
    return orjson.dumps(asdict(status), option=_SHOWN)


def scan(directory: Path) -> Iterable[Path]:
    """Return the folders of runs, oldest first."""
    if not directory.is_dir():
        return []
    return sorted(p for p in directory.iterdir() if (p / "run.json").is_file())


def choose(directory: Path, run: str | None) -> Path:
    """Return the folder of the run that the operator names, by id, its last part, or folder.

    Raises:
        PreflightError: there is none, or several answer to the name.
    """
    folders = list(scan(directory))
    if run is None:
        matching = folders[-1:] if len(folders) == 1 else []
        wanted = "the run must be named" if folders else "there is no run"
    else:
        matching = [p for p in folders if _answers(p.name, run)]
        wanted = f"{'several runs answer' if matching else 'no run answers'} to {run}"
    if len(matching) == 1:
        return matching[0]
    names = ", ".join(p.name for p in folders[-5:]) or "none"
    raise PreflightError(
        wanted, where=str(directory), why=f"it holds {names}", fix="name one of them"
    )


def _answers(folder: str, run: str) -> bool:
    """Tell whether a folder is meant by an id, by the end of one, or by its own name."""
    return run in (folder, folder.rpartition("-")[2], run_id_of(Path(folder)))
