"""The real files: private, locked, never through a symlink, replaced whole."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from cass_snapshot.errors import LockedError, PreflightError, StateError
from cass_snapshot.wal.disk import Files
from cass_snapshot.wal.files import (
    REAL,
    RealFile,
    RealFiles,
    RunLock,
    append_line,
    atomic_write,
    free_bytes,
    make_private_directory,
)
from cass_snapshot.wal.place import check_place, kind_of


def mode(path: Path) -> int:
    """Return the permission bits of a file."""
    return path.stat().st_mode & 0o777


def private(path: Path) -> Path:
    """Return the path of a private file that holds a word."""
    path.write_bytes(b"word")
    path.chmod(0o600)
    return path


def test_the_real_files_keep_the_contract() -> None:
    """What the WAL asks of a disk, the operating system's files answer."""
    files: Files = REAL
    assert files is REAL


def test_a_created_file_is_private_and_new(tmp_path: Path) -> None:
    """Mode 0600 whatever the umask says, and never a file that was there."""
    REAL.create(tmp_path / "new").close()
    assert mode(tmp_path / "new") == 0o600
    with pytest.raises(FileExistsError):
        REAL.create(tmp_path / "new")


def test_parts_are_written_one_after_the_other_and_read_back(tmp_path: Path) -> None:
    """Offsets are explicit; reading past the end returns what there is."""
    file = REAL.create(tmp_path / "new")
    file.write_at(0, (b"one", b"", b"two"))
    file.write_at(6, (b"three",))
    file.sync()
    assert file.read_at(3, 100) == b"twothree"
    file.truncate(3)
    assert file.size() == 3
    file.close()
    file.close()


def test_a_symlink_is_never_followed(tmp_path: Path) -> None:
    """Neither for a file nor for a directory."""
    private(tmp_path / "target")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "folder").symlink_to(tmp_path)
    with pytest.raises(StateError, match="this is a symlink"):
        REAL.open(tmp_path / "link")
    with pytest.raises(StateError, match="this is a symlink"):
        REAL.names(tmp_path / "folder")
    with pytest.raises(StateError, match="this is a symlink"):
        append_line(tmp_path / "link", b"event")


def test_a_file_that_others_may_open_is_refused(tmp_path: Path) -> None:
    """Who could write it could have changed it; the message says how to go on."""
    path = private(tmp_path / "wal")
    path.chmod(0o640)
    with pytest.raises(StateError, match=r"its mode is 0640; fix: .*chmod go-rwx"):
        REAL.open(path)


def test_what_is_no_file_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    """A fifo would wait for a writer for ever."""
    os.mkfifo(tmp_path / "fifo", 0o600)
    with pytest.raises(StateError, match="not a regular file"):
        REAL.open(tmp_path / "fifo")


