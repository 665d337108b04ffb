"""What stands in a table of MySQL after a batch: texts, numbers and other forms, and NULL."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal, localcontext
from math import isfinite
from struct import pack, unpack

import pytest

from cass_snapshot.codec.cells import minimal_bytes
from cass_snapshot.codec.digits import encode_decimal
from cass_snapshot.forms import Form, Limits
from cass_snapshot.model import Written
from tests.support.planned_targets import BODY, KEY, Into, Make, make, twice

pytestmark = pytest.mark.servers
__all__ = ["make"]

LOADED = "LOAD DATA"
NO_UUID = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize("owned", [True, False])
def test_null_becomes_what_was_declared(make: Make, *, owned: bool) -> None:
    """A constant of each kind, by either way; a value that is there is left alone."""
    columns = [
        KEY,
        replace(BODY, sql="VARCHAR(40) CHARACTER SET utf8mb4", null="it's ü \\ none"),
        Into(name="size", sql="BIGINT", cql="bigint", form=Form.INTEGER, null=-1),
        Into(name="rate", sql="DOUBLE", cql="double", form=Form.NUMBER, null=0.5),
        Into(name="seen", sql="TINYINT(1)", cql="boolean", form=Form.BOOLEAN, null=True),
        Into(name="raw", sql="VARBINARY(9)", cql="blob", form=Form.HEX, null="00ff"),
        Into(name="day", sql="DATE", cql="date", form=Form.DATE, null="1970-01-01"),
    ]
    ddl = ", ".join(f"{c.name} {c.sql} NOT NULL" for c in columns) + ", PRIMARY KEY (id)"
    bench = make(columns, ddl=f"{ddl}", owned=owned)
    full = [2, "text", 5, 1.5, False, "0a", "2020-02-29"]
    target = bench.open()
    assert target.write(bench.batch([[1, *[None] * 6], full])) == Written(fresh=True)
    assert (target.how == LOADED) is owned
    one, two = bench.rows("id, body, size, rate, seen, HEX(raw), CAST(day AS CHAR)")
    assert one == (1, "it's ü \\ none", -1, 0.5, 1, "00FF", "1970-01-01")
    assert two == (2, "text", 5, 1.5, 0, "0A", "2020-02-29")


TEXTS = [
    "é\U0001f600 \u2028",
    "trailing ",
    "",
    "a\0b\t\"'\\,]",
    "null",
    "\u0085\u00a0",
    "[true,null]",
    "delimiter it's",
    "],[),(",
    "100\\% \\_ \\",
    "\b\t\n\r",
    "\f\x1a\x7f\\u0041",
]


@pytest.mark.parametrize("owned", [True, False])
@pytest.mark.parametrize("null", [None, "none ü"])
def test_texts_arrive_byte_for_byte(make: Make, *, owned: bool, null: str | None) -> None:
    """Also where they pass through a variable that holds bytes."""
    body = replace(BODY, sql="LONGTEXT CHARACTER SET utf8mb4", null=null)
    bench = make([KEY, body], ddl="id INT PRIMARY KEY, body LONGTEXT CHARSET utf8mb4", owned=owned)
    target = bench.open()
    rows = [[n, text] for n, text in enumerate(TEXTS)]
    assert target.write(bench.batch([*rows, [99, None]])) == Written(fresh=True)
    found = dict(bench.rows("id, HEX(body)"))
    last = None if null is None else null.encode().hex().upper()
    assert found == {n: t.encode().hex().upper() for n, t in enumerate(TEXTS)} | {99: last}


@pytest.mark.parametrize("owned", [True, False])
@pytest.mark.parametrize("charset", ["latin1", "utf16", "utf8mb3", "ascii"])
def test_a_text_column_of_another_character_set_holds_the_same_characters(
    make: Make, charset: str, *, owned: bool
) -> None:
    """Its bytes are others; what it does not have is refused by the server, and set aside."""
    sql = f"VARCHAR(20) CHARACTER SET {charset}"
    bench = make([KEY, replace(BODY, sql=sql)], ddl=f"id INT PRIMARY KEY, body {sql}", owned=owned)
    text = "plain" if charset == "ascii" else "Grüße"
    written = bench.open().write(bench.batch([[1, text], [2, "\U0001f600"]]))
    emoji = charset == "utf16"
    assert bench.rows() == [(1, text), (2, "\U0001f600")] if emoji else [(1, text)]
    assert written.rejected == (0 if emoji else 1)
    assert [r.problems[0].error for r in bench.rejects.rows] == ([] if emoji else [1366])


@pytest.mark.parametrize("owned", [True, False])
def test_columns_that_mysql_makes_of_text_are_filled(make: Make, *, owned: bool) -> None:
    """JSON, ENUM, BIT, and numbers in text columns as the WAL has them."""
    columns = [
        KEY,
        Into(name="doc", sql="JSON", cql="list<int>", form=Form.JSON),
        Into(name="kind", sql="ENUM('a','ü')", cql="text", form=Form.TEXT),
        Into(name="flag", sql="BIT(1)", cql="boolean", form=Form.BOOLEAN),
        Into(name="digits", sql="VARCHAR(40)", cql="varint", form=Form.DIGITS),
        Into(name="rate", sql="VARCHAR(40)", cql="double", form=Form.NUMBER),
    ]
    ddl = ", ".join(f"{c.name} {c.sql}" for c in columns)
    bench = make(columns, ddl=f"{ddl}, PRIMARY KEY (id)", owned=owned)
    rows = [[1, '[1, "ü"]', "ü", True, "00012", 1.5], [2, "[]", "a", False, "-5", -0.0]]
    assert bench.open().write(bench.batch(rows)) == Written(fresh=True)
    found = bench.rows("id, CAST(doc AS CHAR), kind, flag + 0, digits, rate")
    assert found == [
        (1, '[1, "ü"]', "ü", 1, "00012", "1.5"),
        (2, "[]", "a", 0, "-5", "-0.0"),
    ]


@pytest.mark.parametrize("owned", [True, False])
def test_a_vector_column_takes_little_endian_floats(
    make: Make, flavour: str, *, owned: bool
) -> None:
    """On MySQL; bytes of another length are refused, and set aside."""
    if flavour == "mariadb":
        pytest.skip("MariaDB 10.11 has no VECTOR")
    vector = Into(name="v", sql="VECTOR(2)", cql="vector<float, 2>", form=Form.VECTOR)
    bench = make([KEY, vector], ddl="id INT PRIMARY KEY, v VECTOR(2)", owned=owned)
    rows: list[list[object]] = [[1, "0000803f000000c0"], [2, None], [3, "0000803f00"]]
    assert bench.open().write(bench.batch(rows)).rejected == 1
    assert bench.rows("id, HEX(v)") == [(1, "0000803F000000C0"), (2, None)]
    assert [r.key for r in bench.rejects.rows] == [(b"\0\0\0\x03",)]


def test_mysqls_own_numbers_of_rows_are_not_believed(make: Make) -> None:
    """An upsert affects 0, 1 or 2 rows; the checkpoint counts those of the batch."""
    bench = make([KEY, BODY], ddl="id INT PRIMARY KEY, body VARCHAR(40)")
    target = bench.open()
    for rows in ([[1, "a"], [2, "b"]], [[1, "a"], [2, "b"]], [[1, "c"], [3, "d"]]):
        assert target.write(bench.batch(rows)) == Written(fresh=True)
    found = bench.place.sql("SELECT rows_read, rows_written FROM {db}.snapshot_checkpoints")
    assert found == [(6, 6)]


@pytest.mark.parametrize("owned", [True, False])
def test_null_becomes_bytes_where_a_column_holds_bytes(
    make: Make, flavour: str, *, owned: bool
) -> None:
    """Declared in hexadecimal, also of a fixed length and in a VECTOR."""
    columns = [
        KEY,
        Into(name="raw", sql="LONGBLOB", cql="blob", form=Form.HEX, null="00ff"),
        Into(name="none", sql="LONGBLOB", cql="text", form=Form.HEX, null=""),
        Into(name="uid", sql="BINARY(16)", cql="uuid", form=Form.HEX, null="00" * 16),
    ]
    if flavour == "mysql":
        sql, cql = "VECTOR(1)", "vector<float, 1>"
        columns.append(Into(name="v", sql=sql, cql=cql, form=Form.VECTOR, null="0000803f"))
    ddl = ", ".join(f"{c.name} {c.sql} NOT NULL" for c in columns) + ", PRIMARY KEY (id)"
    bench = make(columns, ddl=ddl, owned=owned)
    nulls = [None] * (len(columns) - 1)
    assert bench.open().write(bench.batch([[1, *nulls]])) == Written(fresh=True)
    (row,) = bench.rows(", ".join(f"HEX({c.name})" for c in columns))
    assert row[1:] == ("00FF", "", "00" * 16, "0000803F")[: len(nulls)]


@pytest.mark.parametrize("owned", [True, False])
def test_mariadb_takes_uuids_and_addresses_from_their_texts(
    make: Make, flavour: str, *, owned: bool
) -> None:
    """An IPv4 address is not in INET6 (10.11): its row alone is set aside, with the column."""
    if flavour == "mysql":
        pytest.skip("MySQL has neither type")
    columns = [
        KEY,
        Into(name="uid", sql="UUID", cql="uuid", form=Form.UUID, null=NO_UUID),
        Into(name="host", sql="INET6", cql="inet", form=Form.INET, null="::"),
    ]
    ddl = ", ".join(f"{c.name} {c.sql}" for c in columns) + ", PRIMARY KEY (id)"
    bench = make(columns, ddl=ddl, owned=owned)
    ours = "50554d6e-29bb-11e5-b345-feff819cdc9f"
    rows: list[list[object]] = [[1, ours, "2001:db8::1"], [2, ours, "127.0.0.1"], [3, None, None]]
    assert bench.open().write(bench.batch(rows)).rejected == 1
    found = bench.rows("id, CAST(uid AS CHAR), CAST(host AS CHAR)")
    assert found == [(1, ours, "2001:db8::1"), (3, NO_UUID, "::")]
    (problem,) = bench.rejects.rows[0].problems
    assert (problem.column, problem.error) == ("host", 1292)


@pytest.mark.parametrize("name", ["offered", "Offered"])
def test_a_target_named_like_the_offered_row_is_written(make: Make, name: str) -> None:
    """MySQL wants a name for the row of the statement, which must not be the table's."""
    bench = make([KEY, BODY], ddl="id INT PRIMARY KEY, body VARCHAR(40)")
    bench.place.sql(f"RENAME TABLE {{db}}.items TO {{db}}.{name}")
    bench.planned = replace(bench.planned, name=f"{bench.place.database}.{name}", table=name)
    twice(bench, [[1, "new"]])
    assert bench.place.sql(f"SELECT * FROM {{db}}.{name}") == [(1, "new")]


