"""The lease of a run that MySQL does not renew: because it hangs, or for another reason."""

from __future__ import annotations

import os
import signal

import pytest

from tests.integration.conftest import OwnServers
from tests.support.command import Command
from tests.support.compare import differences
from tests.support.ledger import assert_read_once
from tests.support.planted import PLANTED
from tests.support.servers import Place
from tests.support.source_tables import FILES_ROWS

pytestmark = pytest.mark.servers

ENDS_S = 150.0
"""Far less than the ten minutes in which a statement of a batch is given up."""


def test_a_mysql_that_hangs_for_longer_than_a_lease_lasts_is_waited_for(
    own_servers: OwnServers, own_place: Place
) -> None:
    """Stopped as a process is whose disk hangs: connections stay open, and nothing comes back."""
    command = Command(
        own_place, PLANTED, TEST_LEASE_S="6", MYSQL__BATCH_ROWS_MAX="40", RUN__WORKERS="2"
    )
    mysqld = own_servers.stack.pid("mysql")
    with command.start_run("files", "--range-count", "8") as running:
        running.until(lambda: own_place.rows_checkpointed() > 400, "rows are checkpointed")
        os.kill(mysqld, signal.SIGSTOP)
        try:
            running.until(lambda: "the run's lease ran out" in running.err(), "it is told")
        finally:
            os.kill(mysqld, signal.SIGCONT)
        ended = running.wait()
        running.wait_gone()
    assert ended.code == 0, str(ended)
    assert differences(own_place, "files") == []
    assert_read_once(own_place, FILES_ROWS)


REFUSING = (
    "CREATE TRIGGER {db}.refusing BEFORE UPDATE ON {db}.snapshot_runs FOR EACH ROW"
    " SET NEW.lease_until = IF(NEW.lease_until > OLD.lease_until,"
    " (SELECT NOW() UNION ALL SELECT NOW()), NEW.lease_until)"
)
"""A subquery of two rows is an error; that the run ends may be noted."""


def test_a_mysql_that_takes_rows_and_no_renewal_is_not_written_to_for_long(shared: Place) -> None:
    """Whoever cannot say that it holds the run ends it (exit 7); the same command goes on."""
    command = Command(
        shared, PLANTED, TEST_LEASE_S="2", MYSQL__BATCH_ROWS_MAX="2", RUN__WORKERS="1"
    )
    with command.start_run("files", "--range-count", "8") as running:
        running.until(lambda: shared.rows_checkpointed() > 0, "rows are checkpointed")
        shared.sql(REFUSING)
        ended = running.wait()
        running.wait_gone()
    assert ended.code == 7, str(ended)
    assert "the run's lease ran out" in ended.err
    assert "does not renew the run's lease" in ended.err
    assert shared.rows_checkpointed() < FILES_ROWS
    shared.sql("DROP TRIGGER {db}.refusing")
    again = command.run("files", "--range-count", "8", MYSQL__BATCH_ROWS_MAX="500")
    assert again.code == 0, str(again)
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)


def test_a_mysql_that_hangs_does_not_keep_a_run_from_ending(
    own_servers: OwnServers, own_place: Place
) -> None:
    """A capture writes nothing to it; that its end could not be noted there is told (exit 7)."""
    command = Command(
        own_place,
        MYSQL__BATCH_ROWS_MAX="2",
        MYSQL__UNAVAILABLE_TIMEOUT_S="1",
        RUN__WORKERS="1",
    )
    mysqld = own_servers.stack.pid("mysql")
    with command.start_run("files", "--range-count", "8", "--capture-only") as running:
        running.until(lambda: any(command.runs.glob("*/wal/*/*.wal")), "something is captured")
        os.kill(mysqld, signal.SIGSTOP)
        try:
            ended = running.wait(ENDS_S)
        finally:
            os.kill(mysqld, signal.SIGCONT)
        running.wait_gone()
    assert ended.code == 7, str(ended)
    assert "its end could not be noted in the target" in ended.err
    again = command.run("files", "--range-count", "8", MYSQL__BATCH_ROWS_MAX="500")
    assert again.code == 0, str(again)
    assert differences(own_place, "files") == []
