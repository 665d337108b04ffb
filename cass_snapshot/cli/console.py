"""Where text goes: standard output for results, standard error for progress and errors.

Colours follow NO_COLOR, FORCE_COLOR, TERM and COLUMNS, all of which rich honours.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Literal, TextIO

from rich.console import Console
from rich.text import Text

Color = Literal["auto", "always", "never"]

WIDTH_MAX = 100
"""Beyond this the eye does not find the way from left to right."""


def console_for(color: Color, *, stderr: bool = False) -> Console:
    """Return a console that does what ``--color`` says."""
    return Console(
        stderr=stderr,
        highlight=False,
        soft_wrap=True,
        no_color=color == "never" or None,
        force_terminal=True if color == "always" else None,
    )


def width_of(console: Console) -> int:
    """Return how wide lines may be: as wide as the terminal, 80 where there is none."""
    return min(console.width, WIDTH_MAX)


def say(
    lines: Sequence[str], color: Color = "auto", *, style: str = "", stderr: bool = False
) -> None:
    """Write lines to standard output, the first word of the first one in ``style``."""
    console = console_for(color, stderr=stderr)
    text = Text("\n".join(lines))
    text.stylize(style, 0, len(lines[0].partition(" ")[0]) if lines else 0)
    with console.capture() as captured:  # rich itself would exit on a broken pipe
        console.print(text)
    _write(captured.get(), sys.stderr if stderr else sys.stdout)


def say_json(record: object) -> None:
    """Write a record as one JSON object on one line of standard output."""
    import orjson  # late: a compiled module that only machines need

    _write(orjson.dumps(record).decode() + "\n", sys.stdout)


def _write(text: str, stream: TextIO) -> None:
    """Write to a reader who may have gone away; he has seen enough, the exit code stays."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        with contextlib.suppress(OSError):  # a stream of a test has no descriptor
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
