"""``[[tables]]`` and what lies below it: what is read, and how a mistake is told."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from cass_snapshot.config import CommandLine, load
from cass_snapshot.config.lines import line_of
from cass_snapshot.errors import UsageError
from cass_snapshot.planned import ColumnMapping, Conflict, TableMapping
from cass_snapshot.settings import SECTIONS
from cass_snapshot.settings.tables import ColumnSettings, TableSettings

SAMPLES = Path(__file__).parents[2] / "sample_configs"
NOT_SHOWN = {"password"}
"""No config file holds one."""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder, with nothing of ours set."""
    for name in [n for n in os.environ if n.startswith("CASS_SNAPSHOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    return tmp_path


def refused(below: str) -> UsageError:
    """Return the error of a table with these lines below its source."""
    text = f'[[tables]]\nsource = "shop.orders"\n{below}'
    Path("cass-snapshot.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load(CommandLine(), needs=())
    return caught.value


@pytest.mark.parametrize(
    ("below", "what", "where", "fix"),
    [
        (
            "on_conflit = 'keep'",
            "no key on_conflit is known",
            "[[tables]] shop.orders on_conflit, cass-snapshot.toml:3",
            "did you mean on_conflict?",
        ),
        (
            "[tables.colums.total]\ntype = 'FLOAT'",
            "no key colums is known",
            "[[tables]] shop.orders colums, cass-snapshot.toml:3",
            "did you mean columns?",
        ),
        (
            "[tables.columns.total]\ntyp = 'FLOAT'",
            "no key typ is known",
            "[[tables]] shop.orders columns.total typ, cass-snapshot.toml:4",
            "did you mean type?",
        ),
        (
            "[[tables.columns]]\nname = 'total'",
            "columns is neither a value nor a list",
            "[[tables]] shop.orders columns, cass-snapshot.toml:3",
            "[tables.columns.NAME] below its [[tables]], and the column's keys below it",
        ),
        (
            "columns.total = 'DECIMAL(18,4)'",
            "tables.columns.total is a section, not a value",
            "[[tables]] shop.orders columns.total, cass-snapshot.toml:3",
            "[tables.columns.total], and its keys below it",
        ),
        (
            "[tables.columns.total]\ntype = 3",
            "type does not fit: 3",
            "[[tables]] shop.orders columns.total type, cass-snapshot.toml:4",
            'type = "DECIMAL(18,4)"',
        ),
        (
            "columns = {total = {type = 3}}",
            "type does not fit: 3",
            "[[tables]] shop.orders columns.total type, cass-snapshot.toml:3",
            'type = "DECIMAL(18,4)"',
        ),
        (
            "[tables.columns.born]\nnull = 1970-01-01",
            "null does not fit: 1970-01-01",
            "[[tables]] shop.orders columns.born null, cass-snapshot.toml:4",
            'null = "", null = 0 or null = false; a date or a time in quotes',
        ),
        (
            '[tables.columns."House No"]\nskip = "perhaps"',
            "skip does not fit: perhaps",
            "[[tables]] shop.orders columns.House No skip, cass-snapshot.toml:4",
            "skip = true, or leave it out",
        ),
        (
            "match = 'id'",
            "match does not fit: id",
            "[[tables]] shop.orders match, cass-snapshot.toml:3",
            'match = ["id"]',
        ),
        (
            "on_conflict = 'kept'",
            "on_conflict does not fit: kept",
            "[[tables]] shop.orders on_conflict, cass-snapshot.toml:3",
            'on_conflict = "keep"',
        ),
        (
            "key = 'hash'",
            "key does not fit: hash",
            "[[tables]] shop.orders key, cass-snapshot.toml:3",
            'key = "natural", or key = "digest"',
        ),
    ],
)
def test_a_wrong_key_of_a_table_is_named_with_table_column_and_line(
    below: str, what: str, where: str, fix: str
) -> None:
    """At every level, in every spelling that TOML has for it."""
    error = refused(below)
    assert (error.what, error.where, error.fix) == (what, where, fix)


def test_the_choices_of_a_key_are_in_the_reason() -> None:
    """Nobody has to look them up."""
    assert refused("on_conflict = 'x'").why == "input should be 'overwrite', 'keep' or 'newer'"
    assert refused("key = 'x'").why == "input should be 'natural' or 'digest'"


def test_a_profile_is_one_of_two() -> None:
    """And the nearest one is proposed."""
    error = refused("[run]\nprofile = 'exakt'")
    assert error.why == "input should be 'readable' or 'exact'"
    assert error.fix == 'profile = "exact"'


@pytest.mark.parametrize("value", ["'some'", "'101%'", "-1", "true", "0.5"])
def test_a_budget_of_rejected_rows_is_a_number_or_a_share(value: str) -> None:
    """Half a row is no number of rows."""
    error = refused(f"[limits]\nrejected_max = {value}")
    assert error.what.startswith("[limits] rejected_max does not fit")
    assert error.where == "cass-snapshot.toml:4"


def test_the_full_sample_shows_every_key() -> None:
    """With a table to create, and a mapping to one that exists."""
    tree = tomllib.loads((SAMPLES / "full.toml").read_text(encoding="utf-8"))
    for name, section in SECTIONS.items():
        assert set(tree[name]) == set(section.model_fields) - NOT_SHOWN
    tables = tree["tables"]
    assert {key for table in tables for key in table} == set(TableSettings.model_fields)
    columns = [column for table in tables for column in table.get("columns", {}).values()]
    assert {key for column in columns for key in column} == set(ColumnSettings.model_fields)


def test_the_mapping_of_the_full_sample_says_what_the_manual_says() -> None:
    """Every key of it reaches the record that crosses rooms."""
    settings = load(CommandLine(config=SAMPLES / "full.toml"), needs=("tables",))
    assert settings.tables[1].mapping("readable") == TableMapping(
        target="files",
        match=("file_id",),
        conflict=Conflict.OVERWRITE,
        columns=(
            ColumnMapping(source="id", name="file_id"),
            ColumnMapping(source="owner", null=""),
            ColumnMapping(source="draft", skip=True),
            ColumnMapping(source="body", writetime="body_written_at", ttl="body_ttl"),
        ),
    )


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("tables", 0), 1),
        (("tables", 1), 5),
        (("tables", 1, "columns"), 7),
        (("tables", 1, "columns", "a.b"), 7),
        (("tables", 1, "columns", "a.b", "type"), 8),
        (("tables", 0, "columns", "x", "name"), 3),
        (("tables", 1, "absent"), 5),
        (("absent",), None),
    ],
)
def test_a_key_is_found_by_its_path(path: tuple[str | int, ...], line: int | None) -> None:
    """In the entry that is meant; where it has no line of its own, what holds it has."""
    text = (
        '[[tables]]\nsource = "a.b"\ncolumns.x.name = "y"\n\n[[ tables ]]\nsource = "a.c"\n'
        '[tables.columns."a.b"]\n  type = "INT"\n'
    )
    assert line_of(text, path) == line
