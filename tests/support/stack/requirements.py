"""What must be on the machine for Cassandra's jars to be fetched and run: Java 17 and Maven.

As root on a Debian what is missing is installed; elsewhere it is named, and the way round it.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.stack.errors import StackError
from tests.support.stack.packages import debian_codename
from tests.support.stack.paths import cache_folder
from tests.support.stack.process import run
from tests.support.stack.progress import Progress

_JAVA = "17"
_JAVA_PACKAGE = "openjdk-17-jre-headless"
_APT_GET = ("apt-get", "-q", "-oDPkg::Lock::Timeout=300")


def java_home(progress: Progress) -> Path:
    """Return the home of a Java 17."""
    found = _find_java()
    if found is None:
        _install(_JAVA_PACKAGE, progress)
        found = _find_java()
    if found is None:
        raise StackError(f"{_JAVA_PACKAGE} is installed, and there is still no Java {_JAVA}")
    return found


def maven(progress: Progress) -> str:
    """Return the path of Maven's program."""
    found = shutil.which("mvn")
    if found is None:
        _install("maven", progress)
        found = shutil.which("mvn")
    if found is None:
        raise StackError("maven is installed, and there is still no mvn on the PATH")
    return found


def _find_java() -> Path | None:
    """Return the first Java 17: JAVA_HOME's, the PATH's, or one beside them."""
    named = os.environ.get("JAVA_HOME")
    on_path = shutil.which("java")
    homes = [
        *([Path(named)] if named else []),
        *([Path(on_path).resolve().parents[1]] if on_path else []),
        *sorted(Path("/usr/lib/jvm").glob("*-17-*")),
    ]
    return next((home for home in homes if _is_java_17(home / "bin" / "java")), None)


def _is_java_17(java: Path) -> bool:
    if not os.access(java, os.X_OK):
        return False
    output = subprocess.run([str(java), "-version"], capture_output=True, check=False, text=True)
    return re.search(rf'version "{_JAVA}[."]', output.stderr) is not None


def _install(package: str, progress: Progress) -> None:
    if os.geteuid() != 0 or not debian_codename() or shutil.which("apt-get") is None:
        raise StackError(
            f"{package} is missing, and only root on a Debian can have it installed from here.\n"
            f"Install it, or name servers of your own:\n"
            f"  export CASS_SNAPSHOT_TEST_CASSANDRA=cassandra://HOST:PORT\n"
            f"  export CASS_SNAPSHOT_TEST_MYSQL=mysql://USER:PASSWORD@HOST:PORT/DATABASE"
        )
    progress.say(f"installing {package}")
    _apt_get(("update",), progress)
    _apt_get(("install", "-y", "--no-install-recommends", package), progress)


def _apt_get(arguments: Sequence[str], progress: Progress) -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    log = cache_folder() / "apt-install.log"
    run([*_APT_GET, *arguments], log=log, progress=progress, environment=quiet)
