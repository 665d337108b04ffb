"""What bin/bench says of time: sections of a course, cost by size, the plot, the stages."""

from __future__ import annotations

import importlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.bench import stages
from tests.bench.cliff import Course, as_text, look, rates
from tests.bench.plot import HEIGHT, WIDTH, Curve, axis, plot
from tests.bench.profiling import as_text as profile_text
from tests.bench.profiling import entries
from tests.bench.report import Turn
from tests.bench.scaling import Point, as_markdown, curves, point, sizes

SVG = "{http://www.w3.org/2000/svg}"


def test_a_section_begins_with_the_first_row_that_is_in() -> None:
    """In key order a window is captured first, and that is no applying."""
    samples = [(0.0, 0), (50.0, 0), (51.0, 100), (52.0, 200), (54.0, 300)]
    assert rates(samples, 100) == [pytest.approx(100), pytest.approx(100), pytest.approx(50)]


def test_a_section_that_ends_between_two_looks_ends_on_the_line_between_them() -> None:
    """Looks are a second apart, sections may be shorter."""
    assert rates([(0.0, 0), (4.0, 400)], 100) == [pytest.approx(100)] * 4


def test_a_section_that_was_not_finished_has_no_rate() -> None:
    """Nor has a course in which nothing came in."""
    assert rates([(0.0, 0), (1.0, 150)], 100) == [pytest.approx(100 / (100 / 150))]
    assert rates([(0.0, 0), (9.0, 0)], 100) == []


def test_the_rows_that_are_in_are_what_the_run_says_of_itself(tmp_path: Path) -> None:
    """By its own clock; nothing before it has a folder."""
    assert look(tmp_path) == (0.0, 0)
    (tmp_path / "runs" / "one").mkdir(parents=True)
    status = {"elapsed_s": 2.5, "tables": [{"rows_applied": 3}, {"rows_applied": 4}]}
    (tmp_path / "runs" / "one" / "status.json").write_text(json.dumps(status))
    assert look(tmp_path) == (2.5, 7)


def test_the_cliff_says_how_much_of_the_first_rate_is_left() -> None:
    """And how much better the one order is than the other."""
    key = Course(order="key", rates=[100, 90, 90, 90, 90, 80], rows=6)
    token = Course(order="token", rates=[50, 20, 10], rows=3)
    text = "\n".join(as_text(key, token, 1))
    assert "last column to first: 0.80" in text
    assert "token order's third: 8.0" in text


def test_a_point_has_the_cpu_of_all_three() -> None:
    """By row, in microseconds."""
    turn = Turn(
        peer="key",
        title="",
        rows=1_000_000,
        seconds=20.0,
        client_cpu_s=4.0,
        cassandra_cpu_s=9.0,
        mysql_cpu_s=7.0,
        memory_mib=80.0,
        equal=None,
    )
    made = point(2, [turn])
    assert (made.us_per_row, made.cpu_us_per_row, made.client_us_per_row) == (20.0, 20.0, 4.0)
    assert made.rows_per_s == 50_000


def test_sizes_go_up_to_what_was_asked_for() -> None:
    """Ten at a time, then the largest."""
    assert sizes(500_000) == [10_000, 100_000, 500_000]
    assert sizes(10_000) == [10_000]


def _point(rows: int, workers: int) -> Point:
    return Point(
        rows=rows,
        workers=workers,
        rows_per_s=50_000,
        us_per_row=20 + workers,
        cpu_us_per_row=30,
        client_us_per_row=5,
        memory_mib=90,
    )


POINTS = [_point(rows, workers) for rows in (10_000, 100_000) for workers in (1, 2)]


def test_the_page_has_a_line_for_each_point_and_says_where_it_comes_from() -> None:
    """The number of workers is a column, no fact of the machine."""
    text = as_markdown(POINTS, {"date": "2026-01-01", "cores": "2", "workers": "7"})
    assert "date 2026-01-01, cores 2." in text
    assert "| 100,000 | 2 | 50,000 | 22.0 | 30.0 | 5.0 | 90 |" in text
    assert len([line for line in text.splitlines() if line.startswith("| 1")]) == len(POINTS)


def test_the_plot_is_svg_with_a_line_for_each_number_of_workers() -> None:
    """Every point lies within the picture."""
    root = ET.fromstring(plot(curves(POINTS)))  # noqa: S314 - our own
    texts = {element.text for element in root.iter(f"{SVG}text")}
    circles = list(root.iter(f"{SVG}circle"))
    assert {"1 worker", "2 workers", "10,000", "100,000"} <= texts
    assert len(circles) == len(POINTS)
    assert all(0 < float(circle.attrib["cx"]) < WIDTH for circle in circles)
    assert all(0 < float(circle.attrib["cy"]) < HEIGHT for circle in circles)


def test_a_name_cannot_break_the_picture() -> None:
    """It is text, whatever it says."""
    root = ET.fromstring(plot([Curve(name="<&>", points=[(1, 1), (10, 3)])]))  # noqa: S314
    assert "<&>" in {element.text for element in root.iter(f"{SVG}text")}


def test_an_axis_spans_its_values_by_round_ones() -> None:
    """And higher values lie further along."""
    made = axis([12.0, 47.0], 0, 100)
    assert (made.low, made.high) == (10, 50)
    assert made.ticks() == [10, 20, 50]
    assert 0 < made.place(12) < made.place(47) < 100


@pytest.mark.parametrize("stage", stages.STAGES, ids=lambda stage: stage.qualified)
def test_every_stage_is_a_method_that_exists(stage: stages.Stage) -> None:
    """A method that was renamed is to be renamed there too."""
    owner, _, method = stage.qualified.rpartition(".")
    found = getattr(importlib.import_module(stage.module), owner)
    assert callable(getattr(found, method))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every look at a clock a second later than the last."""
    seconds = itertools.count(0.0)
    monkeypatch.setattr(stages, "perf_counter", lambda: next(seconds))
    monkeypatch.setattr(stages, "thread_time", lambda: 0.0)


@pytest.mark.usefixtures("clock")
def test_a_stage_within_another_counts_once() -> None:
    """Else the sum would be more than the whole."""
    watch = stages.Watch()
    inner = watch.wrapped("inner", lambda: None)
    watch.wrapped("outer", inner)()
    assert (watch.spent["inner"].seconds, watch.spent["outer"].seconds) == (1.0, 2.0)


@pytest.mark.usefixtures("clock")
def test_of_a_generator_the_time_between_its_values_counts() -> None:
    """Not what its caller does with them."""

    def numbers() -> Iterator[int]:
        yield from (1, 2)

    watch = stages.Watch()
    assert list(watch.wrapped("numbers", numbers)()) == [1, 2]
    assert watch.spent["numbers"].calls == 3
    assert watch.spent["numbers"].seconds == 3.0


def test_what_no_stage_used_is_shown_as_the_rest() -> None:
    """The lines add up to the process."""
    spent = {"encode": {"calls": 2, "seconds": 3.0, "cpu_s": 1.0}}
    measured = {"spent": spent, "process_cpu_s": 4.0, "start_cpu_s": 0.5, "threads": {"main": 2.0}}
    assert [entry.cpu_s for entry in entries(measured)] == [1.0, 2.5, 0.5]
    assert "CPU s by thread: main 2.00" in profile_text(measured, 1000)
