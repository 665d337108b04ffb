"""What becomes of pairs of types, and how SQL types are read."""

from __future__ import annotations

import re

import pytest

from cass_snapshot.cql import SCALARS, parse
from cass_snapshot.forms import Form, Limits
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning import sqltypes
from cass_snapshot.mysql.planning.fit import Fit, fit
from cass_snapshot.mysql.planning.nulls import constant_for
from cass_snapshot.mysql.planning.profiles import with_characters
from cass_snapshot.mysql.planning.widths import key_bytes, row_bytes
from cass_snapshot.planned import Constant, Verdict

E, C, L, N = Verdict.EXACT, Verdict.CHECKED, Verdict.LOSSY, Verdict.IMPOSSIBLE


def fitted(cql: str, sql: str, *, in_key: bool = False, flavour: Flavour = Flavour.MYSQL) -> Fit:
    """Return the fit of two texts."""
    tree = parse(cql)
    found = with_characters(sqltypes.parse(sql), tree, flavour)
    return fit(tree, found, in_key=in_key, flavour=flavour)


@pytest.mark.parametrize(
    ("cql", "sql", "form", "verdict"),
    [
        ("smallint", "INT", Form.INTEGER, E),
        ("int", "INT", Form.INTEGER, C),
        ("counter", "BIGINT", Form.INTEGER, E),
        ("bigint", "VARCHAR(20)", Form.INTEGER, C),
        ("boolean", "TINYINT(1)", Form.BOOLEAN, C),
        ("boolean", "TINYINT", Form.INTEGER, C),
        ("boolean", "BIT(1)", Form.HEX, N),
        ("varint", "BIGINT", Form.DIGITS, C),
        ("varint", "LONGTEXT", Form.DIGITS, C),
        ("decimal", "LONGTEXT", Form.DECIMAL, C),
        ("decimal", "INT", Form.HEX, N),
        ("float", "FLOAT", Form.NUMBER, L),
        ("double", "DOUBLE(9,2)", Form.NUMBER, L),
        ("date", "INT", Form.INTEGER, E),
        ("date", "DATE", Form.DATE, C),
        ("date", "DATETIME", Form.DATE, C),
        ("time", "BIGINT", Form.INTEGER, E),
        ("timestamp", "DATE", Form.HEX, N),
        ("timestamp", "VARCHAR(23)", Form.DATETIME, C),
        ("timestamp", "VARCHAR(22)", Form.HEX, N),
        ("uuid", "VARCHAR(40) CHARACTER SET latin1", Form.UUID, C),
        ("uuid", "BINARY(16)", Form.HEX, C),
        ("uuid", "VARBINARY(16)", Form.HEX, E),
        ("uuid", "BINARY(20)", Form.HEX, N),
        ("inet", "VARBINARY(16)", Form.HEX, E),
        ("duration", "VARCHAR(64)", Form.DURATION, E),
        ("ascii", "LONGTEXT", Form.TEXT, E),
        ("text", "LONGTEXT", Form.TEXT, C),
        ("text", "LONGBLOB", Form.HEX, E),
        ("text", "VARCHAR(9) CHARACTER SET latin1", Form.HEX, N),
        ("text", "JSON", Form.HEX, N),
        ("text", "ENUM('a')", Form.HEX, N),
        ("blob", "LONGTEXT", Form.HEX, N),
        ("list<int>", "LONGTEXT", Form.JSON, E),
        ("list<int>", "TEXT", Form.JSON, C),
        ("list<int>", "JSON", Form.JSON, L),
        ("vector<float, 3>", "VECTOR(3)", Form.VECTOR, C),
        ("vector<float, 3>", "VECTOR(2)", Form.HEX, N),
        ("'org.example.Odd'", "LONGBLOB", Form.HEX, E),
        ("'org.example.Odd'", "LONGTEXT", Form.HEX, N),
    ],
)
def test_a_pair_of_types_has_a_form_and_a_verdict(
    cql: str, sql: str, form: Form, verdict: Verdict
) -> None:
    """Exact only where every value arrives; what is refused is said."""
    found = fitted(cql, sql)
    assert (found.form, found.verdict) == (form, verdict)
    assert found.note or verdict is E


