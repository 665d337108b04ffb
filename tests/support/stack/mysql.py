"""A real MySQL 9.7, from Debian unstable's packages."""

from pathlib import Path

from tests.support.stack.downloads import cached
from tests.support.stack.packages import Programs, unpack
from tests.support.stack.paths import cache_folder
from tests.support.stack.process import run
from tests.support.stack.progress import Progress
from tests.support.stack.server import plain_environment
from tests.support.stack.sql_server import SEED_SQL, base_options


class Mysql:
    """The flavour `mysql`; see `sql_server.Flavour`."""

    def programs(self, progress: Progress) -> Programs:
        """Return mysqld, and the client for a look."""

        def fetch(folder: Path) -> None:
            packages = ("mysql-server-core", "mysql-client-core")
            unpack(packages, suite="sid", folder=folder, progress=progress)

        return Programs(root=cached("mysql-sid", fetch, cache=cache_folder(), progress=progress))

    def command(self, programs: Programs, data: Path) -> list[str]:
        """Return mysqld's command line."""
        return [*programs.command("usr/sbin/mysqld"), *base_options(programs.root, data)]

    def options(self) -> list[str]:
        """Return a redo log that does not stop a bulk load, and no second protocol."""
        return ["--mysqlx=OFF", "--innodb-redo-log-capacity=512M"]

    def fill(self, programs: Programs, data: Path, log: Path, progress: Progress) -> None:
        """Have mysqld make its own tables and run our statements."""
        seed = data.parent / "seed.sql"
        seed.write_text(SEED_SQL, encoding="utf-8")
        run(
            [*self.command(programs, data), "--initialize-insecure", f"--init-file={seed}"],
            name="mysqld --initialize-insecure",
            log=log,
            progress=progress,
            environment=plain_environment(),
        )
