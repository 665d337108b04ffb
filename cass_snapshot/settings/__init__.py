"""What can be set, one class per section of the config file, so that each room receives its own.

Pure: nothing here reads a file or the environment. Names carry their units. ``config.py`` fills
these classes; a key that a later version brings is in ``LATER_KEYS`` and refused until then.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from cass_snapshot.model import RANGES_MAX
from cass_snapshot.settings.retention import APPLIED, KEEP, Retention
from cass_snapshot.settings.section import Port, Seconds, Section, Text
from cass_snapshot.settings.sizes import sized
from cass_snapshot.settings.tables import TableSettings

WORKERS_MAX = 256
"""Each worker holds a process and two connections; beyond this the servers are the limit."""
WORKERS_DEFAULT_MAX = 8
"""Two servers are seldom faster with more, and often slower."""

CONSISTENCY_LEVELS = (
    "ONE",
    "TWO",
    "THREE",
    "QUORUM",
    "ALL",
    "LOCAL_QUORUM",
    "EACH_QUORUM",
    "SERIAL",
    "LOCAL_SERIAL",
    "LOCAL_ONE",
)
"""The levels of CQL at which something can be read; ANY is for writing alone."""

LATER_KEYS = frozenset(
    {
        "cassandra.tls",
        "cassandra.password_command",
        "mysql.tls",
        "mysql.password_command",
        "verify.float_tolerance",
        "limits.rows_per_s",
        "limits.stop_after",
        "limits.window",
        "limits.mysql_threads_running",
        "limits.replica_lag_s",
        "hooks",
        "report",
    }
)
"""Sections and keys that are part of the interface and not yet of this version."""


class CassandraSettings(Section):
    """Where the rows come from. ``contact_points`` is required by every command that reads."""

    contact_points: tuple[Text, ...] = ()
    port: Port = 9042
    local_datacenter: Text | None = None
    consistency: str = "LOCAL_QUORUM"
    username: Text | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    page_rows: Annotated[int, Field(ge=1, le=100_000)] = 5000
    request_timeout_s: Seconds = 30

    @field_validator("consistency")
    @classmethod
    def _known_level(cls, value: str) -> str:
        level = value.upper()
        if level not in CONSISTENCY_LEVELS:
            raise ValueError(f"levels to read at are {', '.join(CONSISTENCY_LEVELS)}")
        return level


class MysqlSettings(Section):
    """Where the rows go. ``host`` and ``database`` are required by every command that connects."""

    host: str = ""
    port: Port = 3306
    database: str = ""
    username: Text | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    batch_rows_max: Annotated[int, Field(ge=1, le=100_000)] = 5000
    create_tables: Literal["never", "if-missing"] = "if-missing"
    control_database: Text | None = None
    unavailable_timeout_s: Seconds = 300
    """How long a run waits for a server that is away."""

    @property
    def control(self) -> str:
        """Return the database that holds the control tables."""
        return self.control_database or self.database


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # a container's share, which cpu_count() does not see
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def workers_default() -> int:
    """Return one worker for each core that this process may use, at most eight."""
    return min(cores(), WORKERS_DEFAULT_MAX)


class RunSettings(Section):
    """How the copy is cut and carried out."""

    directory: Path = Path("runs")
    workers: Annotated[int, Field(ge=1, le=WORKERS_MAX)] = Field(default_factory=workers_default)
    ranges: Annotated[int, Field(ge=1, le=RANGES_MAX)] = 256
    compression: Literal["none", "zstd"] = "none"
    profile: Literal["readable", "exact"] = "readable"
    """Readable: the types that a MySQL user expects, every value checked; exact: any value."""
    apply_order: Literal["auto", "key", "token"] = "auto"
    """Whether rows reach MySQL in the order of its primary key, or as they are read."""
    window_bytes: Annotated[Literal["auto"] | int, sized(2**16, auto=True)] = "auto"
    """Key order: how much WAL, as it lies on disk, is applied together; ``preflight/ordering.py``
    says what auto is."""
    slice_bytes: Annotated[int, sized(2**16, 2**30)] = 64 * 2**20
    """Key order: how much of a window one worker sorts in memory."""
    wal_bytes_max: Annotated[int, sized(2**20)] | None = None
    """The WAL's ceiling on disk: reading waits, and segments that are wholly applied go (I4)."""
    wal_retention: Retention = KEEP
    """How long segments stay that are wholly applied; below a ceiling they go in any case."""

    @property
    def removes_applied(self) -> bool:
        """Tell whether segments go as soon as the target has them."""
        return self.wal_bytes_max is not None or self.wal_retention == APPLIED


