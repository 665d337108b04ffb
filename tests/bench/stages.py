"""Measures the stages of a worker process from outside: its methods, wrapped, and nothing changed.

A stage's time is its own, without that of stages within it: both by the clock and by the CPU of the
thread. What a thread used outside of every stage is shown as the rest of that thread.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from cProfile import Profile
from dataclasses import asdict, dataclass, field
from functools import wraps
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

FOLDER_VARIABLE = "BENCH_PROFILE_FOLDER"
DUMP_VARIABLE = "BENCH_PROFILE_DUMP"
"""Where each worker writes what it measured, and whether a cProfile dump besides."""
OURS = ("event_loop", "listen")
"""Threads besides the halves: the driver's, which decodes, and the one that hears the parent."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A name, and the method that is measured under it."""

    name: str
    module: str
    qualified: str


STAGES = (
    Stage("look up a checkpoint", "cass_snapshot.mysql.writer", "MysqlTarget.checkpoint"),
    Stage("open and close a WAL", "cass_snapshot.wal.log", "RangeWal.open"),
    Stage("open and close a WAL", "cass_snapshot.wal.log", "RangeWal.close"),
    Stage("decode", "cass_snapshot.reader.raw", "WireResult.recv_results_rows"),
    Stage("wait for pages", "cass_snapshot.reader.fetch", "Stream.next"),
    Stage("position", "cass_snapshot.reader.pages", "CassandraSource.position"),
    Stage("encode", "cass_snapshot.codec.row", "RowEncoder.encode"),
    Stage("arrange", "cass_snapshot.codec.order", "LineOrder.arrange"),
    Stage("sort", "cass_snapshot.codec.order", "LineOrder.sort"),
    Stage("index of batches", "cass_snapshot.snapshot.windows.index", "IndexWriter.add"),
    Stage("WAL append", "cass_snapshot.wal.log", "RangeWal.append"),
    Stage("WAL sync", "cass_snapshot.wal.files", "RealFile.sync"),
    Stage("read blocks", "cass_snapshot.wal.blocks", "BlockReader.read"),
    Stage("merge a slice", "cass_snapshot.snapshot.windows.loading", "SliceReader.chunks"),
    Stage("cut a window", "cass_snapshot.snapshot.windows.work", "WindowWork.cut"),
    Stage("dialect", "cass_snapshot.mysql.load", "Loader.dialect"),
    Stage("stage the file", "cass_snapshot.mysql.load", "Loader.stage"),
    Stage("LOAD DATA", "cass_snapshot.mysql.load", "Loader.put"),
    Stage("INSERT", "cass_snapshot.mysql.insert", "Inserter.put"),
    Stage("transaction", "cass_snapshot.mysql.writer", "MysqlTarget.write"),
    Stage("transaction", "cass_snapshot.mysql.writer", "MysqlTarget.load"),
    Stage("advance", "cass_snapshot.mysql.writer", "MysqlTarget.advance"),
)


@dataclass(slots=True)
class Spent:
    """What one stage took; ``cpu_s`` and ``seconds`` without the stages within it."""

    calls: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0


@dataclass(slots=True)
class _Open:
    """A stage that is under way in this thread, and what stages within it took."""

    began: float
    cpu_began: float
    within: float = 0.0
    cpu_within: float = 0.0


