"""Numbers, sizes and times as people read them."""

from __future__ import annotations

import pytest

from cass_snapshot.cli.figures import (
    clock,
    columns,
    ends_apart,
    latency,
    plural,
    roughly,
    size,
    span,
)


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (1, "range", "1 range"),
        (0, "retry", "0 retries"),
        (1234, "range", "1,234 ranges"),
        (2, "batch", "2 batches"),
    ],
)
def test_nouns_have_their_plural(number: int, noun: str, text: str) -> None:
    """One is singular, none and several are plural."""
    assert plural(number, noun) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (224_395_264, "214 MiB"),
        (2**52, "4096 TiB"),
    ],
)
def test_a_size_has_the_unit_that_fits(count: int, text: str) -> None:
    """One decimal below ten, none above."""
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0.0 s"), (9.94, "9.9 s"), (59.9, "59 s"), (1142, "19 min 02 s"), (7500, "2 h 05 min")],
)
def test_a_duration_is_said_in_words(seconds: float, text: str) -> None:
    """Two units at most."""
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "5 s"), (42, "40 s"), (310, "5 min"), (3590, "1 h 00 min"), (12_100, "3 h 20 min")],
)
def test_an_estimate_is_round(seconds: float, text: str) -> None:
    """No estimate is exact to the second."""
    assert roughly(seconds) == text


def test_a_column_of_times_aligns() -> None:
    """Hours only where there are any."""
    assert [clock(39), clock(1091), clock(8500)] == ["0:39", "18:11", "2:21:40"]


def test_a_latency_before_the_first_request_is_a_dash() -> None:
    """Unknown is not zero."""
    assert [latency(None), latency(0.42), latency(41.4), latency(1240)] == [
        "-",
        "0.4 ms",
        "41 ms",
        "1.2 s",
    ]


def test_columns_align_left_and_right() -> None:
    """The first to the left, numbers to the right, no blanks at the end."""
    assert columns([["a", "10", ""], ["bbb", "1", "x"]]) == ["a     10", "bbb    1   x"]


def test_two_ends_of_a_line_keep_apart() -> None:
    """The right one ends at the width, or follows where there is no room."""
    assert ends_apart("left", "right", 16) == "left       right"
    assert ends_apart("left", "right", 4) == "left  right"
