"""What becomes of a pair of types, and the few ways of saying it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cass_snapshot.cql import CqlType
from cass_snapshot.forms import Form, Limits
from cass_snapshot.mysql.planning.sqltypes import SqlType
from cass_snapshot.planned import Verdict

EMPTY = "empty values"
_EMPTY_TYPES = frozenset(
    {
        *("boolean", "int", "bigint", "float", "double", "decimal", "varint"),
        *("uuid", "timeuuid", "inet", "timestamp"),
    }
)
"""The scalars for which Cassandra stores a value of no bytes [its serializers' validate]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A form, the limits of the target, what is promised, why, and a type that takes more.

    ``offer`` is empty where no type takes more.
    """

    form: Form
    limits: Limits
    verdict: Verdict
    note: str = ""
    offer: str = ""


def may_be_empty(cql: CqlType) -> list[str]:
    """Return the refusal of empty values where Cassandra has them."""
    return [EMPTY] if cql.name in _EMPTY_TYPES else []


def fitting(
    form: Form,
    sql: SqlType,
    *,
    offer: str,
    refused: Sequence[str] = (),
    note: str = "",
    **limits: Any,  # noqa: ANN401 - the fields of Limits, which checks them
) -> Fit:
    """Return a fit that is exact, or checked where something is refused."""
    said = f"refused: {', '.join(refused)}" if refused else ""
    return Fit(
        form=form,
        limits=Limits(type=sql.short, **limits),
        verdict=Verdict.CHECKED if refused else Verdict.EXACT,
        note="; ".join(part for part in (note, said) if part),
        offer=offer,
    )


def lossy(form: Form, sql: SqlType, note: str, offer: str) -> Fit:
    """Return a fit that changes values, for those who ask for it."""
    limits = Limits(type=sql.short)
    return Fit(form=form, limits=limits, verdict=Verdict.LOSSY, note=note, offer=offer)


def impossible(sql: SqlType, note: str, offer: str) -> Fit:
    """Return that the pair makes no sense."""
    limits = Limits(type=sql.short)
    return Fit(form=Form.HEX, limits=limits, verdict=Verdict.IMPOSSIBLE, note=note, offer=offer)