@pytest.mark.parametrize("owned", [True, False])
def test_decimals_that_end_in_many_zeros_fit(make: Make, *, owned: bool) -> None:
    """As the encoder writes them for a DECIMAL: MySQL refuses a literal of too many digits."""
    limits = Limits(type="DECIMAL(65,30)", integer_digits_max=35, fraction_digits_max=30)
    number = Into(name="n", sql="DECIMAL(65,30)", cql="decimal", form=Form.DECIMAL)
    pairs = [(10**144, 140), (-int("7" * 65 + "0" * 60), 90), (10**34, 0), (10**64, 30), (5, -34)]
    cells = [pack(">i", scale) + minimal_bytes(unscaled) for unscaled, scale in pairs]
    texts = encode_decimal(cells, limits)
    bench = make([KEY, number], ddl="id INT PRIMARY KEY, n DECIMAL(65,30)", owned=owned)
    rows = [[n, text] for n, text in enumerate(texts)]
    assert bench.open().write(bench.batch(rows)) == Written(fresh=True)
    with localcontext(prec=200):
        expected = [Decimal(unscaled).scaleb(-scale) for unscaled, scale in pairs]
    assert [n for _, n in bench.rows()] == expected


EDGES = [
    *(0.0, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 1e15, 1e16, 1e-5),
    *(9.999999999999999e-6, 123456789012345.67, 0.1, 2.0**53, -(2.0**53) - 2, 1e22, 1e23),
]


