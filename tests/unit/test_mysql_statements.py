"""SQL text: quoted, and complete."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cass_snapshot.errors import PreflightError
from cass_snapshot.forms import Form
from cass_snapshot.mysql import bulk, control, rows, statements
from cass_snapshot.mysql.columns import Flavour, TargetColumn
from cass_snapshot.mysql.statements import quote
from cass_snapshot.planned import Conflict, Reading
from tests.support.dialects import identifier, literal
from tests.support.typed_cells import clustering, column, key, plan_columns, table

OPERATOR_MD = {
    "snapshot_runs": "run_id source target fingerprint state epoch started_at ended_at exit_code"
    " version",
    "snapshot_checkpoints": "run_id range_start range_end position batch_seq rows_read"
    " rows_written row_digest state attempts worker updated_at",
    "snapshot_wal": "run_id range batch_seq segment offset rows bytes checksum state error_code"
    " created_at",
    "snapshot_validation": "table_name cassandra_count mysql_count diff status created_at run_id"
    " missing mismatched extra ranges_equal ranges_total",
    "snapshot_rejected": "run_id source row_id range state error_code column_name updated_at",
}
"""The interface: what each control table holds at least."""


def planned(flavour: Flavour = Flavour.MYSQL) -> tuple[TargetColumn, ...]:
    """Return a target's columns: a key of two parts, a text and a blob."""
    source = table(key("id", "uuid"), clustering("at", "int"), column("note", "text"))
    source = table(*source.columns, column("sum`s", "blob"))
    return plan_columns(source, flavour)


NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=64)


@given(NAMES.filter(lambda name: name and not name.endswith(" ")))
def test_any_name_that_mysql_has_is_read_back_from_its_quotes(name: str) -> None:
    """Backticks, quotes, spaces, percent signs and keywords included."""
    assert name == identifier(quote(name))


@pytest.mark.parametrize("name", ["", "x" * 65, "a\0b", "trailing "])
def test_a_name_that_mysql_does_not_have_is_refused(name: str) -> None:
    """Before any statement is sent."""
    with pytest.raises(PreflightError, match="cannot be a name in MySQL"):
        quote(name)


def test_a_target_is_created_with_its_key_and_an_engine_that_has_transactions() -> None:
    """Key columns cannot be NULL; the row format takes keys of 3,072 bytes."""
    sql = statements.create_target("`shop`.`t`", planned(), ["id", "at"])
    assert sql.startswith("CREATE TABLE `shop`.`t` (\n  `id` CHAR(36) CHARACTER SET ascii")
    assert "  `at` INT NOT NULL,\n" in sql
    assert "  `note` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NULL,\n" in sql
    assert "  `sum``s` LONGBLOB NULL,\n" in sql
    assert "  PRIMARY KEY (`id`, `at`)\n" in sql
    assert sql.endswith("ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4")


def test_mariadb_gets_its_own_collation_without_padding() -> None:
    """Its name differs; utf8mb4_bin would pad."""
    assert "utf8mb4_nopad_bin" in statements.create_target("`t`", planned(Flavour.MARIADB), ["id"])


def test_a_load_replaces_and_turns_hexadecimal_into_bytes() -> None:
    """Plain and IGNORE would turn errors into warnings."""
    sql = rows.load_data("`shop`.`t`", planned(), "/dev/shm/x/batch")  # noqa: S108 - a text
    assert sql.startswith("LOAD DATA LOCAL INFILE '/dev/shm/x/batch' REPLACE INTO TABLE `shop`.`t`")
    assert sql.endswith(" (`id`, `at`, `note`, @v3) SET `sum``s` = UNHEX(@v3)")
    assert "IGNORE" not in sql


@pytest.mark.parametrize("path", ["/runs/it's/batch", "/a\\b/batch", "/%s/'\\''"])
def test_a_path_with_quotes_stays_one_literal(path: str) -> None:
    """``replay-wal`` loads from the run's own folder, which the operator named."""
    sql = rows.load_data("`t`", planned(), path)
    quoted = sql[len("LOAD DATA LOCAL INFILE ") : sql.index(" REPLACE INTO")]
    assert path.encode() == literal(quoted)


def test_an_upsert_overwrites_all_but_the_key() -> None:
    """Each flavour in its own words; never IGNORE."""
    before, after = rows.upsert("`t`", planned(), conflict=Conflict.OVERWRITE, mariadb=False)
    assert before == "INSERT INTO `t` (`id`, `at`, `note`, `sum``s`) VALUES "
    assert after == (
        " AS offered ON DUPLICATE KEY UPDATE `note` = offered.`note`, `sum``s` = offered.`sum``s`"
    )
    _, after = rows.upsert("`t`", planned(), conflict=Conflict.OVERWRITE, mariadb=True)
    assert after == (
        " ON DUPLICATE KEY UPDATE `note` = VALUES(`note`), `sum``s` = VALUES(`sum``s`)"
    )


