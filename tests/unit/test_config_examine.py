"""What ``doctor`` says of the configuration, before any server is asked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cass_snapshot.config import CommandLine, load
from cass_snapshot.config.examine import examined
from cass_snapshot.planned import Level

BOTH = ("cassandra", "mysql")
FILE = """\
[cassandra]
contact_points = ["10.0.0.11"]
[mysql]
host = "db1"
database = "shop"
password_file = "secret"
[[tables]]
source = "shop.orders"
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder with a config file and a password file, with nothing of ours set."""
    for name in [n for n in os.environ if n.startswith("CASS_SNAPSHOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    (tmp_path / "cass-snapshot.toml").write_text(FILE, encoding="utf-8")
    (tmp_path / "secret").write_text("geheim\n", encoding="utf-8")
    (tmp_path / "secret").chmod(0o600)
    return tmp_path


def test_a_configuration_that_serves_is_ok() -> None:
    """With the password in the settings, and in no text."""
    settings, found, unusable = examined(load(CommandLine(), needs=()), BOTH)
    assert [f.level for f in found] == [Level.OK, Level.OK]
    assert found[0].text == "cass-snapshot.toml"
    assert not unusable
    assert settings.mysql.password is not None
    assert "geheim" not in repr((settings, found))


def test_a_password_that_others_may_read_fails_and_its_server_is_not_asked(place: Path) -> None:
    """The other server is."""
    (place / "secret").chmod(0o644)
    _, found, unusable = examined(load(CommandLine(), needs=()), BOTH)
    (failed,) = [f for f in found if f.level is Level.FAIL]
    assert failed.text.startswith("others may read the password file secret")
    assert failed.fix == "chmod 600 secret"
    assert list(unusable) == ["mysql"]


def test_a_password_in_the_environment_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accepted, with advice; the advice does not hold it."""
    monkeypatch.setenv("CASS_SNAPSHOT_CASSANDRA__PASSWORD", "geheim")
    _, found, unusable = examined(load(CommandLine(), needs=()), BOTH)
    (warned,) = [f for f in found if f.level is Level.WARN]
    assert "CASS_SNAPSHOT_CASSANDRA__PASSWORD_FILE" in warned.fix
    assert "geheim" not in warned.text + warned.fix
    assert not unusable


def test_what_is_missing_is_named_for_each_server(place: Path) -> None:
    """Without a file nothing is known; both are told at once."""
    (place / "cass-snapshot.toml").unlink()
    _, found, unusable = examined(load(CommandLine(), needs=()), BOTH)
    failed = [f.text for f in found if f.level is Level.FAIL]
    assert [text.split(" is missing")[0] for text in failed] == [
        "[cassandra] contact_points",
        "[mysql] host",
    ]
    assert set(unusable) == set(BOTH)
    assert any("no table is named" in f.text for f in found if f.level is Level.WARN)


def test_a_server_that_is_not_asked_needs_nothing(place: Path) -> None:
    """As with --only machine."""
    (place / "secret").unlink()
    _, found, unusable = examined(load(CommandLine(), needs=()), ())
    assert not unusable
    assert not [f for f in found if f.level is Level.FAIL]
