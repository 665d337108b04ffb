"""What a WAL asks of a disk, small enough that a test can stand in for it.

A name is durable when its directory was synced; bytes are durable when their file was. After a
failed write or sync nothing is known of either, and no caller tries again (rule 7): the log object
that met it ends. ``files.py`` is the real one; the tests have one that forgets what was not synced
and fails the n-th operation.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class File(Protocol):
    """An open file. Offsets are explicit, so that nothing depends on a position."""

    def size(self) -> int:
        """Return how many bytes it holds now."""
        ...

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset``, fewer only at the end of the file."""
        ...

    def write_at(self, offset: int, parts: Sequence[bytes]) -> None:
        """Write all parts one after the other; durable after ``sync`` alone."""
        ...

    def truncate(self, size: int) -> None:
        """Cut the file; durable after ``sync`` alone."""
        ...

    def sync(self) -> None:
        """Return when every byte written and the size are durable."""
        ...

    def lock(self, *, wait: bool = False) -> bool:
        """Take the file for this handle alone until it closes.

        False where another holds it, unless that is waited for.
        """
        ...

    def close(self) -> None:
        """Give the handle and its lock back. Closing again does nothing."""
        ...


class Files(Protocol):
    """The few operations on names that a WAL needs."""

    def names(self, directory: Path) -> list[str]:
        """Return the names in a directory of ours, none where it does not exist."""
        ...

    def make_directory(self, path: Path) -> None:
        """Make a private directory unless it is there; its name is durable afterwards."""
        ...

    def create(self, path: Path) -> File:
        """Create a private file that must not exist; its name is not yet durable."""
        ...

    def open(self, path: Path, *, write: bool = False) -> File:
        """Open a file of ours, never through a symlink."""
        ...

    def sync_directory(self, path: Path) -> None:
        """Return when every name in the directory is durable."""
        ...

    def rename(self, old: Path, new: Path) -> None:
        """Move a file over ``new``; durable after ``sync_directory`` alone."""
        ...

    def remove(self, path: Path) -> None:
        """Remove a file; durable after ``sync_directory`` alone."""
        ...
