"""The command line from outside: help, errors, exit codes, and how little it imports to start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cass_snapshot import errors
from cass_snapshot.cli.app import main
from cass_snapshot.cli.failures import bug_lines, error_lines
from cass_snapshot.exits import Exit, exit_code_for, worst

ROOT = Path(__file__).parents[2]
COMMANDS = ("plan", "run", "status", "replay-wal", "find-missing", "doctor")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder, with nothing of ours set."""
    for name in [n for n in os.environ if n.startswith("CASS_SNAPSHOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    return tmp_path


def call(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as an operator does."""
    environment = dict(os.environ) | {"PYTHONPATH": str(ROOT)} | variables
    return subprocess.run(
        [sys.executable, "-m", "cass_snapshot", *words],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=60,
    )


def test_help_imports_neither_drivers_nor_the_loading_of_settings() -> None:
    """So that it is there at once: 250 ms hold no driver."""
    code = (
        "import sys; from cass_snapshot.cli.app import main; main(['run', '-h']);"
        "heavy = {'cassandra', 'mysql', '_mysql_connector', 'pydantic_settings', 'zstandard'};"
        "print('loaded:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=dict(os.environ) | {"PYTHONPATH": str(ROOT)},
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_a_worker_may_import_the_entry_point() -> None:
    """Spawn imports it under another name; nothing must start, nor be imported in vain."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import cass_snapshot.__main__, sys; assert 'typer' not in sys.modules",
        ],
        capture_output=True,
        text=True,
        env=dict(os.environ) | {"PYTHONPATH": str(ROOT)},
        check=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_the_process_exits_with_the_code() -> None:
    """And the message goes to standard error alone."""
    done = call("run", "--workrs", "3")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[0] == "No option --workrs for run. Did you mean --workers?"
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("words", [[], ["-h"], ["--help"]])
def test_help_names_the_commands_that_there_are(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where nothing was typed, and none of a later version."""
    assert main(words) == 0
    out = capsys.readouterr().out
    assert all(f" {command} " in out for command in COMMANDS)
    assert "explain" not in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_the_common_options(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are accepted after the command."""
    assert main([command, "-h"]) == 0
    out = capsys.readouterr().out
    for option in ("--config", "--run-dir", "--output", "--quiet", "--verbose", "--color"):
        assert option in out
    for option in ("--log-file", "--log-format", "--version", "--help"):
        assert option in out


@pytest.mark.parametrize("words", [["--version"], ["run", "--version"]])
def test_the_version_says_which_extensions_load(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Drivers without them work, slowly, and say nothing."""
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("cass-snapshot ")
    assert lines[2].startswith("cassandra-driver ")
    assert "murmur3" in lines[2]
    assert "C extension" in lines[3]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["rnu"], "No command rnu. Did you mean run?"),
        (["explain"], "No command explain in this version."),
        (["run", "--stop-after"], "No option --stop-after for run in this version."),
        (["doctor", "--olny", "mysql"], "No option --olny for doctor. Did you mean --only?"),
        (["status", "--wacth"], "No option --wacth for status."),
        (["run", "--password=geheim"], "No option --password for run."),
        (["run", "a.b", "--from"], "Option '--from' requires an argument."),
    ],
)
def test_a_mistyped_line_gets_two_lines(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was meant, and where the help is; never the panel of all options."""
    assert main(words) == 2
    err = capsys.readouterr().err.splitlines()
    assert err[0] == line
    assert len(err) == 2
    assert err[1].endswith("exit 2")
    assert "geheim" not in "".join(err)


def test_an_unknown_variable_stops_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As an unknown option does."""
    monkeypatch.setenv("CASS_SNAPSHOT_RUN__WORKRES", "2")
    assert main(["status"]) == 2
    assert "did you mean CASS_SNAPSHOT_RUN__WORKERS?" in capsys.readouterr().err


def test_a_variable_stands_for_its_option(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong value is refused like the option's."""
    monkeypatch.setenv("CASS_SNAPSHOT_PROGRESS", "sparkles")
    assert main(["run", "a.b"]) == 2
    assert "CASS_SNAPSHOT_PROGRESS" in capsys.readouterr().err


def test_a_password_in_an_address_never_comes_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, with a pointer to the variable and the file (I12)."""
    assert main(["run", "a.b", "--to", "mysql://u:geheim@h/d"]) == 2
    err = capsys.readouterr().err
    assert "CASS_SNAPSHOT_MYSQL__PASSWORD" in err
    assert "geheim" not in err


@pytest.mark.parametrize("command", ["run", "find-missing", "plan"])
def test_a_command_without_servers_says_what_is_missing(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error has its four parts and the code."""
    assert main([command, "a.b"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "error: [cassandra] contact_points is missing"
    assert [line.split()[0] for line in lines[1:]] == ["where", "why", "fix", "exit"]


def test_a_log_file_that_cannot_be_written_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything else happens."""
    assert main(["status", "--log-file", "absent/x.log"]) == 2
    assert "error: cannot write the log file absent/x.log" in capsys.readouterr().err


def test_an_error_of_ours_is_rendered_as_the_manual_shows_it() -> None:
    """Labels align, empty parts are left out, the code ends it."""
    error = errors.PreflightError(
        'the cluster has no datacenter "dc-1"',
        where="[cassandra] local_datacenter, cass-snapshot.toml:6; nothing was written",
        fix='local_datacenter = "dc1"',
    )
    assert error_lines(error) == [
        'error: the cluster has no datacenter "dc-1"',
        "  where   [cassandra] local_datacenter, cass-snapshot.toml:6; nothing was written",
        '  fix     local_datacenter = "dc1"',
        " " * 74 + "exit 3",
    ]


def test_an_unexpected_error_keeps_its_traceback() -> None:
    """Without a log it is shown, or it would be lost."""
    lines = bug_lines(KeyError("x"))
    assert lines[0].endswith("KeyError: 'x'")
    assert lines[1] == "error: unexpected KeyError; this is a bug of cass-snapshot"
    assert lines[-1].endswith("exit 1")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError("x"), 2),
        (errors.PreflightError("x"), 3),
        (errors.RangeFailed("x"), 4),
        (errors.LimitReached("x"), 6),
        (errors.TargetUnavailable("x"), 7),
        (errors.LockedError("x"), 8),
        (errors.WalCorrupt("x"), 9),
        (errors.Fenced("x"), 9),
        (KeyboardInterrupt(), 130),
        (ValueError("x"), 1),
    ],
)
def test_an_exit_code_belongs_to_a_class_of_errors(error: BaseException, code: int) -> None:
    """Subclasses have the code of what they are."""
    assert exit_code_for(error) == code


def test_the_worst_code_wins() -> None:
    """Signal > 9 > 1 > 5 > 7 > 6 > 4, and nothing is well."""
    order = [130, 9, 1, 5, 7, 6, 4, 0]
    for place, code in enumerate(order):
        assert worst(order[place:]) == code
    assert worst([]) == Exit.OK
