"""The peer Spark, tuned by hand: the connector reads, JDBC writes, in ``local[2]``.

Run with pyspark on PYTHONPATH, which is not a dependency of this project. Timestamps go through as
they are only where the JVM, the session and the connection all say UTC; decimals are DECIMAL(38,18)
to the connector, so those of more than 20 integer digits would become NULL (the table has none).
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any
from urllib.parse import urlsplit

from tests.bench.shapes import KEYSPACE

BATCH_ROWS = 5000
FETCH_ROWS = 5000
JDBC_OPTIONS = {
    "rewriteBatchedStatements": "true",  # else a statement a row
    "useServerPrepStmts": "false",
    "sslMode": "DISABLED",
    "allowPublicKeyRetrieval": "true",
    "connectionTimeZone": "UTC",
    "forceConnectionTimeZoneToSession": "true",
    "preserveInstants": "true",
    "useConfigs": "maxPerformance",
}


def jdbc_url(target: str) -> str:
    """Return the address as JDBC takes it."""
    to = urlsplit(target)
    options = "&".join(f"{name}={value}" for name, value in JDBC_OPTIONS.items())
    return f"jdbc:mysql://{to.hostname}:{to.port}{to.path}?{options}"


def settings(source: str, jars: str, cores: int, folder: str) -> dict[str, str]:
    """Return Spark's settings."""
    place = urlsplit(source)
    return {
        "spark.master": f"local[{cores}]",
        "spark.driver.memory": "2g",
        "spark.driver.extraClassPath": f"{jars}/*",
        "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -XX:+UseParallelGC",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": folder,
        "spark.sql.warehouse.dir": f"{folder}/warehouse",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
        "spark.cassandra.connection.host": str(place.hostname),
        "spark.cassandra.connection.port": str(place.port),
        "spark.cassandra.input.fetch.sizeInRows": str(FETCH_ROWS),
        "spark.cassandra.input.split.sizeInMB": "32",
        "spark.cassandra.input.metrics": "false",
    }


def main(given: str) -> None:
    """Copy the table; ``given`` is a JSON object."""
    job = json.loads(given)
    pyspark: Any = importlib.import_module("pyspark.sql")
    builder = pyspark.SparkSession.builder
    for name, value in settings(job["source"], job["jars"], job["cores"], job["folder"]).items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    reader = session.read.format("org.apache.spark.sql.cassandra")
    frame = reader.options(keyspace=KEYSPACE, table=job["table"]).load()
    writer = frame.write.format("jdbc").mode("append").option("url", jdbc_url(job["target"]))
    options = {
        "driver": "com.mysql.cj.jdbc.Driver",
        "dbtable": job["table"],
        "user": urlsplit(job["target"]).username,
        "password": "",
        "batchsize": str(job["batch"]),
        "isolationLevel": "NONE",
    }
    writer.options(**options).save()
    session.stop()


if __name__ == "__main__":
    main(sys.argv[1])