def test_an_upsert_of_a_key_alone_changes_nothing_that_is_there() -> None:
    """The clause must name a column, so the key is set to itself."""
    _, after = rows.upsert("`d`.`t`", planned()[:1], conflict=Conflict.OVERWRITE, mariadb=True)
    assert after == " ON DUPLICATE KEY UPDATE `id` = `d`.`t`.`id`"


@pytest.mark.parametrize(
    ("key_columns", "condition"),
    [(["a"], "`a` IN (1, 2)"), (["a", "b"], "(`a`, `b`) IN (1, 2)")],
)
def test_keys_are_looked_up_among_literals(key_columns: list[str], condition: str) -> None:
    """One column stands by itself, several as a row."""
    assert statements.select_keys_among("`t`", key_columns, ["1", "2"]).endswith(condition)


def test_the_session_is_strict_and_in_utc() -> None:
    """Strict mode is what turns a clipped value into an error; notes must be counted."""
    for part in ("STRICT_ALL_TABLES", "time_zone = '+00:00'", "sql_notes = 1"):
        assert part in statements.SESSION
    assert "NO_BACKSLASH_ESCAPES" not in statements.SESSION


@pytest.mark.parametrize("name", OPERATOR_MD)
def test_a_control_table_holds_the_columns_of_the_interface(name: str) -> None:
    """People and scripts read these; names are only ever added."""
    shape = [column_name for column_name, _ in control.SHAPES[name]]
    assert set(OPERATOR_MD[name].split()) <= set(shape)
    ddl = control.create("db`s", name)
    assert ddl.startswith(f"CREATE TABLE IF NOT EXISTS `db``s`.`{name}` (")
    assert "ENGINE=InnoDB" in ddl


def test_there_are_exactly_the_five_control_tables() -> None:
    """No other name is taken in the operator's database."""
    assert set(OPERATOR_MD) == set(control.SHAPES)


def test_a_percent_sign_in_the_control_database_is_no_parameter() -> None:
    """The driver formats these statements, so the sign is doubled."""
    sql = vars(control.ControlSql("100%"))
    assert all("`100%%`" in text for text in sql.values())
    assert all("%s" in text.replace("%%", "") for text in sql.values())


def test_every_control_statement_names_columns_that_exist() -> None:
    """No statement reads or writes what no table has."""
    known = {name for shape in control.SHAPES.values() for name, _ in shape}
    for text in vars(control.ControlSql("d")).values():
        quoted = {part for part in text.split("`")[1::2] if part != "d"}
        assert quoted <= known | set(control.SHAPES), text


def bulk_statements(database: str) -> list[str]:
    """Return the statements that carry many rows, each for two."""
    sql = bulk.StretchSql(database)
    inserts = (sql.move, sql.insert_wal, sql.insert_rejected)
    return [*(insert.statement(2) for insert in inserts), sql.held(2)]


def test_statements_of_many_rows_bind_each_value_of_each_row() -> None:
    """As many places as columns without the stamp, twice; the database's % is no parameter."""
    for text in bulk_statements("100%"):
        assert "`100%%`" in text
        columns = text.partition("(")[2].partition(")")[0].count(",")
        if text.startswith("INSERT"):
            assert text.count("%s") == 2 * columns
            assert text.count("UTC_TIMESTAMP(3)") == 2


def test_statements_of_many_rows_name_columns_that_exist() -> None:
    """As those of one row."""
    known = {name for shape in control.SHAPES.values() for name, _ in shape}
    for text in bulk_statements("d"):
        quoted = {part for part in text.split("`")[1::2] if part != "d"}
        assert quoted <= known | set(control.SHAPES), text


def made_by_hand(**stamped: Reading) -> tuple[TargetColumn, ...]:
    """Return a key, a text, and columns of a reading each."""
    first, _, note, _ = planned()
    stamps = tuple(
        TargetColumn(name=name, definition="BIGINT", planned=replace(note.planned, reading=reading))
        for name, reading in stamped.items()
    )
    return (first, *stamps, note)


def test_rows_that_are_there_are_kept_by_naming_nothing_but_the_key() -> None:
    """INSERT IGNORE would keep them too, and turn errors into warnings."""
    _, after = rows.upsert("`t`", planned(), conflict=Conflict.KEEP, mariadb=False)
    assert after == " AS offered ON DUPLICATE KEY UPDATE `id` = `t`.`id`"


def test_the_newer_row_is_decided_before_a_write_time_is_assigned() -> None:
    """Assignments are made from left to right, so the write times come last."""
    columns = made_by_hand(at=Reading.WRITETIME)
    _, after = rows.upsert("`t`", columns, conflict=Conflict.NEWER, mariadb=True)
    condition = (
        "COALESCE(VALUES(`at`), -9223372036854775808) >= COALESCE(`t`.`at`, -9223372036854775808)"
    )
    assert after == (
        f" ON DUPLICATE KEY UPDATE `note` = IF({condition}, VALUES(`note`), `t`.`note`),"
        f" `at` = IF({condition}, VALUES(`at`), `t`.`at`)"
    )


