"""Real Cassandra nodes: jars from Maven, a folder each, ready when a driver has an answer."""

import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cassandra import DriverException
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable
from cassandra.policies import WhiteListRoundRobinPolicy

from tests.support.stack.cassandra_conf import LOGBACK, NodeSettings, java_arguments, yaml_text
from tests.support.stack.downloads import cached
from tests.support.stack.paths import cache_folder
from tests.support.stack.ports import is_listening
from tests.support.stack.process import run
from tests.support.stack.progress import Progress
from tests.support.stack.requirements import java_home, maven
from tests.support.stack.server import Launch, NotReadyError, plain_environment

VERSION = "5.0.6"
HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")

_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
_POM = f"""\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>cass-snapshot</groupId><artifactId>test-cassandra</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.cassandra</groupId>
      <artifactId>cassandra-all</artifactId>
      <version>{VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""

# While a server starts, the driver logs every refused connection; without a handler, on stderr.
logging.getLogger("cassandra").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True, kw_only=True)
class CassandraNode:
    """One node of the stack's cluster."""

    name: str
    settings: NodeSettings

    @property
    def host(self) -> str:
        """The address that clients connect to."""
        return self.settings.host

    @property
    def port(self) -> int:
        """The port of the native protocol."""
        return self.settings.native_port

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.settings.folder / "cassandra.log"

    def prepare(self, progress: Progress) -> Launch:
        """Fetch the jars, write the settings."""
        java = java_home(progress)
        jars = _jars(java, progress)
        folder = self.settings.folder
        for name in ("conf", "data", "tmp"):
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "conf" / "cassandra.yaml").write_text(yaml_text(self.settings), encoding="utf-8")
        (folder / "conf" / "logback.xml").write_text(LOGBACK, encoding="utf-8")
        return Launch(
            argv=[str(java / "bin" / "java"), *java_arguments(self.settings, jars)],
            folder=folder,
            environment=plain_environment(),
        )

    def ask(self) -> str:
        """Return the version, once this very node answers; see `Server.ask`."""
        if not is_listening(self.host, self.port):
            raise NotReadyError("nobody listens")
        rows = _query(self._driver(), "SELECT release_version, cluster_name FROM system.local")
        if rows[0].cluster_name != self.settings.cluster:
            raise NotReadyError("somebody else has the port; this node will die of it")
        return str(rows[0].release_version)

    def ask_peers(self) -> int:
        """Return how many other nodes this one knows."""
        return len(_query(self._driver(), "SELECT peer FROM system.peers_v2"))

    def _driver(self) -> Cluster:
        # Named outright, the protocol needs no refused attempts at newer ones.
        return Cluster([self.host], port=self.port, protocol_version=5, **_only(self.host))


def ask_version(host: str, port: int, auth_provider: object | None = None) -> str:
    """Return the version of somebody's node, which may be too old for the protocol that ours has.

    Raises:
        NotReadyError: it does not answer.
    """
    cql = "SELECT release_version FROM system.local"
    rows = _query(Cluster([host], port=port, auth_provider=auth_provider, **_only(host)), cql)
    return str(rows[0].release_version)


def _only(host: str) -> dict[str, Any]:
    """Return the settings of a driver that asks this node, and no other of its cluster."""
    policy = WhiteListRoundRobinPolicy([host])
    profile = ExecutionProfile(load_balancing_policy=policy, request_timeout=10)
    return {"execution_profiles": {EXEC_PROFILE_DEFAULT: profile}, "connect_timeout": 10}


def _query(cluster: Cluster, cql: str) -> list[Any]:
    try:
        return list(cluster.connect().execute(cql))
    except (DriverException, NoHostAvailable) as error:
        raise NotReadyError(str(error)) from error
    finally:
        cluster.shutdown()


def _jars(java: Path, progress: Progress) -> Path:
    """Return the folder of Cassandra's jars, fetched if they are not in the cache."""

    def fetch(folder: Path) -> None:
        progress.say(f"cassandra: downloading {VERSION}")
        program = maven(progress)
        repository = folder / "maven"
        (folder / "pom.xml").write_text(_POM, encoding="utf-8")
        run(
            [
                str(program),
                *("-B", "-ntp", "-Dmaven.artifact.threads=10", "-f", str(folder / "pom.xml")),
                _COPY,
                "-DincludeScope=runtime",
                f"-DoutputDirectory={folder}",
                f"-Dmaven.repo.local={repository}",
            ],
            log=folder / "maven.log",
            progress=progress,
            environment={**os.environ, "JAVA_HOME": str(java)},
        )
        shutil.rmtree(repository)

    return cached(f"cassandra-{VERSION}", fetch, cache=cache_folder(), progress=progress)
