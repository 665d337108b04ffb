"""Which way rows of a table are written, and why; asked by the writer, and by ``plan`` beforehand.

LOAD DATA … REPLACE where the whole row is ours and server and login allow it; else an insert.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mysql.connector import Error

from cass_snapshot.errors import SnapshotError
from cass_snapshot.mysql.columns import target_columns
from cass_snapshot.mysql.connection import ServerFacts, connect
from cass_snapshot.mysql.faults import DENIED_CODES
from cass_snapshot.mysql.grants import Grants, Held
from cass_snapshot.mysql.insert import NAMES
from cass_snapshot.mysql.load import Loader
from cass_snapshot.mysql.statements import PROBE_PATIENCE, qualified
from cass_snapshot.planned import Conflict, Level, PlannedTarget, Way
from cass_snapshot.settings import MysqlSettings

LOCAL_INFILE_CODES = frozenset({1148, 2000, 2068, 3948, 4166})
"""The server, its settings or the connector do not allow LOAD DATA LOCAL."""
OURS = "the rows are wholly ours"
INFILE_OFF = "local_infile is OFF at the server"
INFILE_REFUSED = "the connection does not allow LOAD DATA LOCAL"
DENIED = "the login may not replace rows, for want of DELETE"


def way(target: PlannedTarget, why_not: str) -> Way:
    """Return the way into a target; ``why_not`` says what keeps LOAD DATA away, if anything."""
    if why_not:
        return Way(name=NAMES[target.conflict], why=why_not)
    return Way(name=Loader.name, why=OURS)


def kept_apart(target: PlannedTarget) -> str:
    """Return why rows of a plan may not be replaced whole; empty where they may."""
    if target.conflict is not Conflict.OVERWRITE:
        return f'on_conflict = "{target.conflict.value}" decides row by row'
    return "" if target.owned else target.shared or "rows of the target are not wholly ours"


def refused(connection: Any, loader: Loader, facts: ServerFacts) -> str:  # noqa: ANN401 - see connection.connect
    """Return why LOAD DATA LOCAL may not be used, found out by loading no rows; empty if it may.

    Raises:
        mysql.connector.Error: the server refuses for another reason than permission.
    """
    try:
        with connection.cursor() as cursor:
            loader.probe(cursor)
    except Error as error:
        connection.rollback()
        if error.errno in LOCAL_INFILE_CODES:
            return INFILE_REFUSED if facts.local_infile else INFILE_OFF
        if error.errno in DENIED_CODES:
            return DENIED
        raise
    connection.rollback()
    return ""


def foresee(
    settings: MysqlSettings, facts: ServerFacts, grants: Grants, target: PlannedTarget
) -> Way:
    """Return the way that a run will take, as far as it can be told before its first row."""
    return way(target, kept_apart(target) or _not_loaded(settings, facts, grants, target))


def _not_loaded(
    settings: MysqlSettings, facts: ServerFacts, grants: Grants, target: PlannedTarget
) -> str:
    if not facts.local_infile:
        return INFILE_OFF
    if target.exists and all(f.level is not Level.FAIL for f in target.findings):
        try:
            return _probed(settings, facts, target)
        except (Error, SnapshotError):  # a locked table, say: then by what is known besides
            pass
    return DENIED if grants.on(settings.database, "DELETE") is Held.NO else ""


def _probed(settings: MysqlSettings, facts: ServerFacts, target: PlannedTarget) -> str:
    """Ask as the writer will, over a connection of its own that may send files."""
    table = qualified(settings.database, target.table)
    with TemporaryDirectory(prefix="cass-snapshot-") as name:
        directory = Path(name)
        connection = connect(settings, infile_directory=directory)
        try:
            with connection.cursor() as cursor:
                cursor.execute(PROBE_PATIENCE)
            return refused(connection, Loader(table, target_columns(target), directory), facts)
        finally:
            connection.close()
