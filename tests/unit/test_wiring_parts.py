"""The concrete parts, and how runs, sources and segments are named."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from cass_snapshot.errors import LimitReached
from cass_snapshot.planned import TableMapping
from cass_snapshot.retry import Patience
from cass_snapshot.ring.split import split_ring
from cass_snapshot.settings import MysqlSettings, RunSettings, Settings
from cass_snapshot.wiring import (
    Job,
    Parts,
    TableJob,
    schema_digest,
    source_name,
    target_name,
    wal_identity,
)
from tests.support.admins import MemoryAdmin
from tests.support.plans import plan, source_table


def job(*more: str) -> TableJob:
    """Return the job of a table."""
    source = source_table("orders", *more)
    made = plan("orders").tables[0].job
    return replace(
        made, table=source, target=MemoryAdmin().plan(source, TableMapping(target="orders"))
    )


def test_names_in_the_ledger_tell_clusters_and_databases_apart() -> None:
    """Cluster, keyspace and table; database and table."""
    assert source_name(source_table("orders")) == "Test Cluster/shop.orders"
    assert target_name(MysqlSettings(database="db"), "orders") == "db.orders"


def test_a_segment_says_whose_it_is() -> None:
    """Run, source, target, schema, columns and forms, range, epoch, compression."""
    (token_range,) = split_ring(1)
    found = wal_identity(job(), token_range, "zstd")
    assert (
        found.run_id,
        found.source,
        found.target,
    ) == ("20261120T104211-k3f9", "Test Cluster/shop.orders", "shop.orders")
    assert [(c.name, c.type, c.form) for c in found.columns] == [
        ("id", "int", "integer"),
        ("note", "text", "text"),
    ]
    assert (token_range, 1, "zstd") == (found.range, found.epoch, found.compression)


def test_another_schema_has_another_digest() -> None:
    """A replay refuses the WAL of a table that was changed."""
    digests = [schema_digest(j.table, j.target) for j in (job(), job("price"), job("total"), job())]
    assert digests[0] == digests[3]
    assert len(set(digests)) == 3


class CountedTarget:
    """Knows whether it was given back since it was last asked for."""

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        """Count."""
        self.closed += 1


def test_a_worker_holds_the_connections_of_one_table_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of hundreds of tables must not use up what the server takes."""
    monkeypatch.setattr("cass_snapshot.wiring.parts.open_target", lambda *_, **__: CountedTarget())
    jobs = (job(), job("price"))
    settings = Settings()
    given = Job(
        settings=settings,
        tables=jobs,
        wal_directory=tmp_path,
        rejected=tmp_path / "rejected",
        scratch=tmp_path,
    )
    parts = Parts(given, name="worker", patience=Patience(unavailable_s=1))
    first, second = parts.target(0), parts.target(1)
    assert isinstance(first, CountedTarget)
    assert isinstance(second, CountedTarget)
    assert (first.closed, second.closed) == (1, 0)
    assert parts.reader(0) is not first
    assert parts.target(1) is second
    assert (first.closed, second.closed) == (1, 0)
    assert parts.target(0) is first
    assert (first.closed, second.closed) == (1, 1)


@pytest.mark.parametrize(
    ("run", "asks"),
    [({}, False), ({"wal_retention": "applied"}, True), ({"wal_bytes_max": "1 GiB"}, True)],
)
def test_the_target_is_asked_for_room_where_what_it_has_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: dict[str, str], asks: bool
) -> None:
    """Elsewhere nothing that it does makes any."""
    full = SimpleNamespace(f_bavail=0, f_frsize=1, f_blocks=10**9)
    monkeypatch.setattr(os, "statvfs", lambda _path: full)
    given = Job(
        settings=Settings(run=RunSettings.model_validate(run)),
        tables=(),
        wal_directory=tmp_path / "wal",
        rejected=tmp_path / "rejected",
        scratch=tmp_path,
    )
    asked: list[str] = []
    with pytest.raises(LimitReached):
        Parts(given, name="worker", patience=Patience(unavailable_s=0)).room.wait_on_disk(
            lambda: asked.append("there")
        )
    assert asked == ["there"] * asks
