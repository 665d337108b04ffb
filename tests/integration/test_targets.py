"""Targets on the real servers: what is created is found again, and what is there is judged."""

from __future__ import annotations

import mysql.connector
import pytest

from cass_snapshot.errors import PreflightError
from cass_snapshot.model import Column, Table
from cass_snapshot.planned import ColumnMapping, Level, TableMapping, Verdict
from tests.support.admin_bench import SIZE, Bench, bench
from tests.support.made_targets import failures
from tests.support.typed_cells import clustering, column, key, table

pytestmark = pytest.mark.servers
__all__ = ["bench"]

ROW_TOO_LARGE = 1118
SCALARS = (
    *("ascii", "text", "blob", "boolean", "tinyint", "smallint", "int", "bigint", "varint"),
    *("decimal", "float", "double", "date", "time", "timestamp", "uuid", "timeuuid", "inet"),
)
PARTS = (
    *("list<int>", "set<text>", "map<int, text>", "frozen<list<int>>", "vector<float, 3>"),
    *("frozen<tuple<int, text>>", "frozen<address{street text}>", "duration"),
)
EVERY = table(
    *(key(f"k{n}", cql) for n, cql in enumerate(SCALARS[:8])),
    *(clustering(f"c{n}", cql) for n, cql in enumerate(SCALARS[8:14])),
    *(column(f"v{n}", cql) for n, cql in enumerate((*SCALARS, *PARTS))),
)
MAPPINGS = {
    "readable": TableMapping(target="t"),
    "exact": TableMapping(target="t", profile="exact"),
    "digest": TableMapping(target="t", digest_key=True),
    "digest, exact": TableMapping(target="t", profile="exact", digest_key=True),
    "token": TableMapping(target="t", token_column=True),
    "types": TableMapping(
        target="t",
        columns=(
            ColumnMapping(source="v1", name="text", type="VARCHAR(40)", null="", writetime="w1"),
            ColumnMapping(source="v6", type="INTEGER UNSIGNED", null=0, ttl="t6"),
            ColumnMapping(source="v9", type="NUMERIC(10, 2)", null="0.5"),
            ColumnMapping(source="v3", type="BOOL", null=False),
            ColumnMapping(source="v15", type="BINARY(16)"),
            ColumnMapping(source="v10", type="FLOAT", lossy=True),
            ColumnMapping(source="v18", type="JSON", lossy=True),
            ColumnMapping(source="v14", type="TIMESTAMP(3)"),
            ColumnMapping(source="v13", skip=True),
        ),
    ),
}


@pytest.mark.parametrize("name", MAPPINGS)
def test_a_table_that_was_created_is_planned_as_it_was_before(bench: Bench, name: str) -> None:
    """A run that goes on finds its own target: equal columns, definitions, key, and owned."""
    mapping = MAPPINGS[name]
    planned = bench.admin.plan(EVERY, mapping)
    assert (failures(planned), planned.exists) == ([], False)
    bench.admin.compare(planned)
    bench.admin.create(planned)
    again = bench.admin.plan(EVERY, mapping)
    assert (failures(again), again.exists) == ([], True)
    assert planned.definitions == again.definitions
    for before, now in zip(planned.columns, again.columns, strict=True):
        assert (before.name, before.form, before.null, before.reading) == (
            now.name,
            now.form,
            now.null,
            now.reading,
        )
        assert replace_fix(before) == replace_fix(now), before.name
    assert (planned.key, planned.owned) == (again.key, again.owned)
    bench.admin.compare(again)


def replace_fix(found: object) -> str:
    """Return a planned column without the advice, which differs for a table that is there."""
    text = repr(found)
    return text[: text.index("fix=")] + text[text.index("reading=") :]


ID, BODY = key("id", "uuid"), column("body", "text")
FILES = """CREATE TABLE {db}.t (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    file_id CHAR(36) NOT NULL,
    body MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
    size INT UNSIGNED NULL,
    seen DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    twice BIGINT GENERATED ALWAYS AS (size * 2) VIRTUAL,
    note VARCHAR(20) NULL,
    UNIQUE KEY carrier (file_id), UNIQUE KEY notes (note)
) ENGINE=InnoDB CHARACTER SET utf8mb4"""
SAID = (ColumnMapping(source="id", name="file_id"), ColumnMapping(source="body", null=""))


