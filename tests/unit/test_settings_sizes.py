"""Sizes as people write them, and as they are shown."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cass_snapshot.settings import RunSettings
from cass_snapshot.settings.sizes import parse_size, size_text


@pytest.mark.parametrize(
    ("written", "size"),
    [
        (1024, 1024),
        ("1024", 1024),
        ("1 B", 1),
        ("1 KiB", 2**10),
        ("64 MiB", 64 * 2**20),
        ("64mib", 64 * 2**20),
        (" 20 GiB ", 20 * 2**30),
        ("1.5 TiB", 3 * 2**39),
        ("0.5 KiB", 512),
    ],
)
def test_a_size_is_a_number_with_a_binary_unit(written: object, size: int) -> None:
    """In any case, with a space or without, and with a point."""
    assert parse_size(written) == size


@pytest.mark.parametrize(
    "written", ["", "MiB", "64 MB", "64 M", "-1", "1e9", "1,5 GiB", "64  MiB", "1.5.5", True, None]
)
def test_what_is_no_size_is_refused_with_an_example(written: object) -> None:
    """Decimal units too: whoever writes MB may mean either."""
    with pytest.raises(ValueError, match="64 MiB or 20 GiB"):
        parse_size(written)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0.0 KiB"),
        (1536, "1.5 KiB"),
        (2**20 - 1, "1,024.0 KiB"),
        (2**20, "1.0 MiB"),
        (64 * 2**20, "64.0 MiB"),
        (2**40, "1,024.0 GiB"),
    ],
)
def test_a_size_is_shown_in_a_unit_that_suits_it(size: int, text: str) -> None:
    """With one digit behind the point."""
    assert size_text(size) == text


def test_the_settings_of_the_order_of_application_take_sizes() -> None:
    """Within their bounds; the defaults are those of the manual."""
    run = RunSettings()
    found = (run.apply_order, run.window_bytes, run.slice_bytes, run.wal_bytes_max)
    assert found == ("auto", "auto", 64 * 2**20, None)
    given = {"window_bytes": "2 GiB", "slice_bytes": "1 MiB", "wal_bytes_max": "20 GiB"}
    run = RunSettings.model_validate(given)
    assert (run.window_bytes, run.slice_bytes, run.wal_bytes_max) == (2**31, 2**20, 20 * 2**30)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"apply_order": "hash"}, "'auto', 'key' or 'token'"),
        ({"window_bytes": "64 MB"}, "auto, or a size such as 64 MiB"),
        ({"window_bytes": "1 KiB"}, "auto, or at least 64.0 KiB"),
        ({"slice_bytes": "2 GiB"}, "at most 1.0 GiB"),
        ({"slice_bytes": "auto"}, "a size such as 64 MiB"),
        ({"wal_bytes_max": "0"}, "at least 1.0 MiB"),
    ],
)
def test_what_would_not_work_is_refused(given: dict[str, object], why: str) -> None:
    """A window or a slice of a few lines, a slice that no memory holds, an order that is none."""
    with pytest.raises(ValidationError) as caught:
        RunSettings.model_validate(given)
    (error,) = caught.value.errors()
    assert why in error["msg"]
