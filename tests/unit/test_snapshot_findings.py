"""What is found before a run: in short, and what it stops."""

from __future__ import annotations

import pytest

from cass_snapshot.errors import PreflightError, TargetUnavailable
from cass_snapshot.planned import Finding, Level
from cass_snapshot.snapshot.preflight.findings import failure, in_short, refuse_failures

OK = Finding(level=Level.OK, text="the nodes agree on the schema")
WARN = Finding(level=Level.WARN, text="rows are not estimated", fix="nodetool flush")
FAIL = Finding(level=Level.FAIL, text="INSERT denied", fix="GRANT INSERT")


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ([OK, OK], "2 ok"),
        ([OK, WARN], "1 ok, 1 warning: rows are not estimated"),
        ([WARN, WARN, OK], "1 ok, 2 warnings: rows are not estimated"),
    ],
)
def test_the_heading_of_a_run_says_how_many_warnings_there_were(
    findings: list[Finding], said: str
) -> None:
    """And the first of them."""
    assert in_short(findings) == said


def test_a_failure_stops_a_run_with_its_fix() -> None:
    """The others are counted; doctor tells them."""
    refuse_failures([OK, WARN])
    with pytest.raises(PreflightError) as caught:
        refuse_failures([OK, FAIL, WARN, FAIL])
    assert (caught.value.what, caught.value.fix) == ("INSERT denied", "GRANT INSERT")
    assert caught.value.why == "1 more: cass-snapshot doctor"


def test_an_error_becomes_a_failure_with_a_fix() -> None:
    """Whatever it says besides goes into the text, but for what doctor never does anyway."""
    error = TargetUnavailable(
        "MySQL does not answer", where="mysql db1:3306; nothing was written", why="2003"
    )
    found = failure(error)
    assert found.level is Level.FAIL
    assert found.text == "MySQL does not answer; mysql db1:3306; 2003"
    assert found.fix
