"""Errors that a real server can be brought to: what comes of the batch that meets one.

``tests/unit/test_mysql_error_classes.py`` has every code; here the servers prove that they behave
as the one in memory does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from cass_snapshot.errors import Fault, SnapshotError
from cass_snapshot.model import Written
from cass_snapshot.mysql.connection import connect
from cass_snapshot.mysql.writer import MysqlTarget
from cass_snapshot.protocols import Target
from cass_snapshot.retry import Patience
from cass_snapshot.snapshot.apply import apply
from tests.support.planned_targets import BODY, KEY, Bench, Make, make
from tests.support.servers import Servers, until

pytestmark = pytest.mark.servers
__all__ = ["make"]

ROWS = [[1, "new"], [2, "new"], [3, "new"]]
WAYS = pytest.mark.parametrize("owned", [True, False], ids=["LOAD DATA", "INSERT"])
AWAY_S = 60.0


def table(make: Make, *, owned: bool = True) -> Bench:
    """Return a target that holds the rows already, so that they can be locked."""
    bench = make([KEY, BODY], ddl="id INT PRIMARY KEY, body VARCHAR(40)", owned=owned)
    bench.place.sql("INSERT INTO {db}.items VALUES (1, 'old'), (2, 'old'), (3, 'old')")
    return bench


def write(bench: Bench, target: Target, mend: Callable[[], object]) -> list[Fault | None]:
    """Write the rows with patience; the first fault is mended. Return the kinds of all faults."""
    faults: list[Fault | None] = []

    def hear(error: SnapshotError | None, _pause_s: float) -> None:
        if error is not None:
            faults.append(error.fault)
            if len(faults) == 1:
                mend()

    patience = Patience(unavailable_s=AWAY_S, tell=hear)
    ((_, written),) = apply([bench.batch(ROWS)], target, patience)
    assert written == Written(fresh=True)
    return faults


def assert_in_once(bench: Bench) -> None:
    """Prove that the batch is in, and once counted."""
    assert bench.rows() == [tuple(row) for row in ROWS]
    assert bench.place.sql("SELECT `rows`, state FROM {db}.snapshot_wal") == [(3, "applied")]
    found = bench.place.sql(
        "SELECT batch_seq, rows_read, rows_written FROM {db}.snapshot_checkpoints"
    )
    assert found == [(1, 3, 3)]


@contextmanager
def other_session(bench: Bench) -> Iterator[Any]:
    """Give a second session, with a transaction of its own."""
    connection = connect(bench.settings)
    try:
        yield connection
    finally:
        connection.close()


def do(connection: Any, *statements: str) -> None:  # noqa: ANN401 - see connection.connect
    """Execute statements."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def waits(bench: Bench) -> bool:
    """Tell whether somebody waits for a row.

    Not by innodb_trx, which shows whoever asks often what it showed before.
    """
    ((_, _, status),) = bench.place.sql("SHOW ENGINE INNODB STATUS")
    return "LOCK WAIT" in str(status).partition("\nTRANSACTIONS\n")[2]


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Do something in a thread, and fail if it failed."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised below
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    assert not failed, failed


@WAYS
def test_a_deadlock_is_made_again(make: Make, owned: bool) -> None:
    """1213: the server chose us, who had written less; what the other wrote is overwritten."""
    bench = table(make, owned=owned)
    heavy = ", ".join(f"({n}, 'heavy')" for n in range(100, 400))
    with other_session(bench) as other:
        items = f"`{bench.place.database}`.items"
        do(other, f"INSERT INTO {items} VALUES {heavy}")
        do(other, f"UPDATE {items} SET body = 'theirs' WHERE id = 3")

        def close_the_circle() -> None:
            until(lambda: waits(bench), "we wait for row 3")
            do(other, f"UPDATE {items} SET body = 'theirs' WHERE id = 1")
            closed.set()

        def let_go() -> None:
            assert closed.wait(AWAY_S)
            do(other, f"DELETE FROM {items} WHERE id >= 100")
            other.commit()

        closed = threading.Event()
        with meanwhile(close_the_circle):
            faults = write(bench, bench.open(), let_go)
    assert faults == [Fault.REDO]
    assert_in_once(bench)


