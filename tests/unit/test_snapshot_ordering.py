"""The order of application is chosen by what is known, and each choice says why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cass_snapshot.errors import PreflightError, SourceUnavailable
from cass_snapshot.model import Cells, Table
from cass_snapshot.planned import Level, PlannedTarget, Sample, TableMapping
from cass_snapshot.settings import CassandraSettings, RunSettings, Settings
from cass_snapshot.settings.tables import TableSettings
from cass_snapshot.snapshot.preflight.gauge import ordering_of
from cass_snapshot.snapshot.preflight.neighbours import addresses, share_machine
from cass_snapshot.snapshot.preflight.ordering import (
    RESERVE_BYTES_MIN,
    WINDOW_BYTES_MIN,
    ApplyOrder,
    Facts,
    decide,
)
from cass_snapshot.snapshot.preflight.outlook import preview
from tests.support.admins import MemoryAdmin, MemorySource
from tests.support.plans import settings, source_table

MIB, GIB = 2**20, 2**30
KEY, TOKEN = ApplyOrder.KEY, ApplyOrder.TOKEN
PLENTY = Facts(
    lines_bytes=1 * GIB, buffer_pool_bytes=128 * MIB, free_bytes=100 * GIB, together=True
)
AUTO = RunSettings()


@pytest.mark.parametrize(
    ("facts", "order", "why"),
    [
        (replace(PLENTY, lines_bytes=None), TOKEN, "not known"),
        (replace(PLENTY, lines_bytes=32 * MIB - 1), TOKEN, "small"),
        (replace(PLENTY, lines_bytes=32 * MIB), KEY, "fits half"),
        (replace(PLENTY, lines_bytes=64 * MIB), KEY, "fits half"),
        (replace(PLENTY, lines_bytes=64 * MIB + 1), KEY, "outgrows half"),
        (replace(PLENTY, lines_bytes=64 * MIB, together=False), TOKEN, "stand apart"),
        (replace(PLENTY, lines_bytes=64 * MIB + 1, together=False), KEY, "outgrows half"),
        (replace(PLENTY, buffer_pool_bytes=None), KEY, "128.0 MiB"),
        (replace(PLENTY, buffer_pool_bytes=2 * GIB, together=False), TOKEN, "stand apart"),
        (replace(PLENTY, buffer_pool_bytes=2 * GIB, free_bytes=GIB), TOKEN, "no room"),
        (replace(PLENTY, free_bytes=None), KEY, "outgrows half"),
        (replace(PLENTY, free_bytes=GIB + 256 * MIB), KEY, "outgrows half"),
        (replace(PLENTY, free_bytes=GIB + 256 * MIB - 1), TOKEN, "the disk of runs allows"),
    ],
)
def test_auto_goes_by_the_size_of_the_table_and_where_the_servers_are(
    facts: Facts, order: ApplyOrder, why: str
) -> None:
    """Each line of the table in the module, on both sides of its bound."""
    made = decide(AUTO, facts)
    assert (made.order, made.window_bytes > 0) == (order, order is KEY)
    assert why in made.why


def test_a_table_that_needs_key_order_and_gets_none_is_warned_of() -> None:
    """By what bounds the window: the disk, the WAL's ceiling, or the window that was set."""
    full = decide(AUTO, replace(PLENTY, free_bytes=GIB))
    ceiling = decide(RunSettings(wal_bytes_max=500 * MIB), PLENTY)
    narrow = decide(RunSettings(window_bytes=100 * MIB), PLENTY)
    for made, fix in ((full, "make room"), (ceiling, "wal_bytes_max"), (narrow, "window_bytes")):
        (finding,) = made.findings
        assert (made.order, finding.level) == (TOKEN, Level.WARN)
        assert fix in finding.fix
        assert finding.text == made.why
    assert decide(AUTO, PLENTY).findings == ()