@pytest.mark.parametrize(
    ("cql", "sql", "verdict"),
    [
        ("text", "VARCHAR(9) COLLATE utf8mb4_0900_bin", C),
        ("text", "VARCHAR(9) COLLATE utf8mb4_general_ci", N),
        ("text", "VARCHAR(9) COLLATE utf8mb4_0900_as_cs", N),
        ("uuid", "CHAR(36) COLLATE utf8mb4_general_ci", C),
        ("decimal", "DECIMAL(10,2)", N),
        ("float", "FLOAT", N),
        ("text", "LONGTEXT", N),
        ("list<int>", "JSON", N),
        ("double", "DOUBLE", C),
        ("varint", "DECIMAL(65,0)", C),
    ],
)
def test_a_key_takes_only_what_keeps_keys_apart(cql: str, sql: str, verdict: Verdict) -> None:
    """Collations, scales and rounding would make one key of two."""
    assert fitted(cql, sql, in_key=True).verdict is verdict


def test_a_collation_that_merges_is_named_and_one_that_pads_is_guarded() -> None:
    """Texts that end in a space are refused where it ignores them."""
    merges = fitted("text", "VARCHAR(9) COLLATE utf8mb4_general_ci", in_key=True)
    assert merges.note == "collation utf8mb4_general_ci takes 'a' and 'A' for one key"
    assert merges.offer == "VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin"
    pads = fitted("text", "VARCHAR(9) COLLATE utf8mb4_bin", in_key=True)
    assert (pads.verdict, pads.limits.trailing_space) == (C, False)


@pytest.mark.parametrize(
    ("cql", "sql", "limits"),
    [
        ("bigint", "SMALLINT UNSIGNED", {"integer_min": 0, "integer_max": 65_535}),
        ("int", "DECIMAL(5,2)", {"integer_min": -999, "integer_max": 999}),
        ("int", "VARCHAR(3)", {"integer_min": -99, "integer_max": 999}),
        ("bigint", "DOUBLE", {"integer_min": -(2**53), "integer_max": 2**53}),
        ("decimal", "DECIMAL(10,2)", {"integer_digits_max": 8, "fraction_digits_max": 2}),
        ("timestamp", "TIMESTAMP", {"integer_min": 1000, "integer_max": 2_147_483_647_999}),
        ("timestamp", "DATETIME(1)", {"fraction_digits_max": 1}),
        ("time", "TIME(3)", {"fraction_digits_max": 3}),
        ("text", "CHAR(5) CHARACTER SET ascii", {"unicode_max": 127, "trailing_space": False}),
        ("text", "TEXT CHARACTER SET utf8", {"unicode_max": 0xFFFF, "bytes_max": 65_535}),
        ("blob", "BINARY(3)", {"bytes_min": 3, "bytes_max": 3}),
    ],
)
def test_limits_are_those_of_the_column(cql: str, sql: str, limits: dict[str, int]) -> None:
    """The encoder refuses what MySQL would clip, round or pad."""
    found = fitted(cql, sql).limits
    assert {name: getattr(found, name) for name in limits} == limits


def test_mariadb_has_one_zero_in_a_double() -> None:
    """It stores -0.0 as 0.0 without a warning, so -0.0 is refused there; MySQL keeps the sign."""
    maria = fitted("float", "DOUBLE", flavour=Flavour.MARIADB)

    assert maria.limits.identity
    assert "-0.0" in maria.note
    assert not fitted("float", "DOUBLE").limits.identity


def test_mariadb_keeps_json_as_text_and_has_types_of_its_own() -> None:
    """INET6 refuses an IPv4 address, which is told before."""
    maria = Flavour.MARIADB
    assert fitted("list<int>", "JSON", flavour=maria).verdict is E
    assert fitted("uuid", "UUID", flavour=maria).form is Form.UUID
    inet = fitted("inet", "INET6", flavour=maria)
    assert (inet.verdict, inet.note) == (C, "refused: IPv4, by MariaDB, empty values")


@pytest.mark.parametrize("cql", sorted(SCALARS))
def test_every_scalar_has_a_type_that_takes_all_of_it(cql: str) -> None:
    """Its bytes as they came."""
    assert fitted(cql, "LONGBLOB").verdict is E


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("int(11)", "INTEGER"),
        ("tinyint(4)", "TINYINT"),
        ("bool", "tinyint(1)"),
        ("numeric(10)", "decimal(10,0)"),
        ("double precision", "FLOAT(53)"),
        ("char(3) character set binary", "BINARY(3)"),
        ("datetime /* mariadb-5.3 */", "DATETIME(0)"),
        ("varchar(9) charset utf8", "VARCHAR(9) CHARACTER SET utf8mb3"),
        ("int(5) unsigned zerofill", "INT UNSIGNED"),
        ("set('a','b')", "SET('x')"),
    ],
)
def test_two_texts_of_one_type_are_equal(text: str, same: str) -> None:
    """Aliases, display widths and defaults are resolved; the definition reads back."""
    found = sqltypes.parse(text)
    assert found == sqltypes.parse(same)
    assert found == sqltypes.parse(str(found))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NUMBER",
        "VARCHAR",
        "DATETIME(9)",
        "DECIMAL(66,0)",
        "DECIMAL(3,5)",
        "INT; DROP",
        "TEXT(5)",
    ],
)
def test_what_is_no_type_is_refused(text: str) -> None:
    """In a few words, before any DDL is made of it."""
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        sqltypes.parse(text)


