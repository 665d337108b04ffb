"""The script that people write first: the driver, a Pool of two, executemany of a thousand rows.

It keeps no WAL and no checkpoint and verifies nothing; it is here to be raced against.
"""

from __future__ import annotations

import multiprocessing
import sys
from urllib.parse import urlsplit

import mysql.connector
from cassandra.cluster import Cluster

from tests.bench.shapes import KEYSPACE, SHAPES

RANGES = 32
CHUNK = 1000
FAT_CHUNK = 100
"""Of rows of 20 KB: MySQL takes statements of 64 MiB at most."""
FETCH_BYTES = 4 * 2**20
_LOW, _HIGH = -(2**63), 2**63 - 1


def copy_range(job: tuple[str, str, str, str, int, int]) -> int:
    """Copy the rows of one token range; return how many."""
    source, target, name, table, start, end = job
    shape = SHAPES[name]
    cassandra, to = urlsplit(source), urlsplit(target)
    cluster = Cluster([cassandra.hostname], port=cassandra.port, protocol_version=5)
    session = cluster.connect()
    session.default_fetch_size = min(5000, FETCH_BYTES // shape.row_bytes)
    connection = mysql.connector.connect(
        host=to.hostname, port=to.port, user=to.username, database=to.path.strip("/")
    )
    cursor = connection.cursor()
    names = ", ".join(shape.names)
    places = ", ".join(["%s"] * len(shape.names))
    token = f"token({', '.join(shape.partition_key)})"
    # INSERT and not REPLACE: the connector joins the rows of an INSERT alone into one statement.
    insert = f"INSERT INTO {table} ({names}) VALUES ({places})"
    rows = session.execute(
        f"SELECT {names} FROM {KEYSPACE}.{table} WHERE {token} > %s AND {token} <= %s",
        (start, end),
        timeout=120,
    )
    size = FAT_CHUNK if shape.row_bytes > FETCH_BYTES // 1000 else CHUNK
    done = 0
    chunk = []
    for row in rows:
        chunk.append(shape.parameters(row))
        if len(chunk) == size:
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


def main(source: str, target: str, shape: str, table: str, processes: int) -> None:
    """Copy the whole table."""
    width = (_HIGH - _LOW) // RANGES
    cuts = [_LOW + width * i for i in range(RANGES)] + [_HIGH]
    jobs = [(source, target, shape, table, cuts[i], cuts[i + 1]) for i in range(RANGES)]
    with multiprocessing.Pool(processes) as pool:
        print(sum(pool.imap_unordered(copy_range, jobs)))


if __name__ == "__main__":
    from_url, to_url, kind, name, count = sys.argv[1:]
    main(from_url, to_url, kind, name, int(count))