@WAYS
def test_a_lock_wait_is_made_again_whole(make: Make, flavour_servers: Servers, owned: bool) -> None:
    """1205 rolls back the statement alone: to commit then would store part of the batch."""
    bench = table(make, owned=owned)
    ((before,),) = flavour_servers.sql("SELECT @@global.innodb_lock_wait_timeout")
    flavour_servers.sql("SET GLOBAL innodb_lock_wait_timeout = 1")
    try:
        target = bench.open()
        target.checkpoint(bench.batch([]).range)  # it is connected by now
    finally:
        flavour_servers.sql(f"SET GLOBAL innodb_lock_wait_timeout = {before}")
    bench.seq = 0
    with other_session(bench) as other:
        do(other, f"UPDATE `{bench.place.database}`.items SET body = 'theirs' WHERE id = 3")
        faults = write(bench, target, other.commit)
    assert faults == [Fault.REDO]
    assert_in_once(bench)


@WAYS
@pytest.mark.parametrize(
    ("kill", "fault"), [("KILL QUERY", Fault.INTERRUPTED), ("KILL", Fault.RECONNECT)]
)
def test_what_somebody_kills_is_made_again(
    make: Make, kill: str, fault: Fault, owned: bool
) -> None:
    """1317, and 2013 or what else a client is told of a connection that is gone."""
    bench = table(make, owned=owned)
    target = cast("MysqlTarget", bench.open())
    target.checkpoint(bench.batch([]).range)
    bench.seq = 0
    number = target._connection.connection_id
    with other_session(bench) as other:
        do(other, f"UPDATE `{bench.place.database}`.items SET body = 'theirs' WHERE id = 3")

        def end_it() -> None:
            until(lambda: waits(bench), "we wait for row 3")
            bench.place.sql(f"{kill} {number}")

        with meanwhile(end_it):
            faults = write(bench, target, other.commit)
    assert faults == [fault]
    assert_in_once(bench)


@WAYS
def test_a_server_that_turns_read_only_is_waited_for(
    make: Make, flavour: str, flavour_servers: Servers, owned: bool
) -> None:
    """1290, and then the flags that it shows to whoever connects; nothing is tried before."""
    if flavour == "mariadb":
        pytest.skip("nothing keeps MariaDB's root from writing")
    bench = table(make, owned=owned)
    target = bench.open()
    target.checkpoint(bench.batch([]).range)
    bench.seq = 0
    seen: list[Fault | None] = []

    def mend() -> None:
        timer.start()

    timer = threading.Timer(
        0.5, lambda: Servers(flavour_servers.endpoints).sql("SET GLOBAL read_only = OFF")
    )
    flavour_servers.sql("SET GLOBAL super_read_only = ON")
    try:
        seen += write(bench, target, mend)
    finally:
        timer.join()
        flavour_servers.sql("SET GLOBAL read_only = OFF")
    assert set(seen) == {Fault.FAILOVER}
    assert len(seen) >= 2
    assert_in_once(bench)


@pytest.fixture
def login(flavour_servers: Servers, request: pytest.FixtureRequest) -> Iterator[str]:
    """Make a login without any privilege but for the data; it may connect once at a time."""
    name = f"u_{abs(hash(request.node.name)):x}"
    flavour_servers.sql(f"CREATE USER '{name}'@'%' WITH MAX_USER_CONNECTIONS 1")
    flavour_servers.sql(f"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON *.* TO '{name}'@'%'")
    yield name
    flavour_servers.sql(f"DROP USER '{name}'@'%'")


def test_a_login_that_has_no_connection_left_is_waited_for(make: Make, login: str) -> None:
    """1226: until somebody gives one back."""
    bench = table(make)
    bench.settings = bench.settings.model_copy(update={"username": login})
    with other_session(bench) as other:
        faults = write(bench, bench.open(), other.close)
    assert set(faults) == {Fault.CAPACITY}
    assert_in_once(bench)


