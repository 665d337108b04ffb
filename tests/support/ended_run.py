"""A run of one table that ended, and the lines that its summary has."""

from __future__ import annotations

from dataclasses import replace

from cass_snapshot.cli.commands import Commands
from cass_snapshot.cli.summary import summary
from cass_snapshot.snapshot.status import Counts, Phase, RunStatus, TableStatus

COMMANDS = Commands(
    again="AGAIN",
    copy="COPY",
    afresh="AFRESH",
    find_missing="FIND",
    status="STATUS",
    mend="MEND",
    apply="APPLY",
)
EQUAL = Counts(
    source_rows=11_840_233,
    target_rows=11_840_233,
    missing=0,
    extra=0,
    ranges_equal=256,
    ranges_total=256,
    status="OK",
)
TABLE = TableStatus(
    table="shop.orders",
    target="orders",
    ranges_total=256,
    ranges_done=256,
    rows_read=11_840_233,
    rows_applied=11_840_233,
    how="LOAD DATA",
    retries=4,
    wal_bytes=3_435_973_837,
    wal_segments=60,
    counts=EQUAL,
)
STATUS = RunStatus(
    run_id="20261120T104211-k3f9",
    version="0.1.0",
    phase=Phase.ENDED,
    started_at="2026-11-20T10:42:11.000Z",
    updated_at="2026-11-20T11:01:13.000Z",
    elapsed_s=1142.0,
    copy_s=1100.0,
    verify_s=39.0,
    pid=1,
    run_dir="runs/20261120T104211-shop.orders-k3f9",
    source="cassandra",
    target="mysql",
    workers=8,
    tables=(TABLE,),
    exit_code=0,
    exit_name="ok",
)


def ended(code: int, reason: str | None = None, **table: object) -> list[str]:
    """Return the summary of a run of one table that ended with ``code``."""
    changed = replace(TABLE, **table)  # type: ignore[arg-type]  # fields of TableStatus
    status = replace(STATUS, exit_code=code, reason=reason, tables=(changed,))
    lines = summary(status, COMMANDS)
    assert max(map(len, lines)) <= 80
    return lines
