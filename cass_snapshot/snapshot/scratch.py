"""A private directory for what workers hand to their own connections; in memory where it can be.

Its random name is noted in the run's folder, so that a run which goes on after a kill removes what
the killed one left in memory.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from cass_snapshot.wal.files import atomic_write
from cass_snapshot.wiring import MEMORY

_NOTE = ".scratch"
_PREFIX = "cass-snapshot-"


def make_scratch(run_directory: Path) -> Path:
    """Return a new private directory, after removing an earlier one of the same run."""
    note = run_directory / _NOTE
    if note.exists():
        _remove(Path(note.read_text(encoding="utf-8").strip()), run_directory)
    in_memory = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    parent = MEMORY if in_memory else run_directory
    scratch = parent / f"{_PREFIX}{secrets.token_hex(8)}"
    # The note first: a kill between the two leaves a name without a directory, not the reverse.
    atomic_write(note, f"{scratch}\n".encode(), sync=False)
    scratch.mkdir(mode=0o700)
    return scratch


def _remove(left: Path, run_directory: Path) -> None:
    """Remove a directory that a note names, if it can only be one of ours."""
    ours = left.parent in (MEMORY, run_directory) and left.name.startswith(_PREFIX)
    if ours and left.is_dir() and not left.is_symlink() and left.stat().st_uid == os.getuid():
        shutil.rmtree(left, ignore_errors=True)
