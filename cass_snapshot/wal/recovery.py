"""Repairs what a crash may leave of a range, and refuses everything else (I6).

A crash may leave the newest segment without footer, with a torn tail, or without a whole batch. The
tail is copied aside and cut, and the segment sealed; a segment without a batch is moved aside. What
the newest write held is written again before it is synced: after a failed sync the disk may lack
what the cache still shows, and a second sync alone would not say so (rule 7).

Every step leaves a state that the next recovery understands.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cass_snapshot.errors import LockedError, StateError
from cass_snapshot.model import Position, WalIdentity
from cass_snapshot.wal.disk import File, Files
from cass_snapshot.wal.files import atomic_write
from cass_snapshot.wal.format import CHAIN_START, seal
from cass_snapshot.wal.names import SegmentName, folder_of, segments_of
from cass_snapshot.wal.records import Footer
from cass_snapshot.wal.walk import SegmentEnd, Walk, corrupt
from cass_snapshot.wal.writer import Packer

_COPIES_MAX = 100
"""Different tails cut at the same place of one segment; more is no accident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What a range's WAL durably holds: the state that a writer goes on from."""

    names: tuple[SegmentName, ...]
    last_seq: int
    chain: str
    closed: bool
    position: Position | None = None


def recover(files: Files, directory: Path, identity: WalIdentity, checkpoint_seq: int) -> Recovered:
    """Read a range's segments, repair the newest, and return what is durable.

    Raises:
        LockedError: another process writes this range.
        WalCorrupt: bytes or files that no crash explains, or fewer than the target has seen.
        Fenced: a newer epoch wrote here.
    """
    folder = directory / folder_of(identity.table)
    names = segments_of(files.names(folder), identity.range.number)
    if not names:
        return Recovered(names=(), last_seq=checkpoint_seq, chain=CHAIN_START, closed=False)
    with _locked(files, folder, names) as file:
        walk = Walk(files, folder, names, identity)
        for _ in walk.batches():
            pass
        before, newest = walk.ends
        assert newest is not None  # noqa: S101 there is a name, so something was read
        _check_checkpoint(folder, names, newest, checkpoint_seq)
        if newest.batches:
            chain = _repair(files, folder, file, newest)
        else:
            _move_aside(files, folder, file, newest)
            names.pop()
            chain = before.chain if before else CHAIN_START
    return Recovered(
        names=tuple(names),
        last_seq=newest.last_seq,
        chain=chain,
        closed=newest.closing,
        position=newest.position or (before.position if before else None),
    )


@contextmanager
def _locked(files: Files, folder: Path, names: list[SegmentName]) -> Iterator[File]:
    """Hold the newest segment, so that nobody appends while it is read and repaired (I5)."""
    busy = LockedError(
        "another process writes the WAL of this range", where=f"{folder.name}/{names[-1]}"
    )
    try:
        file = files.open(folder / str(names[-1]), write=True)
    except FileNotFoundError as error:  # its recovery has just moved it aside
        raise busy from error
    try:
        if not file.lock() or segments_of(files.names(folder), names[-1].range_number) != names:
            raise busy
        yield file
    finally:
        file.close()


def _check_checkpoint(
    folder: Path, names: list[SegmentName], newest: SegmentEnd, checkpoint_seq: int
) -> None:
    """Raise where target and WAL do not meet: a cut below the checkpoint is no crash's (I1)."""
    where = f"{folder.name}/{newest.name}:{newest.end}"
    if newest.last_seq < checkpoint_seq:
        why = f"it holds batch {newest.last_seq} at most, the target has batch {checkpoint_seq}"
        raise corrupt(where, why)
    if names[0].first_seq > checkpoint_seq + 1:
        first, last = checkpoint_seq + 1, names[0].first_seq - 1
        why = f"batches {first} to {last} are neither before it nor in the target"
        raise corrupt(f"{folder.name}/{names[0]}", why)


def _repair(files: Files, folder: Path, file: File, newest: SegmentEnd) -> str:
    """Cut the torn tail, make the newest write durable, seal; return the segment's chain."""
    if newest.torn is not None:
        tail = file.read_at(newest.end, file.size() - newest.end)
        _copy_aside(files, folder, f"{newest.name}.torn-{newest.end}", tail)
        file.truncate(newest.end)
        file.sync()  # or the footer could stand before remains of the tail
    again = file.read_at(newest.synced, newest.end - newest.synced)
    chain = newest.chain
    ending: tuple[bytes, ...] = ()
    if not newest.sealed:
        line, chain = seal(
            Footer(
                batches=newest.batches,
                rows=newest.rows,
                size=newest.size,
                last_seq=newest.last_seq,
                synced=newest.synced,
                prev=newest.chain,
            )
        )
        ending = Packer(compressed=newest.name.compressed).pack(line)
    file.write_at(newest.synced, (again, *ending))
    file.sync()
    return chain


def _move_aside(files: Files, folder: Path, file: File, newest: SegmentEnd) -> None:
    """Take a segment without a whole batch out of the way: its creation was interrupted."""
    path = folder / str(newest.name)
    size = file.size()
    if size:
        _copy_aside(files, folder, f"{newest.name}.torn-0", file.read_at(0, size))
    files.remove(path)


def _copy_aside(files: Files, folder: Path, name: str, tail: bytes) -> None:
    """Keep cut bytes beside their segment, durably, once."""
    for number in range(1, _COPIES_MAX):
        path = folder / (name if number == 1 else f"{name}.{number}")
        found = _content(files, path)
        if found is None:
            atomic_write(path, tail, files=files)
        if found in (None, tail):
            return
    raise StateError(
        "the tail of this segment was cut too often",
        where=f"{folder.name}/{name}",
        why=f"{_COPIES_MAX} different copies of it lie there",
        fix="look at the disk; move the copies away",
    )


def _content(files: Files, path: Path) -> bytes | None:
    try:
        file = files.open(path)
    except FileNotFoundError:
        return None
    try:
        return file.read_at(0, file.size())
    finally:
        file.close()
