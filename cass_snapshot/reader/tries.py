"""What is tried when the request for a page fails, and when it is given up.

    too long     the same page, a few times  ->  fewer rows, down to one  ->  TooMuch
    tombstones                                   fewer rows, down to one  ->  TooMuch
    a replica's failure three times, a server's twice  ->  RangeFailed
    away, overloaded: for as long as the caller's patience lasts

``ranges.py`` answers TooMuch by a narrower range, and at last by single partitions.
"""

from __future__ import annotations

from collections import Counter

from cass_snapshot.errors import RangeFailed, SnapshotError, Transient
from cass_snapshot.reader.amounts import PageSize
from cass_snapshot.reader.faults import Remedy, remedy_of, translate

SAME_PAGE_MAX = 3
"""How often a page is asked for before it is asked for with fewer rows."""
TRIES_MAX = 64
"""More than all steps together: each ends by itself."""
_TIMES = {Remedy.THRICE: 3, Remedy.TWICE: 2}


class TooMuch(RangeFailed):
    """A page of one row could not be read: the range behind it has to be smaller.

    It never leaves ``reader``.
    """


class Refused(RangeFailed):
    """Cassandra calls a request invalid: the table may have changed. It never leaves ``reader``."""


class Tries:
    """Decides about the failures of one page.

    Args:
        size: how many rows are asked for; shrinks where that may help.
        where: table and range, for messages.
        same_max: how often the same page is asked for.
    """

    def __init__(self, size: PageSize, where: str, same_max: int = SAME_PAGE_MAX) -> None:
        self._size = size
        self._where = where
        self._same_max = same_max
        self._met: Counter[Remedy] = Counter()

    def judge(self, error: Exception) -> SnapshotError:
        """Return the error to raise: Transient and Unavailable ones are tried again."""
        remedy = remedy_of(error)
        self._met[remedy] += 1
        ours = translate(error, where=self._where)
        match remedy:
            case Remedy.LESS | Remedy.FEWER_TOMBSTONES:
                return self._less(ours, remedy)
            case Remedy.SLOWER:
                self._size.ease()
            case Remedy.LOOK:
                return _as(Refused, ours)
            case Remedy.THRICE | Remedy.TWICE if self._met[remedy] >= _TIMES[remedy]:
                return _as(RangeFailed, ours)
        return ours

    def _less(self, ours: SnapshotError, remedy: Remedy) -> SnapshotError:
        """Return the same request, a smaller one, or the end of what a page can do."""
        if remedy is Remedy.LESS and self._met[remedy] < self._same_max:
            return ours
        if self._size.rows == 1:
            return _as(TooMuch, ours)
        self._size.shrink()
        rows = self._size.rows
        return Transient(
            f"{ours.what}; now asking for {rows} row{'' if rows == 1 else 's'} at once",
            where=ours.where,
            why=ours.why,
        )


def refused_or_failed(error: Exception, where: str) -> SnapshotError:
    """Return what a request that is not for a page comes to, such as preparing a statement."""
    ours = translate(error, where=where)
    return _as(Refused, ours) if remedy_of(error) is Remedy.LOOK else ours


def _as(kind: type[SnapshotError], error: SnapshotError) -> SnapshotError:
    """Return an error in another class."""
    return kind(error.what, where=error.where, why=error.why, fix=error.fix)
