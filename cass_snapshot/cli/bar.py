"""The live display on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.live import Live
from rich.text import Text

from cass_snapshot.cli.console import width_of
from cass_snapshot.cli.progress import Paper, frame, heading
from cass_snapshot.snapshot.status import Event, Phase, RunStatus


class BarView:
    """Keeps the newest frame on the terminal; the heading scrolls away above it.

    ``asked`` is shown at once, since reaching two databases may take a while. The refresh comes
    with each status and needs no thread of its own.
    """

    def __init__(self, console: Console, *, config: str, asked: str) -> None:
        self._console = console
        self._config = config
        self._headed = False
        self._live = Live(
            Text(f"cass-snapshot   {asked}   connecting"),
            console=console,
            auto_refresh=False,
            transient=True,  # nothing is left of it where a run never begins
        )
        self._live.start(refresh=True)

    def status(self, status: RunStatus) -> None:
        """Show the newest record."""
        paper = self._paper()
        if not self._headed and status.phase is not Phase.STARTING:
            self._headed = True
            lines = heading(status, self._config, paper)
            self._console.print(Text("\n".join(lines)))
        shown = frame(status, paper)
        if not self._headed:
            shown = [*heading(status, self._config, paper), *shown]
        self._live.update(_painted(shown, waiting=bool(status.waiting)), refresh=True)
        self._live.transient = False

    def event(self, event: Event) -> None:
        """Frames say it all."""

    def close(self) -> None:
        """Leave the last frame standing and give the cursor back."""
        if self._live.is_started:
            self._live.stop()

    def _paper(self) -> Paper:
        ascii_only = self._console.options.ascii_only
        return Paper(width=width_of(self._console), ascii_only=ascii_only)


def _painted(lines: list[str], *, waiting: bool) -> Text:
    """Return the lines with their bars and their state in colour."""
    text = Text("\n".join(lines), no_wrap=True, overflow="crop")
    text.highlight_regex("[█#]{2,}", "green")
    text.highlight_regex(r"(?m)^  failed .*$", "red")
    if waiting:
        text.highlight_regex(r"(?m)^  state .*$", "yellow")
    return text
