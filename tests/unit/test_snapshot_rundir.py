"""The folder of a run: its name, what lies in it, and how an operator names it."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from cass_snapshot.errors import LockedError, PreflightError, StateError
from cass_snapshot.model import TableName
from cass_snapshot.snapshot.journal import Journal
from cass_snapshot.snapshot.rundir import (
    SUFFIX_ALPHABET,
    RunDirectory,
    choose,
    event_line,
    find_folder,
    folder_name,
    new_run_id,
    prepare_runs_directory,
    run_id_of,
    scan,
    table_lock,
)
from cass_snapshot.snapshot.status import Event
from tests.support.doubles import ORDERS, ListView
from tests.support.plans import first_status

ID = "20261120T104211-k3f9"
ITEMS = TableName(keyspace="shop", name="items")
NAME = "20261120T104211-shop.orders-k3f9"


def test_a_run_is_named_by_its_moment_and_four_letters() -> None:
    """In UTC; without letters that look like another."""
    moment = datetime(2026, 11, 20, 12, 42, 11, tzinfo=timezone(timedelta(hours=2)))
    run_id = new_run_id(moment)
    assert run_id.startswith("20261120T104211-")
    assert set(run_id[-4:]) <= set(SUFFIX_ALPHABET)
    assert len({new_run_id(moment)[-4:] for _ in range(20)}) > 1
    assert not set("il01o") & set(SUFFIX_ALPHABET)


@pytest.mark.parametrize(
    ("tables", "name"),
    [([ORDERS], NAME), ([ORDERS, ITEMS, ITEMS], "20261120T104211-shop.orders+2-k3f9")],
)
def test_a_folder_tells_the_table_and_gives_the_run_back(
    tables: list[TableName], name: str
) -> None:
    """The first table, and how many more."""
    assert name == folder_name(ID, tables)
    assert run_id_of(Path("/x") / name) == ID


def opened(directory: Path, run_id: str = ID, table: TableName = ORDERS) -> RunDirectory:
    """Return a run's folder with its record."""
    made = RunDirectory.open(directory, run_id, [table])
    made.write_run({"run_id": run_id})
    return made


def test_a_run_that_goes_on_finds_its_folder(tmp_path: Path) -> None:
    """Whatever its tables; private, with a place for segments."""
    first = opened(tmp_path)
    assert tmp_path / NAME == first.path == find_folder(tmp_path, ID)
    assert first.path == opened(tmp_path, table=ITEMS).path
    assert (
        0o700 == stat.S_IMODE(first.path.stat().st_mode) == stat.S_IMODE(first.wal.stat().st_mode)
    )
    assert find_folder(tmp_path / "absent", ID) is None
    assert find_folder(tmp_path, "20261120T104211-zzzz") is None


def test_the_record_of_a_run_is_written_once(tmp_path: Path) -> None:
    """A process that goes on does not change it."""
    made = opened(tmp_path)
    made.write_run({"run_id": "another"})
    assert json.loads((made.path / "run.json").read_bytes()) == {"run_id": ID}


def test_tables_that_join_a_run_later_are_added_to_its_record(tmp_path: Path) -> None:
    """What was written of the others stays, and so does all that is said of the run."""

    def entry(table: str, definition: str = "d") -> dict[str, str]:
        return {"table": table, "source": f"c/{table}", "definition": definition}

    made = RunDirectory.open(tmp_path, ID, [ORDERS])
    made.write_run({"run_id": ID, "settings": 1, "tables": [entry("shop.orders")]})
    later = [entry("shop.items"), entry("shop.orders", "later")]
    for _ in range(2):
        made.write_run({"run_id": ID, "settings": 2, "tables": later})
    assert json.loads((made.path / "run.json").read_bytes()) == {
        "run_id": ID,
        "settings": 1,
        "tables": [entry("shop.orders"), entry("shop.items")],
    }
    assert sorted(p.name for p in made.path.iterdir()) == ["run.json", "wal"]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"tables": [{}]}', b'{"tables": 7}'])
def test_a_record_that_is_none_of_ours_is_not_added_to(tmp_path: Path, content: bytes) -> None:
    """It is named and left as it is."""
    made = RunDirectory.open(tmp_path, ID, [ORDERS])
    path = made.path / "run.json"
    path.write_bytes(content)
    with pytest.raises(StateError, match="does not say what is copied") as refused:
        made.write_run({"run_id": ID, "tables": [{"source": "c/shop.orders"}]})
    assert refused.value.where == str(path)
    assert path.read_bytes() == content


def test_the_status_is_replaced_whole_and_privately(tmp_path: Path) -> None:
    """A reader that opened the old one keeps it; nothing half written is ever there."""
    made = opened(tmp_path)
    made.write_status(first_status())
    with (made.path / "status.json").open("rb") as before:
        made.write_status(first_status(tables=3))
        assert len(json.loads(before.read())["tables"]) == 1
    path = made.path / "status.json"
    assert len(json.loads(path.read_bytes())["tables"]) == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(p.name for p in made.path.iterdir()) == ["run.json", "status.json", "wal"]


