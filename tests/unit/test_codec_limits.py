"""What a target column holds: each limit refuses what is beyond it and takes what is at it."""

from __future__ import annotations

import json
from struct import pack
from typing import Any

import pytest

from cass_snapshot.codec.vints import fold, write_vint
from cass_snapshot.forms import Form, Limits
from cass_snapshot.model import Tally
from cass_snapshot.planned import PlannedColumn, Reading
from tests.support.json_cells import shortest
from tests.support.limited_columns import big, decimal, planned, problem, value
from tests.support.typed_cells import SERIALIZE, column, encode, encoded, floats, key


def days(number: int) -> bytes:
    """Return a date."""
    return pack(">I", number + 2**31)


NAN, INFINITY = floats("f", float("nan")), floats("f", float("inf"))
ONE, HALF = floats("f", 1.0), floats("f", 0.5)

CASES: list[tuple[str, Form, dict[str, Any], bytes, bytes, int, str]] = [
    ("text", Form.TEXT, {"chars_max": 2}, "éé".encode(), b"abc", 1406, "CS-D02"),
    ("text", Form.TEXT, {"bytes_max": 4}, "éé".encode(), "ééa".encode(), 1406, "CS-D02"),
    ("text", Form.TEXT, {"bytes_max": 4}, b"abcd", b"abcde", 1406, "CS-D02"),
    ("text", Form.TEXT, {"unicode_max": 0xFFFF}, "\uffff".encode(), "🗂".encode(), 1366, "CS-D01"),
    ("ascii", Form.TEXT, {"unicode_max": 0x7F}, b"\x7f", "\x80".encode(), 1366, "CS-D01"),
    ("text", Form.TEXT, {"trailing_space": False}, b" a", b"a ", 1406, "CS-D02"),
    (
        "list<text>",
        Form.JSON,
        {"chars_max": 5},
        pack(">iii", 1, 1, 0)[:8] + b"a",
        b"",
        1406,
        "CS-D02",
    ),
    ("blob", Form.HEX, {"bytes_max": 2}, b"ab", b"abc", 1406, "CS-D02"),
    ("blob", Form.HEX, {"bytes_min": 2}, b"ab", b"a", 1406, "CS-D02"),
    ("uuid", Form.HEX, {"bytes_min": 16, "bytes_max": 16}, bytes(16), b"", 1406, "CS-D02"),
    ("int", Form.INTEGER, {"integer_max": 127}, pack(">i", 127), pack(">i", 128), 1264, "CS-D02"),
    ("int", Form.INTEGER, {"integer_min": 0}, pack(">i", 0), pack(">i", -1), 1264, "CS-D02"),
    ("bigint", Form.INTEGER, {"integer_digits_max": 3}, big(-999), big(1000), 1264, "CS-D02"),
    ("bigint", Form.INTEGER, {"chars_max": 3}, big(-99), big(-100), 1406, "CS-D02"),
    ("bigint", Form.DIGITS, {"integer_max": 99}, big(99), big(100), 1264, "CS-D02"),
    ("bigint", Form.DIGITS, {"chars_max": 2}, big(99), big(100), 1406, "CS-D02"),
    ("varint", Form.DIGITS, {"integer_min": -9}, shortest(-9), shortest(-10), 1264, "CS-D02"),
    (
        "varint",
        Form.DIGITS,
        {"integer_digits_max": 2},
        shortest(-99),
        shortest(100),
        1264,
        "CS-D02",
    ),
    ("varint", Form.INTEGER, {}, shortest(2**63 - 1), shortest(2**63), 1264, "CS-D02"),
    ("varint", Form.DIGITS, {"identity": True}, b"\x01", b"\0\x01", 1366, "CS-D01"),
    (
        "decimal",
        Form.DECIMAL,
        {"integer_digits_max": 2},
        decimal(999, 1),
        decimal(100, 0),
        1264,
        "CS-D02",
    ),
    (
        "decimal",
        Form.DECIMAL,
        {"fraction_digits_max": 1},
        decimal(150, 2),
        decimal(155, 2),
        1264,
        "CS-D02",
    ),
    (
        "decimal",
        Form.DECIMAL,
        {"integer_digits_max": 5, "fraction_digits_max": 30},
        decimal(10**144, 140),
        decimal(10**145, 140),
        1264,
        "CS-D02",
    ),
    ("decimal", Form.DECIMAL, {"integer_max": 9}, decimal(90, 1), decimal(91, 1), 1264, "CS-D02"),
    ("decimal", Form.DECIMAL, {"chars_max": 3}, decimal(15, 1), decimal(155, 1), 1406, "CS-D02"),
    ("decimal", Form.DECIMAL, {"identity": True}, decimal(1, 0), bytes(5) + b"\1", 1366, "CS-D01"),
    ("double", Form.NUMBER, {"integer_max": 5}, floats("d", 5.0), floats("d", 5.1), 1264, "CS-D02"),
    (
        "double",
        Form.NUMBER,
        {"integer_digits_max": 1},
        floats("d", 9.5),
        floats("d", 10.0),
        1264,
        "CS-D02",
    ),
    (
        "double",
        Form.NUMBER,
        {"fraction_digits_max": 1},
        floats("d", 0.5),
        floats("d", 0.25),
        1264,
        "CS-D02",
    ),
    ("float", Form.NUMBER, {"identity": True}, floats("f", 0.0), floats("f", -0.0), 1366, "CS-D01"),
    ("double", Form.NUMBER, {}, floats("d", 1.0), floats("d", float("nan")), 1366, "CS-D01"),
    ("boolean", Form.BOOLEAN, {"identity": True}, b"\1", b"\2", 1366, "CS-D01"),
    ("boolean", Form.INTEGER, {"integer_min": 0}, b"\x7f", b"\x80", 1264, "CS-D02"),
    ("date", Form.DATE, {}, days(-354_285), days(-354_286), 1292, "CS-D02"),
    ("date", Form.DATE, {"integer_min": 0}, days(0), days(-1), 1292, "CS-D02"),
    ("date", Form.INTEGER, {"integer_max": 9}, days(9), days(10), 1264, "CS-D02"),
    ("time", Form.TIME, {"fraction_digits_max": 3}, big(1_000_000), big(1000), 1292, "CS-D02"),
    ("time", Form.TIME, {"fraction_digits_max": 0}, big(10**9), big(10**8), 1292, "CS-D02"),
    ("time", Form.TIME, {"fraction_digits_max": 6}, big(1000), big(1), 1292, "CS-D02"),
    ("timestamp", Form.DATETIME, {"fraction_digits_max": 0}, big(-1000), big(-1), 1292, "CS-D02"),
    ("timestamp", Form.DATETIME, {"fraction_digits_max": 2}, big(10), big(1), 1292, "CS-D02"),
    ("timestamp", Form.DATETIME, {"fraction_digits_max": 6}, big(1), big(-(2**62)), 1292, "CS-D02"),
    ("timestamp", Form.DATETIME, {"integer_min": 1000}, big(1000), big(999), 1292, "CS-D02"),
    ("timestamp", Form.INTEGER, {"integer_max": 9}, big(9), big(10), 1264, "CS-D02"),
    ("inet", Form.INET, {"chars_max": 7}, b"\1\1\1\1", b"\x0b\1\1\1", 1406, "CS-D02"),
    ("duration", Form.DURATION, {}, b"\0\0\x02", b"\x02\x01\0", 1366, "CS-D01"),
    ("duration", Form.DURATION, {"chars_max": 3}, b"\x02\0\0", b"\x14\0\0", 1406, "CS-D02"),
    ("vector<float, 1>", Form.VECTOR, {}, ONE, ONE + HALF, 1366, "CS-D01"),
    ("vector<float, 2>", Form.VECTOR, {}, ONE + HALF, ONE, 1366, "CS-D01"),
    ("vector<float, 1>", Form.VECTOR, {}, HALF, NAN, 6136, "CS-D01"),
    ("vector<float, 1>", Form.VECTOR, {}, HALF, INFINITY, 6136, "CS-D01"),
]