@dataclass(slots=True)
class Watch:
    """All stages of a process."""

    spent: dict[str, Spent] = field(default_factory=dict)
    _local: threading.local = field(default_factory=threading.local)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def enter(self) -> None:
        """Begin a stage in this thread."""
        self._stack().append(_Open(perf_counter(), thread_time()))

    def leave(self, name: str) -> None:
        """End the newest stage of this thread."""
        stack = self._stack()
        done = stack.pop()
        seconds, cpu = perf_counter() - done.began, thread_time() - done.cpu_began
        if stack:
            stack[-1].within += seconds
            stack[-1].cpu_within += cpu
        with self._turn:
            spent = self.spent.setdefault(name, Spent())
            spent.calls += 1
            spent.seconds += seconds - done.within
            spent.cpu_s += cpu - done.cpu_within

    def _stack(self) -> list[_Open]:
        if not hasattr(self._local, "stack"):
            self._local.stack = []
        stack: list[_Open] = self._local.stack
        return stack

    def wrapped(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that is measured; of a generator, what happens between its values."""
        if inspect.isgeneratorfunction(call):
            return self._wrapped_generator(name, call)

        @wraps(call)
        def measured(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the method takes
            self.enter()
            try:
                return call(*given, **named)
            finally:
                self.leave(name)

        return measured

    def _wrapped_generator(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def measured(*given: Any, **named: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
            values = call(*given, **named)
            while True:
                self.enter()
                try:
                    value = next(values)
                except StopIteration:
                    return
                finally:
                    self.leave(name)
                yield value

        return measured


def install(watch: Watch, stages: Sequence[Stage] = STAGES) -> None:
    """Have every stage measured.

    Raises:
        AttributeError: a method is called otherwise by now, and STAGES is to be mended.
    """
    for stage in stages:
        owner_name, _, method = stage.qualified.rpartition(".")
        owner = getattr(importlib.import_module(stage.module), owner_name)
        setattr(owner, method, watch.wrapped(stage.name, getattr(owner, method)))


def thread_cpu() -> dict[str, float]:
    """Return the CPU seconds of this process's threads by name, as far as Python knows them."""
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    ticks = os.sysconf("SC_CLK_TCK")
    found: dict[str, float] = {}
    for task in Path("/proc/self/task").iterdir():
        try:
            fields = (task / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it ended between the two looks
            continue
        name = names.get(int(task.name), "other")
        found[name] = found.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / ticks
    return found


def worker(pipe: Any) -> None:  # noqa: ANN401 - what process.begin takes
    """Be a worker process, measured. Entry point of the process in the place of the real one."""
    assigned: Any = pipe.recv()
    real: Any = importlib.import_module("cass_snapshot.snapshot.worker")
    watch = Watch()
    install(watch)
    folder, dump = Path(os.environ[FOLDER_VARIABLE]), bool(os.environ.get(DUMP_VARIABLE))
    threads: dict[str, float] = {}
    _look_at_end(real.Worker, "_capture_all", "capture", threads, folder, dump=dump)
    _look_at_end(real.Worker, "serve", "apply", threads, folder, dump=dump)
    close = real.Parts.close

    def look_at_rest(parts: Any) -> None:  # noqa: ANN401 - Parts
        # The driver's own thread ends with the parts.
        threads.update({thread: cpu for thread, cpu in thread_cpu().items() if thread in OURS})
        close(parts)

    real.Parts.close = look_at_rest
    start_cpu_s = process_cpu()
    real.main(pipe, assigned.job, assigned.name)
    result = {
        "spent": {stage: asdict(spent) for stage, spent in watch.spent.items()},
        "threads": threads,
        "start_cpu_s": start_cpu_s,
        "process_cpu_s": process_cpu(),
    }
    (folder / f"{assigned.name}.json").write_text(json.dumps(result), encoding="utf-8")


def process_cpu() -> float:
    """Return the CPU seconds that this process has used."""
    return sum(os.times()[:2])


def _look_at_end(
    owner: Any,  # noqa: ANN401 - the class Worker
    method: str,
    thread: str,
    threads: dict[str, float],
    folder: Path,
    *,
    dump: bool,
) -> None:
    """Have a thread's main method note its CPU, and leave a cProfile dump if one is wanted."""
    plain = getattr(owner, method)

    def looked_at(self: Any) -> None:  # noqa: ANN401 - a Worker
        began = thread_time()
        if dump:
            profile = Profile()
            profile.runcall(plain, self)
            profile.dump_stats(folder / f"{thread}.prof")
        else:
            plain(self)
        threads[thread] = thread_time() - began

    setattr(owner, method, looked_at)
