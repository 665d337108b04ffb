"""A disk in memory that keeps only what was synced, and fails or loses power when told.

It behaves as the worst that real ones do: pages of one write reach the platter in any order, a file
may have its new size and zeros in place of its bytes, names come late, and after a failed sync the
cache still shows what the platter will never get, because its pages count as clean.
"""

from __future__ import annotations

import errno
import random
import sys
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path

from cass_snapshot.wal.disk import File, Files

PAGE = 32
MAKE_DIRECTORY = "make_directory"
"""The sync after a directory was made, which is the disk's own."""


class PowerCut(BaseException):
    """The machine is gone; no code of ours runs on."""


class Kept(Enum):
    """How much of what was not synced a power cut leaves."""

    NOTHING = "nothing"
    SOME = "some"
    EVERYTHING = "everything"


class _Inode:
    def __init__(self, content: bytes = b"") -> None:
        self.cache = bytearray(content)
        self.disk = bytearray(content)
        self.dirty: set[int] = set()
        self.holder: object | None = None

    def write(self, offset: int, data: bytes) -> None:
        if offset > len(self.cache):
            self.cache.extend(bytes(offset - len(self.cache)))
        self.cache[offset : offset + len(data)] = data
        self.dirty.update(range(offset // PAGE, (offset + len(data)) // PAGE + 1))

    def truncate(self, size: int) -> None:
        del self.cache[size:]
        self.dirty.add(size // PAGE)

    def flush(self, pages: set[int], size: int) -> None:
        del self.disk[size:]
        self.disk.extend(bytes(size - len(self.disk)))
        for page in pages:
            start, end = page * PAGE, min(size, len(self.cache), (page + 1) * PAGE)
            self.disk[start:end] = self.cache[start:end]

    def sync(self) -> None:
        self.flush(self.dirty, len(self.cache))
        self.dirty = set()

    def survivor(self, kept: Kept, chance: random.Random) -> _Inode:
        left = _Inode()
        left.cache, left.disk = bytearray(self.cache), bytearray(self.disk)
        if kept is Kept.EVERYTHING:
            left.flush(self.dirty, len(self.cache))
        elif kept is Kept.SOME:  # pages in any order, and the size early or late
            size = len(self.cache) if chance.random() < 0.7 else len(self.disk)
            share = chance.choice((0.5, 0.9, 1.0))
            left.flush({page for page in self.dirty if chance.random() < share}, size)
        return _Inode(bytes(left.disk))


Names = dict[str, "_Inode | _Folder"]


class _Folder:
    def __init__(self) -> None:
        self.cache: Names = {}
        self.disk: Names = {}
        self.late: list[dict[str, _Inode | _Folder | None]] = []
        """Changes of names that were not synced, oldest first; each happens whole."""

    def change(self, names: dict[str, _Inode | _Folder | None]) -> None:
        _apply(self.cache, names)
        self.late.append(names)

    def sync(self) -> None:
        self.disk = dict(self.cache)
        self.late = []

    def _arrived(
        self, kept: Kept, chance: random.Random
    ) -> list[dict[str, _Inode | _Folder | None]]:
        """Return the changes that reached the platter: the first so many, or any of them."""
        if kept is Kept.NOTHING:
            return []
        if kept is Kept.EVERYTHING:
            return self.late
        if chance.random() < 0.5:
            return self.late[: chance.randint(0, len(self.late))]
        return [change for change in self.late if chance.random() < 0.5]

    def survivor(self, kept: Kept, chance: random.Random) -> _Folder:
        names = dict(self.disk)
        for change in self._arrived(kept, chance):
            _apply(names, change)
        left = _Folder()
        left.cache = {name: node.survivor(kept, chance) for name, node in names.items()}
        left.disk = dict(left.cache)
        return left


def _apply(names: Names, change: dict[str, _Inode | _Folder | None]) -> None:
    for name, node in change.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


class ForgetfulDisk:
    """Implements ``wal.disk.Files``. Every change is an operation, counted from 1.

    Args:
        fail_at: this operation raises EIO, half done.
        cut_at: the power goes during this operation, half done.
        deaf: operations that claim to have happened and did not.
    """

    def __init__(
        self, *, fail_at: int = 0, cut_at: int = 0, deaf: frozenset[str] = frozenset()
    ) -> None:
        self.fail_at = fail_at
        self.cut_at = cut_at
        self.error = errno.EIO
        """What an operation fails with."""
        self.deaf_at = ""
        """A place of the code, as file:line, whose syncs claim to have happened and did not."""
        self.operations: list[str] = []
        self._deaf = deaf
        self._root = _Folder()
        self._dead = False

    def survivor(self, kept: Kept, seed: int = 0) -> ForgetfulDisk:
        """Return the disk as the machine finds it after a power cut now."""
        left = ForgetfulDisk(deaf=self._deaf)
        left._root = self._root.survivor(kept, random.Random(seed))
        return left

    def put(self, path: Path, content: bytes) -> None:
        """Place a file there durably, with its folders: how a test damages a WAL."""
        folder = self._root
        for part in path.parts[1:-1]:
            folder = _child(folder, part)
        folder.cache[path.name] = folder.disk[path.name] = _Inode(content)

    def content(self, path: Path) -> bytes:
        """Return what a reader would see of a file."""
        return bytes(self._inode(path).cache)

    def step(self, name: str, half: Callable[[], None], whole: Callable[[], None]) -> None:
        """Do an operation, or its half where it is the one that fails."""
        if self._dead:
            raise PowerCut
        self.operations.append(name)
        number = len(self.operations)
        if number == self.cut_at:
            half()
            self._dead = True
            raise PowerCut
        if number == self.fail_at:
            half()
            raise OSError(self.error, f"operation {number}, {name}")
        if name not in self._deaf and not self._deaf_here(name):
            whole()

    def _deaf_here(self, name: str) -> bool:
        """Tell whether the code that asks for a sync is the one that is not heard."""
        if not self.deaf_at or not name.startswith("sync"):
            return False
        if self.deaf_at == MAKE_DIRECTORY:
            return sys._getframe(3).f_code.co_name == "make_directory"
        frame = sys._getframe(3)
        return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}" == self.deaf_at

    def names(self, directory: Path) -> list[str]:
        """Return the names in a directory, none where it does not exist."""
        try:
            return list(self._folder(directory).cache)
        except FileNotFoundError:
            return []

    def make_directory(self, path: Path) -> None:
        """Make a directory unless it is there; its name is durable afterwards."""
        parent = self._folder(path.parent)
        if path.name not in parent.cache:
            new: dict[str, _Inode | _Folder | None] = {path.name: _Folder()}
            self.step("make directory", _nothing, lambda: parent.change(new))
        self.sync_directory(path.parent)

    def create(self, path: Path) -> File:
        """Create a file that must not exist."""
        folder = self._folder(path.parent)
        if path.name in folder.cache:
            raise FileExistsError(errno.EEXIST, "exists", str(path))
        self.step("create", _nothing, lambda: folder.change({path.name: _Inode()}))
        return _Handle(self, self._inode(path))

    def open(self, path: Path, *, write: bool = False) -> File:
        """Open a file."""
        return _Handle(self, self._inode(path), writable=write)

    def sync_directory(self, path: Path) -> None:
        """Return when every name in the directory is durable."""
        self.step("sync directory", _nothing, self._folder(path).sync)

    def rename(self, old: Path, new: Path) -> None:
        """Move a file within its directory."""
        folder = self._folder(old.parent)
        names: dict[str, _Inode | _Folder | None] = {old.name: None, new.name: self._inode(old)}
        self.step("rename", _nothing, lambda: folder.change(names))

    def remove(self, path: Path) -> None:
        """Remove a file."""
        folder = self._folder(path.parent)
        self._inode(path)
        self.step("remove", _nothing, lambda: folder.change({path.name: None}))

    def _folder(self, path: Path) -> _Folder:
        node: _Inode | _Folder | None = self._root
        for part in path.parts[1:]:
            node = node.cache.get(part) if isinstance(node, _Folder) else None
        if not isinstance(node, _Folder):
            raise FileNotFoundError(errno.ENOENT, "no such directory", str(path))
        return node

    def _inode(self, path: Path) -> _Inode:
        node = self._folder(path.parent).cache.get(path.name)
        if not isinstance(node, _Inode):
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        return node


class _Handle:
    """Implements ``wal.disk.File``."""

    def __init__(self, disk: ForgetfulDisk, inode: _Inode, *, writable: bool = True) -> None:
        self._disk = disk
        self._inode = inode
        self._writable = writable

    def size(self) -> int:
        """Return how many bytes the cache has."""
        return len(self._inode.cache)

    def read_at(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from the cache."""
        return bytes(self._inode.cache[offset : offset + size])

    def write_at(self, offset: int, parts: Sequence[bytes]) -> None:
        """Write into the cache."""
        assert self._writable
        data = b"".join(parts)
        self._disk.step(
            "write",
            lambda: self._inode.write(offset, data[: len(data) // 2]),
            lambda: self._inode.write(offset, data),
        )

    def truncate(self, size: int) -> None:
        """Cut the cache."""
        assert self._writable
        self._disk.step("truncate", _nothing, lambda: self._inode.truncate(size))

    def sync(self) -> None:
        """Bring the dirty pages to the platter; a failure marks them clean all the same."""
        try:
            self._disk.step("sync", _nothing, self._inode.sync)
        except OSError:
            self._inode.dirty.clear()
            raise

    def lock(self, *, wait: bool = False) -> bool:
        """Take the file for this handle alone; nobody is waited for in one thread."""
        assert not (wait and self._inode.holder not in (None, self))
        if self._inode.holder not in (None, self):
            return False
        self._inode.holder = self
        return True

    def close(self) -> None:
        """Give the lock back."""
        if self._inode.holder is self:
            self._inode.holder = None


def _child(folder: _Folder, name: str) -> _Folder:
    node = folder.cache.setdefault(name, _Folder())
    folder.disk[name] = node
    assert isinstance(node, _Folder)
    return node


def _nothing() -> None:
    """Do nothing: this operation happens whole or not at all."""


_: Files = ForgetfulDisk()  # the double keeps the contract
