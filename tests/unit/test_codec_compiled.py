"""The compiled encoder writes ordinary cells itself, and leaves to Python what is not ordinary."""

from __future__ import annotations

import re
from struct import pack
from typing import Any

import pytest

from cass_snapshot.codec import _encode, compiled
from cass_snapshot.codec.column import ColumnEncoder
from cass_snapshot.codec.compiled import CompiledEncoder, known
from cass_snapshot.codec.described import Described
from cass_snapshot.codec.plain import plain_line
from cass_snapshot.codec.row import RowEncoder
from cass_snapshot.forms import Form, Limits
from cass_snapshot.model import Cells, Position
from cass_snapshot.planned import PlannedColumn, Reading
from tests.support.ordinary_cells import ORDINARY
from tests.support.typed_cells import SERIALIZE, column, planned

UUID = bytes(range(16))
WRITTEN: list[tuple[str, Form, dict[str, Any], bytes, bytes]] = [
    ("text", Form.TEXT, {}, 'a"\\é日🗂\n\x01'.encode(), '"a\\"\\\\é日🗂\\n\\u0001"'.encode()),
    ("text", Form.TEXT, {"chars_max": 2, "bytes_max": 4}, "éé".encode(), '"éé"'.encode()),
    ("text", Form.TEXT, {"unicode_max": 0xFFFF}, "\uffff".encode(), '"\uffff"'.encode()),
    ("text", Form.TEXT, {"trailing_space": False}, b" a", b'" a"'),
    ("ascii", Form.TEXT, {"unicode_max": 0x7F}, b"\x7f", b'"\x7f"'),
    ("blob", Form.HEX, {"bytes_min": 2, "bytes_max": 2}, b"\xab\0", b'"ab00"'),
    ("boolean", Form.BOOLEAN, {"identity": True}, b"\1", b"true"),
    ("boolean", Form.BOOLEAN, {}, b"\2", b"true"),
    ("boolean", Form.INTEGER, {}, b"\xff", b"-1"),
    ("tinyint", Form.INTEGER, {}, b"\x80", b"-128"),
    ("smallint", Form.INTEGER, {}, b"\x80\0", b"-32768"),
    ("int", Form.INTEGER, {"integer_min": 0}, b"\0\0\0\0", b"0"),
    ("bigint", Form.INTEGER, {}, pack(">q", -(2**63)), b"-9223372036854775808"),
    ("bigint", Form.INTEGER, {"integer_max": 2**64 - 1}, pack(">q", 10), b"10"),
    ("bigint", Form.INTEGER, {"integer_digits_max": 3}, pack(">q", -999), b"-999"),
    ("counter", Form.DIGITS, {"chars_max": 19}, pack(">q", 2**63 - 1), b'"9223372036854775807"'),
    ("varint", Form.INTEGER, {}, b"\x80", b"-128"),
    ("varint", Form.DIGITS, {"identity": True}, b"\0\x80", b'"128"'),
    (
        "varint",
        Form.DIGITS,
        {"integer_digits_max": 38},
        (10**37).to_bytes(16),
        b'"1' + b"0" * 37 + b'"',
    ),
    ("varint", Form.DIGITS, {}, b"\x80" + bytes(15), b'"-170141183460469231731687303715884105728"'),
    ("decimal", Form.DECIMAL, {}, pack(">ib", 2, -5), b'"-0.05"'),
    ("decimal", Form.DECIMAL, {}, pack(">ib", -3, 15), b'"15E+3"'),
    ("decimal", Form.DECIMAL, {}, pack(">ib", 41, 15), b'"15E-41"'),
    (
        "decimal",
        Form.DECIMAL,
        {"integer_digits_max": 1, "fraction_digits_max": 1},
        pack(">ih", 3, 1500),
        b'"1.5"',
    ),
    ("float", Form.NUMBER, {}, pack(">f", 0.1), b"0.10000000149011612"),
    ("double", Form.NUMBER, {"identity": True}, bytes(8), b"0.0"),
    ("double", Form.NUMBER, {"integer_min": 0}, pack(">d", 1e15), b"1000000000000000.0"),
    ("date", Form.DATE, {}, pack(">I", 2**31 + 11016), b'"2000-02-29"'),
    ("date", Form.DATE, {}, pack(">I", 2**31 - 354_285), b'"1000-01-01"'),
    ("date", Form.INTEGER, {}, bytes(4), b"-2147483648"),
    (
        "time",
        Form.TIME,
        {"fraction_digits_max": 3},
        pack(">q", 86_399_999_000_000),
        b'"23:59:59.999000"',
    ),
    ("time", Form.INTEGER, {}, pack(">q", -1), b"-1"),
    ("timestamp", Form.DATETIME, {}, pack(">q", -1), b'"1969-12-31 23:59:59.999"'),
    ("timestamp", Form.DATETIME, {}, pack(">q", 253_402_300_799_999), b'"9999-12-31 23:59:59.999"'),
    ("timestamp", Form.INTEGER, {}, pack(">q", 5), b"5"),
    ("uuid", Form.UUID, {"chars_max": 36}, UUID, b'"00010203-0405-0607-0809-0a0b0c0d0e0f"'),
    ("timeuuid", Form.UUID, {}, UUID, b'"00010203-0405-0607-0809-0a0b0c0d0e0f"'),
    ("inet", Form.INET, {"chars_max": 45}, b"\x7f\0\0\1", b'"127.0.0.1"'),
    ("inet", Form.INET, {}, bytes(10) + b"\xff\xff\x7f\0\0\1", b'"::ffff:127.0.0.1"'),
]


