"""Decides in which order the rows of a table reach the target, and says why. Pure.

``[run] apply_order = "key"`` and ``"token"`` are obeyed. ``"auto"`` goes by the first line that
fits; sizes are those of the WAL, which a table in MySQL comes near:

    the size of the table is not known                             token
    it is below SMALL_BYTES                                        token
    it outgrows half of the buffer pool
        a window may be a quarter of it                            key
        the disk or wal_bytes_max allows less                      token, with a warning
    it fits; there is no room for the least window                 token
    it fits; all servers share one machine                         key
    it fits; the servers stand apart                               token

Beyond the buffer pool rows in token order cost MySQL a random page each. Within it key order saves
a third of MySQL's work, and keeps two servers on one machine from working at once; servers that
stand apart had better work at once, and rows are there from the beginning.

A window is the WAL that is applied together, in bytes on disk. It may fill the free disk but for a
reserve, and half of ``wal_bytes_max``: the next window is captured while one is applied. Where
capture and apply overlap, on servers that stand apart, it is a quarter of the table at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cass_snapshot.errors import PreflightError
from cass_snapshot.planned import Finding, Level
from cass_snapshot.settings import RunSettings
from cass_snapshot.settings.sizes import size_text

SMALL_BYTES = 32 * 2**20
"""Copied in seconds, in any order."""
WINDOW_BYTES_MIN = 64 * 2**20
"""A smaller window is hardly sorted: of most tables it meets each page of the index once."""
RESERVE_SHARE = 5
"""One part in five of the free disk is left to others."""
RESERVE_BYTES_MIN = 2**30
POOL_BYTES_DEFAULT = 128 * 2**20
"""MySQL's and MariaDB's own, where a server does not say."""
WINDOWS_A_TABLE = 4
"""More would have MySQL fetch each page of a large table more often than it pays."""
UNBOUNDED = 2**50
"""A window without a bound, where neither a disk nor a setting gives one."""
WAL_CEILING, WINDOW_SETTING = "[run] wal_bytes_max", "[run] window_bytes"
MAKE_ROOM = "make room, or name another disk in [run] directory"
PACKED_PERCENT = 67
"""What zstd leaves of lines at most: 56 % of the worst case, random blobs, was measured."""


class ApplyOrder(StrEnum):
    """How rows come to the target."""

    KEY = "key"
    TOKEN = "token"  # noqa: S105 - of the ring


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known before a run; None stands for what nobody knows.

    ``lines_bytes`` is the size of the table as WAL lines, ``together`` tells that all servers
    share one machine.
    """

    lines_bytes: int | None
    buffer_pool_bytes: int | None
    free_bytes: int | None
    together: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """How rows of a table are applied, and why so, in a sentence for the operator.

    ``window_bytes`` is how much WAL, as it lies on disk, is applied together, 0 in token order;
    ``overlap`` says that the next window may be captured meanwhile. ``short_of`` names what keeps
    a table from the key order that it needs.
    """

    order: ApplyOrder
    window_bytes: int
    slice_bytes: int
    overlap: bool
    why: str
    short_of: str = ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return a warning where key order is needed and out of reach."""
        if not self.short_of:
            return ()
        setting = self.short_of in (WAL_CEILING, WINDOW_SETTING)
        fix = f"set a larger {self.short_of}" if setting else MAKE_ROOM
        return (Finding(level=Level.WARN, text=self.why, fix=fix),)


AS_READ = Ordering(
    order=ApplyOrder.TOKEN, window_bytes=0, slice_bytes=0, overlap=False, why="nothing was decided"
)
"""Before it is decided."""


def decide(run: RunSettings, facts: Facts) -> Ordering:
    """Return how the rows of a table are to be applied.

    Raises:
        PreflightError: key order is asked for, and the disk has no room for the least window.
    """
    case = _Case(run, facts)
    if run.apply_order == "token":
        return case.token('apply_order = "token"')
    if run.apply_order == "key":
        case.refuse_without_room()
        return case.key('apply_order = "key"')
    return case.automatic()


class _Case:
    """One decision, with what follows from settings and facts.

    ``size`` is the table's WAL on disk, ``room`` the largest window that there is room for and
    ``bound`` what sets it; ``window`` is the window that key order would have.
    """

    def __init__(self, run: RunSettings, facts: Facts) -> None:
        self._run = run
        self._facts = facts
        self._size = facts.lines_bytes
        if facts.lines_bytes is not None and run.compression != "none":
            self._size = facts.lines_bytes * PACKED_PERCENT // 100
        self._disk = _disk_room(facts.free_bytes)
        half = UNBOUNDED if run.wal_bytes_max is None else run.wal_bytes_max // 2
        self._room = min(self._disk, half)
        self._bound = WAL_CEILING if half < self._disk else f"the disk of {run.directory}"
        self._window = self._choose_window()

    def automatic(self) -> Ordering:
        """Return what the table above says."""
        lines = self._facts.lines_bytes
        if lines is None:
            return self.token("the size of the table is not known")
        about = f"about {size_text(lines)}"
        if lines < SMALL_BYTES:
            return self.token(f"the table is small, {about}")
        pool = self._facts.buffer_pool_bytes or POOL_BYTES_DEFAULT
        half = f"half of MySQL's buffer pool of {size_text(pool)}"
        if lines > pool // 2:
            return self._beyond_pool(f"the table, {about}, outgrows {half}")
        return self._within_pool(f"the table, {about}, fits {half}")

    def token(self, why: str, *, short_of: str = "") -> Ordering:
        """Return token order."""
        return Ordering(
            order=ApplyOrder.TOKEN,
            window_bytes=0,
            slice_bytes=self._run.slice_bytes,
            overlap=False,
            why=why,
            short_of=short_of,
        )

    def key(self, why: str) -> Ordering:
        """Return key order."""
        return Ordering(
            order=ApplyOrder.KEY,
            window_bytes=self._window,
            slice_bytes=self._run.slice_bytes,
            overlap=not self._facts.together,
            why=why,
        )

    def refuse_without_room(self) -> None:
        """Refuse a disk that is full or nearly so."""
        wanted = WINDOW_BYTES_MIN
        if self._run.window_bytes != "auto":
            wanted = min(wanted, self._run.window_bytes)
        if self._disk < wanted:
            raise PreflightError(
                "no room to apply rows in the order of their key",
                where=f"[run] directory = {str(self._run.directory)!r}; nothing was written",
                why=f"beside a reserve its disk has {size_text(self._disk)}, and a window takes"
                f" {size_text(wanted)} at least",
                fix=f'{MAKE_ROOM}, or set apply_order = "token"',
            )

    def _beyond_pool(self, outgrows: str) -> Ordering:
        if self._window >= WINDOW_BYTES_MIN and self._window * WINDOWS_A_TABLE >= (self._size or 0):
            return self.key(outgrows)
        bound = self._bound if self._window == self._room else WINDOW_SETTING
        window = f"{bound} allows windows of {size_text(self._window)}, too small beside it"
        return self.token(f"{outgrows}, and would be slow for it, but {window}", short_of=bound)

    def _within_pool(self, fits: str) -> Ordering:
        if not self._facts.together:
            return self.token(f"{fits}, and the servers stand apart, so that both work at once")
        if self._room < WINDOW_BYTES_MIN:
            return self.token(f"{fits}, and {self._bound} has no room for a window")
        return self.key(f"{fits}, and on one machine this saves MySQL a third of its work")

    def _choose_window(self) -> int:
        """Return how large a window is: as was set, or as there is room."""
        if self._run.window_bytes != "auto":
            return min(self._run.window_bytes, self._room)
        if self._facts.together or self._size is None:
            return self._room
        return min(self._room, max(WINDOW_BYTES_MIN, -(-self._size // WINDOWS_A_TABLE)))


def _disk_room(free_bytes: int | None) -> int:
    if free_bytes is None:
        return UNBOUNDED
    return max(0, free_bytes - max(free_bytes // RESERVE_SHARE, RESERVE_BYTES_MIN))