def test_a_table_with_a_surrogate_key_is_matched_by_its_unique_key(bench: Bench) -> None:
    """What nothing maps to is left to MySQL and named; a unique key of NULLs cannot be hit."""
    bench.sql(FILES)
    found = bench.plan(ID, BODY, SIZE, said=SAID, match=("file_id",))
    assert failures(found) == []
    assert (found.key, found.owned) == (("file_id",), False)
    assert [c.name for c in found.columns] == ["file_id", "body", "size"]
    assert (found.columns[1].null, found.columns[1].limits.bytes_max) == ("", 2**24 - 1)
    assert found.columns[2].limits.integer_min == 0
    (left,) = (f.text for f in found.findings if f.level is Level.OK)
    assert left == (
        "left to MySQL: id (AUTO_INCREMENT), seen (its default), twice (generated), note (NULL)"
    )
    bench.admin.compare(found)


@pytest.mark.parametrize(
    ("columns", "said", "change", "words"),
    [
        ((ID, BODY), SAID[:1], "", "match = ['id'] is not (file_id)"),
        ((ID, BODY, column("more", "int")), SAID[:1], "", "t has no column more"),
        ((ID, BODY, column("twice", "int")), SAID[:1], "", "twice is generated by MySQL"),
        ((ID, SIZE), SAID[:1], "", "body of t is NOT NULL, has no default, and nothing maps"),
        (
            (ID, BODY),
            SAID[:1],
            "ALTER TABLE {db}.t ADD UNIQUE KEY bodies (body(9))",
            "unique key bodies",
        ),
        (
            (key("id", "text"), BODY),
            SAID[:1],
            "ALTER TABLE {db}.t MODIFY file_id CHAR(36) COLLATE utf8mb4_general_ci NOT NULL",
            "collation utf8mb4_general_ci takes 'a' and 'A' for one key",
        ),
        ((ID, column("body", "blob")), SAID[:1], "", "MEDIUMTEXT cannot hold blob"),
        ((ID, BODY), SAID[:1], "ALTER TABLE {db}.t ENGINE=MyISAM", "table of engine MyISAM"),
    ],
)
def test_a_mapping_that_cannot_hold_is_named(
    bench: Bench,
    columns: tuple[Column, ...],
    said: tuple[ColumnMapping, ...],
    change: str,
    words: str,
) -> None:
    """The plan has the failure and its fix; ``compare`` refuses with them."""
    bench.sql(FILES, *([change] if change else []))
    match = ("id",) if words.startswith("match") else ("file_id",)
    found = bench.plan(*columns, said=said, match=match)
    assert [f for f in failures(found) if words in f], failures(found)
    assert all(f.fix for f in found.findings if f.level is not Level.OK)
    with pytest.raises(PreflightError, match="cannot be copied into"):
        bench.admin.compare(found)


def test_not_null_without_a_replacement_is_a_warning(bench: Bench) -> None:
    """A row with NULL there will be refused by name."""
    bench.sql(FILES)
    found = bench.plan(ID, BODY, said=SAID[:1], match=("file_id",))
    assert failures(found) == []
    assert not found.columns[1].limits.nullable
    (warning,) = (f for f in found.findings if f.level is Level.WARN)
    assert warning.text == "body is NOT NULL: a NULL body is refused"
    assert warning.fix.startswith("[tables.columns.body] null = ")


def test_what_hangs_on_a_table_forbids_replacing_its_rows(bench: Bench) -> None:
    """A trigger on DELETE and a child's foreign key; each is named."""
    source = (key("id", "int"), SIZE)
    bench.sql("CREATE TABLE {db}.t (id INT NOT NULL PRIMARY KEY, size INT)")
    assert bench.plan(*source).owned
    bench.sql(
        "CREATE TABLE {db}.child (p INT, CONSTRAINT hangs FOREIGN KEY (p) REFERENCES {db}.t (id))"
    )
    found = bench.plan(*source)
    assert (failures(found), found.owned) == ([], False)
    assert "foreign key hangs refers to t" in found.findings[0].text
    bench.sql(
        "DROP TABLE {db}.child",
        "CREATE TRIGGER {db}.watch BEFORE DELETE ON {db}.t FOR EACH ROW SET @gone = OLD.id",
    )
    found = bench.plan(*source)
    assert (failures(found), found.owned) == ([], False)
    assert "trigger watch fires on DELETE" in found.findings[0].text


