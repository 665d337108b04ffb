"""A real MariaDB 10.11, from Debian 12's packages, on a private data folder."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.support.stack.downloads import cached
from tests.support.stack.mysql import HOST, SEED_SQL, MysqlSettings, ask_version, running_as
from tests.support.stack.packages import Programs, unpack
from tests.support.stack.paths import cache_folder
from tests.support.stack.process import run
from tests.support.stack.progress import Progress
from tests.support.stack.server import Launch, plain_environment

_SYSTEM_TABLES = (
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
    "fill_help_tables.sql",
    "maria_add_gis_sp_bootstrap.sql",
    "mysql_sys_schema.sql",
)
"""What mariadb-install-db feeds the server, in its order; the script itself wants an installation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MariadbServer:
    """The stack's MySQL, as MariaDB."""

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
                *_mariadbd(programs, settings.data),
                *settings.arguments(),
                "--innodb-log-file-size=512M",
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
        fresh.mkdir(mode=0o700)
        script = settings.folder / "seed.sql"
        script.write_text(_bootstrap_sql(programs.root / "usr/share/mysql"), encoding="utf-8")
        run(
            [*_mariadbd(programs, fresh), "--bootstrap", "--max-allowed-packet=8M"],
            log=settings.log,
            progress=progress,
            environment=plain_environment(),
            stdin=script,
        )
        fresh.rename(settings.data)


def _bootstrap_sql(share: Path) -> str:
    """Return the statements that make the system tables, then our users and database.

    `--bootstrap` takes a statement a line end; grants are switched off in it until they are flushed.
    """
    return "\n".join(
        [
            "CREATE DATABASE mysql;",
            "USE mysql;",
            "SET @auth_root_socket=NULL;",
            *((share / name).read_text(encoding="utf-8") for name in _SYSTEM_TABLES),
            "FLUSH PRIVILEGES;",
            SEED_SQL,
        ]
    )


def _mariadbd(programs: Programs, data: Path) -> list[str]:
    root = programs.root
    plugins = root / "usr/lib/mysql/plugin"
    plugins.mkdir(parents=True, exist_ok=True)
    return [
        *programs.command("usr/sbin/mariadbd"),
        "--no-defaults",
        *running_as(),
        f"--datadir={data}",
        f"--basedir={root}/usr",
        f"--lc-messages-dir={root}/usr/share/mysql",
        f"--plugin-dir={plugins}",
    ]


def _programs(progress: Progress) -> Programs:
    def fetch(folder: Path) -> None:
        unpack(("mariadb-server-core",), suite="bookworm", folder=folder, progress=progress)

    return Programs(root=cached("mariadb-bookworm", fetch, cache=cache_folder(), progress=progress))
