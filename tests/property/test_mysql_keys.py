"""Whatever a primary key is made of, what becomes of it fits into an InnoDB key."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cass_snapshot.errors import PreflightError
from cass_snapshot.model import Position
from cass_snapshot.mysql.checkpoint import parse_position, position_text
from cass_snapshot.mysql.columns import Flavour
from tests.support.typed_cells import KEY_TYPES, clustering, column, key, plan_columns, table

FIXED = {
    "TINYINT(1)": 1,
    "TINYINT": 1,
    "SMALLINT": 2,
    "INT": 4,
    "BIGINT": 8,
    "DOUBLE": 8,
    "DATE": 3,
    "TIME(6)": 6,
    "DATETIME(3)": 7,
    "DECIMAL(65,0)": 29,
}


def key_bytes(definition: str) -> int:
    """Return the bytes that a column takes in an index, after MySQL's manual."""
    sql = definition.partition(" ")[0]
    if sql in FIXED:
        return FIXED[sql]
    name, length = re.fullmatch(r"(\w+)\((\d+)\)", sql).groups()  # type: ignore[union-attr]  # it matches
    wide = "utf8mb4" in definition
    assert name in ("VARCHAR", "CHAR", "VARBINARY")
    return int(length) * (4 if wide else 1)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(KEY_TYPES), min_size=1, max_size=18),
    st.integers(1, 18),
    st.sampled_from(Flavour),
)
@example(["text"] * 16, 1, Flavour.MYSQL)
@example(["decimal"] * 16, 1, Flavour.MYSQL)
@example(["text"], 1, Flavour.MARIADB)
@example(["text"] * 17, 1, Flavour.MYSQL)
def test_a_key_of_any_types_fits_or_is_refused(
    types: list[str], partition: int, flavour: Flavour
) -> None:
    """At most 3,072 bytes and 16 parts; no column of it is left without room."""
    names = [f"k{i}" for i in range(len(types))]
    columns = [
        key(n, t) if i < partition else clustering(n, t)
        for i, (n, t) in enumerate(zip(names, types, strict=True))
    ]
    try:
        planned = plan_columns(table(*columns, column("v", "text")), flavour)
    except PreflightError:
        assert len(types) > 16
        return
    sizes = [key_bytes(c.definition) for c in planned if c.in_key]
    assert len(types) == len(sizes) <= 16
    assert sum(sizes) <= 3072
    assert min(sizes) > 0
    assert [c.planned.limits.identity or None for c in planned if not c.in_key] <= [None] * 17
    assert all(c.planned.limits.identity for c in planned if c.in_key)


CELLS = st.lists(st.binary(max_size=40), max_size=4).map(tuple)


@given(st.integers(-(2**63) + 1, 2**63 - 1), CELLS, CELLS)
def test_a_position_is_read_back_as_it_was_stored(
    token: int, partition: tuple[bytes, ...], cluster: tuple[bytes, ...]
) -> None:
    """Tokens to the last bit, cells of any bytes."""
    position = Position(token=token, partition_key=partition, clustering=cluster)
    assert position == parse_position(position_text(position))
