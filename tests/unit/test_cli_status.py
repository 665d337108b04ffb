"""``status`` on run directories in every state, made by hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cass_snapshot.cli.app import main
from cass_snapshot.cli.folder import Life, find, read
from cass_snapshot.errors import StateError, UsageError
from cass_snapshot.snapshot.status import Phase, RunStatus, TableStatus

NAME = "20261120T104211-shop.orders-k3f9"
NOW = datetime(2026, 11, 20, 10, 54, 53, tzinfo=UTC)
STATUS = RunStatus(
    run_id="20261120T104211-k3f9",
    version="0.1.0",
    phase=Phase.COPYING,
    started_at="2026-11-20T10:42:11.000Z",
    updated_at="2026-11-20T10:54:52.114Z",
    elapsed_s=761.0,
    pid=os.getpid(),
    run_dir=f"runs/{NAME}",
    source="cassandra dc1",
    target="mysql db1",
    workers=8,
    tables=(TableStatus(table="shop.orders", target="orders", ranges_total=256, ranges_done=182),),
)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder with an empty folder for runs."""
    for name in [n for n in os.environ if n.startswith("CASS_SNAPSHOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


def write(runs: Path, name: str = NAME, status: RunStatus | None = STATUS) -> Path:
    """Write a run directory as a run in progress leaves it."""
    folder = runs / name
    folder.mkdir()
    plan = {"command_line": ["cass-snapshot", "run", "shop.orders", "-c", "x.toml"]}
    (folder / "run.json").write_text(json.dumps(plan), encoding="utf-8")
    if status is not None:
        (folder / "status.json").write_text(json.dumps(asdict(status)), encoding="utf-8")
    return folder


def dead_pid() -> int:
    """Return the id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_run_lives_while_its_process_does_and_writes(runs: Path) -> None:
    """Both are needed: ids are used again, and a copied directory names a stranger's."""
    folder = read(write(runs))
    assert folder.life(NOW) is Life.RUNNING
    assert folder.life(NOW + timedelta(minutes=5)) is Life.INTERRUPTED


def test_a_run_whose_process_is_gone_was_interrupted(runs: Path) -> None:
    """Nothing else is known of it, and nothing else is needed to go on."""
    folder = read(write(runs, status=replace(STATUS, pid=dead_pid())))
    assert folder.life(NOW) is Life.INTERRUPTED


def test_a_run_that_died_before_its_first_status_was_interrupted(runs: Path) -> None:
    """Only run.json is there."""
    assert read(write(runs, status=None)).life(NOW) is Life.INTERRUPTED


def test_a_run_with_a_result_has_ended_whatever_its_process_does(runs: Path) -> None:
    """What result.json says is what counts."""
    folder = write(runs)
    result = {"exit_code": 4, "exit_name": "partial", "reason": "2 ranges failed"}
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    found = read(folder)
    assert found.life(NOW) is Life.ENDED
    assert found.status is not None
    assert found.status.exit_code == 4
    assert found.status.reason == "2 ranges failed"


def test_fields_of_later_versions_are_ignored(runs: Path) -> None:
    """A newer tool may have written the directory."""
    folder = write(runs)
    record = json.loads((folder / "status.json").read_bytes()) | {"new_field": 1}
    (folder / "status.json").write_text(json.dumps(record), encoding="utf-8")
    assert read(folder).status == STATUS


@pytest.mark.parametrize("text", ["{", '{"v": 1}', "[]"])
def test_a_file_that_is_not_ours_is_said_to_be_so(runs: Path, text: str) -> None:
    """No traceback."""
    folder = write(runs)
    (folder / "status.json").write_text(text, encoding="utf-8")
    with pytest.raises(StateError, match=r"status\.json"):
        read(folder)


def test_a_run_answers_to_its_id_the_end_of_it_its_folder_and_its_path(runs: Path) -> None:
    """Whatever is at hand can be typed."""
    folder = write(runs)
    write(runs, "20261121T000000-shop.orders-zzzz")
    for name in ("k3f9", "20261120T104211-k3f9", NAME, str(folder)):
        assert find(runs, name) == (folder, "")


def test_without_a_name_the_newest_run_is_shown_with_a_note(runs: Path) -> None:
    """The only one needs no note."""
    write(runs)
    assert find(runs, None) == (runs / NAME, "")
    newer = write(runs, "20261121T000000-shop.orders-zzzz")
    assert find(runs, None) == (newer, "the newest of 2 runs")


def test_a_name_that_no_run_answers_to_is_refused_with_those_that_exist(runs: Path) -> None:
    """Nor is a guess made between several."""
    write(runs)
    with pytest.raises(UsageError) as caught:
        find(runs, "nope")
    assert caught.value.why == f"there are {NAME}"
    write(runs, "20261121T000000-shop.orders-k3f9")
    with pytest.raises(UsageError, match="2 runs are named k3f9"):
        find(runs, "k3f9")


def test_status_shows_an_interrupted_run(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How far it came, and that the same command continues it."""
    write(runs, status=replace(STATUS, pid=dead_pid()))
    assert main(["status"]) == 0
    out = capsys.readouterr().out
    assert "run 20261120T104211-k3f9   interrupted; the same run command continues it" in out
    assert "182/256" in out
    assert "cass-snapshot run shop.orders -c x.toml" in out


def test_status_shows_the_summary_of_a_run_that_has_ended(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the run itself did, from a copied directory too."""
    folder = write(runs)
    (folder / "result.json").write_text('{"exit_code": 0, "exit_name": "ok"}', encoding="utf-8")
    folder.parent.rename(runs.parent / "copied")
    assert main(["status", "k3f9", "--run-dir", "copied"]) == 0
    assert "done: shop.orders, 182/256 ranges" in capsys.readouterr().out


def test_status_as_json_is_the_record_and_what_became_of_it(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One object on one line."""
    write(runs, status=replace(STATUS, pid=dead_pid()))
    assert main(["status", "--output", "json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["life"] == "interrupted"
    assert record["run_id"] == "20261120T104211-k3f9"
    assert record["tables"][0]["ranges_done"] == 182


def test_status_without_runs_is_a_usage_error(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says where it looked."""
    assert main(["status"]) == 2
    assert f"error: there are no runs in {runs.name}" in capsys.readouterr().err
