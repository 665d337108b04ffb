"""Reading waits where another batch would not fit below the ceiling, or on the disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest

from cass_snapshot.errors import Fault, LimitReached, SnapshotError, TargetUnavailable
from cass_snapshot.retry import Patience, Tell, unheard
from cass_snapshot.wal.room import Room
from cass_snapshot.wal.usage import wal_bytes
from tests.support.patient import NoWait

MIB = 2**20
SEGMENT = "000017-000001.wal"


@pytest.fixture
def wal(tmp_path: Path) -> Path:
    """Return the ``wal`` folder of a run, with a segment of 800 bytes."""
    folder = tmp_path / "wal" / "shop.orders"
    folder.mkdir(parents=True)
    (folder / SEGMENT).write_bytes(bytes(800))
    return tmp_path / "wal"


def patience(
    tell: Tell = unheard,
    over: Callable[[SnapshotError], None] = unheard,
    *,
    seconds: float = 0,
    stop: Event | None = None,
) -> Patience:
    """Return the patience of a worker."""
    return Patience(unavailable_s=seconds, tell=tell, over=over, stop=stop or Event())


def room(folder: Path, ceiling: int | None, patient: Patience) -> Room:
    """Return the room of a run whose WAL goes where it has a ceiling."""
    return Room(folder, ceiling, patient, removes=ceiling is not None)


def disk(monkeypatch: pytest.MonkeyPatch, *, free: int, size: int = 10_000 * MIB) -> None:
    """Let every disk have so many bytes, of which so many are free."""
    found = SimpleNamespace(f_bavail=free, f_frsize=1, f_blocks=size)
    monkeypatch.setattr(os, "statvfs", lambda _path: found)


def test_segments_alone_are_counted_in_all_tables(wal: Path) -> None:
    """Neither what recovery cut off, nor what is not ours, would go."""
    (wal / "shop.orders" / f"{SEGMENT}.torn-12").write_bytes(bytes(7))
    (wal / "note").write_bytes(bytes(7))
    (wal / "shop.items").mkdir()
    (wal / "shop.items" / "000001-000004.wal.zst").write_bytes(bytes(30))
    assert wal_bytes(wal) == 830
    assert wal_bytes(wal / "none") == 0


def test_below_three_quarters_of_the_ceiling_nothing_waits(wal: Path) -> None:
    """The last quarter is for the batches that are being written."""
    told: list[SnapshotError] = []
    room(wal, 1_100, patience(lambda error, _pause: told.append(error))).wait_below_ceiling()
    assert told == []


def test_at_the_ceiling_reading_waits_until_segments_go(wal: Path) -> None:
    """The operator is told why, and when it goes on."""
    told: list[SnapshotError] = []
    over: list[SnapshotError] = []

    def tell(error: SnapshotError, _pause: float) -> None:
        told.append(error)
        (wal / "shop.orders" / SEGMENT).unlink(missing_ok=True)

    room(wal, 1_000, patience(tell, over.append, seconds=60)).wait_below_ceiling()
    assert "reading waits for the WAL to be applied" in str(told[0])
    assert "wal_bytes_max" in str(told[0])
    assert told[0].fault is Fault.ROOM
    assert over == told


def test_a_ceiling_under_which_nothing_goes_ends_the_run(wal: Path) -> None:
    """What may not go cannot make room."""
    with pytest.raises(LimitReached, match="nothing of it may go") as raised:
        room(wal, 1_000, patience()).wait_below_ceiling()
    assert "raise [run] wal_bytes_max" in raised.value.fix


def test_while_segments_go_patience_begins_anew(wal: Path) -> None:
    """A slow target is no reason to end."""
    others = [wal / "shop.orders" / f"00001{n}-000001.wal" for n in range(3)]
    for path in others:
        path.write_bytes(bytes(800))
    checks = iter([*others, wal / "shop.orders" / SEGMENT])

    class Slow(Room):
        """A room in which a segment goes while each check fails."""

        def _check_ceiling(self) -> None:
            try:
                super()._check_ceiling()
            except SnapshotError:
                next(checks).unlink()
                raise

    Slow(wal, 1_000, patience(), removes=True).wait_below_ceiling()
    assert wal_bytes(wal) == 0


def test_a_disk_that_is_nearly_full_is_waited_for(
    wal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a ceiling or without; a window waits for the disk too, and not for a ceiling."""
    disk(monkeypatch, free=64 * MIB - 1)
    for wait in (
        room(wal, None, patience()).wait_below_ceiling,
        room(wal, 1, patience()).wait_on_disk,
    ):
        with pytest.raises(LimitReached, match="the disk of the WAL is full") as raised:
            wait()
        assert raised.value.fix == "make room, then run the same command again"
    disk(monkeypatch, free=64 * MIB)
    room(wal, None, patience()).wait_below_ceiling()
    room(wal, 1, patience()).wait_on_disk()


