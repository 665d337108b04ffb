"""A target that somebody made: surrogate ids, renames, NOT NULL columns, and rows in it already.

source   files(id uuid PRIMARY KEY, owner, name, size, kind, draft)
target   files(id AUTO_INCREMENT PRIMARY KEY, file_id UNIQUE, owner_name NOT NULL, ...)
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest

from tests.support.command import Command, Outcome
from tests.support.servers import Place

pytestmark = pytest.mark.servers

ROWS = 400
WRITTEN_AT = 1_700_000_000_000_000
"""The write time of every row in Cassandra, in microseconds."""
SOURCE = (
    "CREATE TABLE {ks}.files (id uuid PRIMARY KEY, owner text, name text, size bigint, kind text,"
    " draft text)"
)
TARGET = """CREATE TABLE {db}.files (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    file_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    owner_name VARCHAR(200) NOT NULL,
    file_name VARCHAR(255) NULL,
    size BIGINT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    written_at BIGINT NULL,
    imported_by VARCHAR(20) NOT NULL DEFAULT 'nobody',
    size_kib BIGINT GENERATED ALWAYS AS (size DIV 1024) STORED,
    UNIQUE KEY by_file (file_id)
) DEFAULT CHARSET=utf8mb4"""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A row of the source."""

    id: UUID
    owner: str | None
    name: str | None
    size: int
    kind: str | None

    @property
    def copied(self) -> tuple[str, str, str | None, int, str, int]:
        """Return what the target holds of it, in the order of ``HELD``."""
        return (
            *(str(self.id), self.owner or "", self.name, self.size),
            *(self.kind or "unknown", self.size // 1024),
        )


FILES = tuple(
    File(
        id=UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128, version=4),
        owner=None if number % 7 == 0 else f"öwner {number}",
        name=f'a "name" {number}',
        size=number * 1000,
        kind=None if number % 5 == 0 else "pdf",
    )
    for number in range(ROWS)
)
THERE = FILES[::2]
"""The rows that the target already has, with other values."""
HELD = "file_id, owner_name, file_name, size, kind, size_kib"


def make(place: Place) -> None:
    """Make source and target, and fill the source."""
    place.cql(SOURCE)
    place.insert(
        "INSERT INTO {ks}.files (id, owner, name, size, kind, draft)"
        f" VALUES (?, ?, ?, ?, ?, 'draft') USING TIMESTAMP {WRITTEN_AT}",
        [(f.id, f.owner, f.name, f.size, f.kind) for f in FILES],
    )
    place.sql(TARGET)


def put_others(place: Place, written_at: int | None) -> None:
    """Fill half of the target with other values, written at some time or at none."""
    rows = ", ".join(
        f"('{f.id}', 'somebody', 'other', 7, 'old', {written_at or 'NULL'})" for f in THERE
    )
    place.sql(
        f"INSERT INTO {{db}}.files (file_id, owner_name, file_name, size, kind, written_at)"
        f" VALUES {rows}"
    )


def copy(place: Place, policy: str, order: str = "auto") -> Outcome:
    """Run the copy with the mapping."""
    config = place.folder / f"{policy}.toml"
    config.write_text(
        f"""
[run]
ranges = 8

[[tables]]
source = "{place.keyspace}.files"
target = "files"
match = ["file_id"]
on_conflict = "{policy}"
  [tables.columns.id]
  name = "file_id"
  [tables.columns.owner]
  name = "owner_name"
  null = ""
  [tables.columns.name]
  name = "file_name"
  writetime = "written_at"
  [tables.columns.kind]
  null = "unknown"
  [tables.columns.draft]
  skip = true
""",
        encoding="utf-8",
    )
    command = Command(place, RUN__APPLY_ORDER=order)
    return command.call("run", "-c", str(config), *command.both(), "--output", "json")


def held(place: Place) -> dict[str, tuple[object, ...]]:
    """Return the target's rows by the Cassandra key."""
    found = place.sql(f"SELECT {HELD} FROM {{db}}.files")
    return {str(row[0]): row for row in found}


