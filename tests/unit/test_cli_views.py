"""Bar, lines, events: what each view makes of the same records, at 80 columns."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from cass_snapshot.cli.bar import BarView
from cass_snapshot.cli.events import EventsView, open_events
from cass_snapshot.cli.lines import LinesView, progress_line
from cass_snapshot.cli.options import Common, Watch
from cass_snapshot.cli.progress import Paper, bar, frame, heading
from cass_snapshot.cli.views import Views, build_views, seconds
from cass_snapshot.errors import UsageError
from cass_snapshot.settings import Settings
from cass_snapshot.snapshot.status import (
    Event,
    Latency,
    Phase,
    RangeFailure,
    RunStatus,
    TableStatus,
    WindowStatus,
)

TABLE = TableStatus(
    table="shop.orders",
    target="orders",
    ranges_total=256,
    ranges_before=74,
    ranges_done=182,
    ranges_running=8,
    rows_read=8_412_377,
    rows_applied=8_411_902,
    retries=4,
    wal_bytes=224_395_264,
    wal_segments=3,
    how="LOAD DATA",
)
STATUS = RunStatus(
    run_id="20261120T104211-k3f9",
    version="0.1.0",
    phase=Phase.COPYING,
    started_at="2026-11-20T10:42:11.000Z",
    updated_at="2026-11-20T10:54:52.114Z",
    elapsed_s=761.0,
    pid=1,
    run_dir="runs/20261120T104211-shop.orders-k3f9",
    source="cassandra dc1, 6 nodes, 4.1.7, LOCAL_QUORUM",
    target="mysql db1.internal:3306/shop, 8.4.6, C extension in use",
    continues=True,
    workers=8,
    rows_per_s=11062.3,
    eta_s=310.0,
    source_latency=Latency(p50_ms=6.2, p99_ms=41.0),
    target_latency=Latency(p50_ms=9.0, p99_ms=60.0),
    tables=(TABLE,),
)
EVENT = Event(
    seq=4711,
    run_id="20261120T104211-k3f9",
    ts="2026-11-20T10:55:04.002Z",
    event="pause",
    status="warning",
    message='waits for "db1"',
    fields={"reason": {"kind": "target_away"}, "attempt": 1},
)


def test_a_frame_shows_ranges_rows_waits_wal_and_state() -> None:
    """This is what an operator sees; every line fits 80 columns."""
    lines = frame(STATUS, Paper())
    assert lines == [
        "  shop.orders",
        "  ranges  " + "█" * 25 + "░" * 11 + "  182/256   71 %   ETA 5 min",
        "  rows    8,412,377 read   8,411,902 applied   11,062 rows/s",
        "  wait    source p50 6.2 ms  p99 41 ms     target p50 9.0 ms  p99 60 ms",
        "  wal     214 MiB in 3 segments   8 workers   4 retries",
        "  state   copying",
    ]
    assert max(map(len, lines)) <= 80


def test_the_heading_says_what_continues_and_between_which_servers() -> None:
    """It stands above the bars and does not change."""
    assert heading(STATUS, "cass-snapshot.toml, 2 variables, 1 flag", Paper(width=100)) == [
        "cass-snapshot 0.1.0   run 20261120T104211-k3f9   continues: 74/256 ranges were applied",
        "  config   cass-snapshot.toml, 2 variables, 1 flag",
        "  source   cassandra dc1, 6 nodes, 4.1.7, LOCAL_QUORUM",
        "  target   mysql db1.internal:3306/shop, 8.4.6, C extension in use, LOAD DATA",
        "",
    ]


def test_a_bar_is_full_only_at_the_end() -> None:
    """Nor is 100 % shown before everything is done."""
    assert bar(255, 256, 10, ascii_only=True) == "#########-"
    assert bar(256, 256, 10, ascii_only=True) == "#" * 10
    assert bar(0, 0, 4, ascii_only=True) == "----"
    nearly = replace(TABLE, ranges_total=10_000, ranges_done=9_999)
    assert " 99 %" in frame(replace(STATUS, tables=(nearly,)), Paper())[1]


def test_a_terminal_without_unicode_gets_ascii() -> None:
    """Nothing in a frame is beyond ASCII then."""
    assert "\n".join(frame(STATUS, Paper(ascii_only=True))).isascii()


def test_an_estimate_is_shown_only_where_there_is_one() -> None:
    """A guess is worse than nothing."""
    assert "ETA" not in "\n".join(frame(replace(STATUS, eta_s=None), Paper()))


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"phase": Phase.WAITING, "waiting": "target away: 2003"}, "waiting: target away: 2003"),
        (
            {"phase": Phase.STOPPING},
            "stopping after the present batches; Ctrl-C again ends at once, safely",
        ),
        ({"phase": Phase.VERIFYING}, "counting both sides: 0/256 ranges"),
        ({"phase": Phase.ENDED, "exit_name": "ok"}, "ok"),
    ],
)
def test_the_state_says_why(changes: dict[str, object], state: str) -> None:
    """Whatever does not move says what it waits for."""
    lines = frame(replace(STATUS, **changes), Paper())  # type: ignore[arg-type]  # fields of RunStatus
    assert lines[-1].startswith(f"  state   {state}")
    assert len(lines[-1]) <= 80


@pytest.mark.parametrize(
    ("window", "worth", "step"),
    [
        (WindowStatus(number=1, step="gathering", ranges_gathered=4), 4, "reading into the WAL"),
        (WindowStatus(number=1, step="cutting", ranges_gathered=4), 4, "cutting the keys"),
        (
            WindowStatus(number=2, step="loading", ranges_gathered=4, slices=10, slices_loaded=5),
            5,
            "window 2, 5 of 10 slices written",
        ),
        (
            WindowStatus(number=1, step="advancing", ranges_gathered=4, slices=3, slices_loaded=3),
            6,
            "moving the checkpoints",
        ),
    ],
)
def test_a_window_counts_for_the_work_on_it(window: WindowStatus, worth: int, step: str) -> None:
    """Reading is half of a range's work; it is done when its checkpoint is at its end."""
    table = replace(TABLE, ranges_done=2, ranges_total=10, window=window)
    assert table.ranges_worth == worth
    shown = frame(replace(STATUS, tables=(table,)), Paper())
    assert f"{10 * worth} %" in shown[1]
    assert shown[-1].startswith("  state   copying in key order: ")
    assert step in shown[-1]
    line = progress_line(replace(STATUS, tables=(table,)), table)
    assert f"pct={10 * worth}.0" in line
    assert step.rpartition(", ")[2] in line


