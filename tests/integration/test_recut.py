"""A run continued with another number of ranges: what remains is cut anew, nothing is lost."""

from __future__ import annotations

import pytest

from tests.support.command import Command
from tests.support.compare import differences
from tests.support.ledger import assert_read_once
from tests.support.planted import PLANTED, run_killed_at
from tests.support.servers import Place
from tests.support.source_tables import FILES_ROWS

pytestmark = pytest.mark.servers

RANGES = (
    "SELECT `range`, range_start, range_end, state FROM {db}.snapshot_checkpoints"
    " ORDER BY range_start"
)


def left_off(place: Place, ranges: int, order: str) -> Command:
    """Return a command whose run of so many ranges was killed after about a third of its rows."""
    command = Command(
        place, PLANTED, MYSQL__BATCH_ROWS_MAX="40", RUN__WORKERS="2", RUN__APPLY_ORDER=order
    )
    run_killed_at(command, "files", "--range-count", str(ranges), event="segment write", hit=17)
    return command


@pytest.mark.parametrize("order", ["token", "key"])
@pytest.mark.parametrize(("before", "after"), [(2, 24), (24, 3)])
def test_what_remains_is_cut_into_the_ranges_that_are_wanted_now(
    shared: Place, before: int, after: int, order: str
) -> None:
    """More of them or fewer; a row is read once, whatever was in the WAL or in MySQL."""
    command = left_off(shared, before, order)
    cut = shared.sql(RANGES)

    again = command.run("files", "--range-count", str(after))

    assert again.code == 0, str(again)
    assert len(command.folders()) == 1
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)
    ranges = shared.sql(RANGES)
    assert {state for *_, state in ranges} == {"done"}
    assert [one[1] for one in ranges[1:]] == [one[2] for one in ranges[:-1]]
    if after > before:
        assert len(ranges) > len(cut)
        assert "was cut anew" in (command.folders()[0] / "run.log").read_text(encoding="utf-8")


def test_the_same_number_leaves_the_plan_as_it_is(shared: Place) -> None:
    """Also after many kills, or a plan would be cut to pieces."""
    command = left_off(shared, 8, "token")
    before = [one[:3] for one in shared.sql(RANGES)]

    again = command.run("files", "--range-count", "8")

    assert again.code == 0, str(again)
    assert [one[:3] for one in shared.sql(RANGES)] == before


def test_the_wal_of_a_run_that_was_cut_anew_can_be_replayed(shared: Place) -> None:
    """Its segments say where their range ended when each was written."""
    command = left_off(shared, 2, "token")
    again = command.run("files", "--range-count", "24")
    assert again.code == 0, str(again)
    shared.sql("UPDATE {db}.snapshot_checkpoints SET batch_seq = 0, state = 'pending'")
    shared.sql("DELETE FROM {db}.snapshot_wal")
    shared.sql("DELETE FROM {db}.files")

    replayed = command.call("replay-wal", *command.both()[2:])

    assert replayed.code == 0, str(replayed)
    assert differences(shared, "files") == []