def test_a_result_means_ended_until_the_run_goes_on(tmp_path: Path) -> None:
    """Then the earlier one is kept under another name."""
    made = opened(tmp_path)
    made.write_result(first_status())
    assert (made.path / "result.json").exists()
    opened(tmp_path)
    assert not (made.path / "result.json").exists()
    assert (made.path / "result.before.json").exists()


def test_events_are_numbered_on_where_an_earlier_process_left_off(tmp_path: Path) -> None:
    """One JSON object a line, whatever a message holds."""
    made = opened(tmp_path)
    for _ in range(2):
        view = ListView()
        journal = Journal(ID, made, view)
        journal.emit("run", "started", "begins\n\u2028", extensions="x")
        journal.emit("range", "applied", "done", range=3, where=Path("/x"))
    lines = (made.path / "events.jsonl").read_bytes().split(b"\n")[:-1]
    found = [json.loads(line) for line in lines]
    assert [e["seq"] for e in found] == [1, 2, 3, 4]
    assert {ID} == {e["run_id"] for e in found}
    assert found[0]["message"] == "begins\n\u2028"
    assert (found[1]["range"], found[1]["where"], found[1]["v"]) == (3, "/x", 1)
    assert [e.seq for e in view.events] == [3, 4]


def test_an_event_is_a_line_with_its_own_fields_beside_the_contracts() -> None:
    """The order is that of the contract."""
    event = Event(
        seq=1,
        run_id=ID,
        ts="t",
        event="pause",
        status="started",
        message="m",
        fields={"side": "target"},
    )
    expected = (
        b'{"v":1,"seq":1,"run_id":"20261120T104211-k3f9","ts":"t","event":"pause",'
        b'"status":"started","side":"target","message":"m"}\n'
    )
    assert expected == event_line(event)


def test_the_only_run_need_not_be_named(tmp_path: Path) -> None:
    """Folders that are no runs do not count."""
    (tmp_path / "notes").mkdir()
    made = opened(tmp_path)
    assert made.path == choose(tmp_path, None)


@pytest.mark.parametrize("name", [ID, "k3f9", NAME])
def test_a_run_answers_to_its_id_the_end_of_it_and_its_folder(tmp_path: Path, name: str) -> None:
    """Whatever the operator has at hand."""
    made = opened(tmp_path)
    opened(tmp_path, "20261121T000000-zzzz", ITEMS)
    assert made.path == choose(tmp_path, name)


@pytest.mark.parametrize(
    ("name", "words"),
    [(None, "the run must be named"), ("3f9", "no run answers to 3f9"), ("", "no run answers to")],
)
def test_a_name_that_is_not_enough_is_refused_with_what_there_is(
    tmp_path: Path, name: str | None, words: str
) -> None:
    """Both runs are listed."""
    opened(tmp_path)
    opened(tmp_path, "20261121T000000-zzzz", ITEMS)
    with pytest.raises(PreflightError, match=words) as refused:
        choose(tmp_path, name)
    assert refused.value.why == f"it holds {NAME}, 20261121T000000-shop.items-zzzz"


def test_several_runs_that_answer_are_not_guessed_between(tmp_path: Path) -> None:
    """Two suffixes may be equal."""
    opened(tmp_path)
    opened(tmp_path, "20261121T000000-k3f9")
    with pytest.raises(PreflightError, match="several runs answer to k3f9"):
        choose(tmp_path, "k3f9")


@pytest.mark.parametrize("there", [True, False])
def test_no_run_at_all_is_said(tmp_path: Path, *, there: bool) -> None:
    """Whether or not the folder exists."""
    directory = tmp_path if there else tmp_path / "runs"
    assert list(scan(directory)) == []
    with pytest.raises(PreflightError, match="there is no run"):
        choose(directory, None)


def test_runs_are_listed_oldest_first(tmp_path: Path) -> None:
    """By the moment in their names."""
    for moment in ("20270101T000000", "20261120T104211", "20261231T235959"):
        opened(tmp_path, f"{moment}-k3f9")
    assert [p.name.partition("-")[0] for p in scan(tmp_path)] == [
        "20261120T104211",
        "20261231T235959",
        "20270101T000000",
    ]


def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    """One clear error, with the setting to change."""
    (tmp_path / "file").touch()
    with pytest.raises(PreflightError) as refused:
        prepare_runs_directory(tmp_path / "file" / "runs")
    assert "--run-dir" in refused.value.where
    assert "nothing was written" in refused.value.where


def test_a_folder_for_runs_is_made_for_this_user_alone(tmp_path: Path) -> None:
    """With its parents."""
    prepare_runs_directory(tmp_path / "a" / "runs")
    assert stat.S_IMODE((tmp_path / "a" / "runs").stat().st_mode) == 0o700


def test_two_runs_of_one_table_are_kept_apart(tmp_path: Path) -> None:
    """The second is told who holds it; another table is free."""
    with table_lock(tmp_path, ORDERS):
        with pytest.raises(LockedError, match=f"pid {os.getpid()}"):
            table_lock(tmp_path, ORDERS).acquire()
        with table_lock(tmp_path, ITEMS):
            pass
    with table_lock(tmp_path, ORDERS):
        pass


def test_moments_are_in_utc() -> None:
    """So that folders sort by time on every machine."""
    assert new_run_id(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)).startswith("20260102T030405-")
