"""What MySQL and MariaDB have in common: settings, users, how they are asked.

A flavour says where its programs come from, how a data folder is filled, and its own options.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mysql import connector

from tests.support.stack.packages import Programs
from tests.support.stack.progress import Progress
from tests.support.stack.server import Launch, NotReadyError, plain_environment
from tests.support.stack.whole import make_whole

DATABASE = "shop"
HOST = "127.0.0.1"

# root by TCP and without a password, from this machine only; and the operator's run user, with the
# grants that the product documents, and CREATE so that it can make the tables too.
SEED_SQL = f"""\
CREATE USER IF NOT EXISTS root@'127.0.0.1';
GRANT ALL PRIVILEGES ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
CREATE DATABASE {DATABASE};
CREATE USER snapshot@'127.0.0.1' IDENTIFIED BY 'snapshot';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON {DATABASE}.* TO snapshot@'127.0.0.1';
"""


class Flavour(Protocol):
    """What differs between the two."""

    def programs(self, progress: Progress) -> Programs:
        """Return the server's programs, fetched if they are not in the cache."""
        ...

    def command(self, programs: Programs, data: Path) -> list[str]:
        """Return the server's program with the options that every use of it needs."""
        ...

    def options(self) -> list[str]:
        """Return what only this flavour is told when it serves."""
        ...

    def fill(self, programs: Programs, data: Path, log: Path, progress: Progress) -> None:
        """Make a data folder in the empty folder `data`, with `SEED_SQL` done."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSettings:
    """What differs between stacks; the operator's own `extra` options come last."""

    port: int
    buffer_pool: str
    extra: Sequence[str]
    folder: Path
    sockets: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlServer:
    """The stack's MySQL, of either flavour."""

    name: str
    settings: SqlSettings
    flavour: Flavour
    host: str = HOST

    @property
    def port(self) -> int:
        """The port that clients connect to."""
        return self.settings.port

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.settings.folder / "mysql.log"

    @property
    def data(self) -> Path:
        """The data folder; it exists once it has been filled in full."""
        return self.settings.folder / "data"

    def prepare(self, progress: Progress) -> Launch:
        """Fetch the server, fill its data folder."""
        programs = self.flavour.programs(progress)
        self.settings.folder.mkdir(mode=0o700, exist_ok=True)
        if not self.data.exists():
            progress.say(f"{self.name}: filling a new data folder")
            make_whole(
                self.data, lambda part: self.flavour.fill(programs, part, self.log, progress)
            )
        return Launch(
            argv=[
                *self.flavour.command(programs, self.data),
                *self._options(),
                *self.flavour.options(),
                *self.settings.extra,
            ],
            folder=self.settings.folder,
            environment=plain_environment(),
        )

    def ask(self) -> str:
        """Return the version, once this very server answers; see `Server.ask`."""
        return ask_version(host=self.host, port=self.port, user="root", password="", data=self.data)

    def _options(self) -> list[str]:
        folder, sockets = self.settings.folder, self.settings.sockets
        files = folder / "files"
        files.mkdir(mode=0o700, exist_ok=True)  # without it the server refuses to start
        sockets.mkdir(mode=0o700, exist_ok=True)  # a reboot may have emptied /tmp
        return [
            f"--port={self.port}",
            f"--bind-address={HOST}",
            "--skip-name-resolve",  # else 127.0.0.1 is localhost, and other grants hold
            f"--socket={sockets}/{self.name}.sock",
            f"--pid-file={folder}/mysql.pid",
            f"--secure-file-priv={files}",
            "--local-infile=ON",
            f"--innodb-buffer-pool-size={self.settings.buffer_pool}",
        ]


def base_options(root: Path, data: Path) -> list[str]:
    """Return the options that every use of a server unpacked in `root` needs."""
    plugins = root / "usr/lib/mysql/plugin"
    plugins.mkdir(parents=True, exist_ok=True)
    return [
        "--no-defaults",
        *(["--user=root"] if os.geteuid() == 0 else []),  # else root's server refuses to start
        f"--datadir={data}",
        f"--basedir={root}/usr",
        f"--lc-messages-dir={root}/usr/share/mysql",
        f"--plugin-dir={plugins}",
    ]


def ask_version(*, host: str, port: int, user: str, password: str, data: Path | None = None) -> str:
    """Return the version of the server there, which must have that data folder if one is named.

    Raises:
        NotReadyError: it does not answer, or is another one.
    """
    try:
        with (
            connector.connect(
                host=host, port=port, user=user, password=password, connection_timeout=10
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT VERSION(), @@datadir")
            version, datadir = cursor.fetchall()[0]
    except connector.Error as error:
        raise NotReadyError(str(error)) from error
    if data is not None and Path(str(datadir)) != data:
        raise NotReadyError("somebody else has the port; this server will die of it")
    return str(version)
