"""Where a stack keeps its things: downloads in the user's cache, data in the user's state folder.

Both lie outside the checkout. The data folder's name is made from the checkout's path, so every
checkout has stacks of its own.
"""

import hashlib
import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]

_PRODUCT = "cass-snapshot"


def cache_folder() -> Path:
    """Return the folder of the downloads, made if it is missing."""
    return _made(_base("XDG_CACHE_HOME", ".cache") / _PRODUCT)


def stack_folder(name: str) -> Path:
    """Return the folder of this checkout's stack of that name, which need not exist."""
    checkout = hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:12]
    return _made(_base("XDG_STATE_HOME", ".local/state") / _PRODUCT / "stacks") / (
        f"{checkout}-{name}"
    )


def _base(variable: str, default: str) -> Path:
    named = os.environ.get(variable, "")
    # The XDG specification: a relative path is to be ignored.
    return Path(named) if Path(named).is_absolute() else Path.home() / default


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder.resolve()  # a server tells its folder with links resolved
