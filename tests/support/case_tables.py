"""Puts the values of the case files into real Cassandra tables, as bytes, in every role.

    shallow         a column per type, regular and static; a row per value
    deep, deep_frozen   a column per scalar type and collection around it; a row per value
    alone_N         a table per type that may be a key: it is the whole partition key
    key_N           the same: it is part of the partition key, and a clustering column

Bytes are bound as they are: the types of a prepared statement's parameters are taken for blobs.
What Cassandra refuses is told, and so is what it holds in the end, which alone is to be copied.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from cassandra.cluster import NoHostAvailable
from cassandra.concurrent import execute_concurrent_with_args

from tests.support.canonical_json import width
from tests.support.cases import DEEP, DEEP_TABLES, SHALLOW, Udts, Value, all_udts, type_tree, values
from tests.support.raw_cells import RawCells
from tests.support.servers import Row, Servers
from tests.support.wire import elements, fields, pairs, vector

ONE = struct.pack(">i", 1)
_TRIES_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A value in one role, and where: table, column, the cells of its row's primary key."""

    value: Value
    role: str
    table: str
    column: str
    type: str
    cell: bytes | None
    key: tuple[bytes | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The filled keyspace: what it holds, and what Cassandra refused to hold, with its words."""

    keyspace: str
    columns: dict[str, dict[str, str]]
    targets: dict[tuple[str, str], str]
    held: list[Held] = field(default_factory=list)
    refused: list[tuple[Value, str, str]] = field(default_factory=list)
    udts: Udts = field(default_factory=dict)


def number(value: int) -> bytes:
    """Return the cell of an int."""
    return struct.pack(">i", value)


def around(role: str, cql: str, cell: bytes) -> bytes:
    """Return the cell of a collection that holds this one."""
    match role:
        case "list" | "frozen_list":
            return elements([cell, cell])
        case "set" | "frozen_set":
            return elements([cell])
        case "map_key" | "map_value":
            return pairs([(cell, ONE) if role == "map_key" else (ONE, cell)])
        case "frozen_map":
            return pairs([(cell, cell)])
        case "vector":
            return vector([cell, cell], bare=width(type_tree(cql)) is not None)
    return fields([ONE, cell] if role == "tuple" else [cell, None, cell])


class Filler:
    """Makes the tables and fills them."""

    def __init__(self, servers: Servers, raw: RawCells, keyspace: str) -> None:
        self._servers = servers
        self._raw = raw
        self._values = values()
        self._types = list(dict.fromkeys((v.type, v.target) for v in self._values))
        self.source = Source(keyspace=keyspace, columns={}, targets={})

    def fill(self) -> Source:
        """Make the tables, fill them, and return what they hold."""
        for name, written in all_udts().items():
            self._make_udt(name, written)
        self._shallow()
        self._deep()
        for index, (cql, target) in enumerate(self._types):
            self._keys(index, cql, target)
        for table in ("shallow", *DEEP_TABLES):
            self._look(table)
        return self.source

    def _look(self, table: str) -> None:
        """Take for held what Cassandra holds: it sorts sets, and has no empty unfrozen list."""
        names = list(self.source.columns[table])
        keys = 2 if table == "shallow" else 1
        rows = self._raw.rows(f"SELECT {', '.join(names)} FROM {self.source.keyspace}.{table}")
        cells = {row[:keys]: dict(zip(names, row, strict=True)) for row in rows}
        self.source.held[:] = [
            replace(held, cell=cells[held.key][held.column]) if held.table == table else held
            for held in self.source.held
        ]

    def _cql(self, statement: str) -> list[Row]:
        return self._servers.cql(statement.replace("{ks}", self.source.keyspace))

    def _make_udt(self, name: str, written: tuple[tuple[str, str], ...]) -> None:
        self.source.udts[name] = written
        listed = ", ".join(f'"{f.replace(chr(34), chr(34) * 2)}" {cql}' for f, cql in written)
        quoted = name.replace('"', '""')
        self._cql(f'CREATE TYPE {{ks}}."{quoted}" ({listed})')

    def _make(self, table: str, columns: dict[str, str], key: str, static: Sequence[str]) -> None:
        listed = ", ".join(
            f"{name} {cql}{' static' * (name in static)}" for name, cql in columns.items()
        )
        self._cql(f"CREATE TABLE {{ks}}.{table} ({listed}, PRIMARY KEY ({key}))")
        self.source.columns[table] = columns

    def _shallow(self) -> None:
        columns = {"id": "int", "n": "int"}
        for index, (cql, target) in enumerate(self._types):
            for role in SHALLOW:
                if any(role in v.roles for v in self._of(cql, target)):
                    columns[f"{role}_{index}"] = cql
                    if target:
                        self.source.targets["shallow", f"{role}_{index}"] = target
        static = [name for name in columns if name.startswith("static")]
        self._make("shallow", columns, "id, n", static)
        ordinal = 0
        for index, (cql, target) in enumerate(self._types):
            for role in SHALLOW:
                rows = []
                for value in self._of(cql, target):
                    ordinal += 1
                    if role in value.roles:
                        rows.append((value, (number(ordinal), number(0)), value.cell))
                self._put("shallow", f"{role}_{index}", role, rows)

    def _deep(self) -> None:
        scalars = [cql for cql, target in self._types if not type_tree(cql).parts and not target]
        for index, cql in enumerate(scalars):
            if any(role in DEEP for value in self._of(cql, "") for role in value.roles):
                self._make_udt(f"udt_{index}", (("a", cql), ("b", cql), ("c", cql)))
        for table, roles in DEEP_TABLES.items():
            columns = {"id": "int"}
            for index, cql in enumerate(scalars):
                there = {role for value in self._of(cql, "") for role in value.roles}
                for role in (role for role in roles if role in there):
                    written = DEEP[role].replace("{udt}", f"udt_{index}")
                    columns[f"{role}_{index}"] = written.format(cql, cql)
            self._make(table, columns, "id", ())
            for index, cql in enumerate(scalars):
                self._put_deep(table, index, cql, self._of(cql, ""))

    def _put_deep(self, table: str, index: int, cql: str, of: Sequence[Value]) -> None:
        """Insert each value in all its roles at once; by itself in each where that is refused."""
        keys = {id(value): (number(index * 10_000 + n),) for n, value in enumerate(of)}
        left = dict.fromkeys(keys)
        of_table = {
            id(value): tuple(role for role in DEEP_TABLES[table] if role in value.roles)
            for value in of
        }
        for roles in filter(None, dict.fromkeys(of_table.values())):
            same = [(keys[id(value)], value) for value in of if of_table[id(value)] == roles]
            for value in self._whole_rows(table, index, roles, same):
                del left[id(value)]
        for role in DEEP_TABLES[table]:
            rows = [
                (value, keys[id(value)], around(role, cql, value.cell))
                for value in of
                if id(value) in left and role in of_table[id(value)]
            ]
            self._put(table, f"{role}_{index}", role, rows)

    def _whole_rows(
        self,
        table: str,
        index: int,
        roles: Sequence[str],
        rows: Sequence[tuple[tuple[bytes], Value]],
    ) -> Iterator[Value]:
        """Insert values in several roles at once; yield those that were taken."""
        columns = [f"{role}_{index}" for role in roles]
        statement = self._raw.prepare(
            f"INSERT INTO {self.source.keyspace}.{table} (id, {', '.join(columns)})"
            f" VALUES ({', '.join('?' * (len(columns) + 1))})"
        )
        bound = [(*key, *(around(r, v.type, v.cell) for r in roles)) for key, v in rows]
        ended = execute_concurrent_with_args(
            self._raw.session, statement, bound, concurrency=32, raise_on_first_error=False
        )
        for (key, value), cells, (succeeded, _) in zip(rows, bound, ended, strict=True):
            if succeeded:
                yield value
                for role, column, cell in zip(roles, columns, cells[1:], strict=True):
                    self._hold(value, role, table, column, cell, key)

    def _keys(self, index: int, cql: str, target: str) -> None:
        of = self._of(cql, target)
        for table, columns, key, roles in (
            (f"alone_{index}", {"p": cql, "x": "int"}, "p", ("alone",)),
            (
                f"key_{index}",
                {"p": cql, "n": "int", "c": cql, "x": "int"},
                "(p, n), c",
                ("partition", "clustering"),
            ),
        ):
            if not any(role in v.roles for v in of for role in roles):
                continue
            self._make(table, columns, key, ())
            if "alone" in roles:
                rows = [(v, (v.cell,), None) for v in of if "alone" in v.roles]
                self._put(table, "p", "alone", rows)
                continue
            plain = next(v.cell for v in of if not v.cassandra and not v.refused)
            for role, column in (("partition", "p"), ("clustering", "c")):
                self._put_apart(table, column, role, plain, [v for v in of if role in v.roles])

    def _put_apart(
        self, table: str, column: str, role: str, plain: bytes, of: Sequence[Value]
    ) -> None:
        """Put values into a key column, those that Cassandra takes for one into rows of their own.

        Values that are equal when they cluster would overwrite each other. Collections get a row
        apart each, because Cassandra writes their bytes in its own order.
        """
        first = 0 if role == "partition" else 100
        if type_tree(of[0].type).parts:
            self._put_each(table, column, role, plain, of)
            return
        left = list(of)
        for n in range(first, first + _TRIES_MAX):
            rows = [(v, self._composite(role, v.cell, n, plain), None) for v in left]
            self._put(table, column, role, rows)
            there = set(self._raw.rows(f"SELECT p, n, c FROM {self.source.keyspace}.{table}"))
            mine = [held for held in self.source.held if (held.table, held.role) == (table, role)]
            lost = [held for held in mine if held.key not in there]
            for held in lost:
                self.source.held.remove(held)
            left = [held.value for held in lost]
            if not left:
                return
        raise AssertionError(f"{table}: Cassandra does not keep {left[0]}")

    def _put_each(
        self, table: str, column: str, role: str, plain: bytes, of: Sequence[Value]
    ) -> None:
        first = 0 if role == "partition" else 100
        rows = [
            (value, self._composite(role, value.cell, first + n, plain), None)
            for n, value in enumerate(of)
        ]
        self._put(table, column, role, rows)
        found = self._raw.rows(f"SELECT n, p, c FROM {self.source.keyspace}.{table}")
        there = {n: (p, n, c) for n, p, c in found}
        place = 0 if role == "partition" else 2
        self.source.held[:] = [
            replace(held, key=there[held.key[1]], cell=there[held.key[1]][place])
            if (held.table, held.role) == (table, role)
            else held
            for held in self.source.held
        ]

    @staticmethod
    def _composite(role: str, cell: bytes, n: int, plain: bytes) -> tuple[bytes, ...]:
        return (cell, number(n), plain) if role == "partition" else (plain, number(n), cell)

    def _of(self, cql: str, target: str) -> list[Value]:
        return [v for v in self._values if (v.type, v.target) == (cql, target)]

    def _put(
        self,
        table: str,
        column: str,
        role: str,
        rows: Sequence[tuple[Value, tuple[bytes, ...], bytes | None]],
    ) -> None:
        """Insert rows; ``None`` stands for a row of which the value is a part of the key."""
        if not rows:
            return
        columns = self.source.columns[table]
        key = [name for name in columns if name != "x"]
        if table == "shallow" or table in DEEP_TABLES:
            key = key[: len(rows[0][1])]
        other = column if rows[0][2] is not None else "x"
        marks = ", ".join("?" * (len(key) + 1))
        statement = self._raw.prepare(
            f"INSERT INTO {self.source.keyspace}.{table} ({', '.join(key)}, {other})"
            f" VALUES ({marks})",
        )
        bound = [(*where, ONE if cell is None else cell) for _, where, cell in rows]
        ended = execute_concurrent_with_args(
            self._raw.session, statement, bound, concurrency=32, raise_on_first_error=False
        )
        for (value, where, cell), (succeeded, outcome) in zip(rows, ended, strict=True):
            if not succeeded:
                self.source.refused.append((value, role, _words(outcome)))
                continue
            held = value.cell if cell is None else cell
            self._hold(value, role, table, column, held, where)

    def _hold(
        self, value: Value, role: str, table: str, column: str, cell: bytes, key: tuple[bytes, ...]
    ) -> None:
        self.source.held.append(
            Held(
                value=value,
                role=role,
                table=table,
                column=column,
                type=self.source.columns[table][column],
                cell=cell,
                key=key,
            )
        )


def _words(outcome: object) -> str:
    """Return what Cassandra said; the driver hides a node's words behind those of its own."""
    of_nodes = outcome.errors.values() if isinstance(outcome, NoHostAvailable) else [outcome]
    return " ".join(map(str, of_nodes))
