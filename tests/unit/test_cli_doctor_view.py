"""``doctor`` as text: sections to the left, a fix beneath each finding, the sums at the end."""

from __future__ import annotations

import pytest

from cass_snapshot.cli.doctor_view import doctor_lines
from cass_snapshot.planned import Finding, Level
from cass_snapshot.snapshot.preflight.examination import Examination, Report, Section, report

SECTIONS = (
    Examination(
        section=Section.CONFIGURATION,
        findings=(Finding(level=Level.OK, text="cass-snapshot.toml; password files are private"),),
    ),
    Examination(
        section=Section.MACHINE,
        findings=(
            Finding(level=Level.OK, text="python 3.12.7, orjson, zstandard, libev"),
            Finding(
                level=Level.WARN,
                text="mysql C extension not loaded (OPENSSL_3.2.0 missing): writes 1.7 x slower",
                fix='pip install "mysql-connector-python>=9.4,<26"',
            ),
        ),
    ),
    Examination(
        section=Section.MYSQL,
        findings=(
            Finding(
                level=Level.FAIL,
                text="INSERT on shop.orders denied to 'snapshot'@'10.%'",
                fix="GRANT INSERT, SELECT ON shop.* TO 'snapshot'@'10.%';",
            ),
        ),
    ),
)


def test_a_report_looks_as_the_manual_shows_it() -> None:
    """Each section is named once."""
    assert doctor_lines(report(SECTIONS), 100) == [
        "configuration   ok    cass-snapshot.toml; password files are private",
        "machine         ok    python 3.12.7, orjson, zstandard, libev",
        f"{'':<16}warn  mysql C extension not loaded (OPENSSL_3.2.0 missing): writes 1.7 x slower",
        '                      fix   pip install "mysql-connector-python>=9.4,<26"',
        "mysql           fail  INSERT on shop.orders denied to 'snapshot'@'10.%'",
        "                      fix   GRANT INSERT, SELECT ON shop.* TO 'snapshot'@'10.%';",
        "1 failed, 1 warning, 2 ok" + " " * 69 + "exit 3",
    ]


def test_it_fits_a_narrow_terminal() -> None:
    """Texts wrap beneath themselves."""
    assert max(map(len, doctor_lines(report(SECTIONS), 60))) <= 60


def warned(*, strict: bool) -> Report:
    """Return a report with one warning and no failure."""
    return report(SECTIONS[:2], strict=strict)


@pytest.mark.parametrize(("strict", "code"), [(False, 0), (True, 3)])
def test_a_warning_fails_only_if_strict(strict: bool, code: int) -> None:
    """And then the last line says why."""
    found = warned(strict=strict)
    assert (found.failed, found.warned, found.ok, found.exit_code) == (0, 1, 2, code)
    assert ("--strict" in doctor_lines(found, 80)[-1]) is strict


def test_nothing_found_is_no_failure() -> None:
    """A section by itself may have nothing to say."""
    assert report(()).exit_code == 0
