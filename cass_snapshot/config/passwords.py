"""Passwords: from a variable, or from a file that nobody else may read; from nothing else."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from cass_snapshot.config.environment import PREFIX
from cass_snapshot.errors import UsageError
from cass_snapshot.settings import CassandraSettings, MysqlSettings, Origins

PASSWORD_BYTES_MAX = 4096
"""Longer than any server accepts: a file beyond it is not a password."""

Login = TypeVar("Login", CassandraSettings, MysqlSettings)


def with_password(section: Login, name: str, origins: Origins) -> Login:
    """Return the section with the password of its file, where it names one.

    Raises:
        UsageError: a password and a file are both set, or the file does not serve.
    """
    if section.password_file is None:
        return section
    where = origins.keys.get(f"{name}.password_file", "password_file")
    if section.password is not None:
        raise UsageError(
            f"the password for {name} is set twice",
            where=f"{PREFIX}{name.upper()}__PASSWORD and {where}",
            why="which of them is meant cannot be told",
            fix="unset the variable, or remove password_file",
        )
    password = SecretStr(read_password(section.password_file.expanduser(), where))
    return section.model_copy(update={"password": password})


def read_password(path: Path, where: str) -> str:
    """Return the one line that a password file holds.

    Raises:
        UsageError: others may read the file, or it holds no password.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(PASSWORD_BYTES_MAX + 1) if _private(mode) else b""
    except OSError as error:
        raise UsageError(
            f"cannot read the password file {path}",
            where=where,
            why=error.strerror or str(error),
            fix=f"printf %s PASSWORD > {path}; chmod 600 {path}",
        ) from error
    if not _private(mode):
        raise UsageError(
            f"others may read the password file {path}",
            where=where,
            why=f"its mode is {stat.S_IMODE(mode):04o}",
            fix=f"chmod 600 {path}",
        )
    return _one_line(data, path, where)


def _private(mode: int) -> bool:
    return not mode & (stat.S_IRWXG | stat.S_IRWXO)


def _one_line(data: bytes, path: Path, where: str) -> str:
    """Return the text without the newline that editors leave at its end."""
    line = data.removesuffix(b"\n").removesuffix(b"\r")
    if not line or len(data) > PASSWORD_BYTES_MAX or b"\n" in line or b"\0" in line:
        raise UsageError(
            f"the password file {path} does not hold one line",
            where=where,
            why="it is empty" if not line else "it holds more than a password",
            fix="write the password into it, and nothing else",
        )
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"the password file {path} is not UTF-8 text", where=where) from None
