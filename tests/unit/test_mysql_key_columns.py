"""What the key of a created table is: types that tell keys apart, a digest, a token beside it."""

from __future__ import annotations

import pytest

from cass_snapshot.forms import Form
from cass_snapshot.mysql.columns import target_columns
from cass_snapshot.planned import ColumnMapping, Level, Reading, Verdict
from tests.support.made_targets import (
    ASCII,
    COMPOUND,
    EXACT,
    NO_KEYS,
    REGULAR,
    UTF8,
    failures,
    made,
    planned,
)
from tests.support.typed_cells import clustering, column, key

FROZEN = tuple(c for c in (*COMPOUND, "vector<float, 3>") if c not in NO_KEYS)
IN_KEY = {
    **{cql: sql for cql, sql in REGULAR.items() if cql not in NO_KEYS},
    **dict.fromkeys(("ascii", "text", "varchar"), "VARCHAR(768)" + UTF8),
    **dict.fromkeys((*FROZEN, "blob"), "VARBINARY(3072)"),
    "decimal": "VARCHAR(80)" + ASCII,
}
IN_EXACT_KEY = {
    **{cql: sql for cql, sql in EXACT.items() if cql not in NO_KEYS},
    **dict.fromkeys(("ascii", "text", "varchar", "varint", "decimal"), "VARBINARY(3072)"),
    **dict.fromkeys((*FROZEN, "blob"), "VARBINARY(3072)"),
}


@pytest.mark.parametrize("cql", IN_KEY)
def test_a_key_column_has_a_type_that_tells_keys_apart(cql: str) -> None:
    """Texts by their bytes and without padding, decimals with their scale."""
    found = planned(key("v", cql))[0]
    assert IN_KEY[cql] == found.definition
    assert (found.in_key, found.planned.limits.identity) == (True, True)
    assert not found.planned.limits.nullable


@pytest.mark.parametrize("cql", IN_EXACT_KEY)
def test_a_key_column_of_the_exact_profile_holds_the_bytes(cql: str) -> None:
    """What is not a plain number is raw."""
    found = made(key("v", cql), profile="exact")
    assert (found.definitions[0], failures(found)) == (IN_EXACT_KEY[cql], [])
    assert found.columns[0].limits.identity


def test_texts_of_a_key_share_what_fixed_columns_leave() -> None:
    """3,072 bytes less 8 for the bigint, by two, by four bytes a character."""
    found = planned(key("a", "text"), clustering("b", "bigint"), clustering("c", "text"))
    assert [c.definition.partition(" ")[0] for c in found] == [
        "VARCHAR(383)",
        "BIGINT",
        "VARCHAR(383)",
    ]
    assert [c.planned.limits.chars_max for c in found] == [383, None, 383]


def test_a_key_of_seventeen_parts_needs_a_digest() -> None:
    """InnoDB takes sixteen; the fix is the digest key, which then works."""
    sixteen, seventeen = ([key(f"k{i}", "int") for i in range(n)] for n in (16, 17))
    assert failures(made(*sixteen)) == []
    found = made(*seventeen)
    assert "does not fit an InnoDB key: 17 parts" in failures(found)[0]
    assert {f.fix for f in found.findings} == {'[[tables]] key = "digest"'}
    assert failures(made(*seventeen, digest_key=True)) == []


def test_a_digest_key_stands_last_and_frees_the_other_columns() -> None:
    """The key columns are as wide as any; the token is indexed."""
    found = made(key("id", "text"), clustering("n", "decimal"), column("v", "int"), digest_key=True)
    assert found.key == ("cassandra_key",)
    assert [(c.name, c.reading, c.form) for c in found.columns[3:]] == [
        ("cassandra_key", Reading.DIGEST, Form.HEX),
        ("cassandra_token", Reading.TOKEN, Form.INTEGER),
    ]
    assert found.definitions == ("LONGTEXT" + UTF8, "DECIMAL(65,30)", "INT", "BINARY(32)", "BIGINT")
    assert "PRIMARY KEY (`cassandra_key`),\n  KEY (`cassandra_token`)" in found.ddl
    assert [c.verdict for c in found.columns[3:]] == [Verdict.EXACT, Verdict.EXACT]


def test_a_token_column_stands_beside_the_natural_key() -> None:
    """Only it is indexed besides."""
    found = made(key("id", "int"), token_column=True)
    assert (found.key, [c.name for c in found.columns]) == (("id",), ["id", "cassandra_token"])
    assert "PRIMARY KEY (`id`),\n  KEY (`cassandra_token`)" in found.ddl


@pytest.mark.parametrize("cql", ["varint", "decimal", "double", "float"])
def test_a_natural_key_that_refuses_some_numbers_offers_the_digest(cql: str) -> None:
    """Non-minimal varints, -0.0 and long decimals are keys of their own in Cassandra."""
    (found,) = (f for f in made(key("k", cql)).findings if f.level is Level.WARN)
    assert found.text.startswith(f"key k {cql}: refused: ")
    assert found.fix == '[[tables]] key = "digest"'
    assert not [f for f in made(key("k", cql), digest_key=True).findings if f.level is Level.WARN]


def test_a_created_table_is_matched_by_its_primary_key_alone() -> None:
    """It has no other key."""
    columns = (key("id", "int"), column("v", "int"))
    assert failures(made(*columns, match=("ID",))) == []
    assert "created with the primary key (id)" in failures(made(*columns, match=("v",)))[0]


def test_the_primary_key_has_the_order_of_the_source() -> None:
    """Partition key, then clustering columns."""
    source = (key("b", "int"), key("a", "int"), clustering("c", "int"), column("d", "int"))
    assert made(*source).key == ("b", "a", "c")


def test_columns_of_a_plan_are_renamed_and_know_the_key() -> None:
    """A plan crosses the pipe as records and texts."""
    said = (ColumnMapping(source="k", name="file_id"),)
    found = target_columns(made(key("k", "int"), column("v", "text"), said=said))
    assert [(c.name, c.in_key, c.textual) for c in found] == [
        ("file_id", True, False),
        ("v", False, True),
    ]
