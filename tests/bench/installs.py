"""What the peers are made of: fetched once by pip and Maven, into the cache of the stack."""

from __future__ import annotations

import compileall
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.stack.downloads import cached
from tests.support.stack.paths import cache_folder
from tests.support.stack.process import run
from tests.support.stack.progress import Progress
from tests.support.stack.requirements import java_home, maven

DSBULK_VERSION = "1.10.0"
SPARK_VERSION = "3.5.5"
DSBULK = tuple(
    f"com.datastax.oss:dsbulk-{part}:{DSBULK_VERSION}"
    for part in ("runner", "workflow-unload", "connectors-csv", "executor-reactor")
)
CONNECTORS = (
    "com.datastax.spark:spark-cassandra-connector_2.12:3.5.1",
    "com.mysql:mysql-connector-j:9.1.0",
)
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"


def bytecode() -> None:
    """Compile our modules, as pip does where it installs the package; else each turn might."""
    for package in ("cass_snapshot", "tests"):
        compileall.compile_dir(package, quiet=1)


def dsbulk_jars() -> Path:
    """Return the folder of dsbulk's jars."""
    return _jars(f"dsbulk-{DSBULK_VERSION}", DSBULK)


def spark() -> tuple[Path, Path]:
    """Return the folder that holds pyspark, and the folder of the connectors' jars."""

    def fetch(folder: Path) -> None:
        pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
        argv = [*pip, "--target", str(folder), f"pyspark=={SPARK_VERSION}"]
        run(argv, name="pip", log=folder / "pip.log", progress=progress)

    progress = Progress()
    pyspark = cached(f"pyspark-{SPARK_VERSION}", fetch, cache=cache_folder(), progress=progress)
    return pyspark, _jars(f"spark-connectors-{SPARK_VERSION}", CONNECTORS)


def java() -> Path:
    """Return Java's program."""
    return java_home(Progress()) / "bin" / "java"


def pom(coordinates: Sequence[str]) -> str:
    """Return a Maven project that needs these artifacts, each GROUP:NAME:VERSION."""
    wanted = "".join(
        "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version>"
        "</dependency>".format(*coordinate.split(":"))
        for coordinate in coordinates
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>cass-snapshot</groupId>"
        f"<artifactId>bench</artifactId><version>1</version><dependencies>{wanted}</dependencies>"
        "</project>\n"
    )


def _jars(name: str, coordinates: Sequence[str]) -> Path:
    progress = Progress()

    def fetch(folder: Path) -> None:
        progress.say(f"{name}: downloading")
        repository = folder / "maven"
        project = folder / "pom.xml"
        project.write_text(pom(coordinates), encoding="utf-8")
        arguments = [str(maven(progress)), "-B", "-ntp", "-f", str(project), _COPY]
        arguments += ["-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
        run(
            [*arguments, f"-Dmaven.repo.local={repository}"],
            name="mvn",
            log=folder / "maven.log",
            progress=progress,
            environment={**os.environ, "JAVA_HOME": str(java_home(progress))},
        )
        shutil.rmtree(repository)

    return cached(name, fetch, cache=cache_folder(), progress=progress)
