"""A table with every type at once and many random rows arrives equal, cell by cell.

CASS_SNAPSHOT_TEST_ROWS (20,000 by default) and CASS_SNAPSHOT_TEST_SEED choose other rows.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import everything
from tests.support.command import Command
from tests.support.everything import Comparison
from tests.support.servers import Place, Servers, new_database, new_keyspace

pytestmark = pytest.mark.servers

ROWS = int(os.environ.get("CASS_SNAPSHOT_TEST_ROWS", "20000"))
TIMEOUT_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A keyspace with the table of everything, and the seed that made its rows."""

    keyspace: str
    seed: int


@pytest.fixture(scope="module", params=["readable", "exact"])
def profile(request: pytest.FixtureRequest) -> str:
    """Say which profile is run."""
    return str(request.param)


@pytest.fixture(scope="module")
def filled(
    profile: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    """Hold a table of everything: values that fit for readable, any for exact."""
    seed = int(os.environ.get("CASS_SNAPSHOT_TEST_SEED", "0")) or secrets.randbits(32)
    print(f"CASS_SNAPSHOT_TEST_SEED={seed} CASS_SNAPSHOT_TEST_ROWS={ROWS} ({profile})")
    with new_keyspace(servers) as keyspace:
        folder = tmp_path_factory.mktemp("everything")
        place = Place(servers=servers, keyspace=keyspace, database="", folder=folder)
        everything.make(place)
        cells = everything.pools(seed, fits=profile == "readable")
        assert min(map(len, cells.values())) >= 2
        everything.fill(place, cells, seed, ROWS)
        yield Filled(keyspace=keyspace, seed=seed)


def test_a_table_of_every_type_arrives_equal(
    filled: Filled, profile: str, flavour_servers: Servers, tmp_path: Path
) -> None:
    """Every cell of every row, read back by a reader of its own; nothing is set aside."""
    with new_database(flavour_servers) as database:
        place = Place(
            servers=flavour_servers, keyspace=filled.keyspace, database=database, folder=tmp_path
        )
        command = Command(place, RUN__PROFILE=profile)
        ended = command.call(
            *command.copying(everything.TABLE, "--range-count", "4"), timeout_s=TIMEOUT_S
        )
        assert ended.code == 0, f"seed {filled.seed}\n{ended}"

        compared = Comparison(place, profile, everything.TABLE)
        compared.run()

        assert compared.faults == [], f"seed {filled.seed}"
        assert compared.rows == ROWS
        assert place.count(everything.TABLE) == ROWS
