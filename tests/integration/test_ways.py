"""The way in which rows will be written, as it is told before a run: on both flavours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from mysql import connector

from cass_snapshot.mysql import choice
from cass_snapshot.mysql.admin import MysqlAdmin
from cass_snapshot.mysql.choice import DENIED, INFILE_OFF, OURS
from cass_snapshot.mysql.load import Loader
from cass_snapshot.planned import Conflict, TableMapping, Way
from tests.support.admin_bench import DATA, SIZE, Bench, bench, logged_in
from tests.support.typed_cells import key, table

pytestmark = pytest.mark.servers
__all__ = ["bench"]

SOURCE = table(key("id", "int"), SIZE)
LOADED = Way(name="LOAD DATA", why=OURS)
UPSERT = "INSERT ... ON DUPLICATE KEY UPDATE"


def way(admin: MysqlAdmin, conflict: Conflict = Conflict.OVERWRITE) -> Way:
    """Return the way into the table ``t``."""
    return admin.way(admin.plan(SOURCE, TableMapping(target="t", conflict=conflict)))


@pytest.mark.parametrize("there", [True, False])
def test_a_table_that_is_wholly_ours_is_loaded(bench: Bench, *, there: bool) -> None:
    """Found out by loading no row where it is there, by what the server says where it is not."""
    if there:
        bench.sql("CREATE TABLE {db}.t (id INT NOT NULL PRIMARY KEY, size INT)")
    assert way(bench.admin) == LOADED


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("id INT PRIMARY KEY, size INT, UNIQUE one_size (size)", "second unique key, one_size"),
        ("id INT PRIMARY KEY, size INT, mine INT NULL", "a column that is not written, mine"),
    ],
)
def test_what_is_not_ours_in_a_row_is_named(bench: Bench, body: str, why: str) -> None:
    """A REPLACE would delete more than it writes."""
    bench.sql(f"CREATE TABLE {{db}}.t ({body})")
    found = way(bench.admin)
    assert found.name == UPSERT
    assert found.why.endswith(why)


def test_what_hangs_on_a_deletion_is_named(bench: Bench) -> None:
    """A trigger of DELETE, and a table that refers to this one."""
    bench.sql("CREATE TABLE {db}.t (id INT NOT NULL PRIMARY KEY, size INT)")
    bench.sql("CREATE TRIGGER {db}.watch BEFORE DELETE ON {db}.t FOR EACH ROW SET @seen = 1")
    assert way(bench.admin).why == "the target has a DELETE trigger, watch"
    bench.sql("CREATE TABLE {db}.child (id INT, FOREIGN KEY (id) REFERENCES {db}.t (id))")
    assert way(bench.admin).why == "another table refers to the target"
    bench.sql("DROP TABLE {db}.child")


def test_a_policy_that_looks_at_each_row_is_named(bench: Bench) -> None:
    """LOAD DATA only replaces."""
    found = way(bench.admin, Conflict.KEEP)
    assert found.name == "INSERT ... keeping rows that are there"
    assert found.why == 'on_conflict = "keep" decides row by row'


@pytest.mark.parametrize("there", [True, False])
def test_a_login_that_may_not_delete_replaces_nothing(bench: Bench, *, there: bool) -> None:
    """The server says so where there is a table, the grants where there is none."""
    if there:
        bench.sql("CREATE TABLE {db}.t (id INT NOT NULL PRIMARY KEY, size INT)")
    seeing = ("TRIGGER ON {db}.*", "REFERENCES ON *.*")
    with logged_in(bench, "SELECT, INSERT, UPDATE, CREATE ON {db}.*", *seeing) as admin:
        assert way(admin) == Way(name=UPSERT, why=DENIED)
    bench.sql("DROP TABLE IF EXISTS {db}.t")


def test_hidden_triggers_are_taken_to_be_there(bench: Bench) -> None:
    """The finding about them names the grants."""
    bench.sql("CREATE TABLE {db}.t (id INT NOT NULL PRIMARY KEY, size INT)")
    with logged_in(bench, DATA) as admin:
        assert way(admin).why == "triggers or foreign keys may be hidden from the login"


@pytest.mark.parametrize("there", [True, False])
def test_local_infile_off_is_named(bench: Bench, *, there: bool) -> None:
    """As the server said when it was asked what it is."""
    if there:
        bench.sql("CREATE TABLE {db}.t (id INT NOT NULL PRIMARY KEY, size INT)")
    bench.admin._facts = replace(bench.admin._facts, local_infile=False)
    assert way(bench.admin) == Way(name=UPSERT, why=INFILE_OFF)


Probe = Callable[[Loader, object], None]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (3948, Way(name=UPSERT, why=choice.INFILE_REFUSED)),
        (1142, Way(name=UPSERT, why=DENIED)),
        (1205, LOADED),
    ],
    ids=["not allowed", "denied", "a locked table"],
)
def test_what_the_probe_meets_decides(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, code: int, told: Way
) -> None:
    """A refusal for want of permission is told; another leaves what is known besides."""
    bench.sql("CREATE TABLE {db}.t (id INT NOT NULL PRIMARY KEY, size INT)")

    def refuse(_: Loader, __: object) -> None:
        raise connector.Error(msg="no", errno=code)

    monkeypatch.setattr(Loader, "probe", refuse)
    assert way(bench.admin) == told