def ids(place: Place) -> dict[str, int]:
    """Return the surrogate ids by the Cassandra key."""
    return {str(key): number for key, number in place.sql("SELECT file_id, id FROM {db}.files")}


COPIED = {str(f.id): f.copied for f in FILES}
KEPT = {str(f.id): (str(f.id), "somebody", "other", 7, "old", 0) for f in THERE}


@pytest.mark.parametrize("policy", ["overwrite", "keep", "newer"])
def test_a_copy_made_twice_is_the_copy(flavour_place: Place, policy: str) -> None:
    """Each row once, NULLs replaced and counted, what is not mapped left to the server."""
    place = flavour_place
    make(place)
    first = copy(place, policy)
    assert first.code == 0, str(first)
    before = ids(place)
    assert held(place) == COPIED

    second = copy(place, policy)
    assert second.code == 0, str(second)
    assert held(place) == COPIED
    assert ids(place) == before
    assert place.number("SELECT COUNT(*) FROM {db}.files WHERE imported_by = 'nobody'") == ROWS
    assert (
        place.number(f"SELECT COUNT(*) FROM {{db}}.files WHERE written_at = {WRITTEN_AT}") == ROWS
    )

    (table,) = first.record["tables"]
    assert dict(table["replaced"]) == {
        "owner": sum(f.owner is None for f in FILES),
        "kind": sum(f.kind is None for f in FILES),
    }


@pytest.mark.parametrize(
    ("order", "policy", "written_at", "existing"),
    [
        ("token", "overwrite", WRITTEN_AT + 1, COPIED),
        ("token", "keep", WRITTEN_AT - 1, KEPT),
        ("token", "newer", WRITTEN_AT + 1, KEPT),
        ("token", "newer", WRITTEN_AT - 1, COPIED),
        ("token", "newer", None, COPIED),
        ("key", "overwrite", WRITTEN_AT + 1, COPIED),
        ("key", "keep", WRITTEN_AT - 1, KEPT),
        ("key", "newer", WRITTEN_AT + 1, KEPT),
    ],
)
def test_rows_that_are_there_go_by_the_policy(
    flavour_place: Place,
    order: str,
    policy: str,
    written_at: int | None,
    existing: dict[str, tuple[object, ...]],
) -> None:
    """Run twice over half the rows with other values: the outcome is the documented one.

    The surrogate ids of the rows that were there do not change.
    """
    place = flavour_place
    make(place)
    put_others(place, written_at)
    before = ids(place)
    wanted = COPIED | {key: existing[key] for key in KEPT}
    for _ in range(2):
        outcome = copy(place, policy, order)
        assert outcome.code == 0, str(outcome)
        assert outcome.record["tables"][0]["order"] == order
        assert held(place) == wanted
        now = ids(place)
        assert {key: now[key] for key in before} == before


def test_a_second_unique_key_is_refused_by_name(place: Place) -> None:
    """An upsert could rewrite another row through it; nothing is written."""
    make(place)
    place.sql("ALTER TABLE {db}.files ADD UNIQUE KEY by_name (file_name)")
    outcome = copy(place, "overwrite")
    assert outcome.code == 3, str(outcome)
    assert "by_name" in outcome.err
    assert place.count("files") == 0


def test_a_null_without_a_replacement_is_refused_by_name(place: Place) -> None:
    """The column, the error number and the key that would help."""
    make(place)
    place.sql("ALTER TABLE {db}.files MODIFY file_name VARCHAR(255) NOT NULL")
    place.cql(f"UPDATE {{ks}}.files SET name = null WHERE id = {FILES[3].id}")
    outcome = copy(place, "overwrite")
    assert outcome.code == 6, str(outcome)
    command = Command(place)
    (why,) = (command.folders()[-1] / "rejected").glob("*.why.jsonl")
    text = why.read_text(encoding="utf-8")
    assert '"name"' in text
    assert "1048" in text
    assert str(FILES[3].id) not in text  # the key is there in hexadecimal, as bytes of its cells
    assert FILES[3].id.hex in text
