"""Which views a run has, and that none of them can hurt it."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cass_snapshot import logs
from cass_snapshot.cli.console import Color, console_for
from cass_snapshot.cli.events import STANDARD_OUTPUT, open_events
from cass_snapshot.cli.lines import LinesView
from cass_snapshot.cli.options import Common, Watch
from cass_snapshot.errors import UsageError
from cass_snapshot.snapshot.status import Event, RunStatus, View

if TYPE_CHECKING:
    from cass_snapshot.settings import Settings

log = logging.getLogger(__name__)

JOURNAL = "cass_snapshot.snapshot.journal"
"""Logs each event; lines show them as events."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


class Views:
    """Several views as one. One that cannot write any more is left out; the run goes on."""

    def __init__(self, views: Sequence[View]) -> None:
        self._views = list(views)

    def status(self, status: RunStatus) -> None:
        """Hand the newest record to each."""
        self._each(lambda view: view.status(status))

    def event(self, event: Event) -> None:
        """Hand an event to each."""
        self._each(lambda view: view.event(event))

    def close(self) -> None:
        """Close each; a second time there is nothing left to close."""
        self._each(lambda view: view.close())
        self._views.clear()

    def _each(self, act: Callable[[View], None]) -> None:
        for view in tuple(self._views):
            try:
                act(view)
            except OSError as error:  # a full disk, a closed pipe, a terminal that is gone
                self._views.remove(view)
                log.warning("%s ends, the run goes on: %s", type(view).__name__, error)


def build_views(watch: Watch, common: Common, settings: Settings) -> Views:
    """Return the views that the options ask for.

    Raises:
        UsageError: an option has no sense, or a file cannot be written.
    """
    every_s = seconds(watch.progress_every)
    if watch.events == STANDARD_OUTPUT and common.output == "json":
        raise UsageError(
            "two things go to standard output",
            where="--events - and --output json",
            fix="--events FILE",
        )
    views: list[View] = [open_events(watch.events)] if watch.events else []
    kind = "none" if common.quiet else watch.progress
    on_terminal = _on_terminal(common.color)
    if kind == "lines" or (kind in ("auto", "bar") and not on_terminal):
        logs.leave_out(JOURNAL)
        views.append(LinesView(sys.stderr, every_s))
    elif kind != "none":
        views.append(_bar(common.color, settings))
    return Views(views)


def seconds(text: str) -> float:
    """Return a time such as ``30s``, ``500ms``, ``2m`` in seconds.

    Raises:
        UsageError: it is no time, or none at all.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)", text.strip())
    if found is None or not float(found[1]):
        raise UsageError(
            f"{text} is not a time between two lines",
            where="--progress-every",
            fix="a number and a unit: 500ms, 30s, 2m, 1h",
        )
    return float(found[1]) * _UNITS[found[2]]


def _on_terminal(color: Color) -> bool:
    """Tell whether a display can be kept in place; TERM=dumb cannot move its cursor."""
    return sys.stderr.isatty() and not console_for(color, stderr=True).is_dumb_terminal


def _bar(color: Color, settings: Settings) -> View:
    from cass_snapshot.cli.bar import BarView  # late: only a terminal needs it

    asked = ", ".join(table.source for table in settings.tables)
    return BarView(console_for(color, stderr=True), config=settings.origins.heading(), asked=asked)