def described(cql: str, form: Form, **limits: Any) -> Described | None:  # noqa: ANN401 - their types differ
    """Return how a column is told to the compiled encoder."""
    target = PlannedColumn(
        column=column("v", cql), form=form, limits=Limits(type="its type", **limits)
    )
    return known(target)


def in_python_too(columns: list[PlannedColumn], rows: list[Cells]) -> bytes:
    """Return the lines of rows by the encoder in Python."""
    encoder = RowEncoder(columns, lambda _: Position(token=7, partition_key=()), compiled=False)
    return encoder.encode(rows).lines.data


@pytest.mark.parametrize(("cql", "form", "limits", "cell", "text"), WRITTEN)
def test_an_ordinary_cell_is_written_by_compiled_code(
    cql: str, form: Form, limits: dict[str, Any], cell: bytes, text: bytes
) -> None:
    """Without a way back to Python; a null too, and it is counted."""
    made = _encode.encode([(cell,), (None,)], (described(cql, form, **limits),), (None,))
    assert made == (b"[" + text + b"]\n[null]\n", (1,), not plain_line(b"[" + text + b"]"))


def test_every_scalar_form_has_an_ordinary_cell() -> None:
    """None of those that the properties are about is missing above."""
    pairs = {(cql, form) for cql, form, *_ in WRITTEN}
    same = {
        ("list<int>", Form.HEX),
        ("int", Form.DIGITS),
        ("bigint", Form.DIGITS),
        ("counter", Form.INTEGER),
    }
    assert set(ORDINARY) - same <= pairs


@pytest.mark.parametrize("cql", sorted(SERIALIZE))
@pytest.mark.parametrize("in_key", [False, True])
def test_columns_of_created_tables_are_compiled(cql: str, in_key: bool) -> None:
    """Whatever the type, with the limits of the target that a run makes for it."""
    assert known(planned(cql, in_key=in_key and cql != "counter")) is not None


@pytest.mark.parametrize(
    ("cql", "form", "limits"),
    [
        ("list<int>", Form.JSON, {}),
        ("vector<float, 1>", Form.VECTOR, {}),
        ("duration", Form.DURATION, {}),
        ("boolean", Form.BOOLEAN, {"chars_max": 4}),
        ("double", Form.NUMBER, {"integer_max": 5}),
        ("double", Form.NUMBER, {"fraction_digits_max": 2}),
        ("decimal", Form.DECIMAL, {"integer_min": 5}),
        ("decimal", Form.DECIMAL, {"fraction_digits_max": 41}),
        ("varint", Form.DIGITS, {"integer_digits_max": 0}),
        ("bigint", Form.INTEGER, {"integer_min": 2**63}),
        ("bigint", Form.INTEGER, {"integer_max": -(2**64)}),
    ],
)
def test_what_is_not_known_is_not_described(cql: str, form: Form, limits: dict[str, Any]) -> None:
    """Python writes such a column; the others of its table stay compiled."""
    assert described(cql, form, **limits) is None


