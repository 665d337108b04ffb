"""A small real file system of its own: an image that is mounted, as root, through a loop device."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MKFS, MOUNT, UMOUNT = "mkfs.ext4", "mount", "umount"
_BALLAST = "ballast"


class SmallDisk:
    """A mounted file system; ``path`` is its root."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def free(self) -> int:
        """Return how many bytes may be written."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def fill(self, leaving: int) -> None:
        """Fill it but for so many bytes."""
        with (self.path / _BALLAST).open("ab") as file:
            file.write(bytes(max(0, self.free - leaving)))
            file.flush()
            os.fsync(file.fileno())

    def make_room(self) -> None:
        """Take out what ``fill`` has put in."""
        (self.path / _BALLAST).unlink()

    def allow_writing(self, *, allowed: bool) -> None:
        """Mount it again, for writing or not; nothing may be open for writing."""
        _call(MOUNT, "-o", f"remount,{'rw' if allowed else 'ro'}", str(self.path))


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[SmallDisk]:
    """Yield a file system of so many bytes; skips where only an administrator may mount one."""
    image, path = folder / "disk.img", folder / "disk"
    with image.open("wb") as file:
        file.truncate(size)
    path.mkdir()
    try:
        _call(MKFS, "-q", "-m", "0", str(image))
        _call(MOUNT, "-o", "loop", str(image), str(path))
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this machine mounts no image: {error}")
    try:
        path.chmod(0o700)
        yield SmallDisk(path)
    finally:
        _call(UMOUNT, "--lazy", str(path))


def _call(*arguments: str) -> None:
    subprocess.run(arguments, check=True, capture_output=True, timeout=60)
