"""Who takes part: how each peer is started, and what it needs.

The product and its peers write into a table that is made for them, the same one for all; the limits
do half of the work each.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from tests.bench import installs
from tests.bench.prepared import prepare
from tests.bench.race import Command
from tests.bench.servers import Servers
from tests.bench.shapes import KEYSPACE, Shape

FLOOR_ROWS_PER_S = 500
"""The slowest peer ever measured had 2,600; who is slower than this has hung."""
FLOOR_BYTES_PER_S = 500_000
START_S = 180.0
_PRODUCT_VARIABLES = {"CASS_SNAPSHOT_VERIFY__AFTER_RUN": "false"}
_COMPILED = (
    "cass_snapshot._wire",
    "cass_snapshot.codec._encode",
    "cass_snapshot.mysql._dialect",
)
_HIDE_COMPILED = f"import sys\n\nsys.modules |= dict.fromkeys({_COMPILED})\n"
SPARK_BATCH_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """What every peer is given: the table, the servers, its share of the machine."""

    servers: Servers
    shape: Shape
    rows: int
    workers: int
    folder: Path
    """Empty, and removed after the turn."""

    @property
    def table(self) -> str:
        """Return the table's name on both sides."""
        return self.shape.table(self.rows)

    def command(self, *argv: str, **variables: str) -> Command:
        """Return how a program is started on this track."""
        volume_s = self.rows * self.shape.row_bytes / FLOOR_BYTES_PER_S
        return Command(
            argv=argv,
            folder=self.folder,
            variables=variables,
            limit_s=START_S + max(self.rows / FLOOR_ROWS_PER_S, volume_s),
        )

    def python(self, module: str, *arguments: str, **variables: str) -> Command:
        """Return how a module of ours is started."""
        return self.command(sys.executable, "-m", module, *arguments, **variables)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One way to copy a table, or half of one: ``copies`` tells whether rows arrive in MySQL."""

    title: str
    start: Callable[[Track], Command]
    install: Callable[[], object] = installs.bytecode
    around: Callable[[Servers], AbstractContextManager[None]] = lambda _: nullcontext()
    copies: bool = True
    limit: bool = False


def product(track: Track, **variables: str) -> Command:
    """Start the product; settings go as variables, which a config file would hold."""
    servers = track.servers
    return track.python(
        "cass_snapshot",
        *("run", f"{KEYSPACE}.{track.table}", "--new"),
        *("--from", servers.source_url, "--to", servers.target_url),
        *("--workers", str(track.workers), "--progress", "none", "--quiet"),
        **{**_PRODUCT_VARIABLES, **variables},
    )


def _in_order(order: str, **variables: str) -> Callable[[Track], Command]:
    return lambda track: product(track, CASS_SNAPSHOT_RUN__APPLY_ORDER=order, **variables)


def _without_compiler(track: Track) -> Command:
    """Start the product as it is where nothing could be compiled, its spawned workers too."""
    folder = track.folder / "plain"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_HIDE_COMPILED, encoding="utf-8")
    path = os.pathsep.join((str(folder), str(Path.cwd())))
    return product(track, CASS_SNAPSHOT_RUN__APPLY_ORDER="key", PYTHONPATH=path)


def _naive(track: Track) -> Command:
    servers = track.servers
    return track.python(
        "tests.bench.naive",
        *(servers.source_url, servers.target_url),
        *(track.shape.name, track.table, str(track.workers)),
    )


def _dsbulk(track: Track) -> Command:
    job = {
        "java": str(installs.java()),
        "jars": str(installs.dsbulk_jars()),
        "source": track.servers.source_url,
        "target": track.servers.target_url,
        "shape": track.shape.name,
        "table": track.table,
        "folder": str(track.folder),
    }
    return track.python("tests.bench.dsbulk", json.dumps(job))


def _spark(track: Track) -> Command:
    pyspark, jars = installs.spark()
    job = {
        "jars": str(jars),
        "source": track.servers.source_url,
        "target": track.servers.target_url,
        "table": track.table,
        "folder": str(track.folder),
        "cores": track.workers,
        "batch": max(1, min(5000, SPARK_BATCH_BYTES // track.shape.row_bytes)),
    }
    return track.python(
        "tests.bench.spark_copy",
        json.dumps(job),
        PYTHONPATH=f"{Path.cwd()}{os.pathsep}{pyspark}",
        JAVA_HOME=str(installs.java().parents[1]),
    )


def _scan(track: Track) -> Command:
    return track.python(
        "tests.bench.scan",
        *(track.servers.source_url, track.shape.name, track.table, str(track.rows)),
    )


def _load(order: str) -> Callable[[Track], Command]:
    def start(track: Track) -> Command:
        folder = prepare(track.servers.folder, track.shape, track.rows) / order
        arguments = (track.shape.name, track.table, str(folder), str(track.rows))
        return track.python("tests.bench.load", track.servers.target_url, *arguments)

    return start


PEERS: Mapping[str, Peer] = {
    "key": Peer(title="cass-snapshot, key order", start=_in_order("key")),
    "python": Peer(title="cass-snapshot, no compiler", start=_without_compiler),
    "token": Peer(title="cass-snapshot, token order", start=_in_order("token")),
    "verified": Peer(
        title="cass-snapshot, verified",
        start=_in_order("key", CASS_SNAPSHOT_VERIFY__AFTER_RUN="true"),
    ),
    "insert": Peer(
        title="cass-snapshot, no LOAD DATA",
        start=_in_order("auto"),
        around=Servers.without_local_infile,
    ),
    "naive": Peer(title="naive script", start=_naive),
    "dsbulk": Peer(title="dsbulk + 2 LOAD DATA", start=_dsbulk, install=installs.dsbulk_jars),
    "spark": Peer(title="Spark, tuned", start=_spark, install=installs.spark),
    "scan": Peer(title="limit: scan alone", start=_scan, copies=False, limit=True),
    "load-key": Peer(title="limit: load, key order", start=_load("key"), limit=True),
    "load-token": Peer(title="limit: load, token order", start=_load("token"), limit=True),
}
