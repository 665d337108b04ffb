"""The cache: a download is complete, or it is fetched again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.stack.downloads import ATTEMPTS, cached
from tests.support.stack.errors import CancelledError, MissingError, StackError
from tests.support.stack.progress import Progress
from tests.support.stack.whole import make_whole


class Fetch:
    """Fetches two files; breaks off between them as often as told."""

    def __init__(self, *, breaks: int = 0, error: BaseException | None = None) -> None:
        self.calls = 0
        self._breaks = breaks
        self._error = error or StackError("the line is dead")

    def __call__(self, folder: Path) -> None:
        """Write into the folder."""
        self.calls += 1
        assert list(folder.iterdir()) == []
        (folder / "first").write_text("1")
        if self.calls <= self._breaks:
            raise self._error
        (folder / "second").write_text("2")


def get(cache: Path, fetch: Fetch) -> Path:
    """Ask the cache, without patience."""
    return cached("thing", fetch, cache=cache, progress=Progress(), backoff_s=0)


def is_complete(folder: Path) -> bool:
    """Say whether both files are there."""
    return {"first", "second"} <= {file.name for file in folder.iterdir()}


def test_what_is_complete_is_fetched_once(tmp_path: Path) -> None:
    """The second time nothing is asked of the network."""
    fetch = Fetch()
    assert get(tmp_path, fetch) == get(tmp_path, fetch)
    assert fetch.calls == 1


def test_a_download_that_breaks_off_is_tried_again(tmp_path: Path) -> None:
    """Each attempt in an empty folder of its own; the last one is kept."""
    fetch = Fetch(breaks=ATTEMPTS - 1)
    assert is_complete(get(tmp_path, fetch))
    assert fetch.calls == ATTEMPTS


def test_after_the_last_attempt_it_is_said_and_nothing_is_there(tmp_path: Path) -> None:
    """The next command begins anew, and may succeed."""
    with pytest.raises(StackError, match="3 attempts failed: the line is dead"):
        get(tmp_path, Fetch(breaks=ATTEMPTS))
    assert not (tmp_path / "thing").exists()
    assert is_complete(get(tmp_path, Fetch()))


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), CancelledError("cancelled"), MissingError("no Java")]
)
def test_what_another_attempt_cannot_help_is_not_tried_again(
    tmp_path: Path, error: BaseException
) -> None:
    """Who gives up the work means it; what the machine lacks it lacks a second later."""
    fetch = Fetch(breaks=1, error=error)
    with pytest.raises(type(error)):
        get(tmp_path, fetch)
    assert fetch.calls == 1


def test_what_a_killed_command_left_is_never_used(tmp_path: Path) -> None:
    """Neither a folder without its mark nor a part; the parts are cleared away."""
    half = tmp_path / "thing"
    half.mkdir()
    (half / "first").write_text("1")
    part = tmp_path / "thing.part-abc"
    part.mkdir()
    (part / "complete").touch()
    assert is_complete(get(tmp_path, Fetch()))
    assert not part.exists()


def test_a_folder_gets_its_name_when_it_is_full(tmp_path: Path) -> None:
    """Nobody ever sees it growing under that name."""
    folder = tmp_path / "data"

    def fill(part: Path) -> None:
        assert not folder.exists()
        (part / "file").touch()

    make_whole(folder, fill)
    assert [file.name for file in folder.iterdir()] == ["file"]
    assert [file.name for file in tmp_path.iterdir()] == ["data"]
