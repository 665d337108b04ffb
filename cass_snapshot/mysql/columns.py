"""The target's columns as writers and readers of rows see them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cass_snapshot.forms import Form
from cass_snapshot.planned import PlannedColumn, PlannedTarget


class Flavour(StrEnum):
    """The two families of servers, where they differ."""

    MYSQL = "mysql"
    MARIADB = "mariadb"

    @property
    def binary_collation(self) -> str:
        """Return the utf8mb4 collation that compares bytes and does not pad."""
        return "utf8mb4_nopad_bin" if self is Flavour.MARIADB else "utf8mb4_0900_bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetColumn:
    """A column of the target: its SQL definition, and the WAL values that it takes.

    ``in_key`` tells whether it belongs to the unique key by which rows are told apart, which holds
    a digest instead of the source's key columns where the operator asks for one.
    """

    name: str
    definition: str
    planned: PlannedColumn
    in_key: bool = False

    @property
    def required(self) -> bool:
        """Tell whether a created table has the column as NOT NULL."""
        return self.in_key or self.planned.null is not None

    @property
    def textual(self) -> bool:
        """Tell whether the column holds characters, to which a number must be given quoted."""
        return self.definition.partition("(")[0].partition(" ")[0].endswith(("CHAR", "TEXT"))

    @property
    def hexadecimal(self) -> bool:
        """Tell whether the WAL's value has to be turned from hexadecimal into bytes."""
        return self.planned.form in (Form.HEX, Form.VECTOR)


def target_columns(target: PlannedTarget) -> tuple[TargetColumn, ...]:
    """Return the columns of a plan, also of one that was carried to another process."""
    key = {name.casefold() for name in target.key}
    return tuple(
        TargetColumn(name=p.name, definition=d, planned=p, in_key=p.name.casefold() in key)
        for p, d in zip(target.columns, target.definitions, strict=True)
    )
