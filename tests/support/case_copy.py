"""One run over all tables of the case files, and what became of every value in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mysql.connector

from tests.support.case_tables import Held, Source
from tests.support.cases import KEYS, case_files, shown
from tests.support.command import Command
from tests.support.cql_tree import Tree, tree
from tests.support.readback import cell_of, told
from tests.support.servers import Place

RANGES = 1
_TIMEOUT_S = 600.0
_RAW_TARGETS = ("VARBINARY", "BINARY", "LONGBLOB")

Cells = dict[str, bytes | None]
Key = tuple[bytes | None, ...]


@dataclass(kw_only=True)
class Copy:
    """A run of the command line from the filled keyspace to one database in one profile."""

    place: Place
    source: Source
    flavour: str
    profile: str

    def run(self) -> None:
        """Copy every table, with any number of refused rows allowed."""
        config = self.place.folder / "cases.toml"
        config.write_text("\n".join(self._config()), encoding="utf-8")
        command = Command(self.place)
        outcome = command.call("run", "-c", str(config), timeout_s=_TIMEOUT_S)
        assert outcome.code == 4, str(outcome)
        self.folder = command.folders()[-1]

    def _config(self) -> Iterator[str]:
        cassandra, address = self.place.servers.endpoints.cassandra, self.place.servers.endpoints
        yield "config_version = 1\n[cassandra]"
        yield f'contact_points = ["{cassandra.host}"]\nport = {cassandra.port}'
        yield f'[mysql]\nhost = "{address.mysql.host}"\nport = {address.mysql.port}'
        yield f'database = "{self.place.database}"\nusername = "{address.mysql.user}"'
        yield f'[run]\ndirectory = "runs"\nranges = {RANGES}\nprofile = "{self.profile}"'
        yield '[limits]\nrejected_max = "100%"'
        for table, columns in self.source.columns.items():
            yield f'[[tables]]\nsource = "{self.source.keyspace}.{table}"'
            for column in columns:
                if target := self.source.targets.get((table, column)):
                    yield f'[tables.columns.{column}]\ntype = "{target}"'

    @cached_property
    def rows(self) -> dict[str, list[dict[str, bytes | None]]]:
        """Return every row of every target table, as the bytes that came over the wire."""
        address = self.place.servers.endpoints.mysql
        connection = mysql.connector.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            database=self.place.database,
            charset="utf8mb4",
            time_zone="+00:00",
        )
        try:
            return {
                table: _table_rows(connection, table, list(columns))
                for table, columns in self.source.columns.items()
            }
        finally:
            connection.close()

    @cached_property
    def by_key(self) -> dict[str, dict[Key, Cells]]:
        """Return the rows of each table by the cells of their Cassandra keys."""
        return {table: dict(self._keyed(table)) for table in self.source.columns}

    def _keyed(self, table: str) -> Iterator[tuple[Key, Cells]]:
        for row in self.rows[table]:
            key = tuple(self._key_cell(table, column, row[column]) for column in key_of(table))
            yield key, row

    def _key_cell(self, table: str, column: str, value: bytes | None) -> bytes | None:
        kind = self._tree(self.source.columns[table][column])
        return cell_of(kind, self.profile, value, in_key=True)

    @cached_property
    def whys(self) -> dict[tuple[str, Key], dict[str, tuple[int, str]]]:
        """Return what is said of every rejected row: columns with their errors and codes."""
        found = {}
        for path in (self.folder / "rejected").glob("*.why.jsonl"):
            table = path.name.removesuffix(".why.jsonl")
            for line in path.read_bytes().splitlines():
                said = json.loads(line)
                key = tuple(None if cell is None else bytes.fromhex(cell) for cell in said["key"])
                columns = {c["column"]: (c["error"], c["code"]) for c in said["columns"]}
                found[table, key] = columns
        return found

    def failures(self, folder: str) -> list[str]:
        """Return in words every value of a folder that is not as its case file says."""
        mine = (held for held in self.source.held if held.value.folder == folder)
        return [line for held in mine if (line := self._failure(held))]

    def strangers(self) -> list[str]:
        """Return the rows of key tables whose key is none that was put into Cassandra."""
        wanted = {(held.table, held.key) for held in self.source.held}
        return [
            f"{table}: {', '.join(map(shown, key))}"
            for table, rows in self.by_key.items()
            for key in rows
            if (table, key) not in wanted
        ]

    def _failure(self, held: Held) -> str | None:
        wanted = held.value.error(self.profile, held.role, self.flavour)
        why = self.whys.get((held.table, held.key))
        row = self.by_key[held.table].get(held.key)
        if wanted is not None:
            said = (why or {}).get(held.column, (None, ""))[0]
            if row is None and said == wanted:
                return None
            return self._line(held, f"wanted refused with {wanted}, got {_became(row, why)}")
        if row is None:
            return self._line(held, f"wanted {shown(held.cell)}, got {_became(row, why)}")
        return self._unequal(held, row[held.column])

    def _unequal(self, held: Held, value: bytes | None) -> str | None:
        kind = self._tree(held.type)
        in_key = held.role in KEYS
        try:
            if held.value.target.startswith(_RAW_TARGETS):
                wanted, got = held.cell, value
            else:
                wanted = told(kind, self.profile, held.cell, in_key=in_key)
                got = cell_of(kind, self.profile, value, in_key=in_key)
        except Exception as error:  # noqa: BLE001 - whatever it is, the case must be named
            return self._line(held, f"unreadable: {error!r} in {shown(value)}")
        if wanted == got:
            return None
        return self._line(held, f"wanted {shown(wanted)}, got {shown(got)} from {value!r:.120}")

    def _line(self, held: Held, what: str) -> str:
        return (
            f"{held.type} {held.role} ({held.table}.{held.column}), {self.profile} on"
            f" {self.flavour}: {held.value}: {what}"
        )

    def _tree(self, cql: str) -> Tree:
        return tree(cql, self.source.udts)


def key_of(table: str) -> tuple[str, ...]:
    """Return the columns of a table's primary key."""
    if table.startswith("key"):
        return ("p", "n", "c")
    return ("id", "n") if table == "shallow" else ("id",) if table.startswith("deep") else ("p",)


def _became(row: object, why: object) -> str:
    return f"{'no row' if row is None else 'a row'} and {why or 'no reason'}"


def _table_rows(connection: Any, table: str, columns: list[str]) -> list[Cells]:  # noqa: ANN401 - of the driver
    listed = ", ".join(f"`{column}`" for column in columns)
    with connection.cursor(raw=True) as cursor:
        cursor.execute(f"SELECT {listed} FROM `{table}`")
        return [
            {
                name: None if value is None else bytes(value)
                for name, value in zip(columns, row, strict=True)
            }
            for row in cursor
        ]


def folders() -> list[str]:
    """Return the folders that hold a case file."""
    return [file.folder for file in case_files()]
