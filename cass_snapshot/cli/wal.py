"""``wal inspect`` and ``wal verify``: look into the WAL of a run, and write nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from cass_snapshot.cli.figures import columns, plural, size
from cass_snapshot.cli.loading import load_settings
from cass_snapshot.cli.numbers import parse_numbers
from cass_snapshot.cli.options import WHAT, Common, flattened

if TYPE_CHECKING:
    from cass_snapshot.snapshot.survey import WalReport
    from cass_snapshot.wal.survey import RangeFacts, SegmentFacts

RunArgument = Annotated[
    str | None,
    typer.Argument(metavar="RUN", help="Which run; may be left out when the folder holds one."),
]
TableOption = Annotated[
    str | None,
    typer.Option(metavar="KEYSPACE.TABLE", help="Only this table.", rich_help_panel=WHAT),
]
RangesOption = Annotated[
    str | None,
    typer.Option(
        "--ranges",
        metavar="17,40-63",
        help="Only these token ranges, by their numbers.",
        rich_help_panel=WHAT,
    ),
]


def _command(lines_of: Callable[[WalReport], list[str]], help_text: str) -> Callable[..., None]:
    """Return a command that reads a WAL and shows something of it."""

    def look(
        run: RunArgument = None,
        *,
        table: TableOption = None,
        ranges: RangesOption = None,
        common: Common,
    ) -> None:
        report = _read(run, table, ranges, common)
        _close(report, lines_of(report), common)

    look.__doc__ = help_text
    return look


def _read(run: str | None, table: str | None, ranges: str | None, common: Common) -> WalReport:
    settings = load_settings(common)
    from cass_snapshot.snapshot.survey import examine_wal  # late: --help needs none of it

    return examine_wal(
        settings,
        run=run,
        table=table,
        numbers=parse_numbers(ranges, "--ranges") if ranges else None,
    )


def _close(report: WalReport, lines: list[str], common: Common) -> None:
    from cass_snapshot.cli.console import say, say_json  # late, as above

    if common.output == "json":
        say_json(_record(report))
    elif not common.quiet or report.exit_code:
        say(lines, common.color)
    raise typer.Exit(report.exit_code)


def inspect_lines(report: WalReport) -> list[str]:
    """Return a line for each segment, with its newest token, and the faults."""
    lines = [f"WAL of {report.run_id}: {_total(report)}"]
    for table in _tables(report):
        rows = [[table, "batches", "rows", "stored", "ratio", "up to token", ""]]
        for one in report.ranges:
            if str(one.table) == table:
                rows += [_row(segment) for segment in one.segments]
                rows += [[name.rpartition("/")[2], *[""] * 5, "not read"] for name in one.unread]
        lines += ["", *(f"  {line}" for line in columns(rows))]
    return lines + _faults(report)


def verify_lines(report: WalReport) -> list[str]:
    """Return the verdict, a line for each table, and the faults."""
    rows = [["table", "ranges", "whole", "segments", "batches", "rows", "torn"]]
    for table in _tables(report):
        of = [one for one in report.ranges if str(one.table) == table]
        segments = [segment for one in of for segment in one.segments]
        numbers = (
            *(len(of), sum(one.closed for one in of)),
            len(segments) + sum(len(one.unread) for one in of),
            *(sum(s.batches for s in segments), sum(s.rows for s in segments)),
            sum(one.torn for one in of),
        )
        rows.append([table, *(f"{number:,}" for number in numbers)])
    verdict = f"{plural(len(report.faults), 'range')} damaged" if report.faults else "sound"
    lines = [f"WAL of {report.run_id}: {verdict}, {_total(report)}", ""]
    lines += [f"  {line}" for line in columns(rows)]
    if any(one.torn for one in report.ranges):
        lines += [
            "",
            "  A torn tail is what a crash leaves; the next run cuts it and keeps a copy.",
        ]
    return lines + _faults(report)


def _tables(report: WalReport) -> list[str]:
    return sorted({str(one.table) for one in report.ranges})


def _total(report: WalReport) -> str:
    segments = [segment for one in report.ranges for segment in one.segments]
    stored, lines = sum(s.stored for s in segments), sum(s.size for s in segments)
    unread = sum(len(one.unread) for one in report.ranges)
    more = f", {unread:,} not read" if unread else ""
    return f"{size(stored)} in {plural(len(segments), 'segment')}, {_ratio(lines, stored)}{more}"


def _ratio(lines: int, stored: int) -> str:
    return f"{lines / stored:.2f} bytes of rows a byte" if stored else "empty"


def _row(segment: SegmentFacts) -> list[str]:
    state = "" if segment.sealed else "open"
    return [
        segment.name.rpartition("/")[2],
        f"{segment.batches:,}",
        f"{segment.rows:,}",
        size(segment.stored),
        f"{segment.size / segment.stored:.2f}" if segment.stored else "",
        "" if segment.token is None else str(segment.token),
        state if segment.torn is None else f"torn at {segment.torn}",
    ]


def _faults(report: WalReport) -> list[str]:
    lines: list[str] = []
    for fault in report.faults:
        lines += ["", f"  fault    {fault.where}", f"           {fault.why or fault.what}"]
    if report.faults:
        lines += [f"           {report.faults[0].fix}"]
    return lines


def _record(report: WalReport) -> dict[str, object]:
    """Return the report as JSON has it."""
    return {
        "run_id": report.run_id,
        "folder": report.folder,
        "exit_code": report.exit_code,
        "ranges": [_range(one) for one in report.ranges],
    }


def _range(one: RangeFacts) -> dict[str, object]:
    from dataclasses import asdict  # late: with the record alone

    fault = one.fault
    return {
        "table": str(one.table),
        "range": one.number,
        "first_seq": one.first_seq,
        "closed": one.closed,
        "segments": [asdict(segment) for segment in one.segments],
        "unread": one.unread,
        "fault": {"where": fault.where, "why": fault.why or fault.what} if fault else None,
    }


def commands() -> typer.Typer:
    """Return the group of both."""
    group = typer.Typer(help="Look into a WAL: inspect, verify.")
    reads_all = "Show what each segment holds; reads all of them."
    proves = "Prove that a WAL can be read whole, or name its first fault."
    group.command("inspect")(flattened(_command(inspect_lines, reads_all)))
    group.command("verify")(flattened(_command(verify_lines, proves)))
    return group
