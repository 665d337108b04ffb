"""Folders that are complete, or not there.

A folder grows beside its final place under a name of its own, and gets there by a rename. What
broke off is never taken for the whole, nor can a program that outlived ours write into the next
attempt.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def make_whole(folder: Path, fill: Callable[[Path], None]) -> None:
    """Have `fill` fill an empty folder, then give it its name."""
    _remove_parts(folder)
    part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.part-", dir=folder.parent))
    fill(part)
    part.rename(folder)


def _remove_parts(folder: Path) -> None:
    for part in folder.parent.glob(f"{folder.name}.part-*"):
        shutil.rmtree(part, ignore_errors=True)
