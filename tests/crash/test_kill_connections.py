"""MySQL's connections are killed over and over, also between COMMIT and its answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import mysql.connector
import pytest

from tests.support.command import Command
from tests.support.compare import differences
from tests.support.ledger import assert_read_once
from tests.support.servers import Place, until
from tests.support.source_tables import FILES_ROWS

pytestmark = pytest.mark.servers

KILLS = 150


@pytest.fixture
def login(shared: Place) -> Iterator[str]:
    """Make a login of the run's own, so that its connections are told from all others."""
    name = f"u_{shared.database}"
    shared.sql(f"CREATE USER '{name}'@'%'")
    shared.sql(f"GRANT ALL ON {{db}}.* TO '{name}'@'%'")
    yield name
    shared.sql(f"DROP USER '{name}'@'%'")


def kill_connections(place: Place, login: str) -> int:
    """Kill what a login has open at this moment; return how many connections that were."""
    found = place.sql(
        "SELECT processlist_id FROM performance_schema.threads WHERE processlist_user = %s",
        (login,),
    )
    killed = 0
    for (number,) in found:
        with suppress(mysql.connector.Error):  # it ended by itself
            place.sql(f"KILL {number}")
            killed += 1
    return killed


def test_a_copy_survives_the_loss_of_its_connections(shared: Place, login: str) -> None:
    """Whether a COMMIT went through, the checkpoint says: nothing lost, nothing twice (I2, I3)."""
    command = Command(shared, MYSQL__BATCH_ROWS_MAX="20", RUN__WORKERS="2")
    killed = 0

    def copied() -> bool:
        nonlocal killed
        if killed < KILLS:
            killed += kill_connections(shared, login)
        return shared.rows_checkpointed() == FILES_ROWS or running.ended

    with command.start(*command.copying("files", "--range-count", "8", user=login)) as running:
        running.until(lambda: shared.rows_checkpointed() > 0, "the run has begun")
        until(copied, "every row is checkpointed")
        ended = running.wait()
        running.wait_gone()

    assert ended.code == 0, f"after {killed} kills: {ended}"
    assert killed > 10
    assert differences(shared, "files") == []
    assert_read_once(shared, FILES_ROWS)
