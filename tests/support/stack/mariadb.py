"""A real MariaDB 10.11, from Debian 12's packages."""

from pathlib import Path

from tests.support.stack.downloads import cached
from tests.support.stack.packages import Programs, unpack
from tests.support.stack.paths import cache_folder
from tests.support.stack.process import run
from tests.support.stack.progress import Progress
from tests.support.stack.server import plain_environment
from tests.support.stack.sql_server import SEED_SQL, base_options

# What mariadb-install-db feeds the server, in its order; the script itself wants an installation.
_SYSTEM_TABLES = (
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
    "fill_help_tables.sql",
    "maria_add_gis_sp_bootstrap.sql",
    "mysql_sys_schema.sql",
)


class Mariadb:
    """The flavour `mariadb`; see `sql_server.Flavour`."""

    def programs(self, progress: Progress) -> Programs:
        """Return mariadbd."""

        def fetch(folder: Path) -> None:
            unpack(("mariadb-server-core",), suite="bookworm", folder=folder, progress=progress)

        return Programs(
            root=cached("mariadb-bookworm", fetch, cache=cache_folder(), progress=progress)
        )

    def command(self, programs: Programs, data: Path) -> list[str]:
        """Return mariadbd's command line."""
        return [*programs.command("usr/sbin/mariadbd"), *base_options(programs.root, data)]

    def options(self) -> list[str]:
        """Return a redo log that does not stop a bulk load."""
        return ["--innodb-log-file-size=512M"]

    def fill(self, programs: Programs, data: Path, log: Path, progress: Progress) -> None:
        """Feed the server the system tables, then our statements."""
        script = data.parent / "seed.sql"
        script.write_text(_bootstrap_sql(programs.root / "usr/share/mysql"), encoding="utf-8")
        run(
            [*self.command(programs, data), "--bootstrap", "--max-allowed-packet=8M"],
            name="mariadbd --bootstrap",
            log=log,
            progress=progress,
            environment=plain_environment(),
            stdin=script,
        )


def _bootstrap_sql(share: Path) -> str:
    """Return the statements that make the system tables, then ours.

    Grants are switched off in ``--bootstrap`` until they are flushed.
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
