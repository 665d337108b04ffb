"""Values that the target cannot hold unchanged are refused by column and token (I10, I12)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from math import inf, nan
from struct import pack
from time import perf_counter

import pytest

from cass_snapshot.codec.column import ColumnEncoder
from cass_snapshot.codec.refusal import BadCell
from cass_snapshot.model import Cells, Tally
from cass_snapshot.planned import PlannedColumn
from cass_snapshot.rejection import Problem
from tests.support.typed_cells import SERIALIZE, encode, encoded, floats, key, planned, table
from tests.support.typed_cells import column as regular

FIXED = {
    "boolean": 1,
    "tinyint": 1,
    "smallint": 2,
    "int": 4,
    "bigint": 8,
    "counter": 8,
    "float": 4,
    "double": 8,
    "date": 4,
    "time": 8,
    "timestamp": 8,
    "uuid": 16,
    "timeuuid": 16,
}
REGULAR: list[tuple[str, bytes, str]] = [
    ("float", floats("f", nan), "nan"),
    ("float", floats("f", inf), "inf"),
    ("double", floats("d", nan), "nan"),
    ("double", floats("d", -inf), "-inf"),
    ("double", b"\x7f\xf8\xde\xad\xbe\xef\x00\x01", "nan"),
    ("time", pack(">q", 1), "nanoseconds"),
    ("time", pack(">q", 86_399_999_999_999), "nanoseconds"),
    ("time", pack(">q", -1000), "outside one day"),
    ("time", pack(">q", 86_400_000_000_000), "outside one day"),
    ("date", pack(">I", 0), "a date outside 1000-01-01 to 9999-12-31"),
    ("date", pack(">I", 2**31 - 354286), "a date outside"),
    ("date", pack(">I", 2**31 + 2932897), "a date outside"),
    ("date", pack(">I", 2**32 - 1), "a date outside"),
    ("timestamp", pack(">q", -30_610_224_000_001), "outside the years 1000 to 9999"),
    ("timestamp", pack(">q", -62_135_596_800_001), "outside the years"),
    ("timestamp", pack(">q", 253_402_300_800_000), "outside the years"),
    ("timestamp", pack(">q", -(2**63)), "outside the years"),
    ("timestamp", pack(">q", 2**63 - 1), "outside the years"),
    ("text", b"\xc0\x80", "not valid UTF-8"),
    ("varchar", b"ab\xed\xa0\x80", "not valid UTF-8"),
    ("ascii", b"\xff", "not valid UTF-8"),
    ("varint", SERIALIZE["varint"](10**65), "a number of 66 digits"),
    ("varint", SERIALIZE["varint"](-(10**65)), "a number of 66 digits"),
    ("decimal", SERIALIZE["decimal"](Decimal(10**35)), "36 digits before the point"),
    ("decimal", SERIALIZE["decimal"](Decimal("1E-31")), "31 digits after the point"),
    ("decimal", SERIALIZE["decimal"](Decimal("1E+35")), "36 digits before the point"),
    ("decimal", SERIALIZE["decimal"](Decimal("-" + "1." + "1" * 31)), "31 digits after"),
    ("decimal", pack(">i", -(2**31)) + b"\x01", "2147483649 digits before the point"),
    ("decimal", pack(">i", 2**31 - 1) + b"\x01", "2147483647 digits after the point"),
    ("decimal", pack(">i", -(2**31)) + b"\x00", "a zero of scale -2147483648"),
    ("decimal", pack(">i", 2**31 - 1) + b"\x00", "a zero of scale 2147483647"),
    ("decimal", b"\0\0\0", "a value of 3 bytes"),
    ("decimal", b"\0\0\0\0", "a value of 4 bytes"),
    ("inet", b"\0\0\0\0\0", "a value of 5 bytes"),
]
KEYS: list[tuple[str, bytes, str]] = [
    *REGULAR[:29],
    ("float", floats("f", -0.0), "-0.0"),
    ("double", floats("d", -0.0), "-0.0"),
    ("varint", b"\x00\x01", "needless leading bytes"),
    ("varint", b"\xff\xff", "needless leading bytes"),
    ("varint", b"\x00\x00", "needless leading bytes"),
    ("decimal", b"\0\0\0\x02\x00\x01", "needless leading bytes"),
    ("boolean", b"\x02", "neither 0 nor 1"),
    ("boolean", b"\xff", "neither 0 nor 1"),
    ("text", b"x" * 769, "a text of 769 characters"),
    ("ascii", b"x" * 769, "a text of 769 characters"),
    ("text", "é".encode() * 769, "a text of 769 characters"),
    ("blob", b"x" * 3073, "a value of 3073 bytes"),
]
KEYS = [case for case in KEYS if case[0] != "decimal" or "bytes" in case[2]]
KEYS.append(("decimal", SERIALIZE["decimal"](Decimal("1" * 81)), "a text of 81 characters"))
GOOD = {
    "text": b"ok",
    "varchar": b"ok",
    "ascii": b"ok",
    "blob": b"ok",
    "varint": b"\x07",
    "decimal": b"\0\0\0\x01\x07",
    "inet": b"\x7f\0\0\1",
    "date": b"\x80\0\0\0",
}


def good(cql: str) -> bytes:
    """Return a cell that every column of a type takes."""
    return GOOD.get(cql) or bytes(FIXED[cql])


def refusal(column: PlannedColumn, bad: bytes) -> Problem:
    """Return the problem of a page whose fourth row, behind a null and good rows, is bad."""
    fine = good(column.column.type)
    absent = None if column.limits.nullable else fine
    rows: list[Cells] = [(fine,), (absent,), (fine,), (bad,), (fine,)]
    made = encoded([column], rows)
    (rejected,) = made.rejected
    (problem,) = rejected.problems
    assert (rejected.token, rejected.key, rejected.cells) == (103, (b"103",), (bad,))
    assert made.lines == replace(encode([column], rows[:3] + rows[4:]), tally=Tally(refused=1))
    return problem


@pytest.mark.parametrize(("cql", "bad", "what"), REGULAR)
def test_a_value_that_the_column_cannot_hold_is_refused(cql: str, bad: bytes, what: str) -> None:
    """The problem names column, class of the value, type, target type and a way out."""
    problem = refusal(planned(cql), bad)
    assert what in problem.what
    assert problem.column == "v"
    assert f"{cql} goes to " in problem.what
    assert problem.fix


@pytest.mark.parametrize(("cql", "bad", "what"), KEYS)
def test_a_key_that_would_not_stay_apart_is_refused(cql: str, bad: bytes, what: str) -> None:
    """Keys also refuse every form whose bytes the value does not tell."""
    assert what in refusal(planned(cql, in_key=True), bad).what


@pytest.mark.parametrize("in_key", [False, True])
@pytest.mark.parametrize("cql", [*FIXED, "varint", "decimal", "inet"])
def test_an_empty_value_is_neither_null_nor_a_number(cql: str, *, in_key: bool) -> None:
    """Cassandra stores zero-length values of these types; they are refused, never NULL."""
    if cql == "counter" and in_key:
        return
    assert "empty (zero-length) value" in refusal(planned(cql, in_key=in_key), b"").what


@pytest.mark.parametrize("cql", FIXED)
def test_a_cell_of_another_width_is_refused(cql: str) -> None:
    """Also where the widths of a column add up to what they should be together."""
    width = FIXED[cql]
    assert f"{width + 1} bytes" in refusal(planned(cql), bytes(width + 1)).what
    rows: list[Cells] = [(bytes(width + 1),), (bytes(width - 1),)]
    assert [r.token for r in encoded([planned(cql)], rows).rejected] == [100, 101]


@pytest.mark.parametrize(
    ("cql", "in_key"), [("varint", True), ("varint", False), ("decimal", True)]
)
def test_a_huge_number_is_refused_at_once(cql: str, *, in_key: bool) -> None:
    """Printing megabytes of digits would take minutes, so the size is looked at first."""
    began = perf_counter()
    bad = (b"\0\0\0\0" if cql == "decimal" else b"") + b"\x55" * 4_000_000
    assert "more than 4,000 digits" in refusal(planned(cql, in_key=in_key), bad).what
    assert perf_counter() - began < 10


CARD = "4929-1234-5678-9012"


@pytest.mark.parametrize(
    ("cql", "in_key", "bad"),
    [
        ("text", True, (CARD * 100).encode()),
        ("text", False, CARD.encode() + b"\xff"),
        ("blob", True, CARD.encode() * 400),
        ("varint", False, SERIALIZE["varint"](int(CARD.replace("-", "") * 5))),
        ("decimal", False, SERIALIZE["decimal"](Decimal(CARD.replace("-", "") * 3))),
        ("int", False, CARD.encode()),
        ("uuid", False, CARD.encode()),
    ],
)
def test_no_refusal_quotes_the_value(cql: str, bad: bytes, *, in_key: bool) -> None:
    """Neither text nor digits nor their hexadecimal form reach a message (I12)."""
    shown = repr(refusal(planned(cql, in_key=in_key), bad))
    digits = CARD.replace("-", "")
    assert not [s for s in (CARD, digits, CARD.encode().hex(), digits[:8]) if s in shown]


@pytest.mark.parametrize(("cql", "bad", "what"), [*REGULAR, *KEYS])
def test_an_encoder_names_the_first_bad_cell(cql: str, bad: bytes, what: str) -> None:
    """The index counts the cells that are not null."""
    column = planned(cql, in_key=(cql, bad, what) not in REGULAR)
    with pytest.raises(BadCell) as refused:
        ColumnEncoder(column).texts((good(cql), good(cql), bad, bad))
    assert refused.value.index == 2
    assert what in refused.value.what


def test_every_column_that_refuses_a_row_is_named() -> None:
    """A row is set aside once, with all that is wrong with it; the others have their lines."""
    columns = [planned("int"), planned("text"), planned("double")]
    named = table(key("id", "int"), regular("note", "text"), regular("price", "double"))
    columns = [
        PlannedColumn(column=c, form=p.form, limits=p.limits)
        for c, p in zip(named.columns, columns, strict=True)
    ]
    one: Cells = (b"\0\0\0\1", None, None)
    two: Cells = (b"\0\0\0\2", b"\xff", floats("d", nan))
    three: Cells = (b"\0\0\0\3", b"\xff", None)
    made = encoded(columns, [two, one, three])
    assert [(r.token, r.cells, [p.column for p in r.problems]) for r in made.rejected] == [
        (100, two, ["note", "price"]),
        (102, three, ["note"]),
    ]
    assert made.lines.data == b"[1,null,null]\n"
    assert (made.lines.rows, made.lines.words, made.lines.tally) == (1, 2, Tally(refused=2))
