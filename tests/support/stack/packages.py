"""Debian packages of any suite, unpacked into a folder of ours beside the system's own.

apt gets a private state (own sources file, lists, cache), dpkg only unpacks: nothing is installed,
no service starts, and root is not needed. Programs run through the loader and the libraries that
came with them, so the suite need not fit the machine's.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.stack.errors import MissingError, StackError
from tests.support.stack.process import run
from tests.support.stack.progress import Progress
from tests.support.stack.sources import parse_deb822, parse_list, pick_mirror

_APT = Path("/etc/apt")
_NO_PROGRAM_NEEDS = re.compile(
    r"^(perl|libperl|debconf|cdebconf|adduser|passwd|psmisc|libtextwrap|libdebian-installer)"
)
"""Dependencies of installation scripts, which do not run here, and what only those bring."""

_ONLY_NEEDED = [
    f"--no-{relation}"
    for relation in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """A folder with unpacked packages."""

    root: Path

    def command(self, program: str) -> list[str]:
        """Return what starts the program `program`, a path like ``usr/sbin/mysqld``."""
        libraries = [
            str(folder)
            for pattern in ("lib/*-linux-gnu", "usr/lib/*-linux-gnu", "usr/lib/mysql/private")
            for folder in sorted(self.root.glob(pattern))
        ]
        return [
            str(self._loader()),
            "--library-path",
            ":".join(libraries),
            str(self.root / program),
        ]

    def _loader(self) -> Path:
        for pattern in ("usr/lib/*-linux-gnu", "lib/*-linux-gnu"):
            for found in sorted(self.root.glob(f"{pattern}/ld-linux*.so.*")):
                return found
        raise StackError(f"no loader in {self.root}; remove that folder, and it is fetched again")


def unpack(packages: Sequence[str], *, suite: str, folder: Path, progress: Progress) -> None:
    """Fetch these packages of that suite, with all they need, and unpack them into `folder`."""
    apt = _PrivateApt(folder / "apt", suite, progress)
    apt.update()
    names = apt.closure(packages)
    progress.say(f"{packages[0]}: downloading {len(names)} packages of {suite}")
    archives = apt.download(names)
    for archive in archives:
        run(["dpkg", "-x", str(archive), str(folder)], log=apt.log, progress=progress)
        archive.unlink()
    shutil.rmtree(folder / "apt")


def debian_codename() -> str:
    """Return the code name of the Debian that runs here; empty if it is none."""
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    fields = dict(re.findall(r'(?m)^(\w+)="?([^"\n]*)"?$', text))
    return fields.get("VERSION_CODENAME", "") if fields.get("ID") == "debian" else ""


class _PrivateApt:
    """apt with a state of its own in `folder`."""

    def __init__(self, folder: Path, suite: str, progress: Progress) -> None:
        self.log = folder / "apt.log"
        self._folder = folder
        self._progress = progress
        for name in ("lists/partial", "cache/archives/partial", "archives"):
            (folder / name).mkdir(parents=True)
        sources = folder / "sources.list"
        sources.write_text(_mirror_line(suite), encoding="utf-8")
        settings = {
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": os.devnull,
            "Dir::State::lists": folder / "lists",
            "Dir::Cache": folder / "cache",
            "Acquire::Languages": "none",
            "Acquire::Retries": 3,
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
            "APT::Sandbox::User": "root",  # the user _apt cannot write into a private folder
        }
        self._options = [f"-o{name}={value}" for name, value in settings.items()]

    def update(self) -> None:
        self._run(["apt-get", *self._options, "update", "-q", "--error-on=any"])

    def closure(self, packages: Sequence[str]) -> list[str]:
        """Return the names of these packages and of all they need."""
        output = subprocess.run(
            ["apt-cache", *self._options, "depends", "--recurse", *_ONLY_NEEDED, *packages],
            capture_output=True,
            check=False,
            text=True,
        )
        if output.returncode:
            raise StackError(f"apt-cache depends failed: {output.stderr.strip()}")
        names = set(re.findall(r"(?m)^[a-z0-9]\S*", output.stdout))
        return sorted(name for name in names if not _NO_PROGRAM_NEEDS.match(name))

    def download(self, names: Sequence[str]) -> list[Path]:
        archives = self._folder / "archives"
        self._run(["apt-get", *self._options, "download", "-q", *names], folder=archives)
        found = sorted(archives.glob("*.deb"))
        if len(found) != len(names):
            raise StackError(f"{len(found)} of {len(names)} packages came; see {self.log}")
        return found

    def _run(self, argv: Sequence[str], folder: Path | None = None) -> None:
        run(argv, log=self.log, progress=self._progress, folder=folder)


def _mirror_line(suite: str) -> str:
    codename = debian_codename()
    if not codename:
        raise MissingError("MySQL and MariaDB come from Debian's packages, and this is no Debian.")
    files = [_APT / "sources.list", *sorted((_APT / "sources.list.d").glob("*"))]
    sources = []
    for file in files:
        if file.suffix == ".list" and file.is_file():
            sources += parse_list(file.read_text(encoding="utf-8"))
        elif file.suffix == ".sources":
            sources += parse_deb822(file.read_text(encoding="utf-8"))
    mirror = pick_mirror(sources, codename)
    if mirror is None:
        raise MissingError(f"No source of {codename} main in {_APT}/sources.list(.d).")
    return mirror.line(suite)
