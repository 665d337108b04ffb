"""How large a transaction may be: a limit of the server's, learnt from what it refused.

Rows that are too many for one transaction are written in several, each of at most half as many rows
as one that was refused. They may be, because writing rows again changes nothing (I3): the
checkpoint moves afterwards, in a transaction that finds every row in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mysql.connector import Error

from cass_snapshot.errors import Fault, Transient
from cass_snapshot.model import Lines
from cass_snapshot.mysql.faults import FaultClass, classify, describe
from cass_snapshot.mysql.refusals import Refused
from cass_snapshot.mysql.ways import lines_of
from cass_snapshot.rejection import Unwritten
from cass_snapshot.retry import Tell

Result = TypeVar("Result")
Load = Callable[[Lines], tuple[Unwritten, ...]]
SetAside = Callable[[bytes, Refused], tuple[Unwritten, ...]]
CALM_TRANSACTIONS = 64
"""How many transactions must go through before twice as many rows are tried: one that is refused
was written for nothing, and this makes it a few in a hundred rows."""
CALM_MAX = 4096
ROW_TOO_LARGE = frozenset({1197, 3231})
"""What one row is too large by itself for. The others are the server's state: its lock table is
full, or a plugin stands against the commit, and no row is to blame."""
_FIX = "raise max_binlog_cache_size, or group_replication_transaction_size_limit, at the server"


class TransactionSize:
    """How many rows a transaction of one target may have, as far as that is known.

    What was refused may have been the server's state, so it grows back: to twice as many rows after
    CALM_TRANSACTIONS that went through, and after twice as many of them each time that was wrong.

    Args:
        tell: is told when it becomes fewer, as ``Patience.tell`` is of what is tried again.
        rows_max: how many rows a transaction has at most, however much grows.
    """

    def __init__(self, tell: Tell, rows_max: int) -> None:
        self._tell = tell
        self._setting = rows_max
        self._rows_max: int | None = None
        """None as long as nothing was refused."""
        self._calm = 0
        self._calm_wanted = CALM_TRANSACTIONS
        self._grown = False

    def whole(self, lines: Lines, where: str, write: Callable[[], Result]) -> Result | None:
        """Return what a transaction of all rows came to; None where they must go in parts.

        Args:
            lines: the rows.
            where: what they are, for messages.
            write: writes them in one transaction; where it raises, the caller rolls back.

        Raises:
            mysql.connector.Error: what ``write`` raised, where parts would be refused too.
        """
        if self._rows_max is not None and lines.rows > self._rows_max:
            return None
        try:
            written = write()
        except Error as error:
            self._halve(error, lines, where)
            return None
        self._passed()
        return written

    def _passed(self) -> None:
        """Take that a transaction went through."""
        if self._rows_max is None or self._rows_max >= self._setting:
            return
        self._calm += 1
        if self._calm >= self._calm_wanted:
            self._calm, self._grown = 0, True
            self._rows_max = min(self._rows_max * 2, self._setting)

    def _halve(self, error: Error, lines: Lines, where: str) -> None:
        """Take the refusal of a transaction for a reason to make the next ones smaller."""
        least = lines.rows <= 1 and error.errno not in ROW_TOO_LARGE
        if classify(error) is not FaultClass.SIZE or least:
            raise error
        if self._grown:
            self._calm_wanted = min(self._calm_wanted * 2, CALM_MAX)
        self._calm, self._grown = 0, False
        self._rows_max = max(1, lines.rows // 2)
        what = "MySQL takes no transaction of this size, so it goes in parts"
        why = f"{describe(error)}, {lines.rows:,} rows"
        self._tell(Transient(what, where=where, why=why, fault=Fault.SPLIT), 0.0)

    def in_parts(
        self, lines: Lines, where: str, load: Load, set_aside: SetAside
    ) -> tuple[Unwritten, ...]:
        """Write rows in as many transactions as it takes, and return those that are refused.

        Args:
            lines: the rows.
            where: what they are, for messages.
            load: writes some of them in a transaction of its own, of which nothing is left where
                it raises.
            set_aside: keeps a row that is too large for any transaction.
        """
        rows = [line for line in lines.data.split(b"\n") if line]
        unwritten: tuple[Unwritten, ...] = ()
        while rows:
            some = lines_of(rows[: self._rows_max])
            try:
                unwritten += load(some)
            except Error as error:
                self._halve(error, some, where)
                if some.rows > 1:
                    continue
                unwritten += set_aside(rows[0], Refused(error.errno, fix=_FIX))
            else:
                self._passed()
            rows = rows[some.rows :]
        return unwritten
