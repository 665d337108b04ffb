"""Progress where there is no terminal: logfmt lines for people, grep and log collectors.

2026-11-20T10:54:52Z info progress run=k3f9 table=shop.orders ranges=182/256 ... state=copying
"""

from __future__ import annotations

import json
import re
from typing import TextIO

from cass_snapshot.cli.progress import percent, short_id, window_step
from cass_snapshot.snapshot.status import Event, Phase, RunStatus, TableStatus

WORTH_A_LINE = frozenset({"run", "plan", "table", "pause", "retry", "verify", "result"})
"""The events that people want to see without trouble; of the others only warnings and failures."""
QUIET_FIELDS = frozenset({"v", "seq", "run_id", "ts"})


class LinesView:
    """Writes a line per unfinished table every so often, and one for what changes in between."""

    def __init__(self, stream: TextIO, every_s: float) -> None:
        self._stream = stream
        self._every_s = every_s
        self._due_s = 0.0
        self._phase = Phase.STARTING
        self._waiting: str | None = None
        self._shown: dict[str, TableStatus] = {}

    def status(self, status: RunStatus) -> None:
        """Write what has moved, if it is time, and at once where the phase has changed."""
        changed = status.phase != self._phase or status.waiting != self._waiting
        if changed or status.elapsed_s >= self._due_s:
            self._phase, self._waiting = status.phase, status.waiting
            self._due_s = status.elapsed_s + self._every_s
            for table in status.tables:
                if changed or self._shown.get(table.table) != table:
                    self._write(progress_line(status, table))
                    self._shown[table.table] = table
            if not status.tables:
                self._write(f"{_second(status.updated_at)} info progress {_run_words(status)}")

    def event(self, event: Event) -> None:
        """Write warnings and failures, and the turns that a run takes."""
        bad = event.status in ("warning", "failed")
        if bad or (event.event in WORTH_A_LINE and event.status in ("started", "finished")):
            self._write(event_line(event))

    def close(self) -> None:
        """Leave nothing behind."""
        self._stream.flush()

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


def progress_line(status: RunStatus, table: TableStatus) -> str:
    """Return where a table stands, as logfmt."""
    level = "warn" if status.waiting else "info"
    words: dict[str, object] = {
        "run": short_id(status.run_id),
        "table": table.table,
        "ranges": f"{table.ranges_through}/{table.ranges_total}",
        "pct": f"{percent(table.ranges_worth, table.ranges_total):.1f}",
        **({"rows_captured": table.rows_captured} if status.capture_only else {}),
        "rows_applied": table.rows_applied,
        "rows_per_s": round(status.rows_per_s),
        "rejected": table.rows_rejected or None,
        "retries": table.retries,
        "failed": len(table.failures),
        "eta_s": None if status.eta_s is None else round(status.eta_s),
        "state": status.phase.value,
        "window": window_step(table) or None,
        "waiting_for": ",".join(status.waiting_for) or None,
        "reason": status.waiting,
    }
    if status.phase is Phase.VERIFYING:
        words["verified"] = f"{table.ranges_verified}/{table.ranges_total}"
    return f"{_second(status.updated_at)} {level} progress {logfmt(words)}"


def event_line(event: Event) -> str:
    """Return an event as logfmt; its own fields follow the message."""
    level = "warn" if event.status in ("warning", "failed") else "info"
    words: dict[str, object] = {
        "run": short_id(event.run_id),
        "status": event.status,
        "msg": event.message,
    }
    words |= {k: v for k, v in event.fields.items() if k not in QUIET_FIELDS | words.keys()}
    return f"{_second(event.ts)} {level} {event.event} {logfmt(words)}"


def logfmt(words: dict[str, object]) -> str:
    """Return ``key=value`` pairs, quoted where a value has more than one word."""
    return " ".join(f"{key}={_value(value)}" for key, value in words.items() if value is not None)


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    plain = re.fullmatch(r"[^\s\"=]+", text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def _run_words(status: RunStatus) -> str:
    return logfmt({"run": short_id(status.run_id), "state": status.phase.value})


def _second(moment: str) -> str:
    """Return an ISO time in UTC to the second, as people read it."""
    return f"{moment[:19]}Z"
