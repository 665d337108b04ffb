"""What each CQL type becomes in a created table, and which tables cannot be created."""

from __future__ import annotations

import pytest

from cass_snapshot.forms import Form
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.mysql.planning.plan import plan
from cass_snapshot.planned import ColumnMapping, Conflict, Level, Reading, TableMapping, Verdict
from tests.support.made_targets import EXACT, REGULAR, UTF8, failures, made, planned
from tests.support.typed_cells import column, key, table


@pytest.mark.parametrize("cql", REGULAR)
def test_a_regular_column_has_the_type_of_the_readable_profile(cql: str) -> None:
    """Wide enough for every value that is not refused."""
    found = planned(key("k", "int"), column("v", cql))[1]
    assert REGULAR[cql] == found.definition
    assert (found.in_key, found.planned.limits.identity) == (False, False)


@pytest.mark.parametrize("cql", EXACT)
def test_a_regular_column_has_the_type_of_the_exact_profile(cql: str) -> None:
    """Any value of the type; the few that are refused can be had raw."""
    found = made(key("k", "int"), column("v", cql), profile="exact")
    assert (found.definitions[1], failures(found)) == (EXACT[cql], [])
    assert found.columns[1].verdict is Verdict.EXACT or found.columns[1].limits.fix


def test_the_limits_of_numbers_are_those_of_their_columns() -> None:
    """DECIMAL clips and rounds silently, so the encoder must know."""
    varint, decimal = planned(key("k", "int"), column("a", "varint"), column("b", "decimal"))[1:]
    assert varint.planned.limits.integer_digits_max == 65
    limits = decimal.planned.limits
    assert (limits.integer_digits_max, limits.fraction_digits_max) == (35, 30)


def test_a_custom_type_is_copied_raw_or_not_at_all() -> None:
    """The operator says so, or leaves the column out."""
    columns = (key("k", "int"), column("geo", "'org.example.PointType'"))
    refused = made(*columns)
    assert failures(refused) == [
        "geo has the custom type org.example.PointType, which no SQL type is"
    ]
    assert refused.columns[1].verdict is Verdict.IMPOSSIBLE
    assert refused.ddl == ""
    raw = made(*columns, said=(ColumnMapping(source="geo", type="LONGBLOB"),))
    assert (failures(raw), raw.definitions[1], raw.columns[1].form) == ([], "LONGBLOB", Form.HEX)
    without = made(*columns, said=(ColumnMapping(source="geo", skip=True),))
    assert (failures(without), without.skipped, len(without.columns)) == ([], ("geo",), 1)


def test_write_times_follow_their_column() -> None:
    """Microseconds and seconds, in columns of their own that may be NULL."""
    said = (ColumnMapping(source="body", name="text", writetime="written_at", ttl="ttl_s"),)
    found = made(key("id", "int"), column("body", "text"), column("n", "int"), said=said)
    assert [(c.name, c.reading, d) for c, d in zip(found.columns, found.definitions, strict=True)][
        1:
    ] == [
        ("text", Reading.VALUE, "LONGTEXT" + UTF8),
        ("written_at", Reading.WRITETIME, "BIGINT"),
        ("ttl_s", Reading.TTL, "INT"),
        ("n", Reading.VALUE, "INT"),
    ]
    assert failures(found) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (ColumnMapping(source="id", skip=True), "id is part of the primary key"),
        (ColumnMapping(source="id", null=0), "id is part of the primary key"),
        (ColumnMapping(source="id", writetime="w"), "id is a part of the primary key and has no"),
        (ColumnMapping(source="hits", ttl="t"), "hits is a counter and has no ttl"),
        (ColumnMapping(source="tags", ttl="t"), "each of its elements has a ttl of its own"),
        (ColumnMapping(source="hit", skip=True), "shop.orders has no such column"),
        (ColumnMapping(source="hits", name="TAGS"), "would be one in MySQL"),
        (ColumnMapping(source="hits", name="x" * 65), "cannot be a column of MySQL"),
        (ColumnMapping(source="hits", type="BIGNUMBER"), "not an SQL type that this version knows"),
        (ColumnMapping(source="hits", type="UUID"), "this server has no type UUID"),
        (ColumnMapping(source="hits", type="FLOAT"), "FLOAT cannot hold counter"),
        (ColumnMapping(source="tags", type="JSON"), "JSON puts keys in its own order"),
        (ColumnMapping(source="hits", null="none"), "null is not a whole number"),
    ],
)
def test_what_a_mapping_asks_and_cannot_have_is_named(said: ColumnMapping, words: str) -> None:
    """A failure with the key to change; planning itself never raises."""
    columns = (key("id", "int"), column("hits", "counter"), column("tags", "set<text>"))
    found = made(*columns, said=(said,))
    (failure,) = (f for f in found.findings if f.level is Level.FAIL)
    assert words in failure.text
    assert failure.fix
    assert found.ddl == ""


