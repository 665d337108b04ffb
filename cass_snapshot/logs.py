"""What goes into a log and where: files hold all we say, the terminal warnings alone.

No secret reaches a log, because none reaches a message (I12). Also tells which compiled parts of
the drivers really load, since a driver without them works and says nothing.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TextIO

from cass_snapshot import __version__
from cass_snapshot.settings import LogSettings

OURS = "cass_snapshot"
DRIVERS_VERBOSITY = 2
"""-vv shows what the drivers say."""

REPEATED_EVERY_S = 60.0
KINDS_MAX = 1_000
_NUMBER = re.compile(r"[0-9]+")
_handlers: list[logging.Handler] = []
_files: list[Path] = []


class TextLine(logging.Formatter):
    """``2026-11-20T10:54:52.114Z info  cass_snapshot.snapshot.run[4711] message``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, and the traceback below it where there is one."""
        name, level = record.name, record.levelname.lower()
        line = f"{_time(record)} {level:<7} {name}[{record.process}] {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLine(logging.Formatter):
    """One JSON object a line, traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        fields = {
            "ts": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


class _OnceInAWhile(logging.Filter):
    """Lets through what a driver says again and again once a minute; numbers make no difference.

    Cassandra warns of the tombstones of each page, which may be every one of a table.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is ours, or of another kind than those of the last minute."""
        if record.name.partition(".")[0] == OURS or record.exc_info:
            return True
        kind = f"{record.name} {_NUMBER.sub('0', record.getMessage())}"
        if record.created - self._last.get(kind, 0.0) < REPEATED_EVERY_S:
            return False
        if len(self._last) >= KINDS_MAX:
            self._last.clear()
        self._last[kind] = record.created
        return True


class _Terminal(logging.Handler):
    """Writes to whatever standard error is now: a live display puts itself in between."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(f"{record.levelname.lower()}: {record.getMessage()}\n")
        except OSError:  # a terminal that is gone must not end a run
            return


def to_terminal(verbose: int, *, quiet: bool = False) -> None:
    """Show our warnings; with one -v all we say, with two the drivers too; if quiet, errors."""
    handler = _Terminal()
    handler.setLevel(logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING)
    if verbose < DRIVERS_VERBOSITY:
        handler.addFilter(lambda record: record.name.partition(".")[0] == OURS)
    else:
        handler.setLevel(logging.DEBUG)
    _add(handler)


def to_file(path: Path, log: LogSettings) -> None:
    """Append all we say to a file that only its owner may read.

    Called in the parent and in each worker: a line is one write, so that lines do not mix.

    Raises:
        OSError: the file cannot be opened.
    """
    handler = logging.StreamHandler(_open(path))
    handler.setFormatter(JsonLine() if log.format == "json" else TextLine())
    if not log.drivers:
        handler.addFilter(_OnceInAWhile())
    _files.append(path)
    _add(handler)
    logging.getLogger().setLevel(logging.DEBUG if log.drivers else logging.WARNING)


def configure_worker(log: LogSettings, run_log: Path | None = None) -> None:
    """Let a worker process write to the files of its run, and to nothing else."""
    _add(logging.NullHandler())  # without any handler, logging itself writes to the terminal
    for path in (run_log, log.file):
        if path is not None:
            to_file(path, log)


def leave_out(logger: str) -> None:
    """Keep a logger off the terminal, where a view shows the same already."""
    for handler in _handlers:
        if isinstance(handler, _Terminal):
            handler.addFilter(lambda record: record.name != logger)


def files() -> tuple[Path, ...]:
    """Return the files that are being written."""
    return tuple(_files)


def stop() -> None:
    """Close the files and forget every destination."""
    for handler in _handlers:
        logging.getLogger().removeHandler(handler)
        if isinstance(handler, logging.StreamHandler):
            handler.stream.close()
        handler.close()
    _handlers.clear()
    _files.clear()


def _add(handler: logging.Handler) -> None:
    _handlers.append(handler)
    logging.getLogger().addHandler(handler)
    logging.getLogger(OURS).setLevel(logging.INFO)


def _open(path: Path) -> TextIO:
    def private(name: str, flags: int) -> int:
        return os.open(name, flags, mode=0o600)

    return open(path, "a", encoding="utf-8", buffering=1, opener=private)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- which parts we got ---------------------------------------------------------------------------


MYSQL_PART = "mysql C extension"
_MODULES = {
    "libev": "cassandra.io.libevwrapper",
    "cython": "cassandra.row_parser",
    "murmur3": "cassandra.cmurmur3",
    MYSQL_PART: "_mysql_connector",
}
_ENCODER = ("cass_snapshot._wire", "cass_snapshot.codec._encode", "cass_snapshot.mysql._dialect")
"""Our own, built at install where there is a compiler; by name, since most lie above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A compiled part of a driver; ``failure`` is why it does not load, empty where it does."""

    name: str
    failure: str


def versions() -> tuple[str, ...]:
    """Return a line for each part that speed and correctness hang on, as ``--version`` shows it."""
    return (
        f"cass-snapshot {__version__}",
        f"python {platform.python_version()}",
        f"cassandra-driver {_version('cassandra-driver')}, {_cassandra_parts()}",
        f"mysql-connector-python {_version('mysql-connector-python')}, {_mysql_part()}",
        f"orjson {_version('orjson')}",
        f"zstandard {_version('zstandard')}",
        f"encoder {_encoder()}",
    )


def _encoder() -> str:
    """Return whether the compiled parts of our own are there."""
    lack = [name.rpartition("_")[2] for name in _ENCODER if _failure(name)]
    if not lack:
        return "compiled"
    return "python" if len(lack) == len(_ENCODER) else f"compiled, without {', '.join(lack)}"


def extensions() -> str:
    """Return the same on one line, without our own version, for logs and ``run.json``."""
    return "; ".join(versions()[1:])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def parts() -> tuple[Part, ...]:
    """Return the compiled parts that speed hangs on, loaded or not.

    ``ssl`` comes before MySQL's: where ``hashlib`` alone has brought the system's libcrypto, the
    extension takes that one and its own newer libssl, and these two do not go together. It is
    imported by itself, since the driver hides the reason.
    """
    import_module("ssl")
    return tuple(Part(name=name, failure=_failure(module)) for name, module in _MODULES.items())


def _cassandra_parts() -> str:
    found = [part for part in parts() if part.name != MYSQL_PART]
    have = [part.name for part in found if not part.failure]
    lack = [f"{part.name} not loaded ({part.failure})" for part in found if part.failure]
    return ", ".join(have + lack)


def _mysql_part() -> str:
    failure = next(part.failure for part in parts() if part.name == MYSQL_PART)
    return f"C extension not loaded ({failure})" if failure else "C extension in use"


def _failure(module: str) -> str:
    """Return why a compiled module does not load; an empty text where it does."""
    try:
        import_module(module)
    except ImportError as error:
        return str(error)
    return ""