def test_the_name_of_a_directory_is_made_durable_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Again where that failed, and for another directory in its place."""
    files, synced, full = RealFiles(), [], [OSError(errno.EIO, "said the disk")]

    def sync_directory(path: Path) -> None:
        synced.append(path)
        if full:
            raise full.pop()

    monkeypatch.setattr(files, "sync_directory", sync_directory)
    folder = tmp_path / "shop.orders"
    with pytest.raises(OSError, match="said the disk"):
        files.make_directory(folder)
    for _ in range(3):
        files.make_directory(folder)
    assert synced == [tmp_path] * 2
    folder.rmdir()
    files.make_directory(folder)
    assert synced == [tmp_path] * 3


def test_a_directory_that_somebody_else_made_is_made_durable(tmp_path: Path) -> None:
    """It may have died between the two."""
    files, other = RealFiles(), RealFiles()
    other.make_directory(tmp_path / "shop.orders")
    assert files._durable == set()
    files.make_directory(tmp_path / "shop.orders")
    assert files._durable == other._durable != set()


def test_a_missing_directory_has_no_names(tmp_path: Path) -> None:
    """A range without a folder is a range without segments."""
    assert REAL.names(tmp_path / "none") == []


@pytest.mark.parametrize("sync", [True, False])
def test_an_atomic_write_replaces_a_file_whole(tmp_path: Path, *, sync: bool) -> None:
    """The new content is private, and no temporary file stays; nor does one of a dead process."""
    private(tmp_path / ".status.json.tmp")
    for content in (b"first", b"second"):
        atomic_write(tmp_path / "status.json", content, sync=sync)
        assert (tmp_path / "status.json").read_bytes() == content
    assert mode(tmp_path / "status.json") == 0o600
    assert os.listdir(tmp_path) == ["status.json"]  # noqa: PTH208 names alone are compared


def test_events_are_appended_line_by_line(tmp_path: Path) -> None:
    """Each call adds exactly one line to a private file."""
    for line in (b'{"event":1}', b'{"event":2}\n'):
        append_line(tmp_path / "events.jsonl", line)
    assert (tmp_path / "events.jsonl").read_bytes() == b'{"event":1}\n{"event":2}\n'
    assert mode(tmp_path / "events.jsonl") == 0o600


def test_a_held_lock_names_its_holder(tmp_path: Path) -> None:
    """A second run hears which process to wait for, and gets the lock when that one is done."""
    path = tmp_path / "run.lock"
    with RunLock(path), pytest.raises(LockedError, match=rf"process \(pid {os.getpid()}\) holds"):
        RunLock(path).acquire()
    again = RunLock(path)
    again.acquire()
    again.release()
    again.release()


def test_a_private_directory_is_made_with_its_parents(tmp_path: Path) -> None:
    """Each is for this user alone, and making it again is no error."""
    path = tmp_path / "state" / "runs"
    for _ in range(2):
        make_private_directory(path)
        assert mode(path) == mode(path.parent) == 0o700


def test_a_directory_that_is_not_private_is_refused(tmp_path: Path) -> None:
    """Open to others, in a place where others may rename it, or elsewhere through a symlink."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o750)
    with pytest.raises(PreflightError, match="its mode is 0750"):
        make_private_directory(shared)
    shared.chmod(0o777)
    with pytest.raises(PreflightError, match="every user may replace files"):
        make_private_directory(shared / "runs")
    shared.chmod(0o1777)
    make_private_directory(shared / "runs")
    (tmp_path / "link").symlink_to(shared)
    with pytest.raises(PreflightError, match="this is a symlink"):
        make_private_directory(tmp_path / "link")


def test_free_bytes_are_counted(tmp_path: Path) -> None:
    """There is room where a test can write."""
    assert free_bytes(tmp_path) > 0


MOUNTS = """\
22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw
30 22 0:25 / /dev/shm rw - tmpfs tmpfs rw
31 22 0:26 / /mnt/two\\040words rw,relatime shared:1 - nfs4 server:/x rw
32 22 0:27 / /data rw - ext4 /dev/vdb rw
33 22 0:28 / /data rw - xfs /dev/vdc rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me", "ext4"),
        ("/dev/shm/wal", "tmpfs"),  # noqa: S108 a name, nothing is written there
        ("/dev/shmem", "ext4"),  # noqa: S108 a name too
        ("/mnt/two words/wal", "nfs4"),
        ("/data/wal", "xfs"),
    ],
)
def test_the_kind_of_a_file_system_is_that_of_its_nearest_mount(path: str, kind: str) -> None:
    """Mounts nest, hide each other and have spaces in their names."""
    assert kind_of(Path(path), MOUNTS) == kind


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no tmpfs here")  # noqa: S108 read only
def test_a_wal_in_memory_is_refused() -> None:
    """Nothing on a tmpfs is durable, whatever is synced (rule 14)."""
    with pytest.raises(PreflightError, match="the WAL may not lie in memory"):
        check_place(Path("/dev/shm"))  # noqa: S108 nothing is written there


def test_a_nearly_full_disk_takes_the_rest_in_further_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that the system cuts short goes on where it stopped."""
    file = REAL.create(tmp_path / "new")
    assert isinstance(file, RealFile)
    monkeypatch.setattr(os, "pwritev", lambda d, parts, at: os.pwrite(d, b"".join(parts)[:4], at))
    file.write_at(2, (b"one", b"two", b"three"))
    assert file.read_at(2, 100) == b"onetwothree"
    file.close()