@pytest.mark.parametrize("owned", [True, False])
def test_doubles_arrive_bit_for_bit(make: Make, flavour: str, *, owned: bool) -> None:
    """Also those that MySQL reads as a DECIMAL first, for want of an exponent.

    MariaDB has no -0.0, which the encoder refuses there.
    """
    dice = random.Random(5)
    bits = (unpack("<d", dice.randbytes(8))[0] for _ in range(2000))
    zeros = [0.0] if flavour == "mariadb" else [0.0, -0.0]
    some = [
        *zeros,
        *EDGES,
        *(dice.uniform(-1e6, 1e6) for _ in range(2000)),
        *filter(isfinite, bits),
    ]
    rate = Into(name="rate", sql="DOUBLE", cql="double", form=Form.NUMBER)
    bench = make([KEY, rate], ddl="id INT PRIMARY KEY, rate DOUBLE", owned=owned)
    rows = list(enumerate(some))
    target = bench.open()
    for part in (rows[:2], rows[2:]):
        assert target.write(bench.batch(part)) == Written(fresh=True)
    found = bench.rows("id, rate")
    assert [(n, pack("<d", x)) for n, x in rows] == [(n, pack("<d", x)) for n, x in found]


@pytest.mark.parametrize("owned", [True, False])
def test_whole_numbers_of_any_length_arrive(make: Make, *, owned: bool) -> None:
    """As digits in quotes too; what the column does not hold is set aside."""
    columns = [
        KEY,
        Into(name="big", sql="BIGINT", cql="bigint", form=Form.INTEGER),
        Into(name="digits", sql="DECIMAL(65,0)", cql="varint", form=Form.DIGITS),
        Into(name="small", sql="BIGINT", cql="varint", form=Form.DIGITS),
        Into(name="yes", sql="TINYINT(1)", cql="boolean", form=Form.BOOLEAN),
    ]
    ddl = ", ".join(f"{c.name} {c.sql}" for c in columns) + ", PRIMARY KEY (id)"
    bench = make(columns, ddl=ddl, owned=owned)
    long = int("7" * 65)
    rows = [
        [1, 2**63 - 1, str(long), str(-(2**63)), True],
        [2, -(2**63), str(-long), str(2**63 - 1), False],
        [3, 0, "0", "-0", None],
        [4, 0, "0", str(2**63), None],
        [5, 0, f"1{long}", "0", None],
    ]
    assert bench.open().write(bench.batch(rows)).rejected == 2
    assert bench.rows() == [
        (1, 2**63 - 1, Decimal(long), -(2**63), 1),
        (2, -(2**63), Decimal(-long), 2**63 - 1, 0),
        (3, 0, Decimal(0), 0, None),
    ]
    assert [r.problems[0].error for r in bench.rejects.rows] == [1264, 1264]
