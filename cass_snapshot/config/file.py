"""The config file: its text, its tree, the keys in it and the lines on which they stand."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from cass_snapshot.config.environment import PREFIX
from cass_snapshot.errors import UsageError
from cass_snapshot.settings import SECTIONS, is_later, nearest
from cass_snapshot.settings.tables import TableSettings

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

    def line(self, section: str, key: str = "", nth: int = 0) -> str:
        """Return ``file:line`` of a key or a section, ``file`` where the line is not found."""
        number = line_of(self.text, section, key, nth)
        return f"{self.name}:{number}" if number else f"{self.name}"

    def where(self, section: str, key: str = "", nth: int = 0) -> str:
        """Return ``[section] key, file:line``."""
        if not section:
            return f"{key}, {self.line(section, key)}"
        heading = "[[tables]]" if section == "tables" else f"[{section}]"
        return f"{heading} {key}".strip() + ", " + self.line(section, key, nth)


def read(path: Path) -> ConfigFile:
    """Read a file and refuse the keys in it that mean nothing here.

    Raises:
        UsageError: the file cannot be read, is no TOML, or holds what does not belong in it.
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
    _check(file)
    return file


def _check(file: ConfigFile) -> None:
    for name, value in file.tree.items():
        if name == "config_version":
            _check_version(file, value)
        elif name == "tables" and isinstance(value, list):
            for nth, table in enumerate(value):
                _check_section(file, name, table, TableSettings.model_fields, nth)
        elif name == "tables" or name in SECTIONS:
            fields = SECTIONS[name].model_fields if name in SECTIONS else {}
            _check_section(file, name, value, fields)
        else:
            in_section = isinstance(value, Mapping | list)
            known = [*SECTIONS, "tables"] if in_section else ["config_version"]
            raise _unknown(file, name if in_section else "", "" if in_section else name, known)


def _check_version(file: ConfigFile, value: object) -> None:
    if value != 1 or isinstance(value, bool):
        raise UsageError(
            f"config_version = {value} is not known",
            where=file.where("", "config_version"),
            why="this version of cass-snapshot reads version 1",
            fix="config_version = 1",
        )


def _check_section(
    file: ConfigFile, section: str, value: object, fields: Mapping[str, FieldInfo], nth: int = 0
) -> None:
    if section == "tables" and not fields:
        raise UsageError(
            "tables is a list of tables",
            where=file.where(section),
            fix='[[tables]] in double brackets, and source = "keyspace.table" below it',
        )
    if not isinstance(value, Mapping):
        raise UsageError(
            f"{section} is a section, not a value",
            where=file.where(section),
            fix=f"[{section}], and its keys below it",
        )
    for key in value:
        if key == "password":
            raise UsageError(
                "a password does not stand in the config file",
                where=file.where(section, key, nth),
                fix=f'password_file = "FILE", or the variable {PREFIX}{section.upper()}__PASSWORD',
            )
        if key not in fields:
            raise _unknown(file, section, key, list(fields), nth)


def _unknown(
    file: ConfigFile, section: str, key: str, known: Sequence[str], nth: int = 0
) -> UsageError:
    shown, where = key or f"[{section}]", file.where(section, key, nth)
    if is_later(f"{section}.{key}".strip(".")):
        return UsageError(
            f"{shown} is not available in this version", where=where, fix="remove it for now"
        )
    guess = nearest(key or section, known)
    kind = "key" if key else "section"
    fix = f"did you mean {guess}?" if guess else f"known are {', '.join(known)}"
    return UsageError(f"no {kind} {shown} is known", where=where, fix=fix)


def line_of(text: str, section: str, key: str = "", nth: int = 0) -> int | None:
    """Return the line, from 1, of a key (or of its section) where it has its usual form."""
    inside, seen = section == "", -1
    as_key = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*[.=]""")
    as_value = re.compile(rf"\s*{re.escape(section)}\s*[.=]")
    for number, line in enumerate(text.split("\n"), start=1):
        if heading := re.match(r"\s*\[{1,2}\s*([^\]]+?)\s*\]", line):
            seen += heading[1] == section
            inside = heading[1] == section and seen == nth
            if (inside and not key) or heading[1] == f"{section}.{key}":
                return number
        elif as_key.match(line) if inside and key else as_value.match(line) and not key:
            return number
    return None
