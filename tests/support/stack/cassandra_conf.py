"""The settings of a Cassandra node, made here because the jars bring none. Pure.

Three texts: cassandra.yaml, logback.xml and the arguments of the Java virtual machine.
"""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """What differs between nodes and stacks."""

    cluster: str
    host: str
    seed: str
    native_port: int
    storage_port: int
    jmx_port: int
    heap: str
    folder: Path


def yaml_text(node: NodeSettings) -> str:
    """Return cassandra.yaml; it is written as JSON, which every YAML reader takes."""
    data = node.folder / "data"
    settings = {
        "cluster_name": node.cluster,
        "num_tokens": 16,
        "allocate_tokens_for_local_replication_factor": 3,
        "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
        "endpoint_snitch": "SimpleSnitch",
        "seed_provider": [
            {
                "class_name": "org.apache.cassandra.locator.SimpleSeedProvider",
                "parameters": [{"seeds": f"{node.seed}:{node.storage_port}"}],
            }
        ],
        "listen_address": node.host,
        "rpc_address": node.host,
        "native_transport_port": node.native_port,
        "storage_port": node.storage_port,
        "data_file_directories": [str(data / "tables")],
        "commitlog_directory": str(data / "commitlog"),
        "saved_caches_directory": str(data / "saved_caches"),
        "hints_directory": str(data / "hints"),
        "cdc_raw_directory": str(data / "cdc_raw"),
        "commitlog_sync": "periodic",
        "commitlog_sync_period": "10000ms",
        "concurrent_compactors": 1,
        "auto_snapshot": False,  # a dropped test table is not wanted back
        "materialized_views_enabled": True,
        "user_defined_functions_enabled": False,
        # A copy reads long ranges, on machines that run both servers and the copier on two cores.
        "read_request_timeout": "20s",
        "range_request_timeout": "30s",
        "write_request_timeout": "20s",
        "truncate_request_timeout": "60s",
        "request_timeout": "30s",
    }
    return json.dumps(settings, indent=1) + "\n"


LOGBACK = """\
<configuration>
  <appender name="STDOUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder>
      <pattern>%-5level [%thread] %date{ISO8601} %F:%L - %msg%n</pattern>
    </encoder>
  </appender>
  <root level="INFO">
    <appender-ref ref="STDOUT"/>
  </root>
</configuration>
"""

_OPENS = {
    "java.base": (
        "java.io java.lang java.lang.module java.lang.reflect java.math java.net java.nio "
        "java.util java.util.concurrent java.util.concurrent.atomic "
        "java.util.concurrent.locks jdk.internal.loader jdk.internal.ref jdk.internal.reflect "
        "jdk.internal.math jdk.internal.module jdk.internal.misc jdk.internal.util.jar sun.nio.ch"
    ),
    "java.rmi": ("sun.rmi.registry sun.rmi.server sun.rmi.transport sun.rmi.transport.tcp"),
    "java.sql": "java.sql",
    "java.management": "com.sun.jmx.remote.security",
    "java.management.rmi": "javax.management.remote.rmi",
    "jdk.management": "com.sun.management.internal",
    "jdk.unsupported": "sun.misc",
}
"""What Cassandra 5.0 reaches into, by module."""


def java_arguments(node: NodeSettings, jars: Path) -> list[str]:
    """Return everything behind ``java``."""
    conf = node.folder / "conf"
    jamm = next(jars.glob("jamm-*.jar"))
    properties = {
        "cassandra.config": (conf / "cassandra.yaml").as_uri(),
        "cassandra.storagedir": node.folder / "data",
        "cassandra-foreground": "yes",  # else it closes its outputs, and our log, once it is up
        "cassandra.jmx.local.port": node.jmx_port,
        # Nobody else is to be waited for on one machine: 13 s instead of a minute.
        "cassandra.ring_delay_ms": 2000,
        "cassandra.skip_wait_for_gossip_to_settle": 0,
        "logback.configurationFile": conf / "logback.xml",
        "jdk.attach.allowAttachSelf": "true",
        "io.netty.tryReflectionSetAccessible": "true",
        "java.net.preferIPv4Stack": "true",
        "java.io.tmpdir": node.folder / "tmp",  # native libraries are unpacked there
    }
    return [
        f"-Xms{node.heap}",
        f"-Xmx{node.heap}",
        "-XX:+UseG1GC",
        # Cells of a megabyte take two whole regions of the 1 MB that G1 chooses for a small heap:
        # a memtable of 512 MB filled more than half of 2 GB, and the node ran out of memory.
        "-XX:G1HeapRegionSize=8m",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:+PerfDisableSharedMem",  # no files in /tmp
        f"-XX:ErrorFile={node.folder}/hs_err_%p.log",
        f"-javaagent:{jamm}",
        *(f"-D{name}={value}" for name, value in properties.items()),
        *(
            f"--add-{way}={module}/{package}=ALL-UNNAMED"
            for module, packages in _OPENS.items()
            for package in packages.split()
            for way in ("opens", "exports")
        ),
        "-cp",
        f"{conf}:{jars}/*",
        "org.apache.cassandra.service.CassandraDaemon",
    ]
