"""Passwords come from a variable or from a private file, and appear nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cass_snapshot.config import CommandLine, load
from cass_snapshot.errors import UsageError
from cass_snapshot.settings import Settings

NEEDS = ("mysql.host",)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder with a MySQL named."""
    for name in [n for n in os.environ if n.startswith("CASS_SNAPSHOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("CASS_SNAPSHOT_MYSQL__HOST", "db1")
    return tmp_path


def secret(data: bytes, mode: int = 0o600) -> Path:
    """Write a password file."""
    path = Path("pw")
    path.write_bytes(data)
    path.chmod(mode)
    return path


def password(settings: Settings) -> str | None:
    """Return the password that was found."""
    held = settings.mysql.password
    return held.get_secret_value() if held else None


def test_a_password_comes_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken as it is."""
    monkeypatch.setenv("CASS_SNAPSHOT_MYSQL__PASSWORD", " ge,heim\n")
    assert password(load(CommandLine(), NEEDS)) == " ge,heim\n"


@pytest.mark.parametrize("data", [b"geheim", b"geheim\n", b"geheim\r\n"])
def test_a_password_comes_from_a_file_without_its_last_newline(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Editors end a file with a newline that nobody means."""
    monkeypatch.setenv("CASS_SNAPSHOT_MYSQL__PASSWORD_FILE", str(secret(data)))
    assert password(load(CommandLine(), NEEDS)) == "geheim"


def test_the_file_may_be_named_in_the_config_file() -> None:
    """Spaces within a password stay."""
    secret(b" ge heim ")
    Path("cass-snapshot.toml").write_text('[mysql]\npassword_file = "pw"\n', encoding="utf-8")
    assert password(load(CommandLine(), NEEDS)) == " ge heim "


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777, 0o610])
def test_a_file_that_others_may_read_is_refused(mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message shows the mode and the remedy."""
    monkeypatch.setenv("CASS_SNAPSHOT_MYSQL__PASSWORD_FILE", str(secret(b"geheim", mode)))
    with pytest.raises(UsageError) as caught:
        load(CommandLine(), NEEDS)
    assert caught.value.what == "others may read the password file pw"
    assert caught.value.why == f"its mode is {mode:04o}"
    assert caught.value.fix == "chmod 600 pw"


def test_variable_and_file_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which one is meant cannot be told."""
    monkeypatch.setenv("CASS_SNAPSHOT_MYSQL__PASSWORD", "eins")
    monkeypatch.setenv("CASS_SNAPSHOT_MYSQL__PASSWORD_FILE", str(secret(b"zwei")))
    with pytest.raises(UsageError, match="is set twice") as caught:
        load(CommandLine(), NEEDS)
    assert "eins" not in str(caught.value)
    assert "zwei" not in str(caught.value)


@pytest.mark.parametrize("section", ["mysql", "cassandra"])
def test_a_password_in_the_config_file_is_refused_and_not_repeated(section: str) -> None:
    """The message points to the file that may hold it."""
    text = f'[{section}]\nhost = "h"\npassword = "geheim"\n'.replace(
        'host = "h"\n' if section == "cassandra" else "\0", ""
    )
    Path("cass-snapshot.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load(CommandLine(), NEEDS)
    assert caught.value.what == "a password does not stand in the config file"
    assert "password_file" in caught.value.fix
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"\n", b"a\nb\n", b"a\0b", b"x" * 5000, b"\xff"])
def test_a_file_that_is_no_password_is_refused(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty, several lines, far too long, not text."""
    monkeypatch.setenv("CASS_SNAPSHOT_MYSQL__PASSWORD_FILE", str(secret(data)))
    with pytest.raises(UsageError, match="the password file pw"):
        load(CommandLine(), NEEDS)


def test_a_file_that_is_missing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable that named it is shown."""
    monkeypatch.setenv("CASS_SNAPSHOT_MYSQL__PASSWORD_FILE", "absent")
    with pytest.raises(UsageError) as caught:
        load(CommandLine(), NEEDS)
    assert caught.value.where == "CASS_SNAPSHOT_MYSQL__PASSWORD_FILE"
    assert caught.value.why == "No such file or directory"


def test_a_command_that_connects_to_nothing_reads_no_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Status works where the secrets are not mounted."""
    monkeypatch.setenv("CASS_SNAPSHOT_MYSQL__PASSWORD_FILE", "absent")
    assert password(load(CommandLine(), needs=())) is None
