"""The config file: its text, its tree, and how a place in it is named."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cass_snapshot.config.lines import line_of
from cass_snapshot.errors import UsageError
from cass_snapshot.settings import SECTIONS

FILE_NAME = "cass-snapshot.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """The one file that was read; ``name`` is None where there is none."""

    name: str | None = None
    text: str = field(default="", repr=False)
    tree: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def sections(self) -> dict[str, Any]:
        """Return the sections that settings classes stand for."""
        return {name: value for name, value in self.tree.items() if name in SECTIONS}

    @property
    def tables(self) -> list[dict[str, Any]]:
        """Return the entries under ``[[tables]]``."""
        return list(self.tree.get("tables", []))

    def line(self, *path: str | int) -> str:
        """Return ``file:line`` of a key or a section, ``file`` where the line is not found."""
        number = line_of(self.text, path)
        return f"{self.name}:{number}" if number else f"{self.name}"

    def where(self, *path: str | int) -> str:
        """Return ``[section] key, file:line``; a table is named, if it has a name."""
        section, *keys = path
        parts = [f"[{section}]"]
        if section == "tables":
            parts = ["[[tables]]", *self._source(keys)]
            keys = keys[1:]
        elif section not in SECTIONS and not isinstance(self.tree.get(str(section)), dict | list):
            parts = [str(section)]
        if keys:
            parts += [".".join(map(str, keys[:2])), *map(str, keys[2:])]
        return " ".join(parts) + f", {self.line(*path)}"

    def _source(self, keys: Sequence[str | int]) -> list[str]:
        """Return the source of the entry that the keys are of, where they are not of that."""
        entry = self.tables[int(keys[0])] if keys else None
        source = entry.get("source") if isinstance(entry, Mapping) else None
        return [source] if isinstance(source, str) and keys[1:] != ["source"] else []


def read(path: Path) -> ConfigFile:
    """Read a file; what the keys in it mean is not looked at.

    Raises:
        UsageError: the file cannot be read, or is no TOML.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        file = ConfigFile(name=str(path), text=text, tree=tomllib.loads(text))
    except OSError as error:
        raise UsageError(
            f"cannot read the config file {path}",
            where="--config, or the variable CASS_SNAPSHOT_CONFIG",
            why=error.strerror or str(error),
            fix="name an existing file: -c FILE",
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text", where=f"byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        raise UsageError(
            "the config file is not valid TOML",
            where=f"{path}:{found[1] if found else len(text.splitlines())}",
            why=re.sub(r" \(at .*\)$", "", str(error)),
            fix='text stands in quotes, lists in brackets: host = "db1"',
        ) from error
    return file