def test_failures_are_counted_and_the_last_is_named() -> None:
    """Without waiting for the end."""
    failures = tuple(RangeFailure(range=n, why="read timeout", attempts=5) for n in (40, 191))
    lines = frame(replace(STATUS, tables=(replace(TABLE, failures=failures),)), Paper())
    assert "  failed  2 ranges; the last: range 191, read timeout" in lines


def test_several_tables_have_a_line_each_and_common_figures() -> None:
    """Names and bars align, nothing is wider than the terminal."""
    other = replace(TABLE, table="shop.customers", ranges_done=0, ranges_running=0)
    lines = frame(replace(STATUS, tables=(TABLE, other)), Paper())
    assert lines[0].startswith("  shop.orders     █")
    assert lines[1].startswith("  shop.customers  ░")
    assert lines[1].rstrip().endswith("0/256    0 %")
    assert max(map(len, lines)) <= 80
    assert "16,823,804 applied" in lines[2]


def test_many_tables_show_the_moving_ones_and_count_the_others() -> None:
    """A frame stays shorter than a terminal."""
    done = replace(TABLE, ranges_done=256, ranges_running=0)
    tables = tuple(replace(done, table=f"shop.t{n}") for n in range(40))
    lines = frame(replace(STATUS, tables=(*tables, TABLE)), Paper())
    assert lines[0].startswith("  shop.orders")
    assert lines[1] == "  40 of 41 tables are copied"
    assert len(lines) < 10


def test_the_live_display_speaks_at_once_and_gives_the_terminal_back() -> None:
    """The first words come before any connection; the cursor is shown again at the end."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=80)
    view = BarView(console, config="no file", asked="shop.orders")
    assert "connecting" in stream.getvalue()
    view.status(replace(STATUS, phase=Phase.STARTING))
    view.status(STATUS)
    view.event(EVENT)
    view.close()
    view.close()
    text = stream.getvalue()
    assert text.count("  source   cassandra dc1") >= 1
    assert "182/256" in text
    assert "ETA 5 min" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_lines_come_at_once_then_every_so_often_and_when_something_changes() -> None:
    """Time is the run's own, so that no clock is needed."""
    stream = io.StringIO()
    view = LinesView(stream, every_s=30)
    for elapsed_s in (0.0, 0.25, 29.9, 30.1, 31.0):
        moved = replace(TABLE, rows_applied=int(elapsed_s * 1000))
        view.status(replace(STATUS, elapsed_s=elapsed_s, tables=(moved,)))
    assert stream.getvalue().count("\n") == 2
    view.status(replace(STATUS, elapsed_s=32.0, phase=Phase.VERIFYING))
    assert "state=verifying verified=0/256" in stream.getvalue().splitlines()[-1]
    view.close()


def test_a_progress_line_is_logfmt() -> None:
    """One key, one value; quoted where it has several words."""
    stream = io.StringIO()
    view = LinesView(stream, every_s=30)
    waits = replace(STATUS, waiting='"away" 31 > 25', waiting_for=("disk", "target"))
    view.status(replace(waits, phase=Phase.WAITING, eta_s=None))
    assert stream.getvalue() == (
        "2026-11-20T10:54:52Z warn progress run=k3f9 table=shop.orders ranges=182/256 pct=71.1"
        " rows_applied=8411902 rows_per_s=11062 retries=4 failed=0 state=waiting"
        ' waiting_for=disk,target reason="\\"away\\" 31 > 25"\n'
    )