def test_bytes_of_keys_and_rows_follow_the_manual() -> None:
    """Four bytes a character, packed decimals, pointers to what lies outside."""
    text = sqltypes.parse("VARCHAR(10) CHARACTER SET utf8mb4")
    assert (key_bytes(text), row_bytes(text)) == (40, 42)
    assert [key_bytes(sqltypes.parse(t)) for t in ("DECIMAL(65,30)", "TIME(6)", "DATETIME(3)")] == [
        30,
        6,
        7,
    ]
    assert row_bytes(sqltypes.parse("LONGBLOB")) == 13


@pytest.mark.parametrize(
    ("form", "constant", "held"),
    [
        (Form.TEXT, "", ""),
        (Form.INTEGER, 0, 0),
        (Form.DIGITS, 7, "7"),
        (Form.DECIMAL, 0.5, "0.5"),
        (Form.NUMBER, 1, 1.0),
        (Form.BOOLEAN, False, False),
        (Form.DATE, "2020-01-31", "2020-01-31"),
        (Form.TIME, "23:59:59", "23:59:59.000000"),
        (Form.DATETIME, "2020-01-31 00:00:00", "2020-01-31 00:00:00.000"),
        (Form.UUID, "00000000-0000-0000-0000-00000000000A", "00000000-0000-0000-0000-00000000000a"),
        (Form.INET, "::1", "::1"),
        (Form.DURATION, "0ns", "0ns"),
        (Form.JSON, "[]", "[]"),
        (Form.HEX, "FF", "ff"),
    ],
)
def test_a_replacement_of_null_is_held_as_a_value(
    form: Form, constant: Constant, held: Constant
) -> None:
    """As the WAL would hold it."""
    assert constant_for(form, Limits(type="X"), constant, "") == held


@pytest.mark.parametrize(
    ("form", "constant", "limits"),
    [
        (Form.TEXT, 0, {}),
        (Form.TEXT, "long", {"chars_max": 3}),
        (Form.TEXT, "a ", {"trailing_space": False}),
        (Form.INTEGER, True, {}),
        (Form.INTEGER, -1, {"integer_min": 0}),
        (Form.DIGITS, "x", {}),
        (Form.DECIMAL, "0.125", {"integer_digits_max": 9, "fraction_digits_max": 2}),
        (Form.NUMBER, "1", {}),
        (Form.DATE, "0000-00-00", {}),
        (Form.DATE, "now", {}),
        (Form.DATETIME, "0000-00-00 00:00:00", {}),
        (Form.DATETIME, "1970-01-01 00:00:00", {"integer_min": 1000}),
        (Form.TIME, "24:00:00", {}),
        (Form.UUID, "", {}),
        (Form.INET, "", {}),
        (Form.DURATION, "", {}),
        (Form.JSON, "[", {}),
        (Form.HEX, "f", {}),
        (Form.HEX, "ff", {"bytes_min": 2}),
    ],
)
def test_a_replacement_that_the_column_would_not_hold_is_refused(
    form: Form, constant: Constant, limits: dict[str, int]
) -> None:
    """Never a zero date, never "now", never a value that would be changed."""
    with pytest.raises(ValueError, match=r"^(is|has|ends)\b"):
        constant_for(form, Limits(type="X", **limits), constant, "")  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(("constant", "held"), [("", ""), ("none", "6e6f6e65"), ("ü", "c3bc")])
@pytest.mark.parametrize("cql", ["text", "varchar", "ascii"])
def test_a_replacement_of_a_text_in_a_column_of_bytes_is_a_text(
    cql: str, constant: str, held: str
) -> None:
    """Held as its bytes; a blob's own is given in hexadecimal."""
    assert constant_for(Form.HEX, Limits(type="X"), constant, cql) == held
    with pytest.raises(ValueError, match="does not hold"):
        constant_for(Form.HEX, Limits(type="X", bytes_max=4), "too long", cql)
    with pytest.raises(ValueError, match="not a text in quotes"):
        constant_for(Form.HEX, Limits(type="X"), 0, cql)
