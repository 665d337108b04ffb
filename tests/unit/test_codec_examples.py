"""One example of what each form shows of a cell; a type without a form has no encoder."""

from __future__ import annotations

from struct import pack

import pytest

from cass_snapshot.forms import Form
from tests.support.limited_columns import big, decimal, planned, value
from tests.support.typed_cells import encode

FORMS: list[tuple[str, Form, bytes, object]] = [
    ("int", Form.HEX, b"", ""),
    ("'org.example.Odd'", Form.HEX, b"\xab", "ab"),
    ("list<int>", Form.HEX, b"\0\0\0\0", "00000000"),
    ("boolean", Form.INTEGER, b"\xff", -1),
    ("date", Form.INTEGER, pack(">I", 0), -(2**31)),
    ("date", Form.INTEGER, pack(">I", 2**32 - 1), 2**31 - 1),
    ("time", Form.INTEGER, big(-1), -1),
    ("timestamp", Form.INTEGER, big(-(2**63)), -(2**63)),
    ("varint", Form.INTEGER, b"\x80", -128),
    ("counter", Form.DIGITS, big(-(2**63)), "-9223372036854775808"),
    ("decimal", Form.DECIMAL, decimal(15, -3), "15E+3"),
    ("duration", Form.DURATION, b"\x02\x04\x06", "1mo2d3ns"),
    ("duration", Form.DURATION, b"\x01\0\x03", "-1mo2ns"),
    ("duration", Form.DURATION, b"\0\0\0", "0ns"),
    ("list<text>", Form.JSON, bytes.fromhex("00000002 00000001 61 00000001 22"), '["a", "\\""]'),
    ("text", Form.JSON, b"a,\n\xc3\xa9", '"a,\\n\u00e9"'),
    ("vector<float, 2>", Form.VECTOR, bytes.fromhex("3f800000 80000000"), "0000803f00000080"),
    ("vector<text, 2>", Form.JSON, bytes.fromhex("0161 026262"), '["a", "bb"]'),
    (
        "map<int, text>",
        Form.JSON,
        bytes.fromhex("00000001 00000004 00000001 00000001 61"),
        '[[1, "a"]]',
    ),
    ("'org.example.Odd'", Form.HEX, b"", ""),
    (
        'frozen<address{street text, "House No" int}>',
        Form.JSON,
        bytes.fromhex("00000001 61 ffffffff"),
        '{"street": "a", "House No": null}',
    ),
    (
        "tuple<bigint, bigint>",
        Form.JSON,
        pack(">iqiq", 8, 2**53, 8, 2**53 + 1),
        '[9007199254740992, "9007199254740993"]',
    ),
    ("tuple<float, int>", Form.JSON, bytes.fromhex("00000004 7fc00000"), '[{"$number": "NaN"}]'),
    ("set<int>", Form.JSON, bytes.fromhex("00000001 00000000"), '[{"$cell": ""}]'),
    ("set<blob>", Form.JSON, bytes.fromhex("00000001 00000001 ff"), '[{"$base64": "/w=="}]'),
    ("list<int>", Form.JSON, b"\0", '{"$cell": "00"}'),
]


@pytest.mark.parametrize(("cql", "form", "cell", "expected"), FORMS)
def test_a_form_shows_a_cell_as_it_says(
    cql: str, form: Form, cell: bytes, expected: object
) -> None:
    """One example of each form that a profile or an operator can choose."""
    assert expected == value(planned(cql, form), cell)


@pytest.mark.parametrize(
    ("cql", "form"),
    [
        ("int", Form.TEXT),
        ("'org.example.Odd'", Form.JSON),
        ("vector<double, 2>", Form.VECTOR),
        ("list<int>", Form.INTEGER),
        ("text", Form.DATE),
    ],
)
def test_a_type_without_a_form_has_no_encoder(cql: str, form: Form) -> None:
    """A plan that asks for it is a mistake of ours, and is told before a row is read."""
    with pytest.raises(ValueError, match=f"cannot be written in the form {form.value}"):
        encode([planned(cql, form)], [(b"",)])
