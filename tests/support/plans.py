"""Plans and records of runs that begin, over tables and servers that are kept in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cass_snapshot.model import Checkpoint, RangeState, Table, TableName, TokenRange
from cass_snapshot.settings import MysqlSettings, RunSettings, Settings
from cass_snapshot.settings.tables import TableSettings
from cass_snapshot.snapshot.plan import RunPlan, examine, lay_out
from cass_snapshot.snapshot.progress import table_status
from cass_snapshot.snapshot.status import Phase, RunStatus
from tests.support.admins import MemoryAdmin, MemorySource
from tests.support.typed_cells import column, key


def source_table(name: str, *more: str) -> Table:
    """Return a table with an int key, a text and int columns of the given names."""
    columns = (key("id", "int"), column("note", "text"), *(column(m, "int") for m in more))
    return Table(
        name=TableName(keyspace="shop", name=name), columns=columns, cluster="Test Cluster"
    )


def settings(ranges: int = 4) -> Settings:
    """Return settings for a ring of few ranges, and servers that are not waited for."""
    return Settings(
        run=RunSettings(ranges=ranges, workers=2),
        mysql=MysqlSettings(host="db1", database="shop", unavailable_timeout_s=0.01),
    )


def make_plan(
    chosen: Settings,
    wanted: Sequence[TableSettings],
    *,
    source: MemorySource,
    target: MemoryAdmin,
    new_run_id: str,
    new: bool,
) -> RunPlan:
    """Return the plan as a run makes it: examine, then lay out."""
    examined = examine(chosen, wanted, source=source, target=target, new=new)
    return lay_out(chosen, examined, target=target, new_run_id=new_run_id, new=new)


def plan(
    *names: str, admin: MemoryAdmin | None = None, ranges: int = 4, new: bool = False
) -> RunPlan:
    """Return the plan of copying tables, each to a target of its own name."""
    return make_plan(
        settings(ranges),
        [TableSettings(source=f"shop.{name}") for name in names],
        source=MemorySource({name: source_table(name) for name in names}),
        target=admin or MemoryAdmin(),
        new_run_id="20261120T104211-k3f9",
        new=new,
    )


def first_status(tables: int = 1, ranges: int = 4) -> RunStatus:
    """Return the record of a run that begins."""
    checkpoints = [
        Checkpoint(range=TokenRange(number=n, start=n, end=n + 1)) for n in range(ranges)
    ]
    return RunStatus(
        run_id="20261120T104211-k3f9",
        version="0",
        phase=Phase.STARTING,
        started_at="",
        updated_at="",
        elapsed_s=0.0,
        pid=1,
        run_dir="runs/x",
        source="cassandra dc1",
        target="mysql db1",
        workers=2,
        tables=tuple(table_status(f"shop.t{n}", f"shop.t{n}", checkpoints) for n in range(tables)),
    )


def with_state(plan_: RunPlan, states: dict[int, RangeState]) -> RunPlan:
    """Return a plan of one table whose ranges, by number, are in these states."""
    (table,) = plan_.tables
    checkpoints = tuple(
        replace(c, state=states.get(c.range.number, c.state)) for c in table.checkpoints
    )
    return replace(plan_, tables=(replace(table, checkpoints=checkpoints),))
