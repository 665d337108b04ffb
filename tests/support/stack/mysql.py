"""A real MySQL 9.7, from Debian unstable's packages, on a private data folder."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mysql import connector

from tests.support.stack.downloads import cached
from tests.support.stack.packages import Programs, unpack
from tests.support.stack.paths import cache_folder
from tests.support.stack.process import run
from tests.support.stack.progress import Progress
from tests.support.stack.server import Launch, NotReadyError, plain_environment

DATABASE = "shop"
HOST = "127.0.0.1"

# root by TCP and without a password, from this machine only; and the operator's run user, with the
# grants that the product documents, and CREATE so that it can make the tables too.
SEED_SQL = f"""\
CREATE USER root@'127.0.0.1';
GRANT ALL PRIVILEGES ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
CREATE DATABASE {DATABASE};
CREATE USER snapshot@'127.0.0.1' IDENTIFIED BY 'snapshot';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON {DATABASE}.* TO snapshot@'127.0.0.1';
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MysqlSettings:
    """What both flavours are told."""

    port: int
    buffer_pool: str
    extra: Sequence[str]
    folder: Path
    sockets: Path

    @property
    def data(self) -> Path:
        """The data folder; it exists once it has been filled in full."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server writes on its standard outputs."""
        return self.folder / "mysql.log"

    def arguments(self) -> list[str]:
        """Return the options that mean the same to both flavours; the caller's come last."""
        files = self.folder / "files"
        files.mkdir(mode=0o700, exist_ok=True)  # without it the server refuses to start
        self.sockets.mkdir(mode=0o700, exist_ok=True)  # a reboot may have emptied /tmp
        return [
            f"--port={self.port}",
            f"--bind-address={HOST}",
            "--skip-name-resolve",  # else 127.0.0.1 is localhost, and other grants hold
            f"--socket={self.sockets}/mysql.sock",
            f"--pid-file={self.folder}/mysql.pid",
            f"--secure-file-priv={files}",
            "--local-infile=ON",
            f"--innodb-buffer-pool-size={self.buffer_pool}",
        ]


def running_as() -> list[str]:
    """Return the option without which root's server refuses to start."""
    return ["--user=root"] if os.geteuid() == 0 else []


@dataclass(frozen=True, slots=True, kw_only=True)
class MysqlServer:
    """The stack's MySQL."""

    name: str
    settings: MysqlSettings
    host: str = HOST

    @property
    def port(self) -> int:
        """The port that clients connect to."""
        return self.settings.port

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.settings.log

    def prepare(self, progress: Progress) -> Launch:
        """Fetch the server, fill its data folder."""
        programs = _programs(progress)
        settings = self.settings
        if not settings.data.exists():
            self._initialise(programs, progress)
        return Launch(
            argv=[
                *_mysqld(programs, settings.data),
                *settings.arguments(),
                "--mysqlx=OFF",
                "--innodb-redo-log-capacity=512M",
                *settings.extra,
            ],
            folder=settings.folder,
            environment=plain_environment(),
        )

    def ask(self) -> str:
        """Return the version, once this very server answers; see `Server.ask`."""
        return ask_version(
            port=self.port, host=self.host, user="root", password="", data=self.settings.data
        )

    def _initialise(self, programs: Programs, progress: Progress) -> None:
        """Fill a new data folder beside the final one: what broke off is begun anew."""
        progress.say(f"{self.name}: filling a new data folder")
        settings = self.settings
        fresh = settings.folder / "data.part"
        shutil.rmtree(fresh, ignore_errors=True)
        seed = settings.folder / "seed.sql"
        seed.write_text(SEED_SQL, encoding="utf-8")
        run(
            [*_mysqld(programs, fresh), "--initialize-insecure", f"--init-file={seed}"],
            log=settings.log,
            progress=progress,
            environment=plain_environment(),
        )
        fresh.rename(settings.data)


def _mysqld(programs: Programs, data: Path) -> list[str]:
    root = programs.root
    return [
        *programs.command("usr/sbin/mysqld"),
        "--no-defaults",
        *running_as(),
        f"--datadir={data}",
        f"--basedir={root}/usr",
        f"--lc-messages-dir={root}/usr/share/mysql",
        f"--plugin-dir={root}/usr/lib/mysql/plugin",
    ]


def _programs(progress: Progress) -> Programs:
    def fetch(folder: Path) -> None:
        packages = ("mysql-server-core", "mysql-client-core")
        unpack(packages, suite="sid", folder=folder, progress=progress)

    return Programs(root=cached("mysql-sid", fetch, cache=cache_folder(), progress=progress))


def ask_version(*, host: str, port: int, user: str, password: str, data: Path | None = None) -> str:
    """Return the version of the server there, which must have that data folder if one is named."""
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
