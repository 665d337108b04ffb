"""``python -m tests.demo HOST:PORT``: the demo's table, filled unless it is full already."""

from __future__ import annotations

import sys
from time import monotonic

from tests.demo import files_table
from tests.support.fill import count, fill, open_cluster


def main(address: str) -> None:
    """Create and fill the demo's table at HOST:PORT."""
    host, _, port = address.rpartition(":")
    cluster = open_cluster(host, int(port))
    try:
        session = cluster.connect()
        session.execute(files_table.CREATE_KEYSPACE)
        session.execute(files_table.CREATE_TABLE)
        name = f"{files_table.KEYSPACE}.{files_table.TABLE}"
        there = count(session, name, "id")
        if there == files_table.ROWS:
            print(f"{name} holds its {there:,} rows already")
            return
        print(f"filling {name} with {files_table.ROWS:,} rows ...", flush=True)
        began = monotonic()
        fill((host, int(port)), files_table.INSERT, files_table.make_row, files_table.ROWS)
        print(f"filled in {monotonic() - began:.0f} s")
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