def test_of_a_small_disk_a_hundredth_is_left_alone(
    wal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a volume of 64 MiB could not be used at all."""
    disk(monkeypatch, free=MIB, size=100 * MIB)
    room(wal, None, patience()).wait_on_disk()
    disk(monkeypatch, free=MIB - 1, size=100 * MIB)
    with pytest.raises(LimitReached):
        room(wal, None, patience()).wait_on_disk()


def test_a_stop_ends_the_waiting_at_once(wal: Path) -> None:
    """What is in hand is applied, and the run ends as it was asked to."""
    stop = Event()
    room(wal, 1_000, patience(lambda *_: stop.set(), seconds=60, stop=stop)).wait_below_ceiling()
    assert stop.is_set()


def away() -> None:
    """Be a target that is away."""
    raise TargetUnavailable("MySQL does not answer")


def test_where_the_target_stays_away_it_is_what_ends_the_run(
    wal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is applied then, so that no room can come: exit 7, and MySQL is named."""
    with pytest.raises(TargetUnavailable):
        room(wal, 1_000, patience()).wait_below_ceiling(away)
    room(wal, 1_100, patience()).wait_below_ceiling(away)
    disk(monkeypatch, free=0)
    with pytest.raises(TargetUnavailable):
        Room(wal, None, patience(), removes=True).wait_on_disk(away)
    with pytest.raises(LimitReached, match="the disk of the WAL is full"):
        Room(wal, None, patience(), removes=False).wait_on_disk(away)
    with pytest.raises(LimitReached, match="the disk of the WAL is full"):
        Room(wal, None, patience(), removes=True).wait_on_disk(None)


def test_the_time_of_an_outage_is_none_of_the_wait_for_room(wal: Path) -> None:
    """Each has its own; the outage is told, and so is its end, before there is room."""
    stop, over, told = NoWait(), list[SnapshotError](), list[SnapshotError]()

    def now() -> float:
        return sum(stop.pauses)

    def ask() -> None:
        if 40 <= now() < 90:
            away()

    def tell(error: SnapshotError, _pause: float) -> None:
        told.append(error)
        if now() >= 95:
            assert [e.fault for e in over] == [Fault.AWAY]
            (wal / "shop.orders" / SEGMENT).unlink(missing_ok=True)

    patient = Patience(unavailable_s=60, tell=tell, over=over.append, stop=stop, clock=now)
    room(wal, 1_000, patient).wait_below_ceiling(ask)
    assert [e.fault for e in over] == [Fault.AWAY, Fault.ROOM, Fault.AWAY]
    assert {e.fault for e in told} == {Fault.ROOM, Fault.AWAY}


def test_a_target_that_hung_before_it_answered_leaves_the_wait_its_time(wal: Path) -> None:
    """Ten minutes in one question, in which nothing could be applied."""
    stop, hung = NoWait(), [0.0, 600.0]
    spent = [0.0]

    def ask() -> None:
        if hung:
            spent[0] += hung.pop(0)
            if spent[0]:
                away()

    def tell(error: SnapshotError, _pause: float) -> None:
        if not hung and error.fault is Fault.ROOM:
            (wal / "shop.orders" / SEGMENT).unlink()

    patient = Patience(
        unavailable_s=60, tell=tell, stop=stop, clock=lambda: spent[0] + sum(stop.pauses)
    )
    room(wal, 1_000, patient).wait_below_ceiling(ask)
    assert spent == [600.0]
    assert wal_bytes(wal) == 0


def test_a_stop_ends_the_waiting_for_the_target_too(wal: Path) -> None:
    """The operator ended the run, and no server is blamed."""
    stop = Event()
    patient = patience(lambda *_: stop.set(), seconds=60, stop=stop)
    room(wal, 1_000, patient).wait_below_ceiling(away)
    assert stop.is_set()
