"""Two runs of one table at once: one works, and the other leaves it alone, whichever is later.

Folders of their own stand for machines of their own: there is no lock between them but the lease.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.support.command import Command, Running
from tests.support.compare import differences
from tests.support.ledger import assert_read_once
from tests.support.planted import PLANTED, Hold
from tests.support.servers import Place, Row, until
from tests.support.source_tables import FILES_ROWS

pytestmark = pytest.mark.servers

LEASE_S = 8
"""Instead of half a minute; longer than it takes to start and to be refused."""
TABLES = ("files", "snapshot_runs", "snapshot_checkpoints", "snapshot_wal", "snapshot_validation")


def commands(place: Place, *, apart: bool) -> tuple[Command, Command]:
    """Return two command lines of short leases and small batches, over one or two folders."""
    one, other = (
        Command(
            place,
            PLANTED,
            TEST_LEASE_S=str(LEASE_S),
            MYSQL__BATCH_ROWS_MAX="20",
            RUN__WORKERS="2",
        )
        for _ in range(2)
    )
    if apart:
        other.runs = place.folder / "elsewhere"
    return one, other


@pytest.mark.parametrize("apart", [False, True], ids=["one machine", "two machines"])
@pytest.mark.parametrize("number", range(3))
def test_of_two_runs_that_start_at_once_one_works_and_one_is_locked_out(
    shared: Place, apart: bool, number: int
) -> None:
    """Exit 0 and exit 8, and every row once; which of them is which is nobody's business.

    The one that works stands still until the other has ended.
    """
    one, other = commands(shared, apart=apart)
    hold = Hold(one, 3)
    with (
        one.start_run("files", "--range-count", "8", **hold.settings) as first,
        other.start_run("files", "--range-count", "8", **hold.settings) as second,
    ):
        until(lambda: first.ended or second.ended, "one of them is locked out")
        hold.let_go()
        ended = [first.wait(), second.wait()]
        for running in (first, second):
            running.wait_gone()
    codes = sorted(one.code for one in ended)
    assert codes == [0, 8], f"{number}: {ended[0]}\n{ended[1]}"
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)


@pytest.fixture
def login(shared: Place) -> Iterator[str]:
    """Make a login of the older run's own, so that its transactions are told from all others."""
    name = f"u_{shared.database}"
    shared.sql(f"CREATE USER '{name}'@'%'")
    shared.sql(f"GRANT ALL ON {{db}}.* TO '{name}'@'%'")
    yield name
    shared.sql(f"DROP USER '{name}'@'%'")


def freeze(running: Running, place: Place, login: str) -> list[int]:
    """Stop all processes of a run where none of them has a transaction open; return them."""

    def frozen() -> bool:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        open_ones = place.number(
            "SELECT COUNT(*) FROM performance_schema.events_transactions_current AS t"
            " JOIN performance_schema.threads USING (thread_id)"
            " WHERE t.state = 'ACTIVE' AND processlist_user = %s",
            (login,),
        )
        if open_ones:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        return not open_ones

    pids = [running.process.pid, *running.processes()]
    until(frozen, "it stands between two transactions")
    return pids


def everything(place: Place) -> dict[str, list[Row]]:
    """Return all rows of all tables."""
    return {table: sorted(place.sql(f"SELECT * FROM {{db}}.{table}"), key=repr) for table in TABLES}


@pytest.mark.parametrize("new", [(), ("--new",)], ids=["taken over", "begun afresh"])
def test_a_run_that_was_frozen_wakes_after_another_and_writes_nothing(
    shared: Place, login: str, new: tuple[str, ...]
) -> None:
    """Its lease held the others off while it lasted; the epoch holds it off ever after (exit 9)."""
    older, newer = commands(shared, apart=True)
    hold = Hold(older, 3)
    copying = older.copying("files", "--range-count", "8", user=login)
    with older.start(*copying, **hold.settings) as old:
        old.until(lambda: len(hold.held) == 2, "the older run has begun")
        pids = freeze(old, shared, login)
        hold.let_go()  # they stand in two ways now
        early = newer.run("files", "--range-count", "8")
        until(
            lambda: shared.number(
                "SELECT COUNT(*) FROM {db}.snapshot_runs WHERE lease_until <= UTC_TIMESTAMP(3)"
            ),
            "the lease has ended",
        )
        late = newer.run("files", "--range-count", "8", *new)
        before = everything(shared)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        woken = old.wait()
        old.wait_gone()

    assert early.code == 8, str(early)
    assert "holds it" in early.err
    assert late.code == 0, str(late)
    assert woken.code == 9, str(woken)
    assert "taken" in woken.err
    assert everything(shared) == before
    assert differences(shared, "files") == []
    found = shared.sql("SELECT state, epoch, exit_code FROM {db}.snapshot_runs ORDER BY run_id")
    if new:
        assert found == [("running", 2, None), ("done", 1, 0)]
    else:
        assert found == [("done", 2, 0)]
        assert_read_once(shared, FILES_ROWS)
