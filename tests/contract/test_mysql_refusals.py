"""Rows that MySQL refuses are set aside by themselves, and the others of their batch are in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from cass_snapshot.errors import TargetUnavailable
from cass_snapshot.forms import Form
from cass_snapshot.model import Written
from cass_snapshot.mysql.writer import MysqlTarget
from cass_snapshot.rejection import Rejected
from tests.support.planned_targets import BODY, KEY, Into, Make, make
from tests.support.servers import Servers

pytestmark = pytest.mark.servers
__all__ = ["make"]

BAD: list[tuple[str, str, object, int]] = [
    ("VARCHAR(3)", "text", "abcd", 1406),
    ("TINYINT", "int", 128, 1264),
    ("INT NOT NULL", "int", None, 1048),
    ("INT CHECK (v < 5)", "int", 5, 0),
    ("DECIMAL(4,1)", "double", 99999.0, 1264),
    ("ENUM('a')", "text", "b", 1265),
    ("INT UNIQUE", "int", 0, 1062),
]
FORMS = {"text": Form.TEXT, "int": Form.INTEGER, "double": Form.NUMBER}


@pytest.mark.parametrize(("sql", "cql", "value", "error"), BAD, ids=[b[0] for b in BAD])
def test_a_row_that_the_table_refuses_is_named_with_its_error(
    make: Make, sql: str, cql: str, value: object, error: int
) -> None:
    """By the table's own rules: types, CHECK, ENUM, another unique key; the others are in."""
    column = Into(name="v", sql=sql.partition(" ")[0], cql=cql, form=FORMS[cql])
    bench = make([KEY, column], ddl=f"id INT PRIMARY KEY, v {sql}")
    if "UNIQUE" in sql:  # the key finds its row, and the new value is another row's
        bench.place.sql("INSERT INTO {db}.items VALUES (50, 99)")
    good: object = "a" if cql == "text" else 0
    rows = [[n, n if "UNIQUE" in sql else good] for n in range(9)]
    assert bench.open().write(bench.batch([*rows[:4], [50, value], *rows[4:]])).rejected == 1
    assert [row[0] for row in bench.rows() if row != (50, 99)] == list(range(9))
    (rejected,) = bench.rejects.rows
    assert rejected.key == (b"\0\0\0\x32",)
    (problem,) = rejected.problems
    check, unique = error == 0, error == 1062
    assert problem.error in ((3819, 4025) if check else (error,))
    assert problem.column == ("" if check or unique else "v")
    assert problem.code == "CS-D04"


def test_a_trigger_and_a_foreign_key_refuse_the_row_alone(make: Make) -> None:
    """A SIGNAL of the operator's, and a parent that is not there."""
    place = make([KEY, BODY], ddl="id INT PRIMARY KEY, body VARCHAR(40)")
    sql = place.place.sql
    sql("CREATE TABLE {db}.parents (name VARCHAR(40) PRIMARY KEY)")
    sql("INSERT INTO {db}.parents VALUES ('a'), ('stop')")
    sql("ALTER TABLE {db}.items ADD FOREIGN KEY (body) REFERENCES {db}.parents (name)")
    sql(
        "CREATE TRIGGER {db}.guard BEFORE INSERT ON {db}.items FOR EACH ROW"
        " IF NEW.body = 'stop' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END IF"
    )
    rows = [[1, "a"], [2, "orphan"], [3, "a"], [4, "stop"], [5, "a"]]
    assert place.open().write(place.batch(rows)).rejected == 2
    assert [row[0] for row in place.rows()] == [1, 3, 5]
    assert [r.problems[0].error for r in place.rejects.rows] == [1452, 1644]


def test_a_row_above_the_packet_limit_is_set_aside_without_losing_the_connection(
    make: Make, flavour_servers: Servers
) -> None:
    """The server would only hang up; the limit is known before anything is sent."""
    ((limit,),) = flavour_servers.sql("SELECT @@global.max_allowed_packet")
    flavour_servers.sql("SET GLOBAL max_allowed_packet = 1048576")
    try:
        bench = make([KEY, BODY], ddl="id INT PRIMARY KEY, body LONGTEXT")
        rows = [[1, "a"], [2, "x" * 2_000_000], [3, "b" * 900_000]]
        assert bench.open().write(bench.batch(rows)).rejected == 1
    finally:
        flavour_servers.sql(f"SET GLOBAL max_allowed_packet = {limit}")
    assert [row[0] for row in bench.rows("id")] == [1, 3]
    assert [r.problems[0].error for r in bench.rejects.rows] == [1153]


def test_a_connection_that_is_killed_before_the_commit_loses_and_doubles_nothing(
    make: Make,
) -> None:
    """The row is kept and the batch is not in; the same call again brings both about, once."""
    bench = make([KEY, BODY], ddl="id INT PRIMARY KEY, body VARCHAR(3)")
    target = cast("MysqlTarget", bench.open())
    offered = bench.batch([[1, "a"], [2, "too long"], [3, "b"]])
    keep = bench.rejects.add
    kills: list[int] = []

    def keep_and_kill(rows: Sequence[Rejected]) -> tuple[str, ...]:
        ids = keep(rows)
        if not kills:
            kills.append(target._connection.connection_id)
            bench.place.sql(f"KILL {kills[0]}")
        return ids

    bench.rejects.add = keep_and_kill  # type: ignore[method-assign]  # a fault at this very moment
    with pytest.raises(TargetUnavailable):
        target.write(offered)
    assert (bench.rows(), len(bench.rejects.rows)) == ([], 1)
    assert target.write(offered) == Written(fresh=True, rejected=1)
    assert [row[0] for row in bench.rows()] == [1, 3]
    found = bench.place.sql("SELECT rows_read, rows_written FROM {db}.snapshot_checkpoints")
    assert (found, len(bench.rejects.rows)) == ([(3, 2)], 1)
