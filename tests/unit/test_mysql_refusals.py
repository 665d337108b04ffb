"""What is told of a refusal: number and column, and nothing of the row (I12)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from mysql.connector import Error

from cass_snapshot.mysql.refusals import Refused, column_named, refusal, refuse_warnings
from cass_snapshot.mysql.rows import WARNINGS

COLUMNS = ["id", "body", "the body", "it's"]
SECRET = "ada@example.org"  # noqa: S105 - no password


@pytest.mark.parametrize(
    ("message", "column"),
    [
        ("Data too long for column 'body' at row 3", "body"),
        ("Data too long for column 'the body' at row 3", "the body"),
        ("Out of range value for column 'id' at row 12", "id"),
        ("Column 'body' cannot be null", "body"),
        ("Incorrect integer value: 'x' for column `shop`.`t`.`id` at row 1", "id"),
        ("Data truncated for column 'it's' at row 1", "it's"),
        ("Incorrect string value: 'for column 'id' at row 1' for column 'body' at row 2", "body"),
        (f"Duplicate entry '{SECRET}' for key 't.body'", ""),
        (f"Data too long for column '{SECRET}' at row 1", ""),
        ("Field 'other' doesn't have a default value", ""),
        ("", ""),
    ],
)
def test_a_column_is_taken_from_a_message_only_where_it_is_one_of_ours(
    message: str, column: str
) -> None:
    """At the end of the sentence; what a row says in its middle is not believed, nor repeated."""
    assert column == column_named(message, COLUMNS[:3] if "it's" not in message else COLUMNS)


def test_a_problem_holds_nothing_of_the_row() -> None:
    """Neither does the exception's own text, which a log may hold."""
    refused = Refused(1062, f"Duplicate entry '{SECRET}' for key 't.body'")
    problem = refused.problem(COLUMNS)
    assert (problem.error, problem.code, problem.column) == (1062, "CS-D04", "")
    assert SECRET not in f"{problem} {refused} {refused!r}"
    assert "replay-wal --rejected" in problem.fix


@pytest.mark.parametrize(("code", "is_rows"), [(1406, True), (1213, False), (1197, False)])
def test_only_an_error_about_data_is_a_refusal(code: int, *, is_rows: bool) -> None:
    """A deadlock, or a transaction that is too large, is no row's fault."""
    assert (refusal(Error(msg="x", errno=code)) is not None) is is_rows


@dataclass(slots=True)
class Cursor:
    """A cursor after a statement with warnings."""

    warnings: list[tuple[str, int, str]]
    counted: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def warning_count(self) -> int:
        """Return the server's count."""
        return self.counted or len(self.warnings)

    def execute(self, sql: str) -> None:
        """Keep the question."""
        self.asked.append(sql)

    def fetchall(self) -> list[tuple[str, int, str]]:
        """Return the warnings."""
        return self.warnings


def test_a_warning_is_a_refusal_by_its_own_number() -> None:
    """Notes too: MySQL rounds a decimal with no more than one."""
    cursor = Cursor([("Note", 1265, "Data truncated for column 'body' at row 2")])
    with pytest.raises(Refused) as refused:
        refuse_warnings(cursor)
    problem = refused.value.problem(COLUMNS)
    assert (problem.error, problem.column, cursor.asked) == (1265, "body", [WARNINGS])


def test_no_warning_costs_no_question() -> None:
    """The usual case."""
    cursor = Cursor([])
    refuse_warnings(cursor)
    assert cursor.asked == []


def test_a_warning_about_the_binary_log_is_no_rows_fault() -> None:
    """MySQL gives it for every upsert beside a second unique key, where the log is by statement."""
    unsafe = ("Note", 1592, "Unsafe statement written to the binary log")
    refuse_warnings(Cursor([unsafe]))
    with pytest.raises(Refused):
        refuse_warnings(Cursor([unsafe, ("Warning", 1264, "")]))
    with pytest.raises(Refused):
        refuse_warnings(Cursor([unsafe], counted=70))
