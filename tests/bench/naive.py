"""The script that people write first: the driver, a Pool of two, executemany of a thousand rows.

It keeps no WAL and no checkpoint and verifies nothing; it is here to be raced against.
"""

from __future__ import annotations

import multiprocessing
import sys
from urllib.parse import urlsplit

import mysql.connector
from cassandra.cluster import Cluster

from tests.bench.wide_table import COLUMNS, KEYSPACE, TABLE

PROCESSES = 2
RANGES = 32
CHUNK = 1000
_LOW, _HIGH = -(2**63), 2**63 - 1


def copy_range(job: tuple[str, str, str, int, int]) -> int:
    """Copy the rows of one token range; return how many."""
    source, target, table, start, end = job
    cassandra, to = urlsplit(source), urlsplit(target)
    cluster = Cluster([cassandra.hostname], port=cassandra.port, protocol_version=5)
    session = cluster.connect()
    session.default_fetch_size = 5000
    connection = mysql.connector.connect(
        host=to.hostname, port=to.port, user=to.username, database=to.path.strip("/")
    )
    cursor = connection.cursor()
    names = ", ".join(COLUMNS)
    places = ", ".join(["%s"] * len(COLUMNS))
    # INSERT and not REPLACE: the connector joins the rows of an INSERT alone into one statement.
    insert = f"INSERT INTO {table} ({names}) VALUES ({places})"
    rows = session.execute(
        f"SELECT {names} FROM {KEYSPACE}.{TABLE} WHERE token(id) > %s AND token(id) <= %s",
        (start, end),
    )
    done = 0
    chunk = []
    for row in rows:
        chunk.append((str(row[0]), *row[1:]))
        if len(chunk) == CHUNK:
            cursor.executemany(insert, chunk)
            connection.commit()
            done += len(chunk)
            chunk.clear()
    if chunk:
        cursor.executemany(insert, chunk)
        connection.commit()
        done += len(chunk)
    connection.close()
    cluster.shutdown()
    return done


def main(source: str, target: str, table: str) -> None:
    """Copy the whole table."""
    width = (_HIGH - _LOW) // RANGES
    cuts = [_LOW + width * i for i in range(RANGES)] + [_HIGH]
    jobs = [(source, target, table, cuts[i], cuts[i + 1]) for i in range(RANGES)]
    with multiprocessing.Pool(PROCESSES) as pool:
        print(sum(pool.imap_unordered(copy_range, jobs)))


if __name__ == "__main__":
    main(*sys.argv[1:4])