@pytest.mark.parametrize(
    ("run", "facts", "window"),
    [
        (RunSettings(), PLENTY, 80 * GIB),
        (RunSettings(), replace(PLENTY, free_bytes=4 * GIB), 3 * GIB),
        (RunSettings(wal_bytes_max=20 * GIB), PLENTY, 10 * GIB),
        (RunSettings(window_bytes=5 * GIB), PLENTY, 5 * GIB),
        (RunSettings(window_bytes=500 * GIB), PLENTY, 80 * GIB),
        (RunSettings(), replace(PLENTY, together=False), 256 * MIB),
        (RunSettings(compression="zstd"), replace(PLENTY, together=False), 719_407_022 // 4 + 1),
        (RunSettings(window_bytes=5 * GIB), replace(PLENTY, together=False), 5 * GIB),
        (RunSettings(apply_order="key"), replace(PLENTY, lines_bytes=None), 80 * GIB),
        (RunSettings(apply_order="key", wal_bytes_max=2 * MIB), PLENTY, 1 * MIB),
    ],
)
def test_a_window_is_as_large_as_there_is_room(run: RunSettings, facts: Facts, window: int) -> None:
    """Beside a reserve, within half of the ceiling; a quarter of the table where it overlaps."""
    made = decide(run, facts)
    assert (made.order, made.window_bytes) == (KEY, window)
    assert made.slice_bytes == run.slice_bytes
    assert made.overlap is not facts.together


def test_what_is_asked_for_is_done() -> None:
    """Whatever the facts say."""
    nothing = Facts(lines_bytes=None, buffer_pool_bytes=None, free_bytes=None, together=False)
    for run, order in (("key", KEY), ("token", TOKEN)):
        for facts in (nothing, PLENTY):
            made = decide(RunSettings(apply_order=run), facts)
            assert (made.order, made.why) == (order, f'apply_order = "{run}"')


def test_key_order_without_room_for_the_least_window_is_refused_by_name() -> None:
    """Before anything is written; a smaller window that was set needs no more than itself."""
    least = RESERVE_BYTES_MIN + WINDOW_BYTES_MIN
    run = RunSettings(apply_order="key")
    assert decide(run, replace(PLENTY, free_bytes=least)).window_bytes == WINDOW_BYTES_MIN
    with pytest.raises(PreflightError) as caught:
        decide(run, replace(PLENTY, free_bytes=least - 1))
    assert "[run] directory = 'runs'" in caught.value.where
    assert "make room" in caught.value.fix
    small = run.model_copy(update={"window_bytes": 2 * MIB})
    made = decide(small, replace(PLENTY, free_bytes=RESERVE_BYTES_MIN + 2 * MIB))
    assert made.window_bytes == 2 * MIB


HOSTS = {
    "here": frozenset({"127.0.0.1", "::1"}),
    "six": frozenset({"::1"}),
    "a": frozenset({"10.0.0.1", "fe80::1%eth0"}),
    "a.long": frozenset({"10.0.0.1"}),
    "b": frozenset({"10.0.0.2"}),
}


@pytest.mark.parametrize(
    ("points", "host", "shared"),
    [
        (["here"], "here", True),
        (["here"], "six", True),
        (["a"], "a.long", True),
        (["a", "a.long"], "a", True),
        (["a"], "b", False),
        (["a", "b"], "a", False),
        (["here"], "a", False),
        (["unknown"], "unknown", False),
        ([], "a", False),
        (["a"], "", False),
    ],
)
def test_servers_share_a_machine_where_their_addresses_say_so(
    points: list[str], host: str, shared: bool
) -> None:
    """All of Cassandra's, by whatever name, and never where an address is not known."""
    assert share_machine(points, host, lambda name: HOSTS.get(name, frozenset())) is shared


def test_addresses_are_resolved_as_far_as_they_can_be() -> None:
    """An address is its own; a name that cannot be is none's."""
    assert addresses("127.0.0.1") == {"127.0.0.1"}
    assert addresses("host..invalid") == frozenset()


def rows(count: int) -> tuple[Cells, ...]:
    """Return rows of about a hundred bytes as lines."""
    return tuple((n.to_bytes(4, "big"), b"x" * 90) for n in range(count))


class _Silent(MemorySource):
    """A cluster of which no row can be read."""

    def sample(self, table: Table, *_: object, **__: object) -> Sample:
        """Answer nothing."""
        raise SourceUnavailable(f"no answer for {table.name}")


class _Hinting(MemorySource):
    """A cluster that only guesses."""

    def sample(self, *_: object, **__: object) -> Sample:
        """Return no row."""
        return Sample(
            rows=(),
            rows_estimated=None,
            whole=False,
            partitions_hinted=MIB,
            partition_bytes_hinted=1024,
        )


def planned() -> tuple[Table, PlannedTarget]:
    """Return a table and what it becomes."""
    table = source_table("orders")
    return table, MemoryAdmin().plan(table, TableMapping(target="orders"))


def together(**run: object) -> Settings:
    """Return settings of two servers at one address."""
    chosen = settings()
    return chosen.model_copy(
        update={
            "run": RunSettings.model_validate(run),
            "cassandra": CassandraSettings(contact_points=("127.0.0.1",)),
            "mysql": chosen.mysql.model_copy(update={"host": "127.0.0.1"}),
        }
    )


def test_a_run_goes_by_a_few_rows_and_else_by_what_the_cluster_guesses(tmp_path: Path) -> None:
    """A cluster that does not answer the question leaves the size unknown, and the run goes on."""
    tables = {"orders": source_table("orders")}
    admin = MemoryAdmin(buffer_pool_bytes=128 * MIB)
    many = MemorySource(tables, rows=rows(1_000_000))
    for source, why in (
        (many, "outgrows half"),
        (MemorySource(tables, rows=rows(100)), "small, about"),
        (_Hinting(tables), "about 1.0 GiB, outgrows half"),
        (_Silent(tables), "not known"),
    ):
        made = ordering_of(together(), *planned(), source, admin, tmp_path / "new" / "run")
        assert why in made.why
    filtered = (replace(tables["orders"], where="id > 1"), planned()[1])
    made = ordering_of(together(), *filtered, _Hinting(tables), admin, tmp_path)
    assert "not known" in made.why


def test_a_run_that_was_told_its_order_asks_for_no_size(tmp_path: Path) -> None:
    """Neither token order nor windows of a set size depend on it."""
    silent = MemorySource({})  # would fail to find the table
    for run in ({"apply_order": "token"}, {"apply_order": "key", "window_bytes": MIB}):
        made = ordering_of(together(**run), *planned(), silent, MemoryAdmin(), tmp_path)
        assert made.why == f'apply_order = "{run["apply_order"]}"'


def test_plan_says_the_order_of_each_table(tmp_path: Path) -> None:
    """With what the sample, the server and the disk let guess; a warning is among the findings."""
    source = MemorySource({"orders": source_table("orders")}, rows=rows(1_000_000))
    admin = MemoryAdmin(buffer_pool_bytes=128 * MIB)
    for window, order, warned in ((64 * MIB, KEY, 0), (2 * MIB, TOKEN, 1)):
        chosen = together(directory=tmp_path, window_bytes=window).model_copy(
            update={"tables": (TableSettings(source="shop.orders"),)}
        )
        (table,) = preview(chosen, source, admin).tables
        assert table.ordering is not None
        assert table.ordering.order is order
        found = [f for f in table.findings if f.level is Level.WARN]
        assert [f.text for f in found] == [table.ordering.why] * warned