def test_a_column_left_alone_is_written_in_python_and_the_page_is_not() -> None:
    """A decimal too long, a list: the lines are whole, and made at once."""
    columns = [
        PlannedColumn(column=column(f"v{i}", cql), form=form, limits=Limits(type="its type"))
        for i, (cql, form) in enumerate(
            [("int", Form.INTEGER), ("decimal", Form.DECIMAL), ("list<int>", Form.JSON)]
        )
    ]
    rows: list[Cells] = [
        (pack(">i", 1), pack(">i", 2) + b"\x01" + bytes(16), bytes(4)),
        (None, pack(">ib", 0, 1), None),
    ]
    made = CompiledEncoder([ColumnEncoder(c) for c in columns]).encode(rows, [[b"7", b"8"]])
    assert made is not None
    expected = in_python_too(columns, rows).splitlines()
    assert [expected[0][:-1] + b",7]", expected[1][:-1] + b",8]"] == made.data.splitlines()
    assert made.nulls == [1, 0, 1]


@pytest.mark.parametrize("rows", [[(b"abc",)], [(b"abcd", b"")], [()]])
def test_a_page_with_a_cell_that_is_refused_is_left_to_python(rows: list[Cells]) -> None:
    """Or one whose rows are not as wide as its columns."""
    encoder = CompiledEncoder([ColumnEncoder(planned("int"))])
    assert encoder.encode(rows, []) is None


def test_write_time_and_ttl_are_compiled() -> None:
    """Eight and four bytes beside a column of any type."""
    body = column("body", "list<text>")
    of = [
        PlannedColumn(column=body, form=Form.INTEGER, limits=Limits(type="BIGINT"), reading=reading)
        for reading in (Reading.WRITETIME, Reading.TTL)
    ]
    row = (pack(">q", 1_700_000_000_000_000), pack(">i", 86400))
    made = _encode.encode([row], tuple(map(known, of)), (None, None))
    assert made == (b"[1700000000000000,86400]\n", (0, 0), 0)


INT = Described("integer", 4, *(True,) * 4, *(0, 9, 9, 9), -9, 9, 0, 1, 9, -1)


@pytest.mark.parametrize(
    ("columns", "ready"),
    [
        ((None,), ()),
        ((None,), ([],)),
        ((None,), ((b"",),)),
        ((), (None,)),
        ((INT,), (None, None)),
        ((INT._replace(kind="no such kind"),), (None,)),
        ((INT._replace(width=17),), (None,)),
        ((INT._replace(unit=0),), (None,)),
        ((INT._replace(most=2**63),), (None,)),
        ((INT[:-1],), (None,)),
        (("integer",), (None,)),
        ((), ()),
    ],
)
def test_what_compiled_code_is_told_is_checked(columns: Any, ready: Any) -> None:  # noqa: ANN401 - wrong types
    """A mistake of ours is an error of Python's, not a crash."""
    with pytest.raises((TypeError, ValueError, OverflowError)):
        _encode.encode([(b"\0\0\0\1",)], columns, ready)


@pytest.mark.parametrize(
    "rows", [["text"], [[b"\0\0\0\1"]], [("text",)], [(bytearray(4),)], [None]]
)
def test_rows_of_other_things_are_left_to_python(rows: Any) -> None:  # noqa: ANN401 - wrong types
    """Only tuples of bytes or None are cells."""
    assert _encode.encode(rows, (INT,), (None,)) in (-1, 0)


@pytest.mark.parametrize(("kind", "width"), [("integer", 0), ("integer", 9), ("number", 5)])
def test_a_number_has_a_width_that_numbers_have(kind: str, width: int) -> None:
    """Another is left to Python, and no byte too many is read."""
    of = INT._replace(kind=kind, width=width)
    assert _encode.encode([(bytes(width),)], (of,), (None,)) == 0


def test_texts_that_are_ready_are_bytes() -> None:
    """Anything else is left to Python."""
    assert _encode.encode([(b"",)], (None,), ([7],)) == 0  # type: ignore[list-item]  # a wrong type


def test_numbers_need_their_powers_of_ten() -> None:
    """Not any bytes."""
    with pytest.raises(ValueError, match="powers of ten"):
        _encode.prepare(b"", False)  # noqa: FBT003 - as C takes it


def test_a_large_page_grows() -> None:
    """Beyond what is laid out for its rows, and by cells that escapes make six times as long."""
    rows: list[Cells] = [*[(b"\x01" * 10_000,)] * 20, (b"x" * 1_000_000,)]
    targets = [planned("text")]
    assert RowEncoder(targets, lambda _: Position(token=7, partition_key=())).encode(
        rows
    ).lines.data == in_python_too(targets, rows)


def test_asking_for_the_compiled_encoder_where_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told; who does not ask is served by Python."""
    monkeypatch.setattr(compiled, "AVAILABLE", False)
    with pytest.raises(RuntimeError, match=re.escape("was not built")):
        RowEncoder([planned("int")], lambda _: Position(token=7, partition_key=()), compiled=True)
