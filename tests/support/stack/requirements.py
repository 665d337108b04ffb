"""What must be on the machine for Cassandra's jars to be fetched and run: Java 17 and Maven.

As root on a Debian what is missing is installed; elsewhere it is named, and the way round it.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.support.stack.errors import MissingError
from tests.support.stack.packages import debian_codename
from tests.support.stack.paths import cache_folder
from tests.support.stack.process import tail
from tests.support.stack.progress import Progress
from tests.support.stack.state import locked


def java_home(progress: Progress) -> Path:
    """Return the home of a Java 17."""
    return _found_or_installed(_find_java, "openjdk-17-jre-headless", progress)


def maven(progress: Progress) -> Path:
    """Return Maven's program."""
    return _found_or_installed(_find_maven, "maven", progress)


def _found_or_installed(find: Callable[[], Path | None], package: str, progress: Progress) -> Path:
    if found := find():
        return found
    with locked(cache_folder() / "apt-install.lock", progress, "another installation"):
        if find() is None:
            _install(package, progress)
    if found := find():
        return found
    raise MissingError(f"{package} is installed, and what it brings is still not found.")


def _find_maven() -> Path | None:
    found = shutil.which("mvn")
    return Path(found) if found else None


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
    return re.search(r'version "17[."]', output.stderr) is not None


def _install(package: str, progress: Progress) -> None:
    if os.geteuid() != 0 or not debian_codename() or shutil.which("apt-get") is None:
        raise MissingError(
            f"{package} is missing: install it (as root on a Debian this command does that)."
        )
    progress.say(f"installing {package}")
    log = cache_folder() / "apt-install.log"
    # One broken source of many does not matter, unless the package then cannot be installed.
    _apt_get(("update",), log)
    installed = _apt_get(("install", "-y", "--no-install-recommends", package), log)
    progress.check()
    if not installed:
        raise MissingError(f"{package} could not be installed; the end of {log}:\n{tail(log)}")


def _apt_get(arguments: Sequence[str], log: Path) -> bool:
    """Run apt-get on the system itself, to its end: broken off, it leaves half a package."""
    with log.open("ab") as output:
        program = subprocess.run(
            ["apt-get", "-q", "-oDPkg::Lock::Timeout=300", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            start_new_session=True,  # Ctrl-C at the terminal is for us only
            check=False,
        )
    return program.returncode == 0
