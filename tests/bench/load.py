"""The limit of loading: prepared files by LOAD DATA, two connections, a transaction a file.

Each connection has its own half of the table, so that both are in order.
"""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import mysql.connector

from tests.bench.shapes import SHAPES

CONNECTIONS = 2


def load_statement(names: tuple[str, ...], table: str, path: Path) -> str:
    """Return the LOAD DATA for a prepared file; binary, because nothing is to be converted."""
    return (
        f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE {table} CHARACTER SET binary"
        f" ({', '.join(names)})"
    )


def load(job: tuple[str, str, str, list[Path]]) -> int:
    """Load some files over one connection; return how many rows went in."""
    target, name, table, paths = job
    to = urlsplit(target)
    connection = mysql.connector.connect(
        host=to.hostname,
        port=to.port,
        user=to.username,
        database=to.path.strip("/"),
        allow_local_infile=True,
        autocommit=True,
        time_zone="+00:00",
        ssl_disabled=True,
    )
    cursor: Any = connection.cursor()
    rows = 0
    for path in paths:
        cursor.execute(load_statement(SHAPES[name].names, table, path))
        rows += cursor.rowcount
    connection.close()
    return rows


def main(target: str, shape: str, table: str, folder: str, rows: int) -> None:
    """Load a whole table."""
    paths = sorted(Path(folder).glob("*.tsv"))
    half = -(-len(paths) // CONNECTIONS)
    jobs = [(target, shape, table, paths[at * half : (at + 1) * half]) for at in range(CONNECTIONS)]
    with multiprocessing.Pool(CONNECTIONS) as pool:
        loaded = sum(pool.map(load, jobs))
    if loaded != rows:
        raise SystemExit(f"{loaded} rows went in, {rows} were expected")


if __name__ == "__main__":
    to_url, kind, name, files, count = sys.argv[1:]
    main(to_url, kind, name, files, int(count))
