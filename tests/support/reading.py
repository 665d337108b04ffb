"""What examines and reads the tables of a test's Cassandra, and a table with static columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from cass_snapshot.forms import Form, Limits
from cass_snapshot.model import TOKEN_MAX, TOKEN_MIN, Cells, Column, Position, Table, TableName
from cass_snapshot.model import TokenRange as Range
from cass_snapshot.planned import PlannedColumn
from cass_snapshot.protocols import SourceAdmin
from cass_snapshot.reader.pages import CassandraSource
from cass_snapshot.reader.session import Connection, connect
from cass_snapshot.reader.statements import Selected, select_values
from cass_snapshot.settings import CassandraSettings
from cass_snapshot.wiring.admins import open_source_admin
from tests.support.patient import patience
from tests.support.servers import Place

RING = Range(number=0, start=TOKEN_MIN, end=TOKEN_MAX)


def settings_of(place: Place) -> CassandraSettings:
    """Return how a test's Cassandra is reached."""
    found = place.servers.endpoints
    login = found.cassandra_login
    return CassandraSettings.model_validate(
        {
            "contact_points": (found.cassandra.host,),
            "port": found.cassandra.port,
            "consistency": "LOCAL_ONE",
            **({"username": login.user, "password": login.password} if login else {}),
        }
    )


@pytest.fixture
def admin(place: Place) -> Iterator[SourceAdmin]:
    """Give what examines Cassandra."""
    found = open_source_admin(settings_of(place))
    yield found
    found.close()


@pytest.fixture
def connection(place: Place) -> Iterator[Connection]:
    """Give a raw session."""
    found = connect(settings_of(place), raw=True)
    yield found
    found.close()


def named(place: Place, table: str) -> TableName:
    """Return a table of the test's keyspace."""
    return TableName(keyspace=place.keyspace, name=table)


def source(
    connection: Connection,
    table: Table,
    columns: Sequence[Selected] | None = None,
    *,
    page_rows_max: int = 7,
) -> CassandraSource:
    """Return a source of a table, by default of all its columns."""
    return CassandraSource(
        connection,
        table,
        columns or select_values(table.columns),
        page_rows_max=page_rows_max,
        patience=patience(),
    )


def read(reader: CassandraSource, after: Position | None = None) -> tuple[list[Cells], int]:
    """Return the rows after a position, and how many partitions had none."""
    pages = list(reader.pages(RING, after))
    return [row for page in pages for row in page.rows], sum(page.static_only for page in pages)


def planned(columns: Sequence[Column]) -> list[PlannedColumn]:
    """Return columns as a plan has them."""
    limits = Limits(type="LONGBLOB")
    return [PlannedColumn(column=c, form=Form.HEX, limits=limits) for c in columns]


def make_shelves(place: Place) -> None:
    """Make a table with static columns: some partitions have rows, some have none."""
    place.cql(
        "CREATE TABLE {ks}.shelves (k int, a int, b text, s text static, v int,"
        " PRIMARY KEY (k, a, b)) WITH CLUSTERING ORDER BY (a DESC, b ASC)"
    )
    place.insert(
        "INSERT INTO {ks}.shelves (k, s) VALUES (?, ?)", [(k, f"s{k}") for k in range(0, 24, 2)]
    )
    place.insert(
        "INSERT INTO {ks}.shelves (k, a, b, v) VALUES (?, ?, ?, ?)",
        [(k, a, b, a) for k in range(0, 24, 3) for a in (1, 2) for b in ("x", "y")],
    )
