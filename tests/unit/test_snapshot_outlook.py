"""What ``plan`` says of an unfinished run, with and without ``--new``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cass_snapshot.cli import plan as command
from cass_snapshot.cli.app import app
from cass_snapshot.model import RunState
from cass_snapshot.planned import Level
from cass_snapshot.settings import RunSettings, Settings
from cass_snapshot.settings.tables import TableSettings
from cass_snapshot.snapshot.preflight.outlook import preview
from cass_snapshot.snapshot.preflight.preview import Preview
from tests.support.admins import MemoryAdmin, MemorySource
from tests.support.plans import plan, settings, source_table


def looked(folder: Path, *, new: bool) -> Preview:
    """Look at a table that has another column than when an unfinished run of it began."""
    made = plan("orders")
    admin = MemoryAdmin(there={"orders"})
    stopped = replace(made.tables[0].job.record, state=RunState.STOPPED)
    admin.ledger.register([(stopped, made.tables[0].ranges)])
    chosen = settings().model_copy(
        update={
            "tables": (TableSettings(source="shop.orders"),),
            "run": RunSettings(ranges=4, directory=folder),
        }
    )
    source = MemorySource({"orders": source_table("orders", "total")})
    return preview(chosen, source, admin, new=new)


def test_an_unfinished_run_of_another_plan_stops_the_next_one(tmp_path: Path) -> None:
    """And the way out is named."""
    found = looked(tmp_path, new=False)
    (failed,) = [f for f in found.findings if f.level is Level.FAIL]
    assert "another plan" in failed.text
    assert "--new" in failed.fix
    assert found.stops


def test_another_run_is_not_held_against_the_unfinished_one(tmp_path: Path) -> None:
    """Whoever has followed the advice is not given it again."""
    found = looked(tmp_path, new=True)
    assert (found.findings, found.continues, found.stops) == ((), None, False)


@pytest.mark.parametrize("words", ["plan --new", "run --new --dry-run"])
def test_both_commands_ask_for_another_run(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """What is shown is what that run would do."""
    asked: list[bool] = []

    def show(_settings: Settings, _common: object, *, new: bool) -> int:
        asked.append(new)
        return 0

    monkeypatch.setattr(command, "show", show)
    monkeypatch.setattr("cass_snapshot.cli.run.show", show)
    places = "shop.orders --from cassandra://a --to mysql://u@b/c"
    for line in (words, words.replace(" --new", "")):
        outcome = CliRunner().invoke(app, [*line.split(), *places.split()])
        assert outcome.exit_code == 0, outcome.output
    assert asked == [True, False]
