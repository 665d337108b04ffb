"""The targets that the contract suites ask, each in turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.servers import Place, new_database
from tests.support.target_bench import Bench, in_memory, in_mysql


@pytest.fixture(
    params=[
        "memory",
        pytest.param("mysql", marks=pytest.mark.servers),
        pytest.param("mariadb", marks=pytest.mark.servers),
    ]
)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Return each target in turn, its plan of three ranges registered at epoch 1."""
    if request.param == "memory":
        yield in_memory()
        return
    name = "servers" if request.param == "mysql" else "mariadb_servers"
    servers = request.getfixturevalue(name)
    with ExitStack() as stack:
        place = Place(
            servers=servers,
            keyspace="",
            database=stack.enter_context(new_database(servers)),
            folder=request.getfixturevalue("tmp_path"),
        )
        yield in_mysql(place, stack)
