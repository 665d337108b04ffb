"""``doctor`` as text: a line for each finding, its fix beneath, sections to the left. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from cass_snapshot.cli.figures import ends_apart, plural
from cass_snapshot.cli.findings import finding_lines
from cass_snapshot.snapshot.preflight.examination import Examination, Report

ROOM = 16
"""The longest name of a section and the gap after it."""


def doctor_lines(report: Report, width: int) -> list[str]:
    """Return a report in lines of at most ``width``, 60 or more."""
    lines = [line for section in report.sections for line in _section(section, width)]
    said = ", ".join(
        [f"{report.failed} failed", plural(report.warned, "warning"), f"{report.ok} ok"]
        + (["warnings fail (--strict)"] if report.strict and report.warned else [])
    )
    return [*lines, ends_apart(said, f"exit {report.exit_code}", width)]


def _section(section: Examination, width: int) -> Iterator[str]:
    name = section.section.value
    for finding in section.findings:
        for line in finding_lines(finding, width, " " * ROOM):
            yield f"{name:<{ROOM}}{line[ROOM:]}"
            name = ""
