"""A target that the server does not create: what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from mysql.connector import Error

from cass_snapshot.errors import PreflightError
from cass_snapshot.mysql.targets import create_target
from cass_snapshot.planned import PlannedTarget
from cass_snapshot.settings import MysqlSettings

DDL = "CREATE TABLE `t` (`id` INT)"


class Refusing:
    """A connection, and its cursor, that refuses every statement."""

    def __init__(self, error: Error) -> None:
        self._error = error

    def cursor(self) -> Any:  # noqa: ANN401 - as the driver's
        """Return itself."""
        return self

    def __enter__(self) -> Any:  # noqa: ANN401 - as the driver's
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing."""

    def execute(self, _: str) -> None:
        """Refuse a statement."""
        raise self._error


@pytest.mark.parametrize(
    ("number", "fix"),
    [
        (1118, "skip = true for some of its"),
        (1142, "create the table by hand, then run again"),
    ],
)
def test_a_table_that_is_not_created_is_named_without_its_ddl(number: int, fix: str) -> None:
    """The error's number and what helps; where the DDL is to be seen."""
    target = PlannedTarget(
        name="shop.t",
        table="t",
        columns=(),
        definitions=(),
        dialect="mysql",
        ddl=DDL,
        exists=False,
    )
    with pytest.raises(PreflightError) as caught:
        create_target(Refusing(Error("why", errno=number)), MysqlSettings(database="shop"), target)

    assert caught.value.what == "MySQL did not create shop.t"
    assert caught.value.why == f"error {number}: why"
    assert fix in caught.value.fix
    assert "cass-snapshot plan prints the DDL" in caught.value.fix
    assert DDL not in str(caught.value)
