"""The case files of ``tests/cases``: edge values of each CQL type, and what is promised of them.

A folder per type holds a ``case.toml``:

    type = "int"                      the type of all values; a value may say another
    target = "VARBINARY(8)"           optional: what ``[tables.columns.x] type`` asks for
    [[udts]]                          user types: name, fields = [["street", "text"]]
    [[values]]
    what = "empty is a value"         a sentence
    hex = [""]                        the cells, see ``notation.py``
    roles = ["regular"]               where they are tried; by default wherever a scalar may stand,
                                      and as regular and static column for types with parts
    refused = {readable = 1366}       the error of MySQL that stands for the refusal, by profile;
                                      ``readable_key`` and ``exact_key`` in key columns, or of one
                                      role as ``exact_alone``, where 0 says that it arrives.
                                      Without one the value arrives. Inside a collection all arrive.
    mariadb = {readable = 1366}       what of that is otherwise on MariaDB
    cassandra = {alone = "empty"}     Cassandra refuses it itself in this role, with these words;
                                      several roles with spaces between them, ``else`` for the
                                      others, or one text for all
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.cql_tree import Tree, tree
from tests.support.notation import cells

FOLDER = Path(__file__).resolve().parents[1] / "cases"
KEYS = ("alone", "partition", "clustering")
"""The whole partition key, a part of it, a clustering column."""
SHALLOW = ("regular", "static")
DEEP = {
    "list": "list<{}>",
    "set": "set<{}>",
    "map_key": "map<{}, int>",
    "map_value": "map<int, {}>",
    "tuple": "tuple<int, {}>",
    "udt": "{udt}",
    "frozen_list": "frozen<list<{}>>",
    "frozen_set": "frozen<set<{}>>",
    "frozen_map": "frozen<map<{}, {}>>",
    "frozen_udt": "frozen<{udt}>",
    "vector": "vector<{}, 2>",
}
"""The types inside which a value is tried."""
DEEP_TABLES = {
    "deep": tuple(role for role in DEEP if not role.startswith("frozen")),
    "deep_frozen": tuple(role for role in DEEP if role.startswith("frozen")),
}
"""In which table each of them stands: no table of MySQL has more than some 200 long columns."""
ALONE = frozenset({"text", "blob", "bigint", "decimal", "float", "uuid"})
"""Scalar types that are also tried as the whole partition key; a table each costs time."""
NOT_HASHED = frozenset({"duration"})
"""Scalar types that may be no key, nor an element of a set, nor the key of a map."""
_HASHED_ROLES = frozenset({*KEYS, "set", "map_key", "frozen_set", "frozen_map"})

Udts = dict[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One cell of a case file."""

    folder: str
    type: str
    what: str
    cell: bytes
    roles: tuple[str, ...]
    target: str = ""
    refused: Mapping[str, int] = field(default_factory=dict)
    mariadb: Mapping[str, int] = field(default_factory=dict)
    cassandra: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.type}: {self.what}: {shown(self.cell)}"

    def error(self, profile: str, role: str, flavour: str) -> int | None:
        """Return the error with which the profile refuses it in a role, None where it arrives."""
        if role in DEEP:
            return None
        refused = {**self.refused, **(self.mariadb if flavour == "mariadb" else {})}
        usual = refused.get(f"{profile}_key" if role in KEYS else profile, 0)
        return refused.get(f"{profile}_{role}", usual) or None


def shown(cell: bytes | None) -> str:
    """Return a cell for a message: hexadecimal, the middle of long ones left out."""
    if cell is None:
        return "NULL"
    text = cell.hex()
    short = text if len(text) <= 96 else f"{text[:64]}...{text[-24:]}"
    return f"0x{short} ({len(cell)} bytes)"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """One case file."""

    folder: str
    values: tuple[Value, ...]
    udts: Udts


@cache
def case_files() -> tuple[CaseFile, ...]:
    """Return every case file, by the name of its folder."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*/case.toml")))


def values() -> tuple[Value, ...]:
    """Return every value of every case file."""
    return tuple(value for file in case_files() for value in file.values)


def all_udts() -> Udts:
    """Return the user types of all case files."""
    return {name: fields for file in case_files() for name, fields in file.udts.items()}


def type_tree(cql: str) -> Tree:
    """Return the tree of a type that may name a user type of the case files."""
    return tree(cql, all_udts())


def _read(path: Path) -> CaseFile:
    written = tomllib.loads(path.read_text(encoding="utf-8"))
    udts: Udts = {
        udt["name"]: tuple((name, cql) for name, cql in udt["fields"])
        for udt in written.get("udts", ())
    }
    folder = path.parent.name
    found = tuple(v for entry in written["values"] for v in _values(folder, written, entry, udts))
    return CaseFile(folder=folder, values=found, udts=udts)


def _values(
    folder: str, written: Mapping[str, Any], entry: Mapping[str, Any], udts: Udts
) -> Iterator[Value]:
    cql = entry.get("type") or written["type"]
    roles = tuple(entry.get("roles") or written.get("roles") or roles_of(tree(cql, udts)))
    refused = entry.get("refused", {})
    by_cassandra = entry.get("cassandra", {})
    if isinstance(by_cassandra, str):
        by_cassandra = {"else": by_cassandra}
    words = {role: text for names, text in by_cassandra.items() for role in names.split()}
    if "else" in words:
        words = {**dict.fromkeys(roles, words["else"]), **words}
    for cell in cells(cql, entry):
        yield Value(
            folder=folder,
            type=cql,
            what=entry["what"],
            cell=cell,
            roles=roles,
            target=entry.get("target") or written.get("target") or "",
            refused=refused,
            mariadb=entry.get("mariadb", {}),
            cassandra=words,
        )


def roles_of(kind: Tree) -> tuple[str, ...]:
    """Return where values of a type may stand."""
    if kind.name == "custom":
        return ("regular",)
    if kind.parts:
        return SHALLOW
    keys = KEYS if kind.name in ALONE else KEYS[1:]
    every = (*SHALLOW, *keys, *DEEP)
    return tuple(r for r in every if kind.name not in NOT_HASHED or r not in _HASHED_ROLES)
