"""The settings classes by themselves: what they accept, what they hide."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from cass_snapshot.settings import (
    CassandraSettings,
    LimitsSettings,
    MysqlSettings,
    Origins,
    RunSettings,
    Settings,
    is_later,
    nearest,
    redacted,
)
from cass_snapshot.settings.tables import TableSettings


def test_the_defaults_are_those_of_the_manual() -> None:
    """What nobody sets is as operator.md shows it."""
    settings = Settings()
    assert settings.cassandra.port == 9042
    assert settings.cassandra.consistency == "LOCAL_QUORUM"
    assert settings.cassandra.page_rows == 5000
    assert settings.mysql.port == 3306
    assert settings.mysql.create_tables == "if-missing"
    assert settings.run.directory == Path("runs")
    assert settings.run.ranges == 256
    assert 1 <= settings.run.workers <= 8
    assert settings.verify.after_run


def test_a_consistency_level_is_known_in_any_case() -> None:
    """The level is held as CQL spells it."""
    assert CassandraSettings(consistency="local_one").consistency == "LOCAL_ONE"


@pytest.mark.parametrize("level", ["ANY", "LOCAL", ""])
def test_a_level_that_nothing_is_read_at_is_refused(level: str) -> None:
    """ANY is for writing alone."""
    with pytest.raises(ValidationError, match="levels to read at"):
        CassandraSettings(consistency=level)


@pytest.mark.parametrize("ranges", [0, 65_537])
def test_the_ring_is_split_into_1_to_65536_ranges(ranges: int) -> None:
    """Neither none nor more than a plan can hold."""
    assert RunSettings(ranges=65_536).ranges == 65_536
    with pytest.raises(ValidationError):
        RunSettings(ranges=ranges)


@pytest.mark.parametrize(
    ("given", "rejected", "read", "exceeded"),
    [
        *((0, 0, 10, False), (0, 1, 10, True), ("2", 2, 10, False), ("2", 3, 10, True)),
        *(("0.01%", 1, 10_000, False), ("0.01 %", 2, 10_000, True), ("100%", 5, 5, False)),
    ],
)
def test_a_budget_of_rejected_rows_is_a_number_or_a_share(
    given: object, rejected: int, read: int, exceeded: bool
) -> None:
    """As many as it says are within it."""
    assert LimitsSettings(rejected_max=given).exceeded(rejected, read) is exceeded


@pytest.mark.parametrize("given", ["-1", "1.5", "%", "101%", "few", True])
def test_another_budget_is_refused(given: object) -> None:
    """The message shows what it may be."""
    with pytest.raises(ValidationError, match=r"0\.01%|at most 100%"):
        LimitsSettings(rejected_max=given)


def test_settings_do_not_change() -> None:
    """Every section is frozen."""
    with pytest.raises(ValidationError):
        MysqlSettings().port = 1  # type: ignore[misc]  # the point of the test


@pytest.mark.parametrize("source", ["orders", "a.b.c", "shop.", "shop.or ders", "shop.örders"])
def test_a_table_is_named_by_keyspace_and_table(source: str) -> None:
    """Nothing else is a source."""
    with pytest.raises(ValidationError, match=r"keyspace\.table"):
        TableSettings(source=source)


def test_the_target_has_the_name_of_the_source_unless_it_is_given() -> None:
    """A table is called the same on both sides by default."""
    assert TableSettings(source="shop.orders").target_table == "orders"
    assert TableSettings(source="shop.orders", target="o").target_table == "o"
    assert str(TableSettings(source="shop.orders").name) == "shop.orders"


def test_control_tables_stand_in_the_target_database_by_default() -> None:
    """Another database is used only where it is named."""
    assert MysqlSettings(database="shop").control == "shop"
    assert MysqlSettings(database="shop", control_database="c").control == "c"


def test_a_password_is_in_no_output() -> None:
    """Neither repr nor run.json show it, and absence is told from presence (I12)."""
    settings = Settings(mysql=MysqlSettings(host="h", password=SecretStr("geheim")))
    plain = json.dumps(redacted(settings))
    assert "geheim" not in plain + repr(settings) + str(settings)
    assert '"password": "***"' in plain
    assert '"password": null' in plain


def test_settings_cross_a_process() -> None:
    """A worker receives what the parent had, the password too."""
    settings = Settings(mysql=MysqlSettings(host="h", password=SecretStr("geheim")))
    arrived: Settings = pickle.loads(pickle.dumps(settings))  # noqa: S301  our own bytes
    assert arrived == settings


def test_the_heading_counts_what_was_set_where() -> None:
    """One is singular, several are plural, and no file is said."""
    origins = Origins(file="cass-snapshot.toml", variables=("A", "B"), flags=("--to",))
    assert origins.heading() == "cass-snapshot.toml, 2 variables, 1 flag"
    assert Origins().heading() == "no file"


def test_keys_of_later_versions_are_known_as_such() -> None:
    """Sections, keys and keys below keys."""
    assert is_later("limits.rows_per_s")
    assert is_later("cassandra.tls.ca_file")
    assert is_later("verify.float_tolerance")
    assert not is_later("run.ranges")


def test_the_nearest_word_is_near() -> None:
    """A guess is made only where it is likely."""
    assert nearest("wrokers", ["workers", "ranges"]) == "workers"
    assert nearest("zzz", ["workers", "ranges"]) is None
