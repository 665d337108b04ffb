"""Logs: what goes to a file, what to the terminal, and which extensions were found."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from cass_snapshot import logs
from cass_snapshot.settings import LogSettings

OURS = logging.getLogger("cass_snapshot.snapshot.run")
DRIVERS = logging.getLogger("cassandra.cluster")


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """Leave logging as it was."""
    logs.stop()
    yield
    logs.stop()
    logging.getLogger().setLevel(logging.WARNING)


def test_a_file_holds_what_we_say_and_the_drivers_warnings(tmp_path: Path) -> None:
    """One line a record, with time, level, origin and process; its owner's alone."""
    path = tmp_path / "run.log"
    logs.to_file(path, LogSettings())
    OURS.info("range %s applied", 7)
    DRIVERS.info("connected")
    DRIVERS.warning("host down")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line.partition("] ")[2] for line in lines] == ["range 7 applied", "host down"]
    assert " info    cass_snapshot.snapshot.run[" in lines[0]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert logs.files() == (path,)


def test_a_log_in_json_has_one_object_a_line(tmp_path: Path) -> None:
    """A traceback is part of it."""
    path = tmp_path / "run.log"
    logs.to_file(path, LogSettings(format="json"))
    OURS.error("broke", exc_info=KeyError("x"))
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["level"] == "error"
    assert record["message"] == "broke"
    assert "KeyError" in record["traceback"]


def test_what_a_driver_says_of_every_page_is_written_once_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other numbers are no other matter; what we say ourselves is always written."""
    path = tmp_path / "run.log"
    logs.to_file(path, LogSettings())
    for rows in (4000, 5000):
        DRIVERS.warning("Server warning: Read %s live rows and 30 tombstone cells", rows)
        OURS.info("range %s applied", 7)
    DRIVERS.warning("host down")
    monkeypatch.setattr(logs, "REPEATED_EVERY_S", 0.0)
    DRIVERS.warning("Server warning: Read 1 live rows and 1 tombstone cells")
    said = [line.partition("] ")[2] for line in path.read_text(encoding="utf-8").splitlines()]
    assert said == [
        "Server warning: Read 4000 live rows and 30 tombstone cells",
        "range 7 applied",
        "range 7 applied",
        "host down",
        "Server warning: Read 1 live rows and 1 tombstone cells",
    ]


def test_the_drivers_are_logged_in_full_on_demand(tmp_path: Path) -> None:
    """-vv asks for it."""
    path = tmp_path / "run.log"
    logs.to_file(path, LogSettings(drivers=True))
    DRIVERS.debug("connected")
    assert path.read_text(encoding="utf-8").endswith("connected\n")


@pytest.mark.parametrize(
    ("verbose", "quiet", "shown"),
    [
        (0, True, []),
        (0, False, ["warning: w"]),
        (1, False, ["info: i", "warning: w"]),
        (2, False, ["info: i", "warning: w", "warning: d"]),
    ],
)
def test_the_terminal_shows_warnings_and_more_on_demand(
    verbose: int, quiet: bool, shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """What drivers say is for -vv."""
    logs.to_terminal(verbose, quiet=quiet)
    OURS.info("i")
    OURS.warning("w")
    DRIVERS.warning("d")
    assert capsys.readouterr().err.splitlines() == shown


def test_a_view_that_shows_events_keeps_them_out_of_the_terminal_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is said twice."""
    logs.to_terminal(0)
    logs.leave_out(OURS.name)
    OURS.warning("w")
    assert capsys.readouterr().err == ""


def test_a_worker_writes_to_the_files_of_its_run_and_not_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The terminal belongs to the parent."""
    logs.configure_worker(LogSettings(file=tmp_path / "all.log"), tmp_path / "run.log")
    OURS.warning("w")
    assert capsys.readouterr().err == ""
    for name in ("all.log", "run.log"):
        assert (tmp_path / name).read_text(encoding="utf-8").endswith("] w\n")


def test_extensions_are_told_on_one_line() -> None:
    """For the log and run.json; the version itself stands elsewhere."""
    line = logs.extensions()
    assert "\n" not in line
    for part in ("cassandra-driver", "mysql-connector-python", "orjson", "zstandard"):
        assert part in line


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        (("cass_snapshot",), "compiled"),
        (("cass_snapshot._no_such", "cass_snapshot._nor_this"), "python"),
        (("cass_snapshot", "cass_snapshot._nowhere"), "compiled, without nowhere"),
    ],
)
def test_the_encoder_in_use_is_named(
    modules: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiled where it was built; ``--version`` and the log of a run say which."""
    assert all(map(import_module, logs._ENCODER))
    monkeypatch.setattr(logs, "_ENCODER", modules)
    assert logs.extensions().endswith(f"; encoder {said}")


def test_an_extension_that_does_not_load_says_why() -> None:
    """The import's own words."""
    assert logs._failure("cass_snapshot.no_such_module") == (
        "No module named 'cass_snapshot.no_such_module'"
    )
