"""The real files and their double answer alike, so that crash tests speak of the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from cass_snapshot.wal.disk import Files
from cass_snapshot.wal.files import REAL, atomic_write
from tests.support.forgetful_disk import ForgetfulDisk


@pytest.fixture(params=["real", "double"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Files, Path]:
    """Return a disk and a directory on it."""
    if request.param == "real":
        return REAL, tmp_path
    disk = ForgetfulDisk()
    disk.put(tmp_path / "placeholder", b"")
    disk.remove(tmp_path / "placeholder")
    return disk, tmp_path


def test_a_file_is_written_cut_and_read_by_offset(place: tuple[Files, Path]) -> None:
    """Reading past the end returns what there is."""
    files, folder = place
    file = files.create(folder / "one")
    file.write_at(0, (b"abc", b"", b"def"))
    file.write_at(2, (b"XYZ",))
    file.sync()
    assert (file.read_at(0, 100), file.read_at(4, 1), file.size()) == (b"abXYZf", b"Z", 6)
    file.truncate(3)
    assert (file.read_at(0, 100), file.read_at(3, 1), file.size()) == (b"abX", b"", 3)
    file.close()
    again = files.open(folder / "one", write=True)
    again.write_at(3, (b"!",))
    assert again.read_at(0, 100) == b"abX!"
    again.close()


def test_names_come_move_and_go(place: tuple[Files, Path]) -> None:
    """A created name is new, a renamed one replaces, a removed one is gone."""
    files, folder = place
    for name in ("one", "two"):
        files.create(folder / name).close()
    with pytest.raises(FileExistsError):
        files.create(folder / "one")
    files.rename(folder / "one", folder / "two")
    files.sync_directory(folder)
    assert files.names(folder) == ["two"]
    files.remove(folder / "two")
    assert files.names(folder) == []
    for missing in (files.open, files.remove):
        with pytest.raises(FileNotFoundError):
            missing(folder / "two")


def test_a_directory_is_made_once(place: tuple[Files, Path]) -> None:
    """Making it again is no error, and one that is missing has no names."""
    files, folder = place
    assert files.names(folder / "shop.orders") == []
    for _ in range(2):
        files.make_directory(folder / "shop.orders")
    assert files.names(folder) == ["shop.orders"]


def test_a_lock_belongs_to_one_handle_until_it_closes(place: tuple[Files, Path]) -> None:
    """The second handle hears no, and yes after the first has gone."""
    files, folder = place
    one = files.create(folder / "one")
    other = files.open(folder / "one", write=True)
    assert (one.lock(), one.lock(), other.lock()) == (True, True, False)
    one.close()
    assert other.lock()
    other.close()


def test_an_atomic_write_leaves_the_new_content_alone(place: tuple[Files, Path]) -> None:
    """No temporary file stays beside it."""
    files, folder = place
    for content in (b"old", b"new"):
        atomic_write(folder / "status.json", content, files=files)
    assert files.names(folder) == ["status.json"]
    file = files.open(folder / "status.json")
    assert file.read_at(0, 100) == b"new"
    file.close()