def test_a_view_is_no_target(bench: Bench) -> None:
    """It has no keys of its own."""
    bench.sql("CREATE VIEW {db}.t AS SELECT 1 AS id, 2 AS size")
    assert "t is a view" in failures(bench.plan(key("id", "int"), SIZE))[0]


def test_columns_that_nothing_maps_to_are_not_owned(bench: Bench) -> None:
    """REPLACE would set them back to their defaults."""
    bench.sql("CREATE TABLE {db}.t (id INT NOT NULL PRIMARY KEY, size INT, mine INT NULL)")
    found = bench.plan(key("id", "int"), SIZE)
    assert (failures(found), found.owned) == ([], False)


def test_a_key_of_several_columns_is_matched_in_any_order(bench: Bench) -> None:
    """The plan keeps the source's order."""
    bench.sql(
        "CREATE TABLE {db}.t (n BIGINT AUTO_INCREMENT PRIMARY KEY, A INT, B INT, UNIQUE (b, a))"
    )
    found = bench.plan(key("a", "int"), clustering("b", "int"), match=("a", "b"))
    assert (failures(found), found.key) == ([], ("A", "B"))
    assert [c.verdict for c in found.columns] == [Verdict.CHECKED, Verdict.CHECKED]


def test_a_missing_table_is_a_failure_where_none_may_be_created(bench: Bench) -> None:
    """``create_tables`` is the key to change."""
    bench.admin._settings = bench.admin._settings.model_copy(update={"create_tables": "never"})
    found = bench.admin.plan(table(ID), TableMapping(target="t"))
    assert "create_tables" in failures(found)[0]


def test_digests_go_into_a_table_that_is_there(bench: Bench) -> None:
    """Its matched column must be BINARY(32); a token column is written where there is one."""
    source: Table = table(key("id", "text"), SIZE)
    bench.sql(
        "CREATE TABLE {db}.t (d BINARY(32) NOT NULL PRIMARY KEY, size INT,"
        " id LONGTEXT CHARACTER SET utf8mb4)"
    )
    mapping = TableMapping(target="t", match=("d",), digest_key=True)
    found = bench.admin.plan(source, mapping)
    assert (failures(found), found.key, len(found.columns)) == ([], ("d",), 3)
    bench.sql("ALTER TABLE {db}.t MODIFY d BINARY(16) NOT NULL")
    assert "BINARY(16)" in failures(bench.admin.plan(source, mapping))[0]


def test_a_server_is_told_in_findings(bench: Bench) -> None:
    """Version, session, settings and grants; each that is not fine has its fix."""
    found = bench.admin.findings()
    assert bench.admin.heading in {f.text for f in found}
    assert all(f.fix for f in found if f.level is not Level.OK)
    assert not [f for f in found if f.level is Level.FAIL]
    text = "\n".join(f.text for f in found)
    for word in ("READ COMMITTED", "max_allowed_packet", "local_infile", "commit", bench.database):
        assert word in text


@pytest.mark.parametrize("cql", ["text", "inet"])
def test_a_table_is_created_with_as_many_columns_as_the_plan_allows(bench: Bench, cql: str) -> None:
    """One more is refused by the server, and by the plan before it."""
    flavour = bench.admin.heading.partition(" ")[0]
    most = {("mysql", "text"): 197, ("mysql", "inet"): 197, ("mariadb", "text"): 383}
    count = most.get((flavour, cql), 175)
    columns = [key("id", "int"), *(column(f"c{n}", cql) for n in range(count + 1))]
    fits, fails = bench.plan(*columns[:-1]), bench.plan(*columns)
    assert (failures(fits), len(failures(fails))) == ([], 1)
    bench.admin.create(fits)
    last = fits.definitions[-1]
    with pytest.raises(mysql.connector.Error) as refused:
        bench.sql(f"ALTER TABLE {{db}}.t ADD COLUMN more {last} NULL, ALGORITHM=COPY")
    assert refused.value.errno == ROW_TOO_LARGE
