"""The case files in real Cassandra tables, once a session, and a run to each target and profile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.case_copy import Copy
from tests.support.case_tables import Filler, Source
from tests.support.raw_cells import raw_cells
from tests.support.servers import Place, Servers, new_database, new_keyspace

PROFILES = ("readable", "exact")


@pytest.fixture(scope="session")
def case_source(servers: Servers) -> Iterator[Source]:
    """Hold every value of every case file, in every role."""
    with new_keyspace(servers) as keyspace:
        with raw_cells(servers) as raw:
            source = Filler(servers, raw, keyspace).fill()
        yield source


@pytest.fixture(scope="session", params=PROFILES)
def copy(
    request: pytest.FixtureRequest,
    flavour: str,
    flavour_servers: Servers,
    case_source: Source,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Copy]:
    """Copy all of it to a server of each flavour in each profile."""
    folder = tmp_path_factory.mktemp(f"{flavour}_{request.param}")
    with new_database(flavour_servers) as database:
        place = Place(
            servers=flavour_servers,
            keyspace=case_source.keyspace,
            database=database,
            folder=folder,
        )
        copied = Copy(place=place, source=case_source, flavour=flavour, profile=request.param)
        copied.run()
        yield copied
