"""Loads the settings: flags > environment > one TOML file > defaults.

Whatever is wrong is a UsageError that says where it stands and what to type instead; nothing here
opens a connection, and no password enters a message (I12).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from cass_snapshot.config import environment
from cass_snapshot.config.file import FILE_NAME, ConfigFile, read
from cass_snapshot.config.known import check
from cass_snapshot.config.passwords import with_password
from cass_snapshot.config.tables import said, tables_of
from cass_snapshot.errors import UsageError
from cass_snapshot.settings import (
    CassandraSettings,
    LimitsSettings,
    LogSettings,
    MysqlSettings,
    Origins,
    RunSettings,
    Settings,
    VerifySettings,
    nearest,
)

SOURCE_NEEDS = ("cassandra.contact_points",)
TARGET_NEEDS = ("mysql.host", "mysql.database")
NO_FILE = "no config file was found"
_OPTIONS = {
    "cassandra.contact_points": "--from cassandra://HOST[:PORT]",
    "mysql.host": "--to mysql://USER@HOST[:PORT]/DATABASE",
    "mysql.database": "--to mysql://USER@HOST[:PORT]/DATABASE",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A value from the command line and the option that carried it."""

    value: object
    option: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """What the command line says about settings; ``flags`` is keyed like ``mysql.host``."""

    config: Path | None = None
    flags: Mapping[str, Flag] = field(default_factory=dict)
    tables: Sequence[str] = ()
    target_table: str | None = None
    log: LogSettings = field(default_factory=LogSettings)


def load(line: CommandLine, needs: Sequence[str] = SOURCE_NEEDS + TARGET_NEEDS) -> Settings:
    """Return the settings for a command that cannot do without the keys in ``needs``.

    ``tables`` may be among the needs. Passwords are read for the sections that the needs name.

    Raises:
        UsageError: a flag, variable, file or key is wrong, or one is missing.
    """
    variables = environment.variables()
    path = line.config or _find(variables)
    file = read(path) if path else ConfigFile()
    check(file)
    origins = _origins(line, variables, file)
    merged = _merge(line, file, origins)
    tables = tables_of(file, line.tables, line.target_table)
    settings = Settings(**merged, tables=tables, log=line.log, origins=origins)
    _check_needs(settings, needs)
    return with_passwords(settings, {need.partition(".")[0] for need in needs})


def _find(variables: Mapping[str, str]) -> Path | None:
    if "CONFIG" in variables:
        return Path(variables["CONFIG"])
    places = (Path(FILE_NAME), environment.config_home() / "cass-snapshot" / "config.toml")
    return next((place for place in places if place.is_file()), None)


def _origins(line: CommandLine, variables: Mapping[str, str], file: ConfigFile) -> Origins:
    keys = {
        f"{section}.{key}": file.line(section, key)
        for section, values in file.sections.items()
        for key in values
    }
    keys |= environment.keys(variables)
    keys |= {key: flag.option for key, flag in line.flags.items()}
    return Origins(
        file=file.name,
        variables=tuple(sorted(environment.PREFIX + name for name in variables)),
        flags=tuple(sorted({flag.option for flag in line.flags.values()})),
        keys=keys,
    )


def _merge(line: CommandLine, file: ConfigFile, origins: Origins) -> dict[str, Any]:
    """Return the sections, each key from the strongest source that has it."""

    class Layers(BaseSettings):
        model_config = SettingsConfigDict(
            env_prefix=environment.PREFIX, env_nested_delimiter="__", env_ignore_empty=True
        )
        cassandra: CassandraSettings = CassandraSettings()
        mysql: MysqlSettings = MysqlSettings()
        run: RunSettings = RunSettings()
        limits: LimitsSettings = LimitsSettings()
        verify: VerifySettings = VerifySettings()

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  ours splits lists at commas
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  no .env is read silently
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  see passwords.py
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            variables = environment.Variables(settings_cls)
            return init_settings, variables, InitSettingsSource(settings_cls, file.sections)

    flags: dict[str, dict[str, object]] = {}
    for key, flag in line.flags.items():
        section, _, name = key.partition(".")
        flags.setdefault(section, {})[name] = flag.value
    try:
        layers = Layers(**flags)  # type: ignore[arg-type]  # checked right there
    except ValidationError as error:
        raise _unfit(error, origins) from None  # the original would show what was given
    return {name: getattr(layers, name) for name in Layers.model_fields}


def _unfit(error: ValidationError, origins: Origins) -> UsageError:
    """Return the first complaint as ours; what was given is shown unless it may be a secret."""
    first = error.errors(include_url=False)[0]
    section, key = (*map(str, first["loc"]), "")[:2]
    given = "" if "password" in key else f": {first['input']}"
    return UsageError(
        f"[{section}] {key} does not fit{given}",
        where=origins.keys.get(f"{section}.{key}", "config"),
        why=said(first["msg"]),
        fix=_fix(key, first),
    )


def _fix(key: str, complaint: ErrorDetails) -> str:
    """Return the choice that was probably meant, where there are choices."""
    if complaint["type"] == "literal_error":
        choices = re.findall(r"'([^']*)'", str(complaint.get("ctx", {}).get("expected", "")))
        if guess := nearest(str(complaint["input"]), choices):
            return f'{key} = "{guess}"'
    return "correct it, or leave it out for its default"


def _check_needs(settings: Settings, needs: Sequence[str]) -> None:
    if "tables" in needs and not settings.tables:
        raise UsageError(
            "no table is named",
            where=settings.origins.file or NO_FILE,
            why="neither the command line nor [[tables]] names one",
            fix="cass-snapshot COMMAND KEYSPACE.TABLE, for example shop.orders",
        )
    for need in needs:
        require(settings, need)


def require(settings: Settings, need: str) -> None:
    """Refuse settings without a key such as ``mysql.host``; a section alone is always there.

    Raises:
        UsageError: naming the three ways to set it.
    """
    section, _, key = need.partition(".")
    if key and not getattr(getattr(settings, section), key):
        variable = f"{environment.PREFIX}{section}__{key}".upper()
        raise UsageError(
            f"[{section}] {key} is missing",
            where=settings.origins.file or NO_FILE,
            why="this command connects to it",
            fix=f"{_OPTIONS[need]}, the key in the file, or {variable}",
        )


def with_passwords(settings: Settings, sections: Collection[str]) -> Settings:
    """Return the settings with the passwords that the files of some sections hold.

    Raises:
        UsageError: a file does not serve, or a password is set twice.
    """
    update: dict[str, object] = {}
    if "cassandra" in sections:
        update["cassandra"] = with_password(settings.cassandra, "cassandra", settings.origins)
    if "mysql" in sections:
        update["mysql"] = with_password(settings.mysql, "mysql", settings.origins)
    return settings.model_copy(update=update)
