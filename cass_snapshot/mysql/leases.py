"""Who holds a run, by a lease in ``snapshot_runs`` that ends by the server's clock alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from cass_snapshot.errors import Fenced, LockedError
from cass_snapshot.model import Hold, RunRecord
from cass_snapshot.mysql.control import LEASE_END, OF_RUN, RUNS
from cass_snapshot.mysql.statements import qualified
from cass_snapshot.protocols.targets import LEASE_S


class LeaseSql:
    """The statements on leases in the control tables of one database."""

    def __init__(self, database: str) -> None:
        # The driver's own formatting would take a % in the database's name for a parameter.
        runs = qualified(database, RUNS).replace("%", "%%")
        self.holds = (
            "SELECT `run_id`, `holder`, TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(3), `lease_until`)"
            f" FROM {runs} WHERE `source` = %s AND `target` = %s"
            " AND `lease_until` > UTC_TIMESTAMP(3)"
        )
        self.take_over = (
            f"UPDATE {runs} SET `epoch` = `epoch` + 1, `state` = 'running', `ended_at` = NULL,"
            f" `exit_code` = NULL, `holder` = %s, `lease_until` = {LEASE_END}"
            f" WHERE {OF_RUN} AND `epoch` = %s AND (`lease_until` IS NULL"
            " OR `lease_until` <= UTC_TIMESTAMP(3) OR `holder` = %s)"
        )
        self.fence_others = (
            f"UPDATE {runs} SET `epoch` = `epoch` + 1, `lease_until` = NULL WHERE `source` = %s"
            " AND `target` = %s AND `run_id` <> %s AND `state` IN ('running', 'refilling')"
        )
        self.epoch = f"SELECT `epoch` FROM {runs} WHERE {OF_RUN} FOR UPDATE"
        self.holder = f"SELECT `epoch`, `holder` FROM {runs} WHERE {OF_RUN} FOR UPDATE"
        self.renew = (
            f"UPDATE {runs} SET `lease_until` = {LEASE_END} WHERE {OF_RUN} AND `epoch` = %s"
            " AND `ended_at` IS NULL"
        )


class LeaseKeeper:
    """Takes and renews leases, on a cursor that it is given; the caller commits."""

    def __init__(self, database: str) -> None:
        self._sql = LeaseSql(database)

    def holds(self, cursor: Any, source: str, target: str, *, lock: bool = False) -> list[Hold]:  # noqa: ANN401 - see connection.connect
        """Return who holds runs of a source into a target; with ``lock`` nobody begins another."""
        cursor.execute(f"{self._sql.holds}{' FOR UPDATE' if lock else ''}", (source, target))
        return [_hold(row) for row in cursor.fetchall()]

    def is_ours(self, cursor: Any, record: RunRecord, holder: str, *, epoch: int) -> bool:  # noqa: ANN401 - see connection.connect
        """Tell whether we hold a run already: then the answer to our COMMIT was lost."""
        cursor.execute(self._sql.holder, (record.run_id, record.source))
        return bool(cursor.fetchone() == (epoch, holder))

    def refuse_held(self, cursor: Any, record: RunRecord, dead: Collection[str]) -> None:  # noqa: ANN401 - see connection.connect
        """Refuse a new run, whose row is in by now, beside one that is held.

        Of two that begin at once each has its row in before it looks for the other's: one waits for
        the other, or both do and one is rolled back as a deadlock, and finds the other later.

        Raises:
            LockedError: another process copies this table into the same target.
        """
        for hold in self.holds(cursor, record.source, record.target, lock=True):
            if hold.run_id != record.run_id and hold.holder not in ("", *dead):
                raise _held(record, hold)

    def fence_others(self, cursor: Any, record: RunRecord) -> None:  # noqa: ANN401 - see connection.connect
        """Raise the epoch of every other run into the target that nobody has ended.

        Nobody holds one any more, but its process may only be frozen: awake, it would write on
        beside the new run, and older values over newer ones.
        """
        cursor.execute(self._sql.fence_others, (record.source, record.target, record.run_id))

    def take_over(self, cursor: Any, record: RunRecord, *, holder: str, dead: str) -> None:  # noqa: ANN401 - see connection.connect
        """Raise the epoch of a run that nobody holds, and hold it.

        Raises:
            LockedError: another process holds it.
            Fenced: another process took it over at this moment.
        """
        key = (record.run_id, record.source, record.epoch)
        cursor.execute(self._sql.take_over, (holder, LEASE_S, *key, dead))
        if cursor.rowcount == 1:
            return
        if holder and self.is_ours(cursor, record, holder, epoch=record.epoch + 1):
            return
        for hold in self.holds(cursor, record.source, record.target):
            if hold.run_id == record.run_id:
                raise _held(record, hold)
        raise Fenced(
            "another process is taking this run over at this moment",
            where=f"run {record.run_id}, {record.source}",
            fix="see which process it is, and try again if it has ended",
        )

    def renew(self, cursor: Any, record: RunRecord) -> None:  # noqa: ANN401 - see connection.connect
        """Hold a run for LEASE_S from now on; one that has ended by now is held by nobody.

        Raises:
            Fenced: another process took it over.
        """
        cursor.execute(self._sql.renew, (LEASE_S, record.run_id, record.source, record.epoch))
        if cursor.rowcount != 1:  # another epoch, an ended run, or the same millisecond
            self.guard(cursor, record)

    def guard(self, cursor: Any, record: RunRecord) -> None:  # noqa: ANN401 - see connection.connect
        """Hold off a take-over until this transaction ends.

        Raises:
            Fenced: another process took the run over.
        """
        cursor.execute(self._sql.epoch, (record.run_id, record.source))
        row = cursor.fetchone()
        if row is None or row[0] != record.epoch:
            raise _overtaken(record)


def _overtaken(record: RunRecord) -> Fenced:
    return Fenced(
        "another process has taken this run over",
        where=f"run {record.run_id}, {record.source}",
        fix="leave the copy to the other process",
    )


def _hold(row: Sequence[Any]) -> Hold:
    run_id, holder, left = row
    return Hold(run_id=run_id, holder=holder, left_s=left / 1e6)


def _held(record: RunRecord, hold: Hold) -> LockedError:
    who = hold.holder.partition(" on ")[0]
    return LockedError(
        "another process copies this table into the same target",
        where=f"{record.table}, run {hold.run_id}; nothing was written",
        why=f"{who} holds it, and has {hold.left_s:.0f} s to say so again",
        fix="see what it does there; if it is dead, wait these seconds and run again",
    )
