"""What the figures were measured on, in words that say nothing of whose machine it is."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from pathlib import Path

from cass_snapshot import __version__
from cass_snapshot.codec.compiled import AVAILABLE
from tests.bench.options import Options, cores
from tests.bench.servers import Servers


def memory_gib() -> float:
    """Return the machine's memory."""
    text = Path("/proc/meminfo").read_text(encoding="utf-8")
    total = next(line for line in text.splitlines() if line.startswith("MemTotal:"))
    return int(total.split()[1]) / 2**20


def facts(servers: Servers, options: Options) -> dict[str, str]:
    """Return names and values, in the order in which they are printed."""
    versions = servers.versions()
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "cores": str(cores()),
        "memory": f"{memory_gib():.0f} GiB",
        "cass-snapshot": __version__,
        "encoder": "compiled" if AVAILABLE else "Python",
        "Python": platform.python_version(),
        "Cassandra": versions["cassandra"],
        "MySQL": versions["mysql"],
        "buffer pool": options.buffer_pool,
        "binlog": "on" if options.binlog else "off",
        "redo log": options.redo_log,
        "workers": str(options.workers),
    }