class LimitsSettings(Section):
    """What ends a run, or slows it down."""

    rejected_max: str = "0"
    """How many rows may be rejected: a number, or a share of the rows read such as 0.01%."""

    @field_validator("rejected_max", mode="before")
    @classmethod
    def _number_or_share(cls, value: object) -> str:
        text = str(value).replace(" ", "")
        if isinstance(value, bool) or not re.fullmatch(r"\d+|\d+(\.\d+)?%", text, re.ASCII):
            raise ValueError("a number of rows such as 20, or a share such as 0.01%")
        if text.endswith("%") and float(text[:-1]) > 100:  # noqa: PLR2004 - per cent
            raise ValueError("a share is at most 100%")
        return text

    def exceeded(self, rejected: int, read: int) -> bool:
        """Tell whether that many rejected rows, of so many that were read, are too many."""
        if self.rejected_max.endswith("%"):
            return rejected > float(self.rejected_max[:-1]) / 100 * read
        return rejected > int(self.rejected_max)


class VerifySettings(Section):
    """What is compared at the end of a run."""

    after_run: bool = True


class LogSettings(Section):
    """How the log is written; set by options and one variable, never by the config file."""

    file: Path | None = None
    """Written besides the ``run.log`` of a run."""
    format: Literal["text", "json"] = "text"
    drivers: bool = False
    """Whether what the database drivers say is logged in full."""


class Origins(Section):
    """Where the settings came from; ``keys`` says it of each key that is not a default."""

    file: str | None = None
    variables: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    keys: Mapping[str, str] = {}

    def heading(self) -> str:
        """Return the origins in a few words, for the first lines of a run."""
        parts = [self.file or "no file"]
        parts += [_count(len(self.variables), "variable")] if self.variables else []
        parts += [_count(len(self.flags), "flag")] if self.flags else []
        return ", ".join(parts)


class Settings(Section):
    """Everything that was set, from flags, environment, one file and defaults."""

    cassandra: CassandraSettings = Field(default_factory=CassandraSettings)
    mysql: MysqlSettings = Field(default_factory=MysqlSettings)
    run: RunSettings = Field(default_factory=RunSettings)
    limits: LimitsSettings = Field(default_factory=LimitsSettings)
    verify: VerifySettings = Field(default_factory=VerifySettings)
    tables: tuple[TableSettings, ...] = ()
    log: LogSettings = Field(default_factory=LogSettings)
    origins: Origins = Field(default_factory=Origins)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant."""
    return next(iter(get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


def is_later(key: str) -> bool:
    """Tell whether ``section.key`` (or ``section``) belongs to a later version."""
    section, _, rest = key.partition(".")
    return section in LATER_KEYS or f"{section}.{rest.partition('.')[0]}" in LATER_KEYS


SECTIONS: Mapping[str, type[Section]] = {
    "cassandra": CassandraSettings,
    "mysql": MysqlSettings,
    "run": RunSettings,
    "limits": LimitsSettings,
    "verify": VerifySettings,
}
"""The sections of the config file, besides ``[[tables]]``."""


def redacted(settings: Settings) -> dict[str, object]:
    """Return settings and origins as JSON values for ``run.json``, without a secret (I12)."""
    plain: dict[str, object] = settings.model_dump(mode="json")
    for name in ("cassandra", "mysql"):
        section = plain[name]
        if isinstance(section, dict) and section["password"] is not None:
            section["password"] = "***"  # noqa: S105  what stands where a secret stood
    return plain


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
