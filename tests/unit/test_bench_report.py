"""What bin/bench makes of its turns: medians, ratios, the limit."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.bench.report import Report, Turn, as_json, as_text, limit, make

TURN = Turn(
    peer="key",
    title="cass-snapshot, key order",
    rows=1000,
    seconds=2.0,
    client_cpu_s=0.01,
    cassandra_cpu_s=4.0,
    mysql_cpu_s=6.0,
    memory_mib=100.0,
    equal=True,
)
NAIVE = replace(TURN, peer="naive", title="naive script", seconds=8.0)
SCAN = replace(TURN, peer="scan", title="scan", cassandra_cpu_s=0.5, equal=None)
LOAD = replace(TURN, peer="load-key", title="load", mysql_cpu_s=1.5)


def report(*turns: Turn, missing: dict[str, str] | None = None) -> Report:
    """Return the report of some turns on two cores."""
    return make(turns, row_bytes=500, cores=2, missing=missing or {}, facts={"cores": 2})


def test_the_limit_is_what_both_servers_would_do_with_every_core() -> None:
    """Half a second of one and one and a half of the other, on two cores: one second."""
    assert limit([SCAN], [LOAD], cores=2) == pytest.approx(1000)


def test_without_its_halves_there_is_no_limit() -> None:
    """A ratio to a guess would be worse than none."""
    assert limit([], [LOAD], cores=2) is None
    assert report(TURN, LOAD).lines[0].to_limit is None


def test_a_figure_is_the_median_of_the_turns() -> None:
    """One disturbed turn of three does not count."""
    (line,) = report(TURN, replace(TURN, seconds=100.0), replace(TURN, seconds=1.0)).lines
    assert line.rows_per_s == pytest.approx(500)
    assert line.mb_per_s == pytest.approx(0.25)
    assert line.client_us_per_row == pytest.approx(10)


def test_memory_is_the_largest_of_all_turns() -> None:
    """A promise about memory is one about the worst."""
    (line,) = report(TURN, replace(TURN, memory_mib=250.0)).lines
    assert line.memory_mib == 250


def test_ratios_are_to_the_product_in_key_order_and_to_the_limit_in_key_order() -> None:
    """The naive script takes four times as long; the product reaches half of the limit."""
    lines = {line.peer: line for line in report(TURN, NAIVE, SCAN, LOAD).lines}
    assert lines["naive"].to_product == pytest.approx(0.25)
    assert lines["key"].to_limit == pytest.approx(0.5)


def test_one_turn_with_other_cells_spoils_a_peer() -> None:
    """And the whole run."""
    made = report(TURN, replace(TURN, equal=False))
    assert made.lines[0].cells == "DIFFER"
    assert not made.is_good


def test_who_copies_nothing_has_no_cells_to_compare() -> None:
    """The scan is no failure."""
    made = report(TURN, SCAN)
    assert made.lines[1].cells == "-"
    assert made.is_good


def test_a_peer_that_failed_once_has_no_figure() -> None:
    """What it did before it failed would flatter it."""
    made = report(TURN, NAIVE, replace(NAIVE, fault="exit code 1"))
    assert [line.peer for line in made.lines] == ["key"]
    assert made.failed == {"naive": "exit code 1"}
    assert not made.is_good


def test_a_missing_peer_is_named_and_spoils_nothing() -> None:
    """Not every machine can have all of them."""
    made = report(TURN, missing={"spark": "pip failed"})
    assert "spark is missing: pip failed" in as_text(made)
    assert made.is_good


def test_the_text_has_a_line_for_each_peer_and_the_limit() -> None:
    """A person reads it."""
    text = as_text(report(TURN, NAIVE, SCAN, LOAD))
    assert "cass-snapshot, key order" in text
    assert "the limit in key order: 1,000 rows/s" in text


def test_the_json_holds_every_turn() -> None:
    """A program reads it, and may take another mean."""
    made = json.loads(as_json(report(TURN, NAIVE)))
    assert [turn["seconds"] for turn in made["turns"]] == [2.0, 8.0]
    assert made["good"]
