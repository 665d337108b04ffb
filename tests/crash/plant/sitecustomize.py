"""Kills or holds the tool at a named event: Python imports this where PYTHONPATH has its folder.

CASS_SNAPSHOT_TEST_CRASH says which: event, moment, hit, victim and a file that is made by whoever
kills, so that one run is killed once: ``sync:before:3:both:/tmp/x/killed``. An event is a function
of the product; each process counts its own calls.

CASS_SNAPSHOT_TEST_HOLD says where workers stand still: event, moment, hit and a folder, in which
each worker that stands there makes a file of its process id, and in which a file ``go`` lets all
of them go on: ``segment write:before:16:/tmp/x/hold``.

CASS_SNAPSHOT_TEST_LEASE_S says how long a lease lasts, for tests that wait for its end.
"""

from __future__ import annotations

import functools
import importlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

VARIABLE = "CASS_SNAPSHOT_TEST_CRASH"
HOLD_VARIABLE = "CASS_SNAPSHOT_TEST_HOLD"
LEASE_VARIABLE = "CASS_SNAPSHOT_TEST_LEASE_S"
EVENTS = {
    "segment create": ("cass_snapshot.wal.writer", "SegmentWriter._create"),
    "segment write": ("cass_snapshot.wal.writer", "SegmentWriter._write"),
    "segment sync": ("cass_snapshot.wal.files", "RealFile.sync"),
    "segment close": ("cass_snapshot.wal.writer", "SegmentWriter.close"),
    "directory sync": ("cass_snapshot.wal.files", "RealFiles.sync_directory"),
    "rename": ("cass_snapshot.wal.files", "RealFiles.rename"),
    "remove": ("cass_snapshot.wal.files", "RealFiles.remove"),
    "recovery": ("cass_snapshot.wal.log", "recover"),
    "page": ("cass_snapshot.reader.fetch", "Stream.next"),
    "encode": ("cass_snapshot.codec.row", "RowEncoder.encode"),
    "arrange": ("cass_snapshot.codec.order", "LineOrder.arrange"),
    "load": ("cass_snapshot.mysql.load", "Loader.put"),
    "checkpoint": ("cass_snapshot.mysql.checkpoint", "CheckpointKeeper.advance"),
    "audit row": ("cass_snapshot.mysql.checkpoint", "CheckpointKeeper.record"),
    "window checkpoints": ("cass_snapshot.mysql.stretches", "StretchKeeper.advance"),
    "commit": ("mysql.connector.connection_cext", "CMySQLConnection.commit"),
    "rollback": ("mysql.connector.connection_cext", "CMySQLConnection.rollback"),
    "connect": ("mysql.connector.connection_cext", "CMySQLConnection._open_connection"),
    "control tables": ("cass_snapshot.mysql.ledger", "MysqlLedger.create_tables"),
    "register": ("cass_snapshot.mysql.ledger", "MysqlLedger.register"),
    "take over": ("cass_snapshot.mysql.ledger", "MysqlLedger.take_over"),
    "recut": ("cass_snapshot.mysql.ledger", "MysqlLedger.recut"),
    "finish": ("cass_snapshot.mysql.ledger", "MysqlLedger.finish"),
    "validation": ("cass_snapshot.mysql.ledger", "MysqlLedger.record_validation"),
    "target": ("cass_snapshot.mysql.admin", "MysqlAdmin.create"),
    "index of a window": ("cass_snapshot.snapshot.windows.index", "IndexWriter.write"),
    "cut of a window": ("cass_snapshot.snapshot.windows.work", "WindowWork.cut"),
    "applied segments": ("cass_snapshot.wiring.parts", "Parts.remove_applied"),
    "status file": ("cass_snapshot.snapshot.rundir", "RunDirectory.write_status"),
    "result file": ("cass_snapshot.snapshot.rundir", "RunDirectory.write_result"),
    "run folder": ("cass_snapshot.snapshot.run", "_open_directory"),
    "task": ("cass_snapshot.snapshot.supervisor", "Pool._fill"),
    "worker end": ("cass_snapshot.snapshot.supervisor", "Pool.close"),
    "count": ("cass_snapshot.snapshot.census", "Census.count_source"),
}
MOMENTS = ("before", "after")
VICTIMS = ("self", "parent", "both")


def kill(victim: str) -> None:
    """Kill this process, its parent, or first the parent and then this one."""
    worker = multiprocessing.parent_process() is not None
    if victim != "self" and worker:
        os.kill(os.getppid(), signal.SIGKILL)
    if victim != "parent" or not worker:
        os.kill(os.getpid(), signal.SIGKILL)


def hold(folder: Path) -> None:
    """Stand still until told to go on; other threads of this process do not."""
    (folder / str(os.getpid())).touch()
    while not (folder / "go").exists():
        time.sleep(0.005)


def plant(event: str, moment: str, hit: int, act: Callable[[], None]) -> None:
    """Have something done when a function of the product is called for the nth time."""
    module, path = EVENTS[event]
    owner = importlib.import_module(module)
    *classes, name = path.split(".")
    for one in classes:
        owner = getattr(owner, one)
    original = getattr(owner, name)
    left = hit

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            act()

    @functools.wraps(original)
    def planted(*args: object, **named: object) -> object:
        if moment == "before":
            count()
        result = original(*args, **named)
        if moment == "after":
            count()
        return result

    setattr(owner, name, planted)


def plant_kill(spec: str) -> None:
    """Put the killing in the place of a function of the product."""
    event, moment, hit, victim, made = spec.split(":", 4)

    def once() -> None:
        try:
            os.close(os.open(made, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        kill(victim)

    plant(event, moment, int(hit), once)


def plant_hold(spec: str) -> None:
    """Put the standing still in the place of a function of the product, in workers alone."""
    event, moment, hit, folder = spec.split(":", 3)

    def in_worker() -> None:
        if multiprocessing.parent_process() is not None:
            hold(Path(folder))

    plant(event, moment, int(hit), in_worker)


if LEASE_VARIABLE in os.environ:
    # Before anything else takes the constant from there.
    importlib.import_module("cass_snapshot.protocols.targets").LEASE_S = int(  # type: ignore[attr-defined]  # a module
        os.environ[LEASE_VARIABLE]
    )
if "resource_tracker" not in " ".join(sys.orig_argv):
    if VARIABLE in os.environ:
        plant_kill(os.environ[VARIABLE])
    if HOLD_VARIABLE in os.environ:
        plant_hold(os.environ[HOLD_VARIABLE])
