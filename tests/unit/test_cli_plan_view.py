"""``plan`` as text: it fits, every word is explained, and nothing that matters is cut away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cass_snapshot.cli.plan_view import plan_lines
from cass_snapshot.forms import Form
from cass_snapshot.planned import Conflict, Finding, Level, Reading, Verdict
from cass_snapshot.snapshot.preflight.ordering import ApplyOrder, Ordering
from cass_snapshot.snapshot.preflight.preview import (
    Change,
    ColumnPreview,
    Estimate,
    Preview,
    Rate,
    Sampled,
    TablePreview,
)

ADDRESS = 'address{street text, "House No" int, phones frozen<list<frozen<tuple<text, text>>>>}'
TYPES = (
    ("ascii", "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin", "exact", ""),
    ("text", "LONGTEXT", "checked", "text that is not UTF-8 is refused"),
    ("blob", "LONGBLOB", "exact", ""),
    ("boolean", "TINYINT(1)", "checked", "any byte but 0 is true"),
    ("tinyint", "TINYINT", "checked", "an empty value is refused"),
    ("smallint", "SMALLINT", "checked", "an empty value is refused"),
    ("int", "INT", "checked", "an empty value is refused"),
    ("bigint", "BIGINT", "checked", "an empty value is refused"),
    ("varint", "DECIMAL(65,0)", "checked", "65 digits; more are refused"),
    ("decimal", "DECIMAL(65,30)", "checked", "equal as a number: 1.0 and 1.00 are the same"),
    ("float", "FLOAT", "lossy if forced", "a FLOAT is read back with six digits"),
    ("double", "DOUBLE", "checked", "NaN and the infinities are refused"),
    ("date", "DATE", "checked", "years 1000 to 9999; others are refused"),
    ("time", "TIME(6)", "checked", "microseconds; nanoseconds beyond them are refused"),
    ("timestamp", "DATETIME(3)", "checked", "UTC, years 1000 to 9999; others are refused"),
    ("uuid", "CHAR(36)", "checked", "an empty value is refused"),
    ("timeuuid", "CHAR(36)", "checked", "an empty value is refused"),
    ("inet", "VARCHAR(45)", "checked", ""),
    ("duration", "VARCHAR(64)", "exact", ""),
    ("list<int>", "LONGTEXT", "exact", "as JSON, in Cassandra's order"),
    ("set<text>", "LONGTEXT", "exact", "as JSON, in Cassandra's order"),
    ("map<text, frozen<list<frozen<map<int, timestamp>>>>>", "LONGTEXT", "exact", "as JSON"),
    ("tuple<int, text, double>", "LONGTEXT", "exact", "as JSON"),
    (f"frozen<{ADDRESS}>", "LONGTEXT", "exact", "as JSON, fields by name"),
    (f"map<frozen<{ADDRESS}>, frozen<list<frozen<{ADDRESS}>>>>", "LONGTEXT", "exact", "as JSON"),
    ("vector<float, 1536>", "LONGTEXT", "exact", "as JSON"),
    ("'org.apache.cassandra.db.marshal.LexicalUUIDType'", "LONGTEXT", "impossible", "unknown type"),
)


def column(
    number: int, cql_type: str, sql_type: str, verdict: str, note: str, **more: object
) -> ColumnPreview:
    """Return a column whose name comes from its type."""
    name = f"c{number:02}_{cql_type.strip(chr(39)).partition('<')[0].partition('{')[0][:24]}"
    plain: dict[str, object] = {
        "column": name,
        "kind": "partition_key" if number == 0 else "regular",
        "reading": Reading.VALUE,
        "form": Form.JSON if "<" in cql_type else Form.TEXT,
        "target": name,
    }
    return ColumnPreview(
        cql_type=cql_type,
        sql_type=sql_type,
        verdict=Verdict(verdict),
        note=note,
        **(plain | more),  # type: ignore[arg-type]  # fields by name
    )


def all_types(*, renamed: bool = False) -> Preview:
    """Return a plan of a table with a column of every type."""
    columns = [column(n, *told) for n, told in enumerate(TYPES)]
    columns[3] = replace(columns[3], null=False)
    columns[12] = replace(columns[12], refused=3)
    if renamed:
        columns[1] = replace(columns[1], target="the_name_of_the_owner_of_the_file")
        columns.append(
            replace(columns[2], reading=Reading.WRITETIME, target="body_at", sql_type="BIGINT")
        )
    ddl = ",\n".join(f"  `{c.target}` {c.sql_type} NULL" for c in columns)
    table = TablePreview(
        source="shop.everything",
        target="shop.everything",
        exists=False,
        profile="readable",
        conflict=Conflict.OVERWRITE,
        statement="LOAD DATA ... REPLACE",
        statement_why="the rows are wholly ours",
        key=(columns[0].target,),
        key_why="the Cassandra primary key",
        ranges=256,
        where="",
        partitions=False,
        columns=tuple(columns),
        skipped=("draft",),
        ddl=f"CREATE TABLE `shop`.`everything` (\n{ddl},\n  PRIMARY KEY (`{columns[0].target}`)\n)",
        sampled=Sampled(rows=2000, whole=False, bytes=620_000, wal_bytes=800_000, refused=3),
        estimate=Estimate(
            rows_estimate=1_200_000,
            bytes_estimate=372_000_000,
            wal_bytes_estimate=480_096_000,
            seconds_estimate=108.5,
        ),
        rate=Rate(run_id="20261120T104211-k3f9", rows_per_s=11_062.0),
        findings=(
            Finding(level=Level.OK, text="nothing hangs on a deletion"),
            Finding(level=Level.FAIL, text="column c26: no type holds it", fix="skip = true"),
            Finding(
                level=Level.WARN,
                text="column c12_date: 3 of 2,000 sampled rows would be set aside: the year is"
                " outside of 1000 to 9999, which DATE cannot hold",
                fix='[tables.columns.c12_date] type = "INT", or profile = "exact"',
            ),
        ),
    )
    return Preview(
        source="cassandra dc1, 6 nodes, 5.0.4, LOCAL_QUORUM",
        target="mysql db1.internal:3306/shop, 9.7.0",
        workers=8,
        run_directory="runs",
        free_bytes=212 * 2**30,
        tables=(table,),
        last_run="20261120T104211-k3f9",
        changes=(Change(key="run.workers", before="4", now="8"),),
    )


@pytest.mark.parametrize("width", [80, 90, 100])
@pytest.mark.parametrize("renamed", [False, True])
def test_a_table_of_every_type_fits_the_terminal(width: int, renamed: bool) -> None:
    """No line is wider, however long names, types and notes are."""
    assert max(map(len, plan_lines(all_types(renamed=renamed), width))) <= width


@pytest.mark.parametrize("width", [80, 100])
def test_every_column_verdict_and_note_is_there(width: int) -> None:
    """Cells may wrap, but no name of a plain table and no note is lost."""
    text = " ".join(" ".join(plan_lines(all_types(), width)).split())
    for _, sql_type, verdict, _ in TYPES:
        assert sql_type.split()[0] in text
        assert verdict in text
    assert "years 1000 to 9999; others are refused; 3 sampled values refused" in (
        text if width == 80 else all_notes(width)
    )
    assert "NULL becomes false, counted" in (text if width == 80 else all_notes(width))


def all_notes(width: int) -> str:
    """Return what stands in the last column, as running text."""
    lines = plan_lines(all_types(), width)
    head = next(line for line in lines if "what to expect" in line)
    at = head.index("what to expect")
    return " ".join(" ".join(line[at:] for line in lines).split())


def test_a_type_that_does_not_fit_its_cell_is_told_whole_below() -> None:
    """And a user type with its fields."""
    lines = [" ".join(line.split()) for line in plan_lines(all_types(), 100)]
    below = "\n".join(lines[lines.index("types in full") :])
    assert "map<text, frozen<list<frozen<map<int, timestamp>>>>>" in below
    assert 'address type {street text, "House No" int, phones' in below


def test_the_words_that_occur_are_explained_and_no_others() -> None:
    """A newcomer need not look anything up."""
    preview = all_types()
    (table,) = preview.tables
    exact = tuple(c for c in table.columns if c.verdict is Verdict.EXACT)
    text = "\n".join(plan_lines(replace(preview, tables=(replace(table, columns=exact),)), 100))
    assert "every value comes back equal" in text
    assert "refused by name" not in text
    assert "lossy = true" in "\n".join(plan_lines(preview, 100))


def test_a_renamed_column_and_what_is_made_beside_it_are_named() -> None:
    """Then the target has a column of its own in the table."""
    lines = plan_lines(all_types(renamed=True), 100)
    assert any("WRITETIME(c02_blob" in line and "body_at" in line for line in lines)
    assert "target" in next(line for line in lines if "CQL type" in line)
    assert " target " not in next(line for line in plan_lines(all_types(), 100) if "CQL" in line)


def test_what_stops_a_run_ends_the_plan_with_its_code() -> None:
    """Failures stand before warnings; what is well is not shown."""
    lines = plan_lines(all_types(), 80)
    assert lines[-1] == f"{'run would stop: 1 failed, 1 warning':<74}exit 3"
    text = "\n".join(lines)
    assert text.index("fail  column c26") < text.index("warn  column c12")
    assert "nothing hangs on a deletion" not in text


def test_columns_that_are_left_to_the_target_are_named() -> None:
    """Whoever wonders what becomes of his own columns reads it in the plan."""
    plan = all_types()
    left = Finding(level=Level.OK, text="left to MySQL: id (AUTO_INCREMENT), gen (generated)")
    table = replace(plan.tables[0], findings=(left,))
    lines = plan_lines(replace(plan, tables=(table,)), 80)
    assert "  unmapped  left to MySQL: id (AUTO_INCREMENT), gen (generated)" in lines


def test_a_plan_without_trouble_says_so() -> None:
    """With exit code 0."""
    preview = all_types()
    (table,) = preview.tables
    lines = plan_lines(replace(preview, tables=(replace(table, findings=()),)), 80)
    assert lines[-1] == f"{'run can start':<74}exit 0"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"sampled": None, "estimate": Estimate()}, "not known: no row was read"),
        (
            {"estimate": Estimate()},
            "not known: Cassandra has no estimate; about ~310 B a row",
        ),
        (
            {
                "sampled": Sampled(rows=12, whole=True, bytes=3_720, wal_bytes=5_000),
                "estimate": Estimate(
                    rows_estimate=12, bytes_estimate=3_720, wal_bytes_estimate=5_400, counted=True
                ),
            },
            "12 rows of 3.6 KiB altogether, counted",
        ),
        (
            {
                "sampled": Sampled(rows=0, whole=True, bytes=0, wal_bytes=0),
                "estimate": Estimate(rows_estimate=0, bytes_estimate=0, counted=True),
            },
            "the table is empty",
        ),
    ],
)
def test_a_size_that_is_not_known_is_not_guessed(table: dict[str, object], said: str) -> None:
    """A small table is counted, and a count has no tilde."""
    preview = all_types()
    changed = replace(preview.tables[0], rate=None, **table)  # type: ignore[arg-type]  # by name
    text = "\n".join(plan_lines(replace(preview, tables=(changed,)), 100))
    assert said in text
    assert "rows/s" not in text


@pytest.mark.parametrize(
    ("order", "overlap", "said"),
    [
        ("token", False, "order as read, by token: the table is small"),
        ("key", False, "order of the target's key: the table is small; windows of at most 4.0 GiB"),
        ("key", True, "of WAL, the next captured meanwhile"),
    ],
)
def test_the_order_of_the_rows_is_said_with_its_reason(
    order: str, overlap: bool, said: str
) -> None:
    """And the size of the windows, where there are any."""
    preview = all_types()
    ordering = Ordering(
        order=ApplyOrder(order),
        window_bytes=4 * 2**30,
        slice_bytes=2**26,
        overlap=overlap,
        why="the table is small",
    )
    table = replace(preview.tables[0], ordering=ordering)
    lines = plan_lines(replace(preview, tables=(table,)), 80)
    assert said in " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= 80


def test_the_ddl_can_be_copied_as_it_stands() -> None:
    """Lines break between words alone, so that it means the same."""
    preview = all_types()
    lines = plan_lines(preview, 80)
    shown = lines[lines.index("  DDL that run executes:") + 1 : -1]
    assert " ".join(" ".join(shown).split()) == " ".join(preview.tables[0].ddl.split())


def test_a_target_that_exists_has_no_ddl() -> None:
    """Nothing is created."""
    preview = all_types()
    table = replace(preview.tables[0], exists=True, ddl="")
    lines = plan_lines(replace(preview, tables=(table,)), 80)
    assert "shop.everything -> shop.everything, which exists" in lines
    assert not any("DDL" in line for line in lines)


@pytest.mark.parametrize(
    ("over", "said"), [(True, "a run ends beyond it: exit 6"), (False, "so that a run goes on")]
)
def test_a_sample_with_rows_to_set_aside_is_held_against_the_budget(over: bool, said: str) -> None:
    """Before the run has to find out."""
    preview = all_types()
    table = replace(preview.tables[0], over_budget=over)
    shown = replace(preview, tables=(table,), rejected_max="0.1%")
    text = " ".join(" ".join(plan_lines(shown, 100)).split())
    assert f"3 of 2,000 rows would be set aside in rejected/; rejected_max is 0.1%, {said}" in text


def test_a_run_that_goes_on_is_named_with_what_it_has() -> None:
    """A new one needs no name yet."""
    preview = replace(all_types(), continues="20261120T104211-k3f9", ranges_done=74)
    lines = plan_lines(preview, 100)
    assert lines[4] == (
        "  run       continues 20261120T104211-k3f9: 74/256 ranges are applied, 8 workers"
    )
    assert "  run       a new one, 8 workers" in plan_lines(all_types(), 100)
