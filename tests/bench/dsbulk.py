"""The peer dsbulk: unload to CSV files, then two LOAD DATA, with the settings that are right.

By default dsbulk escapes quotes with a backslash and leaves backslashes alone, which nothing can
read back; here quotes are doubled, and MySQL is told that nothing escapes. A NULL is the bare word,
blobs are base64, timestamps are written as MySQL reads them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import mysql.connector

from tests.bench.shapes import KEYSPACE, SHAPES, Shape

STREAMS = 2


def unload(java: str, jars: str, source: str, query: str, folder: Path) -> list[str]:
    """Return the command line of dsbulk."""
    place = urlsplit(source)
    settings = {
        "connector.csv.url": str(folder / "csv"),
        "connector.csv.header": "false",
        "connector.csv.escape": r'"\""',  # a quotation mark, as HOCON writes it
        "connector.csv.maxConcurrentFiles": str(STREAMS),
        "connector.csv.maxCharsPerColumn": "-1",
        "codec.nullStrings": "NULL",
        "codec.timestamp": "yyyy-MM-dd HH:mm:ss.SSS",
        "codec.date": "yyyy-MM-dd",
        "codec.binary": "BASE64",
        "codec.booleanStrings": '["1:0"]',
        "codec.formatNumbers": "false",
        "driver.basic.contact-points": f'["{place.hostname}:{place.port}"]',
        "driver.basic.load-balancing-policy.local-datacenter": "datacenter1",
        "driver.basic.request.timeout": "60 seconds",
        "engine.executionId": "bench",
        "log.directory": str(folder / "logs"),
        "log.verbosity": "quiet",
        "monitoring.console": "false",
    }
    command = [java, "-Xmx2g", "-Duser.timezone=UTC", "-cp", f"{jars}/*"]
    command += ["com.datastax.oss.dsbulk.runner.DataStaxBulkLoader", "unload", "-query", query]
    for name, value in settings.items():
        command += [f"--dsbulk.{name}" if not name.startswith("driver.") else _driver(name), value]
    return command


def _driver(name: str) -> str:
    return f"--datastax-java-{name}"


def load_statement(shape: Shape, table: str, path: Path) -> str:
    """Return the LOAD DATA for a CSV file of dsbulk's."""
    blobs = [c.name for c in shape.columns if c.cql == "blob"]
    fields = ", ".join(f"@{c.name}" if c.name in blobs else c.name for c in shape.columns)
    decoded = ", ".join(f"{name} = FROM_BASE64(@{name})" for name in blobs)
    return (
        f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE {table} CHARACTER SET utf8mb4"
        " FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY ''"
        f" LINES TERMINATED BY '\\n' ({fields})" + (f" SET {decoded}" if decoded else "")
    )


def load(target: str, shape: Shape, table: str, paths: Sequence[Path]) -> None:
    """Load some files, each in a transaction of its own."""
    to = urlsplit(target)
    connection = mysql.connector.connect(
        host=to.hostname,
        port=to.port,
        user=to.username,
        database=to.path.strip("/"),
        allow_local_infile=True,
        time_zone="+00:00",
        autocommit=True,
    )
    cursor: Any = connection.cursor()
    for path in paths:
        cursor.execute(load_statement(shape, table, path))
    connection.close()


def main(given: str) -> None:
    """Unload, then load; ``given`` is a JSON object."""
    job = json.loads(given)
    shape, folder = SHAPES[job["shape"]], Path(job["folder"])
    query = f"SELECT {', '.join(shape.names)} FROM {KEYSPACE}.{job['table']}"
    command = unload(job["java"], job["jars"], job["source"], query, folder)
    if code := subprocess.run(command, check=False, cwd=folder).returncode:
        raise SystemExit(f"dsbulk ended with {code}")
    paths = sorted((folder / "csv").glob("*.csv"))
    with ThreadPoolExecutor(STREAMS) as pool:
        streams = [
            pool.submit(load, job["target"], shape, job["table"], paths[part::STREAMS])
            for part in range(STREAMS)
        ]
        for stream in streams:
            stream.result()


if __name__ == "__main__":
    main(sys.argv[1])
