"""How large a transaction may be: a limit of the server's, learnt from what it refused.

Rows that are too many for one transaction are written in several, each of at most half as many rows
as one that was refused. They may be, because writing rows again changes nothing (I3): the
checkpoint moves afterwards, in a transaction that finds every row in.
"""

from __future__ import annotations

from collections.abc import Callable

from mysql.connector import Error

from cass_snapshot.errors import Fault, Transient
from cass_snapshot.model import Lines
from cass_snapshot.mysql.faults import FaultClass, classify, describe
from cass_snapshot.mysql.refusals import Refused
from cass_snapshot.mysql.ways import lines_of
from cass_snapshot.rejection import Unwritten
from cass_snapshot.retry import Tell

Load = Callable[[Lines], tuple[Unwritten, ...]]
SetAside = Callable[[bytes, Refused], tuple[Unwritten, ...]]
ROW_TOO_LARGE = frozenset({1197, 3231})
"""What one row is too large by itself for. The others are the server's state: its lock table is
full, or a plugin stands against the commit, and no row is to blame."""
_FIX = "raise max_binlog_cache_size, or group_replication_transaction_size_limit, at the server"


class TransactionSize:
    """How many rows a transaction of one target may have, as far as that is known.

    Args:
        tell: is told when it becomes fewer, as ``Patience.tell`` is of what is tried again.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._rows_max: int | None = None

    def fits(self, lines: Lines) -> bool:
        """Tell whether rows may be tried in one transaction."""
        return self._rows_max is None or lines.rows <= self._rows_max

    def halve(self, error: Error, lines: Lines, where: str) -> None:
        """Take the refusal of a transaction for a reason to make the next ones smaller.

        Args:
            error: what the server refused it with.
            lines: the rows in it.
            where: what they are, for messages.

        Raises:
            mysql.connector.Error: the given one, where a smaller one would be refused too.
        """
        least = lines.rows <= 1 and error.errno not in ROW_TOO_LARGE
        if classify(error) is not FaultClass.SIZE or least:
            raise error
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
                self.halve(error, some, where)
                if some.rows > 1:
                    continue
                unwritten += set_aside(rows[0], Refused(error.errno, fix=_FIX))
            rows = rows[some.rows :]
        return unwritten
