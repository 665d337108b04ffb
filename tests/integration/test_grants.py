"""What a login may not see or do is named with its GRANT, and no row is replaced for it."""

from __future__ import annotations

import pytest

from cass_snapshot.model import RunRecord, RunState
from cass_snapshot.planned import Level, TableMapping
from tests.support.admin_bench import DATA, SIZE, Bench, bench, logged_in
from tests.support.made_targets import failures
from tests.support.servers import new_database
from tests.support.typed_cells import key, table

pytestmark = pytest.mark.servers
__all__ = ["bench"]


def test_a_login_that_may_not_see_what_hangs_on_a_table_replaces_no_rows(bench: Bench) -> None:
    """A child of another database, a trigger: hidden, and not deleted for; grants show them."""
    source, mapping = table(key("id", "int"), SIZE), TableMapping(target="t")
    bench.sql("CREATE TABLE {db}.t (id INT NOT NULL PRIMARY KEY, size INT)")
    with new_database(bench.servers) as other:
        bench.sql(
            f"CREATE TABLE `{other}`.child (p INT, CONSTRAINT far FOREIGN KEY (p)"
            " REFERENCES {db}.t (id) ON DELETE CASCADE)",
            "CREATE TRIGGER {db}.watch BEFORE DELETE ON {db}.t FOR EACH ROW SET @gone = OLD.id",
        )
        with logged_in(bench, DATA) as admin:
            hidden = admin.plan(source, mapping)
        with logged_in(bench, DATA, "TRIGGER ON {db}.*", "REFERENCES ON *.*") as admin:
            seen = [f.text for f in admin.plan(source, mapping).findings]
        bench.sql(f"DROP TABLE `{other}`.child", "DROP TRIGGER {db}.watch")
    assert (failures(hidden), hidden.owned) == ([], False)
    assert [t for t in seen if "trigger watch fires on DELETE" in t], seen
    assert [t for t in seen if "foreign key far refers to t" in t], seen


def test_the_grants_that_show_all_let_rows_be_replaced(bench: Bench) -> None:
    """Without them a warning names them."""
    source, mapping = table(key("id", "int"), SIZE), TableMapping(target="t")
    bench.sql("CREATE TABLE {db}.t (id INT NOT NULL PRIMARY KEY, size INT)")
    with logged_in(bench, DATA) as admin:
        hidden = admin.plan(source, mapping)
    (warning,) = (f for f in hidden.findings if f.level is Level.WARN)
    assert "may be hidden from this login" in warning.text
    assert warning.fix == (
        f"GRANT TRIGGER ON `{bench.database}`.* TO 'u_{bench.database}'@'%';"
        f" GRANT REFERENCES ON *.* TO 'u_{bench.database}'@'%'"
    )
    with logged_in(bench, DATA, "TRIGGER ON {db}.*", "REFERENCES ON *.*") as admin:
        found = admin.plan(source, mapping)
    assert (found.owned, found.findings) == (True, ())


def test_what_a_run_created_stays_ours(bench: Bench) -> None:
    """Even to a login that sees little, as long as it sees nothing else on it."""
    source, mapping = table(key("id", "int"), SIZE), TableMapping(target="t")
    created = bench.plan(key("id", "int"), SIZE)
    bench.admin.create(created)
    with logged_in(bench, DATA) as admin:
        assert not admin.plan(source, mapping).owned
        admin.prepare()
        record = RunRecord(
            run_id="r1",
            table=source.name,
            source="c/shop.orders",
            target=created.name,
            fingerprint="0" * 64,
            definition="{}",
            state=RunState.DONE,
            epoch=1,
            target_created=True,
        )
        admin.ledger.register([(record, [])])
        assert admin.plan(source, mapping).owned


def test_grants_that_are_missing_are_named_with_the_statement(bench: Bench) -> None:
    """Without DELETE rows are inserted; without CREATE there is no target."""
    login = f"u_{bench.database}"
    with logged_in(bench, "SELECT, INSERT, UPDATE ON {db}.*") as admin:
        fixes = [f.fix for f in admin.findings() if "GRANT" in f.fix]
    assert fixes == [
        f"GRANT CREATE ON `{bench.database}`.* TO '{login}'@'%'",
        f"GRANT DELETE ON `{bench.database}`.* TO '{login}'@'%'",
    ]


def test_control_tables_of_an_earlier_version_need_a_grant(bench: Bench) -> None:
    """Doctor says so before a run fails for it; those who may alter are told that it happens."""
    bench.admin.prepare()
    assert not [f for f in bench.admin.findings() if "earlier version" in f.text]
    bench.sql("ALTER TABLE {db}.snapshot_wal DROP COLUMN tally")
    (told,) = (f for f in bench.admin.findings() if "earlier version" in f.text)
    assert told.level is Level.OK
    with logged_in(bench, DATA) as admin:
        (missing,) = (f for f in admin.findings() if "earlier version" in f.text)
    assert missing.level is Level.FAIL
    assert missing.fix.startswith(f"GRANT ALTER ON `{bench.database}`.* TO 'u_")
    assert "ADD COLUMN `tally` LONGTEXT NULL" in missing.fix
