"""The cache of what the servers are made of: complete, or not there.

A download is usable if and only if ``NAME/complete`` exists, which is written last, before the
folder gets its name. Whatever broke off, by a kill or by a lost network, is fetched again.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.support.stack.errors import CancelledError, MissingError, StackError
from tests.support.stack.progress import Progress
from tests.support.stack.state import locked
from tests.support.stack.whole import make_whole

ATTEMPTS = 3
_BACKOFF_S = 3.0


def cached(
    name: str,
    fetch: Callable[[Path], None],
    *,
    cache: Path,
    progress: Progress,
    backoff_s: float = _BACKOFF_S,
) -> Path:
    """Return the folder `name` of the cache; `fetch` fills a new one if it is not there yet."""
    folder = cache / name
    if _is_complete(folder):
        return folder
    with locked(cache / f"{name}.lock", progress, f"another download of {name}"):
        if not _is_complete(folder):
            _fetch(folder, fetch, progress, backoff_s)
    return folder


def _is_complete(folder: Path) -> bool:
    return (folder / "complete").is_file()


def _fetch(
    folder: Path, fetch: Callable[[Path], None], progress: Progress, backoff_s: float
) -> None:
    def fill(part: Path) -> None:
        fetch(part)
        (part / "complete").touch()

    if folder.exists():
        shutil.rmtree(folder)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return make_whole(folder, fill)
        except (CancelledError, MissingError):
            raise
        except (StackError, OSError) as error:
            if attempt == ATTEMPTS:
                raise StackError(f"{folder.name}: {ATTEMPTS} attempts failed: {error}") from error
            first_line = str(error).partition("\n")[0]
            progress.say(f"{folder.name}: attempt {attempt} of {ATTEMPTS} failed: {first_line}")
            progress.wait(backoff_s * attempt)
    return None
