"""Flags, variables, one file and defaults: which of them wins, and where each key came from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cass_snapshot.config import CommandLine, Flag, load

FILE = """\
config_version = 1

[cassandra]
contact_points = ["10.0.0.11"]

[mysql]
host = "db1"
port = 3307
database = "shop"

[run]
ranges = 64

[[tables]]
source = "shop.orders"
target = "bestellungen"

[[tables]]
source = "shop.files"
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder, with nothing of ours set."""
    for name in [n for n in os.environ if n.startswith("CASS_SNAPSHOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    return tmp_path


def write(path: Path, text: str = FILE) -> Path:
    """Write a config file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_flag_is_stronger_than_a_variable_and_that_than_the_file(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each key comes from the strongest source that has it; the others stay."""
    write(place / "cass-snapshot.toml")
    monkeypatch.setenv("CASS_SNAPSHOT_RUN__RANGES", "128")
    monkeypatch.setenv("CASS_SNAPSHOT_MYSQL__HOST", "db2")
    flags = {"run.ranges": Flag(value=32, option="--range-count")}
    settings = load(CommandLine(flags=flags))
    assert settings.run.ranges == 32
    assert settings.mysql.host == "db2"
    assert settings.mysql.port == 3307
    assert settings.origins.keys["run.ranges"] == "--range-count"
    assert settings.origins.keys["mysql.host"] == "CASS_SNAPSHOT_MYSQL__HOST"
    assert settings.origins.keys["mysql.port"] == "cass-snapshot.toml:8"
    assert settings.origins.heading() == "cass-snapshot.toml, 2 variables, 1 flag"


def test_the_file_is_the_one_asked_for_then_the_variable_then_here_then_xdg(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly one file is read, and they are never merged."""
    xdg = write(place / "xdg" / "cass-snapshot" / "config.toml", FILE.replace("64", "1"))
    assert load(CommandLine()).origins.file == str(xdg)
    write(place / "cass-snapshot.toml", FILE.replace("64", "2"))
    assert load(CommandLine()).run.ranges == 2
    monkeypatch.setenv(
        "CASS_SNAPSHOT_CONFIG", str(write(place / "v.toml", FILE.replace("64", "3")))
    )
    assert load(CommandLine()).run.ranges == 3
    asked = write(place / "asked.toml", FILE.replace("64", "4"))
    assert load(CommandLine(config=asked)).run.ranges == 4


def test_no_file_is_needed() -> None:
    """One table can be copied from flags alone."""
    flags = {
        "cassandra.contact_points": Flag(value=("h",), option="--from"),
        "mysql.host": Flag(value="db", option="--to"),
        "mysql.database": Flag(value="shop", option="--to"),
    }
    settings = load(CommandLine(flags=flags, tables=["shop.orders"]))
    assert settings.origins.file is None
    assert settings.origins.heading() == "no file, 2 flags"
    assert [t.source for t in settings.tables] == ["shop.orders"]


@pytest.mark.parametrize("text", ["a,b", " a , b ", '["a", "b"]'])
def test_a_list_in_a_variable_is_comma_separated_or_json(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both forms give the same list."""
    monkeypatch.setenv("CASS_SNAPSHOT_CASSANDRA__CONTACT_POINTS", text)
    assert load(CommandLine(), needs=()).cassandra.contact_points == ("a", "b")


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files pass empty variables on."""
    monkeypatch.setenv("CASS_SNAPSHOT_RUN__RANGES", "")
    assert load(CommandLine(), needs=()).run.ranges == 256


def test_what_tests_and_hooks_receive_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """CASS_SNAPSHOT_TABLES is a hook's list of names, not our tables."""
    for name in ("TEST_MYSQL", "TABLES", "RUN_ID", "STATE", "EXIT_CODE"):
        monkeypatch.setenv(f"CASS_SNAPSHOT_{name}", "anything")
    assert load(CommandLine(), needs=()).tables == ()


def test_tables_on_the_command_line_choose_and_add(place: Path) -> None:
    """A table that the file knows keeps its target; another one is taken as it is."""
    write(place / "cass-snapshot.toml")
    settings = load(CommandLine(tables=["shop.orders", "shop.new"]))
    assert [(t.source, t.target_table) for t in settings.tables] == [
        ("shop.orders", "bestellungen"),
        ("shop.new", "new"),
    ]
    assert len(load(CommandLine()).tables) == 2


def test_the_table_of_the_address_goes_with_one_source_table(place: Path) -> None:
    """It names the target of that one."""
    write(place / "cass-snapshot.toml")
    line = CommandLine(tables=["shop.files"], target_table="dateien")
    assert load(line).tables[0].target_table == "dateien"


def test_a_command_that_connects_to_nothing_needs_nothing() -> None:
    """Status works in an empty folder."""
    assert load(CommandLine(), needs=()).run.directory == Path("runs")


@pytest.mark.parametrize("name", ["minimal.toml", "full.toml"])
def test_the_sample_files_load(name: str) -> None:
    """What we show is accepted as it stands; passwords are read only when they are needed."""
    sample = Path(__file__).parents[2] / "sample_configs" / name
    settings = load(CommandLine(config=sample), needs=("tables",))
    assert settings.mysql.host == "db1.internal"
    assert settings.tables[0].source == "shop.orders"


def test_a_share_of_rejected_rows_may_stand_in_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """As text, like a number of rows, and stronger than the file."""
    Path("cass-snapshot.toml").write_text("[limits]\nrejected_max = 20\n", encoding="utf-8")
    assert load(CommandLine(), needs=()).limits.rejected_max == "20"
    monkeypatch.setenv("CASS_SNAPSHOT_LIMITS__REJECTED_MAX", "0.01%")
    settings = load(CommandLine(), needs=())
    assert settings.limits.rejected_max == "0.01%"
    assert settings.origins.keys["limits.rejected_max"] == "CASS_SNAPSHOT_LIMITS__REJECTED_MAX"