def test_newer_needs_a_write_time() -> None:
    """Nothing else tells which row is newer."""
    columns = (key("id", "int"), column("v", "int"))
    assert "needs the time" in failures(made(*columns, conflict=Conflict.NEWER))[0]
    said = (ColumnMapping(source="v", writetime="at"),)
    assert failures(made(*columns, conflict=Conflict.NEWER, said=said)) == []


def test_newer_names_the_columns_whose_changes_it_cannot_see() -> None:
    """A row is judged by the write times that are copied, so a warning names the others."""
    columns = (key("id", "int"), column("v", "int"), column("w", "int"))
    said = (ColumnMapping(source="v", writetime="at"),)
    (found,) = made(*columns, conflict=Conflict.NEWER, said=said).findings
    assert (found.level, found.fix) == (
        Level.WARN,
        '[tables.columns.w] writetime = "a target column"',
    )
    assert "does not see when w changed" in found.text
    all_said = (*said, ColumnMapping(source="w", writetime="wat"))
    assert made(*columns, conflict=Conflict.NEWER, said=all_said).findings == ()


def test_a_lossy_type_is_taken_by_those_who_ask_for_it() -> None:
    """And they are told again."""
    said = ColumnMapping(source="v", type="FLOAT", lossy=True)
    found = made(key("id", "int"), column("v", "double"), said=(said,))
    assert (failures(found), found.columns[1].verdict) == ([], Verdict.LOSSY)
    assert [f.level for f in found.findings] == [Level.WARN]


def test_a_declared_replacement_makes_the_column_not_null() -> None:
    """Nobody but the operator can then put a NULL there."""
    said = (ColumnMapping(source="v", null=""),)
    found = made(key("id", "int"), column("v", "text"), said=said)
    assert f"`v` LONGTEXT{UTF8} NOT NULL" in found.ddl
    assert (found.columns[1].null, found.columns[1].limits.nullable) == ("", True)


def test_a_row_of_too_many_bytes_is_refused_before_mysql_does() -> None:
    """The widest column is named, with a type that lies outside the row."""
    said = tuple(ColumnMapping(source=c, type="VARCHAR(9000)") for c in ("a", "b"))
    found = made(key("id", "int"), column("a", "text"), column("b", "text"), said=said)
    (failure,) = (f for f in found.findings if f.level is Level.FAIL)
    assert "72,011 bytes a row" in failure.text
    assert failure.fix.startswith('[tables.columns.a] type = "LONGTEXT"')


def test_a_table_of_too_many_columns_is_refused() -> None:
    """InnoDB takes 1,017."""
    found = made(key("id", "int"), *(column(f"c{n}", "int") for n in range(1017)))
    assert failures(found) == ["1018 columns, and InnoDB takes 1,017"]


@pytest.mark.parametrize(
    ("flavour", "cql", "most"),
    [
        (Flavour.MYSQL, "text", 196),
        (Flavour.MYSQL, "blob", 196),
        (Flavour.MYSQL, "inet", 196),
        (Flavour.MYSQL, "decimal", 268),
        (Flavour.MYSQL, "uuid", 224),
        (Flavour.MYSQL, "bigint", 997),
        (Flavour.MARIADB, "text", 382),
        (Flavour.MARIADB, "inet", 175),
        (Flavour.MARIADB, "bigint", 997),
    ],
)
def test_columns_that_do_not_fit_a_page_are_told_before(
    flavour: Flavour, cql: str, most: int
) -> None:
    """Beside an INT key, except large ones beside one of 36 bytes; measured on MySQL, MariaDB."""
    first = key("id", "uuid" if most in (196, 382) else "int")
    for count, failed in ((most, False), (most + 1, True)):
        source = table(first, *(column(f"c{n}", cql) for n in range(count)))
        found = plan(source, TableMapping(target="t"), database="shop", flavour=flavour)
        assert [f for f in failures(found) if "cannot be created" in f] != [] or not failed
        assert failures(found) == [] or failed


def test_rows_that_may_not_fit_a_page_are_a_warning() -> None:
    """MariaDB creates the table; in MySQL a long key stays in the page whole."""
    columns = (key("id", "int"), *(column(f"c{n}", "text") for n in range(250)))
    maria = plan(table(*columns), TableMapping(target="t"), database="s", flavour=Flavour.MARIADB)
    long = made(key("id", "text"), *columns[1:197])
    for found in (maria, long):
        (warning,) = (f for f in found.findings if "of a row in its page" in f.text)
        assert warning.level is Level.WARN
        assert "skip = true" in warning.fix
    assert failures(made(*columns))[0].startswith("251 columns keep 10,304 bytes of a row")


def test_every_limit_names_the_option_that_would_take_more() -> None:
    """A refusal of the codec can then say it; the table is there by then and has to go first."""
    anew = "; if the table is there: DROP TABLE, then --new"
    columns = (key("id", "text"), column("a b", "text"), column("n", "int"))
    assert [c.limits.fix for c in made(*columns).columns] == [
        f'[[tables]] key = "digest"{anew}',
        f'[tables.columns."a b"] type = "LONGBLOB"{anew}',
        f'[tables.columns.n] type = "VARBINARY(4)"{anew}',
    ]