@pytest.mark.parametrize(("cql", "form", "limits", "fits", "beyond", "error", "code"), CASES)
def test_a_limit_takes_what_is_at_it_and_refuses_what_is_beyond(
    cql: str, form: Form, limits: dict[str, Any], fits: bytes, beyond: bytes, error: int, code: str
) -> None:
    """With the number of the error that MySQL would raise; a page tells its rows apart."""
    target = planned(cql, form, **limits)
    refused = problem(target, beyond)
    assert (refused.error, refused.code, refused.column) == (error, code, "v")
    assert f"{cql} goes to the target" in refused.what
    assert refused.fix
    made = encoded([target], [(fits,), (beyond,), (fits,), (None,), (beyond,)])
    assert [r.token for r in made.rejected] == [101, 104]
    assert [[value(target, fits)]] * 2 + [[None]] == [
        json.loads(line) for line in made.lines.data.splitlines()
    ]


def test_null_is_refused_where_the_target_takes_none() -> None:
    """Error 1048; the key of Cassandra has no NULL, so only its rows can be mended."""
    refused = problem(planned("int", Form.INTEGER, nullable=False), None)
    assert (refused.error, refused.code) == (1048, "CS-D03")
    assert refused.what.startswith("NULL; int goes to ")
    assert "[tables.columns.v] null = ..." in refused.fix


