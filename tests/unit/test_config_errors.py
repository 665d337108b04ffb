"""Whatever is wrong is said with its place and with what to type instead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cass_snapshot.config import CommandLine, Flag, load
from cass_snapshot.errors import UsageError


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder, with nothing of ours set."""
    for name in [n for n in os.environ if n.startswith("CASS_SNAPSHOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    return tmp_path


def refused(text: str | bytes | None = None, line: CommandLine | None = None) -> UsageError:
    """Return the error that loading a file gives."""
    if text is not None:
        data = text.encode() if isinstance(text, str) else text
        Path("cass-snapshot.toml").write_bytes(data)
    with pytest.raises(UsageError) as caught:
        load(line or CommandLine(), needs=())
    return caught.value


@pytest.mark.parametrize(
    ("text", "what", "where", "fix"),
    [
        (
            "[mysql]\nhots = 'a'\n",
            "no key hots is known",
            "[mysql] hots, cass-snapshot.toml:2",
            "did you mean host?",
        ),
        (
            "\n[mysq]\nhost = 'a'\n",
            "no section [mysq] is known",
            "[mysq], cass-snapshot.toml:2",
            "did you mean mysql?",
        ),
        (
            "config_versoin = 1\n",
            "no key config_versoin is known",
            "config_versoin, cass-snapshot.toml:1",
            "did you mean config_version?",
        ),
        (
            "[[tables]]\nsource='a.b'\n[[tables]]\nsuorce='a.c'\n",
            "no key suorce is known",
            "[[tables]] suorce, cass-snapshot.toml:4",
            "did you mean source?",
        ),
        (
            "[limits]\nrows_per_s = 1\n",
            "rows_per_s is not available in this version",
            "[limits] rows_per_s, cass-snapshot.toml:2",
            "remove it for now",
        ),
        (
            "[cassandra.tls]\nca_file = 'x'\n",
            "tls is not available in this version",
            "[cassandra] tls, cass-snapshot.toml:1",
            "remove it for now",
        ),
        (
            "[run]\nranges = 1\nwal_retention = '7 years'\n",
            "[run] wal_retention does not fit: 7 years",
            "cass-snapshot.toml:3",
            "correct it, or leave it out for its default",
        ),
        (
            "config_version = 2\n",
            "config_version = 2 is not known",
            "config_version, cass-snapshot.toml:1",
            "config_version = 1",
        ),
        (
            "run = 3\n",
            "run is a section, not a value",
            "[run], cass-snapshot.toml:1",
            "[run], and its keys below it",
        ),
        (
            "[tables]\nsource = 'a.b'\n",
            "tables is a list of tables",
            "[[tables]], cass-snapshot.toml:1",
            '[[tables]] in double brackets, and source = "keyspace.table" below it',
        ),
        (
            "[run]\nranges = 0\n",
            "[run] ranges does not fit: 0",
            "cass-snapshot.toml:2",
            "correct it, or leave it out for its default",
        ),
        (
            "[[tables]]\nsource = 'orders'\n",
            "orders is not a table to copy",
            "[[tables]] source, cass-snapshot.toml:2",
            "KEYSPACE.TABLE, both as Cassandra stores them, for example shop.orders",
        ),
    ],
)
def test_a_wrong_key_is_named_with_its_line(text: str, what: str, where: str, fix: str) -> None:
    """What, where and fix are the lines that the operator reads."""
    error = refused(text)
    assert (error.what, error.where, error.fix) == (what, where, fix)


@pytest.mark.parametrize(
    ("text", "line"), [("a = 1\nb = \nc = 1\n", 2), ("a = 1\n\nb = 'x\n", 3), ("a =", 1)]
)
def test_broken_toml_is_named_with_its_line(text: str, line: int) -> None:
    """The line is the one that TOML's reader stumbled at."""
    error = refused(text)
    assert error.what == "the config file is not valid TOML"
    assert error.where == f"cass-snapshot.toml:{line}"


def test_a_file_of_another_encoding_is_refused() -> None:
    """TOML is UTF-8."""
    assert refused(b"\xff\xfe").what == "cass-snapshot.toml is not UTF-8 text"


def test_a_file_that_was_asked_for_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither -c nor the variable falls back to another file."""
    error = refused(line=CommandLine(config=Path("absent.toml")))
    assert error.what == "cannot read the config file absent.toml"
    monkeypatch.setenv("CASS_SNAPSHOT_CONFIG", "also-absent.toml")
    assert refused().why == "No such file or directory"


def test_an_unknown_variable_is_refused_with_a_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable with a typing error would otherwise do nothing, silently."""
    monkeypatch.setenv("CASS_SNAPSHOT_MYSQL__HOTS", "db")
    error = refused()
    assert error.what == "no variable CASS_SNAPSHOT_MYSQL__HOTS is known"
    assert error.fix == "did you mean CASS_SNAPSHOT_MYSQL__HOST?"


@pytest.mark.parametrize("name", ["METRICS_ADDR", "LIMITS__ROWS_PER_S", "MYSQL__PASSWORD_COMMAND"])
def test_a_variable_of_a_later_version_is_named_as_such(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No guess is made where the manual does know the name."""
    monkeypatch.setenv(f"CASS_SNAPSHOT_{name}", "1")
    assert refused().what == f"CASS_SNAPSHOT_{name} is not available in this version"


@pytest.mark.parametrize("name", ["MYSQL", "RUN", "CONFIG_VERSION"])
def test_a_whole_section_is_no_variable(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable holds one key."""
    monkeypatch.setenv(f"CASS_SNAPSHOT_{name}", '{"host": "h"}')
    assert refused().what == f"no variable CASS_SNAPSHOT_{name} is known"


def test_a_value_that_does_not_fit_is_named_with_its_origin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Variable or flag, whichever carried it."""
    monkeypatch.setenv("CASS_SNAPSHOT_RUN__RANGES", "many")
    assert refused().where == "CASS_SNAPSHOT_RUN__RANGES"
    flags = {"run.workers": Flag(value=0, option="--workers")}
    monkeypatch.delenv("CASS_SNAPSHOT_RUN__RANGES")
    assert refused(line=CommandLine(flags=flags)).where == "--workers"


@pytest.mark.parametrize(
    ("key", "option"),
    [
        ("cassandra.contact_points", "--from cassandra://HOST"),
        ("mysql.host", "--to mysql://USER@HOST"),
        ("mysql.database", "--to mysql://USER@HOST"),
    ],
)
def test_a_missing_key_is_named_with_the_three_ways_to_set_it(key: str, option: str) -> None:
    """Option, key and variable."""
    with pytest.raises(UsageError) as caught:
        load(CommandLine(), needs=(key,))
    section, _, name = key.partition(".")
    assert caught.value.what == f"[{section}] {name} is missing"
    assert option in caught.value.fix
    assert f"CASS_SNAPSHOT_{section}__{name}".upper() in caught.value.fix


def test_a_run_without_tables_is_refused() -> None:
    """Neither the command line nor the file names one."""
    with pytest.raises(UsageError, match="no table is named"):
        load(CommandLine(), needs=("tables",))


def test_a_target_table_needs_exactly_one_source_table() -> None:
    """Two sources would be mixed in it."""
    line = CommandLine(tables=["a.b", "a.c"], target_table="t")
    assert refused(line=line).what == "a target table goes with exactly one source table"


def test_no_table_is_copied_twice_nor_into_one_that_another_fills() -> None:
    """Both would mix two copies."""
    twice = refused(line=CommandLine(tables=["a.b", "a.b"]))
    assert twice.what == "a.b is the source of 2 tables"
    assert "partitions = true goes into a config file of its own" in twice.fix
    assert refused(line=CommandLine(tables=["a.b", "c.b"])).what == "b is the target of 2 tables"
