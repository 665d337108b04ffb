"""The operating system's files: the only code that syncs, renames, truncates, removes and locks.

Everything is private: files 0600, directories 0700, owner and mode checked when they are opened.
What the operations promise is said in ``disk.py``.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from cass_snapshot.errors import LockedError, PreflightError, StateError
from cass_snapshot.wal.disk import Files

_PRIVATE_FILE = 0o600
_PRIVATE_DIRECTORY = 0o700
_OTHERS = 0o077
_OTHERS_WRITE = 0o022
_NEW = os.O_CREAT | os.O_EXCL
_SAFE = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
"""No symlink is followed, nothing leaks into a child, and a fifo cannot hang us."""


class RealFile:
    """A file of the operating system, held by its descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def size(self) -> int:
        """Return how many bytes it holds now."""
        return os.fstat(self._descriptor).st_size

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset``, fewer only at the end of the file."""
        data = os.pread(self._descriptor, size, offset)
        while len(data) < size and (more := self._read(offset + len(data), size - len(data))):
            data += more
        return data

    def _read(self, offset: int, size: int) -> bytes:
        return os.pread(self._descriptor, size, offset)

    def write_at(self, offset: int, parts: Sequence[bytes]) -> None:
        """Write all parts one after the other, in one system call where the disk takes them."""
        total = sum(map(len, parts))
        done = os.pwritev(self._descriptor, parts, offset)
        if done < total:  # a nearly full disk takes a part; the next call says why
            rest = memoryview(b"".join(parts))
            while done < total:
                done += os.pwrite(self._descriptor, rest[done:], offset + done)

    def truncate(self, size: int) -> None:
        """Cut the file; durable after ``sync`` alone."""
        os.ftruncate(self._descriptor, size)

    def sync(self) -> None:
        """Return when every byte written and the size are durable (fdatasync covers the size)."""
        if sys.platform == "darwin":  # a plain fsync does not reach the platter there (rule 14)
            fcntl.fcntl(self._descriptor, fcntl.F_FULLFSYNC)
        else:
            os.fdatasync(self._descriptor)

    def lock(self, *, wait: bool = False) -> bool:
        """Take the file for this handle alone until it closes; False where another holds it."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Give the handle and its lock back. Closing again does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class RealFiles:
    """The operating system's files, with owner and mode checked on every open."""

    def __init__(self) -> None:
        self._durable: set[tuple[int, int]] = set()
        """Directories, by device and inode, whose names this process knows to be durable."""

    def names(self, directory: Path) -> list[str]:
        """Return the names in a directory of ours, none where it does not exist."""
        try:
            with _directory(directory) as descriptor:
                _refuse_foreign(directory, os.fstat(descriptor), _OTHERS_WRITE)
                return os.listdir(descriptor)  # noqa: PTH208 of what was checked, not of its path
        except FileNotFoundError:
            return []

    def make_directory(self, path: Path) -> None:
        """Make a private directory unless it is there; its name is durable afterwards."""
        try:
            found = self._directory_of_ours(path)
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):
                path.mkdir(mode=_PRIVATE_DIRECTORY)
            found = self._directory_of_ours(path)
            self._durable.discard(found)  # the number of one that was removed
        if found not in self._durable:  # also where somebody else made it and may not have got here
            self.sync_directory(path.parent)
            self._durable.add(found)

    def _directory_of_ours(self, path: Path) -> tuple[int, int]:
        """Return what tells a directory from all others, after making sure that it is ours."""
        with _directory(path) as descriptor:
            found = os.fstat(descriptor)
            _refuse_foreign(path, found, _OTHERS_WRITE)
            return found.st_dev, found.st_ino

    def create(self, path: Path) -> RealFile:
        """Create a private file that must not exist; its name is not yet durable."""
        return RealFile(os.open(path, os.O_RDWR | _NEW | _SAFE, _PRIVATE_FILE))

    def open(self, path: Path, *, write: bool = False) -> RealFile:
        """Open a file of ours, never through a symlink."""
        return RealFile(_checked(path, os.O_RDWR if write else os.O_RDONLY))

    def sync_directory(self, path: Path) -> None:
        """Return when every name in the directory is durable."""
        with _directory(path) as descriptor:
            os.fsync(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Move a file over ``new``; durable after ``sync_directory`` alone."""
        os.replace(old, new)  # noqa: PTH105 the banned-call list names this function

    def remove(self, path: Path) -> None:
        """Remove a file; durable after ``sync_directory`` alone."""
        os.unlink(path)  # noqa: PTH108 the banned-call list names this function


REAL = RealFiles()


def atomic_write(path: Path, data: bytes, *, sync: bool = True, files: Files = REAL) -> None:
    """Put a file in place whole, or leave what was there.

    Without ``sync`` a crash of the machine may bring an older or an empty file back: for records
    that are replaced all the time and that nothing depends on.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    with contextlib.suppress(FileNotFoundError):
        files.remove(temporary)  # of a process that died here
    file = files.create(temporary)
    try:
        file.write_at(0, (data,))
        if sync:
            file.sync()
    finally:
        file.close()
    files.rename(temporary, path)
    if sync:
        files.sync_directory(path.parent)


def append_line(path: Path, line: bytes) -> None:
    """Add one line to a private file in one write, unsynced: for events, never for rows."""
    descriptor = _checked(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, line.rstrip(b"\n") + b"\n")
    finally:
        os.close(descriptor)


class RunLock:
    """One process at a time: an flock on a file that names its holder and is never removed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: RealFile | None = None

    def acquire(self) -> None:
        """Take the lock, or raise LockedError that tells the process holding it."""
        file = RealFile(_checked(self._path, os.O_RDWR | os.O_CREAT))
        if not file.lock():
            holder = file.read_at(0, 20).decode("ascii", "replace").strip() or "unknown"
            file.close()
            raise LockedError(
                f"another process (pid {holder}) holds this run",
                where=str(self._path),
                fix="wait for it to end, or stop it; the lock goes with the process",
            )
        file.truncate(0)
        file.write_at(0, (b"%d\n" % os.getpid(),))
        self._file = file

    def release(self) -> None:
        """Give the lock back; a lock not held is no error."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


def make_private_directory(path: Path) -> None:
    """Make a directory, and its parents, for this user alone; its name is durable afterwards.

    Raises:
        PreflightError: it is a symlink, another user's, open to others, or lies where others may
            put something else in its place.
    """
    if not path.parent.exists():
        make_private_directory(path.parent)
    parent = path.parent.resolve().stat()
    if parent.st_mode & stat.S_IWOTH and not parent.st_mode & stat.S_ISVTX:
        raise PreflightError(
            "every user may replace files in this directory",
            where=str(path.parent),
            why=f"its mode is {stat.S_IMODE(parent.st_mode):04o}",
            fix="choose another one for the runs, or: chmod o-w",
        )
    try:
        REAL.make_directory(path)
        with _directory(path) as descriptor:
            _refuse_foreign(path, os.fstat(descriptor), _OTHERS)
    except StateError as error:
        raise PreflightError(error.what, where=error.where, why=error.why, fix=error.fix) from error


def free_bytes(path: Path) -> int:
    """Return how many bytes this user may still write on the file system of ``path``."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


@contextlib.contextmanager
def _directory(path: Path) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _SAFE)
    except NotADirectoryError as error:
        if path.is_symlink():
            raise StateError("this is a symlink", where=str(path)) from error
        raise
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _checked(path: Path, flags: int) -> int:
    """Open, or create, a file that is ours alone."""
    try:
        descriptor = os.open(path, flags | _SAFE, _PRIVATE_FILE)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise StateError("this is a symlink", where=str(path)) from error
        raise
    try:
        _refuse_foreign(path, os.fstat(descriptor), _OTHERS)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_foreign(path: Path, found: os.stat_result, forbidden: int) -> None:
    """Raise where another user owns or may change a file or directory of a WAL."""
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISDIR(found.st_mode) and not stat.S_ISREG(found.st_mode):
        raise StateError("this is not a regular file", where=str(path))
    if found.st_uid != os.geteuid():
        raise StateError(
            "another user owns this file",
            where=str(path),
            why=f"its owner is user {found.st_uid}, this process is user {os.geteuid()}",
            fix="run as its owner",
        )
    if mode & forbidden:
        raise StateError(
            "other users may open this file",
            where=str(path),
            why=f"its mode is {mode:04o}",
            fix=f"make sure that nobody changed it, then: chmod go-rwx '{path}'",
        )
