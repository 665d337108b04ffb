"""Refuses the keys of a config file that mean nothing here, at every level, with what was meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cass_snapshot.config.environment import PREFIX
from cass_snapshot.config.file import ConfigFile
from cass_snapshot.errors import UsageError
from cass_snapshot.settings import SECTIONS, is_later, nearest
from cass_snapshot.settings.tables import ColumnSettings, TableSettings


def check(file: ConfigFile) -> None:
    """Refuse what does not belong in the file.

    Raises:
        UsageError: a key or a section is unknown, of a later version, or stands in a wrong place.
    """
    for name, value in file.tree.items():
        if name == "config_version":
            _check_version(file, value)
        elif name == "tables":
            _check_tables(file, value)
        elif name in SECTIONS:
            _check_section(file, (name,), value, list(SECTIONS[name].model_fields))
        else:
            in_section = isinstance(value, Mapping | list)
            known = [*SECTIONS, "tables"] if in_section else ["config_version"]
            raise _unknown(file, (name,), known, shown=f"[{name}]" if in_section else name)


def _check_version(file: ConfigFile, value: object) -> None:
    if value != 1 or isinstance(value, bool):
        raise UsageError(
            f"config_version = {value} is not known",
            where=file.where("config_version"),
            why="this version of cass-snapshot reads version 1",
            fix="config_version = 1",
        )


def _check_tables(file: ConfigFile, tables: object) -> None:
    if not isinstance(tables, list):
        raise UsageError(
            "tables is a list of tables",
            where=file.where("tables"),
            fix='[[tables]] in double brackets, and source = "keyspace.table" below it',
        )
    for nth, table in enumerate(tables):
        _check_section(file, ("tables", nth), table, list(TableSettings.model_fields))
        columns = table.get("columns", {})
        if not isinstance(columns, Mapping):
            raise UsageError(
                "columns is neither a value nor a list",
                where=file.where("tables", nth, "columns"),
                fix="[tables.columns.NAME] below its [[tables]], and the column's keys below it",
            )
        for name, column in columns.items():
            path = ("tables", nth, "columns", name)
            _check_section(file, path, column, list(ColumnSettings.model_fields))


def _check_section(
    file: ConfigFile, path: tuple[str | int, ...], value: object, known: Sequence[str]
) -> None:
    if not isinstance(value, Mapping):
        heading = ".".join(str(part) for part in path if isinstance(part, str))
        raise UsageError(
            f"{heading} is a section, not a value",
            where=file.where(*path),
            fix=f"[{heading}], and its keys below it",
        )
    for key in value:
        if key == "password" and path[0] != "tables":
            variable = f"{PREFIX}{str(path[0]).upper()}__PASSWORD"
            raise UsageError(
                "a password does not stand in the config file",
                where=file.where(*path, key),
                fix=f'password_file = "FILE", or the variable {variable}',
            )
        if key not in known:
            raise _unknown(file, (*path, key), known, shown=key)


def _unknown(
    file: ConfigFile, path: tuple[str | int, ...], known: Sequence[str], *, shown: str
) -> UsageError:
    where = file.where(*path)
    if is_later(".".join(map(str, path))):
        return UsageError(
            f"{shown} is not available in this version", where=where, fix="remove it for now"
        )
    guess = nearest(str(path[-1]), known)
    kind = "section" if shown.startswith("[") else "key"
    fix = f"did you mean {guess}?" if guess else f"known are {', '.join(known)}"
    return UsageError(f"no {kind} {shown} is known", where=where, fix=fix)
