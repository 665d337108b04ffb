"""What this machine means for a run: the interpreter, the compiled parts, the disk of the WAL."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

from cass_snapshot import logs
from cass_snapshot.errors import SnapshotError
from cass_snapshot.planned import Finding, Level
from cass_snapshot.settings.sizes import size_text
from cass_snapshot.wal.files import free_bytes, make_private_directory
from cass_snapshot.wal.place import check_place, file_system
from cass_snapshot.wal.probe import sync_seconds

SYNC_SLOW_S = 0.02
"""A worker syncs each batch: beyond this the disk, not the servers, sets the pace."""
_FIXES = {
    "libev": "pip install --force-reinstall cassandra-driver, from a wheel",
    "cython": "pip install --force-reinstall cassandra-driver, from a wheel",
    "murmur3": "pip install --force-reinstall cassandra-driver, from a wheel",
    "mysql C extension": 'pip install --force-reinstall "mysql-connector-python>=9.4,<26"',
}


def machine_findings(directory: Path, need: int | None) -> list[Finding]:
    """Return what is well and what is not.

    Args:
        directory: the folder that holds the runs, which need not exist yet.
        need: how many bytes the WAL is going to take; None where nobody knows.
    """
    return [*_parts(), *_disk(directory, need)]


def _parts() -> list[Finding]:
    parts = logs.parts()
    loaded = ", ".join(part.name for part in parts if not part.failure)
    wheels = ", ".join(f"{name} {version(name)}" for name in ("orjson", "zstandard"))
    text = f"python {platform.python_version()}, {wheels}, {loaded}"
    found = [Finding(level=Level.OK, text=text)]
    found += [
        Finding(
            level=Level.WARN,
            text=f"{part.name} not loaded ({part.failure}): slower, and nothing else",
            fix=_FIXES.get(part.name, "install cass-snapshot again, from wheels"),
        )
        for part in parts
        if part.failure
    ]
    return found


def _disk(directory: Path, need: int | None) -> list[Finding]:
    """Return what is to be known of the folder, or of the one in which it would be made."""
    place = directory
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        if place == directory:
            make_private_directory(directory)  # it is there: this only looks at owner and mode
        warning = check_place(place)
        seconds = sync_seconds(place)
        free = free_bytes(place)
    except SnapshotError as error:
        return [
            Finding(
                level=Level.FAIL, text=f"{error.what}: {error.where}; {error.why}", fix=error.fix
            )
        ]
    except OSError as error:
        return [
            Finding(
                level=Level.FAIL,
                text=f"{directory} cannot be written: {error.strerror or error}",
                fix="name a folder that this user may write: [run] directory, or --run-dir",
            )
        ]
    return [*_speed(directory, place, seconds), *_room(directory, free, need), *_warned(warning)]


def _warned(text: str) -> list[Finding]:
    fix = "put the runs on a local disk: [run] directory, or --run-dir"
    return [Finding(level=Level.WARN, text=text, fix=fix)] if text else []


def _speed(directory: Path, place: Path, seconds: float) -> list[Finding]:
    state = "is there" if place == directory else f"will be made in {place.resolve()}"
    text = f"{directory} {state}, on {file_system(place)}, fsync {seconds * 1000:.1f} ms"
    if seconds < SYNC_SLOW_S:
        return [Finding(level=Level.OK, text=text)]
    fix = "each batch waits for it; a faster disk for [run] directory, or larger batches"
    return [Finding(level=Level.WARN, text=text, fix=fix)]


def _room(directory: Path, free: int, need: int | None) -> list[Finding]:
    text = f"{size_text(free)} free for {directory}"
    if need is None:
        return [Finding(level=Level.OK, text=text)]
    text += f", plan needs about {size_text(need)}"
    if need < free:
        return [Finding(level=Level.OK, text=text)]
    fix = 'make room, name another disk in [run] directory, or set compression = "zstd" there'
    return [Finding(level=Level.WARN, text=f"{text}: a full disk ends a run, exit 6", fix=fix)]
