"""A database of one server, and what a login sees and plans there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from cass_snapshot.model import Column
from cass_snapshot.mysql.admin import MysqlAdmin
from cass_snapshot.planned import ColumnMapping, PlannedTarget, TableMapping
from cass_snapshot.settings import MysqlSettings
from tests.support.servers import Servers, new_database
from tests.support.typed_cells import column, table

SIZE = column("size", "int")
DATA = "SELECT, INSERT, UPDATE, DELETE, CREATE ON {db}.*"


class Bench:
    """A database of one server, and what examines it."""

    def __init__(self, servers: Servers, database: str) -> None:
        address = servers.endpoints.mysql
        self.servers = servers
        self.database = database
        self.admin = MysqlAdmin(
            MysqlSettings(
                host=address.host,
                port=address.port,
                database=database,
                username=address.user,
                password=address.password or None,
            )
        )

    def sql(self, *statements: str) -> None:
        """Execute statements; ``{db}`` is the database."""
        for statement in statements:
            self.servers.sql(statement.replace("{db}", f"`{self.database}`"))

    def plan(
        self, *columns: Column, said: tuple[ColumnMapping, ...] = (), **more: object
    ) -> PlannedTarget:
        """Return the plan of a table into ``t``."""
        mapping = TableMapping(target="t", columns=said, **more)  # type: ignore[arg-type]  # by name
        return self.admin.plan(table(*columns), mapping)


@pytest.fixture
def bench(flavour_servers: Servers) -> Iterator[Bench]:
    """Give a database of each flavour in turn."""
    with new_database(flavour_servers) as database:
        found = Bench(flavour_servers, database)
        yield found
        found.admin.close()


@contextmanager
def logged_in(bench: Bench, *grants: str) -> Iterator[MysqlAdmin]:
    """Give what a login with some grants sees."""
    login = f"u_{bench.database}"
    bench.sql(
        f"CREATE USER '{login}'@'%' IDENTIFIED BY 'x-{login}'",
        *(f"GRANT {grant} TO '{login}'@'%'" for grant in grants),
    )
    try:
        update = {"username": login, "password": SecretStr(f"x-{login}")}
        admin = MysqlAdmin(bench.admin._settings.model_copy(update=update))
        yield admin
        admin.close()
    finally:
        bench.sql(f"DROP USER '{login}'@'%'")
