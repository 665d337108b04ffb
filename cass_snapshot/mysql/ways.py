"""The ways in which rows of one table are written: which there are, and which serves some lines.

LOAD DATA … REPLACE where the whole row is ours; else, and where that way is closed or would misread
a line, an insert that obeys the policy for rows that are there.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from mysql.connector import Error

from cass_snapshot.model import Lines
from cass_snapshot.mysql.choice import kept_apart, refused, way
from cass_snapshot.mysql.columns import target_columns
from cass_snapshot.mysql.connection import ServerFacts
from cass_snapshot.mysql.insert import Inserter
from cass_snapshot.mysql.load import Loader
from cass_snapshot.mysql.refusals import refusal
from cass_snapshot.planned import PlannedTarget

log = logging.getLogger(__name__)


class Ways:
    """How rows get into one table.

    Args:
        table: the target, qualified and quoted.
        target: its columns, and who wins where it has a row already.
        directory: where a file for LOAD DATA may stand.
    """

    def __init__(self, table: str, target: PlannedTarget, directory: Path) -> None:
        self._table = table
        self._target = target
        self._directory = directory
        self._columns = target_columns(target)
        self._loader: Loader | None = None
        self._inserter: Inserter | None = None
        self._name = ""

    @property
    def name(self) -> str:
        """Return the way that is used, and why if it is the slower; empty before ``find``."""
        return self._name

    def find(self, connection: Any, facts: ServerFacts) -> None:  # noqa: ANN401 - see connection.connect
        """Find out what a server allows.

        Raises:
            mysql.connector.Error: it refuses for another reason than permission.
        """
        self._inserter = Inserter(
            self._table,
            self._columns,
            conflict=self._target.conflict,
            flavour=facts.flavour,
            max_allowed_packet=facts.max_allowed_packet,
        )
        loader = Loader(self._table, self._columns, self._directory)
        why_not = kept_apart(self._target) or refused(connection, loader, facts)
        self._loader = None if why_not else loader
        found = way(self._target, why_not)
        self._name = f"{found.name}, because {found.why}" if why_not else found.name

    def put(self, cursor: Any, lines: Lines) -> None:  # noqa: ANN401 - see connection.connect
        """Write all of some rows, in the open transaction.

        Raises:
            Refused: the server does not take them for their data; some may be written.
            RangeFailed: the server skipped a line, and nobody knows which.
            mysql.connector.Error: another error of the server.
        """
        try:
            if self._loader is not None and self._staged(self._loader, lines):
                self._loader.put(cursor, lines.rows)
            elif self._inserter is not None:
                self._inserter.put(cursor, lines.data)
        except Error as error:
            if (refusing := refusal(error)) is not None:
                raise refusing from error
            raise

    def put_lines(self, cursor: Any, rows: Sequence[bytes]) -> None:  # noqa: ANN401 - see connection.connect
        """Write some lines by themselves, as ``put`` does."""
        self.put(cursor, lines_of(rows))

    def _staged(self, loader: Loader, lines: Lines) -> bool:
        """Tell whether the lines lie ready for LOAD DATA; if not, the other way is open."""
        data = loader.dialect(lines)
        if data is None:
            return False
        try:
            loader.stage(data)
        except OSError as error:  # a small or full memory file system
            log.warning("a batch of %s is inserted, not loaded: %s", self._table, error)
            return False
        return True


def lines_of(rows: Sequence[bytes]) -> Lines:
    """Return some lines by themselves."""
    data = b"".join(row.rstrip(b"\n") + b"\n" for row in rows)
    return Lines(data=data, rows=len(rows), words=sum(map(words, rows)))


def words(line: bytes) -> int:
    """Return how many bare words (null, true, false) a line holds."""
    return sum(value is None or isinstance(value, bool) for value in orjson.loads(line))