def test_of_several_write_times_the_greatest_decides() -> None:
    """On either side; the offered row has the alias that MySQL wants."""
    columns = made_by_hand(a=Reading.WRITETIME, ttl=Reading.TTL, b=Reading.WRITETIME)
    _, after = rows.upsert("`t`", columns, conflict=Conflict.NEWER, mariadb=False)
    assert after.count("GREATEST(COALESCE(offered.`a`") == after.count("GREATEST(COALESCE(`t`.`a`")
    assigned = [part.partition(" = ")[0] for part in after.split(", `")[1:]]
    order = [name for name in assigned if name in ("note`", "a`", "b`", "ttl`")]
    assert order == ["note`", "a`", "b`"]


@pytest.mark.parametrize("name", ["`d`.`offered`", "`d`.`Offered`", "`d`.`a offered`", "`d`.`t`"])
def test_the_offered_row_has_not_the_name_of_the_table(name: str) -> None:
    """MySQL refuses a name that stands for both, in any case (error 1066)."""
    _, after = rows.upsert(name, planned(), conflict=Conflict.OVERWRITE, mariadb=False)
    alias = after.removeprefix(" AS ").partition(" ")[0]
    assert alias.casefold() != name.partition(".")[2].strip("`").casefold()
    assert f"`note` = {alias}.`note`" in after


@pytest.mark.parametrize(
    ("definition", "form", "null", "made"),
    [
        ("LONGTEXT CHARACTER SET utf8mb4", Form.TEXT, None, None),
        ("VARCHAR(9) CHARACTER SET latin1", Form.TEXT, None, "CONVERT(@v1 USING utf8mb4)"),
        ("VARCHAR(9) COLLATE latin1_bin", Form.TEXT, None, "CONVERT(@v1 USING utf8mb4)"),
        ("CHAR(36) CHARACTER SET ascii COLLATE ascii_bin", Form.UUID, None, None),
        ("CHAR(36) CHARACTER SET ascii", Form.TEXT, None, "CONVERT(@v1 USING utf8mb4)"),
        ("JSON", Form.JSON, None, "CONVERT(@v1 USING utf8mb4)"),
        ("VECTOR(2)", Form.VECTOR, None, "UNHEX(@v1)"),
        ("LONGBLOB", Form.HEX, "00ff", "IF(@v1 IS NULL, x'00ff', UNHEX(@v1))"),
        ("LONGBLOB", Form.HEX, "", "IF(@v1 IS NULL, x'', UNHEX(@v1))"),
        ("VECTOR(1)", Form.VECTOR, "0000803f", "IF(@v1 IS NULL, x'0000803f', UNHEX(@v1))"),
        ("UUID", Form.UUID, None, "CONVERT(@v1 USING utf8mb4)"),
        ("INET6", Form.INET, None, "CONVERT(@v1 USING utf8mb4)"),
        ("INET4", Form.INET, None, "CONVERT(@v1 USING utf8mb4)"),
        ("BIGINT", Form.INTEGER, -1, "IF(@v1 IS NULL, -1, @v1)"),
        ("BIT(1)", Form.BOOLEAN, False, "IF(@v1 IS NULL, 0, CAST(@v1 AS SIGNED))"),
    ],
)
def test_a_loaded_field_is_made_what_its_column_takes(
    definition: str, form: Form, null: str | int | None, made: str | None
) -> None:
    """As it is where that is right; by a variable where it must be converted or replaced."""
    first, _, note, _ = planned()
    column_ = replace(
        note, definition=definition, planned=replace(note.planned, form=form, null=null)
    )
    sql = rows.load_data("`t`", (first, column_), "/x")
    if made is None:
        assert sql.endswith(" (`id`, `note`)")
    elif made.startswith("CONVERT") or null is None:
        assert sql.endswith(f" (`id`, @v1) SET `note` = {made}")
    else:
        assert f" SET `note` = {made}" in sql.replace("CONVERT(0 USING utf8mb4)", "0")


def test_what_an_earlier_version_made_gets_the_columns_that_came_later() -> None:
    """Those alone that are missing; a table that has them is left alone."""
    there = [name for name, _ in control.SHAPES[control.WAL] if name != "tally"]
    sql = control.add_columns("d", control.WAL, there)
    assert sql == "ALTER TABLE `d`.`snapshot_wal` ADD COLUMN `tally` LONGTEXT NULL"
    assert control.add_columns("d", control.WAL, [*there, "tally"]) == ""
    assert control.add_columns("d", control.RUNS, ["holder", "state_before"]) == (
        "ALTER TABLE `d`.`snapshot_runs` ADD COLUMN `lease_until` DATETIME(3) NULL"
    )
    assert control.add_columns("d", control.CHECKPOINTS, []) == ""
