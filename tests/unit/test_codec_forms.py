"""The plan and the codec agree: a form that a pair of types is given can be written, and read."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from cass_snapshot.codec.cells import cell
from cass_snapshot.codec.encoders import encoder
from cass_snapshot.codec.limits import checks
from cass_snapshot.cql import SCALARS, parse
from cass_snapshot.forms import Form
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.fit import fit
from cass_snapshot.mysql.planning.sqltypes import parse as parse_sql
from cass_snapshot.mysql.values import comparable, wal_value
from cass_snapshot.planned import PlannedColumn, Verdict
from tests.support.typed_cells import encoded, key

CQL = [
    *sorted(SCALARS),
    *("list<int>", "frozen<map<text, int>>", "tuple<int, text>", "u{a int}", "vector<float, 2>"),
    *("vector<text, 2>", "'org.example.Odd'"),
]
BIN = "CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin"
SQL = [
    *("TINYINT", "TINYINT(1)", "SMALLINT UNSIGNED", "INT", "BIGINT", "DECIMAL(38,4)", "DOUBLE"),
    *("FLOAT", f"CHAR(36) {BIN}", f"VARCHAR(700) {BIN}", f"LONGTEXT {BIN}", "BINARY(16)"),
    *("VARBINARY(3000)", "LONGBLOB", "DATE", "TIME(6)", "DATETIME(3)", "TIMESTAMP", "JSON"),
    *("VECTOR(2)", "UUID", "INET6"),
]


@pytest.mark.parametrize("cql", CQL)
def test_whatever_a_plan_permits_can_be_written(cql: str) -> None:
    """For every kind of target column, in keys and outside; no form is known to one side alone."""
    permitted = 0
    for sql, in_key in product(SQL, (False, True)):
        found = fit(parse(cql), parse_sql(sql), in_key=in_key, flavour=Flavour.MYSQL)
        if found.verdict is not Verdict.IMPOSSIBLE:
            permitted += 1
            assert list(encoder(parse(cql), found.form)([], found.limits)) == []
            assert isinstance(checks(found.form, found.limits), tuple)
    assert permitted


KEYS: dict[str, tuple[bytes, ...]] = {
    "boolean": (b"\0", b"\1"),
    "tinyint": (b"\x80",),
    "smallint": (b"\x00\x07",),
    "int": (b"\0\0\0\x07", b"\0\0\x01\0"),
    "bigint": (bytes(7) + b"\x07",),
    "varint": (b"\x07", b"\x00\x80"),
    "decimal": (b"\0\0\0\x02\x96", b"\xff\xff\xff\xfd\x0f"),
    "float": (b"\x3f\x80\0\0",),
    "double": (b"\x3f\xf0" + bytes(6),),
    "date": (b"\x80\0\0\x05",),
    "time": (bytes(4) + b"\x3b\x9a\xca\0",),
    "timestamp": (bytes(6) + b"\x03\xe8",),
    "uuid": (bytes(range(16)),),
    "timeuuid": (bytes(range(16)),),
    "inet": (b"\x7f\0\0\1", bytes(10) + b"\xff\xff\x7f\0\0\1"),
    "text": (b"a\xc3\xa9",),
    "ascii": (b"a",),
    "blob": (b"\0\xff",),
    "frozen<list<int>>": (b"\0\0\0\0",),
    "tuple<int, text>": (b"",),
}


@pytest.mark.parametrize("cql", KEYS)
def test_whatever_a_plan_permits_in_a_key_gives_its_cell_back(cql: str) -> None:
    """Verification finds the source's key in any column that may carry it."""
    for sql in SQL:
        found = fit(parse(cql), parse_sql(sql), in_key=True, flavour=Flavour.MYSQL)
        if found.verdict is Verdict.IMPOSSIBLE:
            continue
        target = PlannedColumn(column=key("v", cql), form=found.form, limits=found.limits)
        made = encoded([target], [(bytes_of,) for bytes_of in KEYS[cql]])
        refused = {rejected.cells for rejected in made.rejected}
        fitting = [bytes_of for bytes_of in KEYS[cql] if (bytes_of,) not in refused]
        values = [json.loads(line)[0] for line in made.lines.data.splitlines()]
        assert fitting == [cell(cql, found.form, value) for value in values], sql
        for value, expected in zip(values, fitting, strict=True):
            for read in as_read(sql, value):
                back = wal_value(found.form, read)
                assert cell(cql, found.form, back) == expected, (sql, read)
                assert comparable(found.form, back) == comparable(found.form, value), (sql, read)


def as_read(sql: str, value: Any) -> list[Any]:  # noqa: ANN401 - a WAL value
    """Return what the connector may make of a value in a column of a type."""
    base = sql.partition("(")[0].partition(" ")[0]
    if base.endswith(("CHAR", "TEXT")) or base in ("UUID", "INET6"):
        text = value if isinstance(value, str) else json.dumps(value)
        return [text, bytearray(text.encode())]
    if base.endswith(("BINARY", "BLOB")):
        return [bytes.fromhex(value), bytearray.fromhex(value)]
    if base in ("DATE", "TIME", "DATETIME", "TIMESTAMP"):
        return [_time_read(base, value)]
    number = {"DECIMAL": Decimal, "DOUBLE": float}.get(base, int)(value)
    return [number.quantize(Decimal("0.0001")) if base == "DECIMAL" else number]


def _time_read(base: str, value: str) -> date | timedelta:
    if base == "DATE":
        return date.fromisoformat(value)
    if base == "TIME":
        midnight = datetime(2000, 1, 1)  # noqa: DTZ001 - the connector's are naive
        return datetime.fromisoformat(f"2000-01-01 {value}") - midnight
    return datetime.fromisoformat(value)


@pytest.mark.parametrize("form", [Form.INTEGER, Form.DIGITS])
@pytest.mark.parametrize("value", [Decimal("7.5"), "07", "7.0", " 7", "seven", ""])
def test_a_number_that_no_run_wrote_is_no_key(form: Form, value: object) -> None:
    """Somebody's row in a table that is shared: it must not count as another's."""
    with pytest.raises(ValueError):  # noqa: PT011 - of int(), or our own
        wal_value(form, value)