def test_null_with_a_declared_replacement_is_kept_and_counted() -> None:
    """The WAL says null; the tally says how many, by the source's name."""
    replaced = PlannedColumn(
        column=column("v", "int"),
        form=Form.INTEGER,
        limits=Limits(type="INT", nullable=False),
        target="renamed",
        null=0,
    )
    made = encode([replaced], [(None,), (big(1)[4:],), (None,)])
    assert made.data == b"[null]\n[1]\n[null]\n"
    assert made.tally == Tally(nulls=(("v", 2),))
    assert encode([replaced], [(big(1)[4:],)]).tally == Tally()


@pytest.mark.parametrize(
    ("target", "cell", "fix"),
    [
        (planned("text", Form.TEXT), b"\xff", 'set [tables.columns.v] type = "LONGBLOB"'),
        (planned("text", Form.TEXT, chars_max=1), b"ab", 'type = "LONGTEXT"'),
        (planned("date", Form.DATE), bytes(4), 'type = "INT"'),
        (planned("timestamp", Form.DATETIME), big(2**62), 'type = "BIGINT"'),
        (planned("time", Form.TIME), big(1), 'type = "BIGINT"'),
        (planned("int", Form.INTEGER), b"", 'type = "LONGBLOB"'),
        (planned("text", Form.TEXT, fix="do this"), b"\xff", "do this"),
        (
            PlannedColumn(
                column=key('a "b', "text"),
                form=Form.TEXT,
                limits=Limits(type="VARCHAR(1)", chars_max=1),
            ),
            b"ab",
            'set key = "digest" for the table, and [tables.columns."a \\"b"] type = "LONGTEXT"',
        ),
    ],
)
def test_a_refusal_says_what_would_take_the_value(
    target: PlannedColumn, cell: bytes, fix: str
) -> None:
    """The plan's own advice, or the setting that makes room."""
    assert fix in problem(target, cell).fix


def test_write_time_and_ttl_are_numbers_beside_their_column() -> None:
    """Eight bytes of microseconds, four of seconds, whatever the column's own type."""
    body = column("body", "list<text>")
    columns = [
        PlannedColumn(column=body, form=Form.JSON, limits=Limits(type="LONGTEXT")),
        PlannedColumn(
            column=body,
            form=Form.INTEGER,
            limits=Limits(type="BIGINT"),
            reading=Reading.WRITETIME,
            target="written",
        ),
        PlannedColumn(
            column=body,
            form=Form.INTEGER,
            limits=Limits(type="INT"),
            reading=Reading.TTL,
            target="left",
        ),
    ]
    rows = [(bytes(4), big(1_700_000_000_000_000), pack(">i", 86400)), (None, None, None)]
    assert encode(columns, rows).data == b'["[]",1700000000000000,86400]\n[null,null,null]\n'
    (rejected,) = encoded(columns, [(bytes(4), b"\0", pack(">i", 1))]).rejected
    assert [p.column for p in rejected.problems] == ["written"]
    assert "writetime goes to BIGINT" in rejected.problems[0].what


def test_digest_and_token_are_made_from_the_row() -> None:
    """They stand last in the line; a row that is set aside has none."""
    columns = [
        PlannedColumn(column=key("k", "text"), form=Form.TEXT, limits=Limits(type="LONGTEXT")),
        PlannedColumn(
            column=column("cassandra_key", "blob"),
            form=Form.HEX,
            limits=Limits(type="BINARY(32)"),
            reading=Reading.DIGEST,
        ),
        PlannedColumn(
            column=column("cassandra_token", "bigint"),
            form=Form.INTEGER,
            limits=Limits(type="BIGINT"),
            reading=Reading.TOKEN,
        ),
    ]
    made = encoded(columns, [(b"\xff",), (b"a",)])
    assert [r.token for r in made.rejected] == [100]
    ((text, digest, token),) = [json.loads(line) for line in made.lines.data.splitlines()]
    assert (text, token) == ("a", 101)
    # printf '\0\0\0\003101' | sha256sum: the key that the support gives row 101
    assert digest == "8818eea1a855dd4b44e23a254ff6f9e3139ab2859692a7f7d0f15c2cbda57b9f"


@pytest.mark.parametrize(
    "cell", [b"", b"\0\0", b"\0\0\0\0", b"\x80\x01\0\0", write_vint(fold(2**31)) + b"\0\0"]
)
def test_what_is_no_duration_is_refused(cell: bytes) -> None:
    """Cut, with more behind it, written longer than it need be, or beyond 32 bits of months."""
    assert "no duration" in problem(planned("duration", Form.DURATION), cell).what


def test_a_thousand_bad_rows_of_a_large_page_are_found_by_halving() -> None:
    """Each is named; the work stays near that of the page."""
    rows = [(b"\xff" if n % 20 == 0 else SERIALIZE["text"](f"row {n}"),) for n in range(20_000)]
    made = encoded([planned("text", Form.TEXT)], rows)
    assert [r.token - 100 for r in made.rejected] == list(range(0, 20_000, 20))
    assert made.lines.rows == 19_000
