"""A copy whose tables a test describes as the config file does, and its targets read as bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mysql.connector

from tests.support.command import Command, Outcome
from tests.support.servers import Place

Cells = dict[str, bytes | None]
_RANGES = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A config file that holds the sections of some tables, for one place.

    Args:
        place: where it copies from and to.
        sections: the ``[[tables]]`` of the file, in which ``{ks}`` stands for the keyspace.
        profile: the run's.
    """

    place: Place
    sections: str
    profile: str = "readable"

    def call(self, command: str, *more: str) -> Outcome:
        """Run a command with this file, and have it answer in JSON."""
        config = self.place.folder / "mapped.toml"
        sections = self.sections.replace("{ks}", self.place.keyspace)
        config.write_text(
            f'[run]\nranges = {_RANGES}\nworkers = 1\nprofile = "{self.profile}"\n{sections}',
            encoding="utf-8",
        )
        runner = Command(self.place)
        options = runner.both() if command == "run" else runner.both()[:4]
        return runner.call(command, "-c", str(config), *options, "--output", "json", *more)


def wire_rows(place: Place, statement: str) -> list[Cells]:
    """Return the rows of a statement, in which ``{db}`` is the database, as bytes of the wire."""
    address = place.servers.endpoints.mysql
    connection: Any = mysql.connector.connect(
        host=address.host,
        port=address.port,
        user=address.user,
        password=address.password,
        database=place.database,
        charset="utf8mb4",
        time_zone="+00:00",
    )
    try:
        with connection.cursor(raw=True) as cursor:
            cursor.execute(statement.replace("{db}", place.database))
            names = cursor.column_names
            return [
                {n: None if v is None else bytes(v) for n, v in zip(names, row, strict=True)}
                for row in cursor
            ]
    finally:
        connection.close()


def number(value: bytes | None) -> int:
    """Return the whole number that came over the wire; it is not NULL."""
    assert value is not None
    return int(value)