def test_a_server_that_has_no_connection_left_is_waited_for(
    make: Make, flavour: str, flavour_servers: Servers, login: str
) -> None:
    """1040: the one that is kept for administrators is not for us."""
    if flavour == "mariadb":
        pytest.skip("MariaDB has ten at least")
    bench = table(make)
    bench.settings = bench.settings.model_copy(update={"username": login})
    ((before,),) = flavour_servers.sql("SELECT @@global.max_connections")
    restore = f"SET GLOBAL max_connections = {before}"
    flavour_servers.sql("SET GLOBAL max_connections = 1")
    try:
        faults = write(bench, bench.open(), lambda: flavour_servers.sql(restore))
    finally:
        flavour_servers.sql(restore)
    assert set(faults) == {Fault.CAPACITY}
    assert_in_once(bench)


@WAYS
def test_a_table_that_is_full_is_waited_for(make: Make, flavour: str, owned: bool) -> None:
    """1114: until somebody makes room."""
    if flavour == "mysql":
        pytest.skip("MySQL's GTIDs allow no table of memory beside others, and disks are large")
    bench = make([KEY, BODY], ddl="id INT PRIMARY KEY, body VARCHAR(40)", owned=owned)
    sql = bench.place.sql
    sql("SET SESSION max_heap_table_size = 16384")
    try:
        sql("ALTER TABLE {db}.items ENGINE = MEMORY")
    finally:
        sql("SET SESSION max_heap_table_size = DEFAULT")
    numbers = ", ".join(f"({n}, REPEAT('x', 40))" for n in range(100, 5000))
    with pytest.raises(Exception, match="1114"):
        sql(f"INSERT INTO {{db}}.items VALUES {numbers}")

    def make_room() -> None:
        sql("ALTER TABLE {db}.items ENGINE = InnoDB")
        sql("DELETE FROM {db}.items WHERE id >= 100")

    assert write(bench, bench.open(), make_room) == [Fault.SPACE]
    assert_in_once(bench)


@WAYS
def test_rows_around_the_packet_s_limit_are_in_or_set_aside(
    make: Make, flavour_servers: Servers, owned: bool
) -> None:
    """1153: batches are larger than the limit as a whole; a row that is, is set aside alone."""
    ((limit,),) = flavour_servers.sql("SELECT @@global.max_allowed_packet")
    flavour_servers.sql("SET GLOBAL max_allowed_packet = 1048576")
    try:
        bench = make([KEY, BODY], ddl="id INT PRIMARY KEY, body LONGTEXT", owned=owned)
        rows = [[n, "b" * 500_000] for n in range(9)]
        rows[4] = [4, "x" * 2_000_000]
        target = bench.open()
        written = target.write(bench.batch(rows))
        again = target.write(bench.batch([[50, "small"]]))
    finally:
        flavour_servers.sql(f"SET GLOBAL max_allowed_packet = {limit}")
    there = [n for (n,) in bench.rows("id")]
    aside = [row.problems[0].error for row in bench.rejects.rows]
    assert (written.fresh, again) == (True, Written(fresh=True))
    assert written.rejected == len(aside)
    if owned and not aside:  # a file's row is no packet
        assert there == [*range(9), 50]
    else:
        assert there == [0, 1, 2, 3, 5, 6, 7, 8, 50]
        assert aside in ([1153], [1301])


@pytest.mark.parametrize("owned", [True])
def test_a_server_s_own_limit_of_a_statement_s_time_is_not_ours(
    make: Make, flavour: str, flavour_servers: Servers, owned: bool
) -> None:
    """3024 (1969 of MariaDB) meets no statement of ours, however little it allows."""
    bench = table(make, owned=owned)
    name, least = (
        ("max_execution_time", "1") if flavour == "mysql" else ("max_statement_time", "0.001")
    )
    flavour_servers.sql(f"SET GLOBAL {name} = {least}")
    try:
        with other_session(bench) as ours, ours.cursor() as cursor:
            cursor.execute(f"SELECT @@session.{name}")
            assert float(cursor.fetchone()[0]) == 0.0
            cursor.execute(
                "SELECT SUM(SLEEP(0.02)) FROM information_schema.innodb_trx"
                " RIGHT JOIN (SELECT 1 UNION SELECT 2) AS two ON TRUE"
            )
            assert cursor.fetchone()[0] == 0
    finally:
        flavour_servers.sql(f"SET GLOBAL {name} = 0")
