"""The variables of our prefix. The one file that reads the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from cass_snapshot.errors import UsageError
from cass_snapshot.settings import SECTIONS, is_later, nearest

PREFIX = "CASS_SNAPSHOT_"

PLAIN_VARIABLES = ("CONFIG", "PROGRESS", "OUTPUT", "EVENTS", "LOG_FORMAT")
"""The variables that stand for an option rather than for a key of the file."""
LATER_VARIABLES = ("METRICS_ADDR", "ENGINE")
HOOK_VARIABLES = (
    *("EVENT", "RUN_ID", "RUN_DIR", "TABLES", "STATE", "EXIT_CODE"),
    *("RANGES_DONE", "RANGES_TOTAL", "ROWS_APPLIED", "ELAPSED_S"),
)
"""What a hook receives: a hook that calls us must not fail for it."""


class Variables(EnvSettingsSource):
    """The environment as pydantic-settings reads it, save that a list may be comma separated."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: ANN401  as pydantic-settings declares it
        """Return the list that the text stands for; what is no JSON goes on as text."""
        if not str(value).lstrip().startswith("["):
            return [part.strip() for part in str(value).split(",") if part.strip()]
        try:
            return super().decode_complex_value(field_name, field, value)
        except json.JSONDecodeError:
            return value


def variables() -> dict[str, str]:
    """Return our variables that are set and not empty, by upper-case name without the prefix.

    Raises:
        UsageError: a variable of our prefix that this version does not know.
    """
    known = [
        f"{name}__{key}".upper() for name, kind in SECTIONS.items() for key in kind.model_fields
    ]
    known += PLAIN_VARIABLES
    found: dict[str, str] = {}
    for name, value in os.environ.items():  # noqa: TID251  this is the one file
        short = name.upper().removeprefix(PREFIX)
        if not name.upper().startswith(PREFIX) or short.startswith("TEST_") or not value:
            continue
        if short in known:
            found[short] = value
        elif short not in HOOK_VARIABLES:
            raise _unknown(name, short, known)
    return found


def config_home() -> Path:
    """Return the folder in which the XDG convention keeps an application's own folder."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()  # noqa: TID251  this is the one file


def keys(found: Mapping[str, str]) -> dict[str, str]:
    """Return the names of the variables, by the key that each one sets."""
    return {name.lower().replace("__", "."): PREFIX + name for name in found if "__" in name}


def _unknown(name: str, short: str, known: Sequence[str]) -> UsageError:
    if short in LATER_VARIABLES or is_later(short.lower().replace("__", ".")):
        what, fix = f"{name} is not available in this version", f"unset {name}"
    else:
        guess = nearest(short, known)
        what = f"no variable {name} is known"
        fix = f"did you mean {PREFIX}{guess}?" if guess else f"unset {name}"
    return UsageError(what, where="environment", fix=fix)