def test_a_table_that_has_not_moved_is_not_repeated() -> None:
    """Forty finished tables would drown the one that moves."""
    stream = io.StringIO()
    view = LinesView(stream, every_s=30)
    still = replace(TABLE, table="shop.done")
    view.status(replace(STATUS, elapsed_s=0, tables=(still, TABLE)))
    moved = replace(TABLE, rows_applied=TABLE.rows_applied + 1)
    view.status(replace(STATUS, elapsed_s=31, tables=(still, moved)))
    assert [line.split()[4] for line in stream.getvalue().splitlines()] == [
        "table=shop.done",
        "table=shop.orders",
        "table=shop.orders",
    ]


def test_lines_show_warnings_and_turns_but_not_every_range() -> None:
    """A range that was applied is no news; one that failed is."""
    stream = io.StringIO()
    view = LinesView(stream, every_s=30)
    view.event(EVENT)
    view.event(replace(EVENT, event="range", status="applied"))
    view.event(replace(EVENT, event="range", status="failed", fields={}))
    view.event(replace(EVENT, event="run", status="started", message="begins", fields={}))
    assert stream.getvalue().splitlines() == [
        (
            '2026-11-20T10:55:04Z warn pause run=k3f9 status=warning msg="waits for \\"db1\\""'
            ' reason="{\\"kind\\": \\"target_away\\"}" attempt=1'
        ),
        '2026-11-20T10:55:04Z warn range run=k3f9 status=failed msg="waits for \\"db1\\""',
        "2026-11-20T10:55:04Z info run run=k3f9 status=started msg=begins",
    ]


def test_events_are_json_lines_appended_to_a_file(tmp_path: Path) -> None:
    """The contract's fields come with those of the event."""
    target = tmp_path / "events.jsonl"
    for _ in range(2):
        view = open_events(str(target))
        view.event(EVENT)
        view.status(STATUS)
        view.close()
    lines = target.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    record = json.loads(lines[0])
    assert record["v"] == 1
    assert record["seq"] == 4711
    assert record["reason"] == {"kind": "target_away"}
    assert record["message"] == 'waits for "db1"'


def test_a_file_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    """Before anything is connected."""
    with pytest.raises(UsageError, match="cannot write events"):
        open_events(str(tmp_path / "absent" / "events"))


class Broken(EventsView):
    """A view whose reader has gone away."""

    def __init__(self) -> None:
        self.calls = 0

    def event(self, event: Event) -> None:
        """Fail as a closed pipe does."""
        self.calls += 1
        raise BrokenPipeError(event.event)

    def close(self) -> None:
        """Have nothing to close."""


def test_a_view_that_cannot_write_is_left_out_and_hurts_nobody() -> None:
    """The run goes on, and the other views too."""
    stream = io.StringIO()
    broken, lines = Broken(), LinesView(stream, every_s=30)
    views = Views([broken, lines])
    views.event(EVENT)
    views.event(EVENT)
    assert broken.calls == 1
    assert stream.getvalue().count("\n") == 2
    views.close()


@pytest.mark.parametrize(
    ("text", "value"), [("30s", 30), ("500ms", 0.5), ("2m", 120), ("1 h", 3600)]
)
def test_a_time_has_a_number_and_a_unit(text: str, value: float) -> None:
    """As it is typed."""
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["30", "0s", "soon", "-1s", ""])
def test_what_is_no_time_is_refused(text: str) -> None:
    """A number alone has no unit."""
    with pytest.raises(UsageError, match="time between two lines"):
        seconds(text)


def test_two_streams_of_json_do_not_share_standard_output() -> None:
    """Nobody could take them apart."""
    with pytest.raises(UsageError, match="two things"):
        build_views(Watch(events="-"), Common(output="json"), Settings())


@pytest.mark.parametrize("kind", ["auto", "bar", "lines"])
def test_off_a_terminal_progress_is_lines(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A bar that cannot move its cursor is none."""
    views = build_views(Watch(progress=kind), Common(), Settings())  # type: ignore[arg-type]  # literals
    views.status(STATUS)
    views.close()
    captured = capsys.readouterr()
    assert captured.err.startswith("2026-11-20T10:54:52Z info progress")
    assert captured.out == ""


@pytest.mark.parametrize(
    ("watch", "common"), [(Watch(progress="none"), Common()), (Watch(), Common(quiet=True))]
)
def test_none_and_quiet_show_nothing(
    watch: Watch, common: Common, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither progress nor heading."""
    views = build_views(watch, common, Settings())
    views.status(STATUS)
    views.event(EVENT)
    views.close()
    assert capsys.readouterr().err == ""
