"""What ``doctor`` says of Cassandra: the cluster, reading from it, and what is odd about a table.

Judged from the system tables and one small read a table; each judgement is a pure function of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cassandra import Unauthorized
from cassandra import __version__ as driver_version
from cassandra.protocol import HAVE_CYTHON

from cass_snapshot.model import ColumnKind, Table
from cass_snapshot.planned import Finding, Level
from cass_snapshot.reader.faults import translate
from cass_snapshot.reader.statements import select_any

Rows = Callable[[str, tuple[object, ...]], list[tuple[Any, ...]]]
"""Asks the system tables."""
PROTOCOL_VERSION_MIN = 4
"""The first whose types are all told apart by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """What a run's heading, its identity and its findings need of a cluster.

    ``nodes`` counts the nodes of each data centre, ``down`` those that do not answer;
    ``schema_versions`` is what they say of the schema.
    """

    name: str
    version: str
    nodes: Mapping[str, int]
    local_datacenter: str
    schema_versions: frozenset[str]
    down: int = 0

    @property
    def size(self) -> int:
        """Return how many nodes there are."""
        return sum(self.nodes.values())


def of_cluster(facts: ClusterFacts, protocol_version: int) -> Iterator[Finding]:
    """Yield what concerns the cluster and the way to it."""
    centres = ", ".join(f"{name} ({count})" for name, count in sorted(facts.nodes.items()))
    yield Finding(
        level=Level.OK,
        text=f"cassandra {facts.version}, reads from {facts.local_datacenter};"
        f" nodes: {centres}; native protocol {protocol_version}",
    )
    if protocol_version < PROTOCOL_VERSION_MIN:
        yield Finding(
            level=Level.WARN,
            text=f"the native protocol is version {protocol_version}, older than those tested",
            fix="copy from nodes of Cassandra 3.0 or later",
        )
    if len(facts.schema_versions) > 1:
        yield Finding(
            level=Level.FAIL,
            text=f"the nodes hold {len(facts.schema_versions)} versions of the schema",
            fix="wait until nodetool describecluster shows one, then run again",
        )
    else:
        yield Finding(level=Level.OK, text="the nodes agree on the schema")
    if facts.down:
        yield Finding(
            level=Level.WARN,
            text=f"{facts.down} of {facts.size} nodes do not answer",
            fix="nodetool status tells which; start them",
        )
    yield _of_driver(compiled=HAVE_CYTHON)


def _of_driver(*, compiled: bool) -> Finding:
    if compiled:
        return Finding(
            level=Level.OK, text=f"cassandra-driver {driver_version} with its C extensions"
        )
    return Finding(
        level=Level.WARN,
        text=f"cassandra-driver {driver_version} runs without its C extensions: reading is slow",
        fix="install a wheel of cassandra-driver that was built for this Python and machine",
    )


def of_keyspace(
    keyspace: str, replication: Mapping[str, str], facts: ClusterFacts, consistency: str
) -> Finding:
    """Return whether the consistency can be reached from the data centre.

    Args:
        keyspace: its name.
        replication: strategy and factors, as system_schema.keyspaces holds them.
        facts: the cluster.
        consistency: the level to read at.
    """
    local = facts.local_datacenter if consistency.startswith("LOCAL_") else ""
    where = f"data centre {local}" if local else "the cluster"
    factors = replicas(replication, facts)
    have = factors.get(local, 0) if local else sum(factors.values())
    # Every replica is on a node of its own, so there are no more of them than nodes.
    there = min(have, facts.nodes.get(local, 0) if local else facts.size)
    need = _needed(consistency.removeprefix("LOCAL_"), have)
    if have == 0:
        return Finding(
            level=Level.FAIL,
            text=f"{keyspace} has no replica in {where}: {consistency} cannot be reached",
            fix=_elsewhere(keyspace, factors),
        )
    if need > there:
        return Finding(
            level=Level.FAIL,
            text=f"{consistency} needs {need} replicas of {keyspace} in {where}, which has {there}",
            fix=f'[cassandra] consistency = "{"LOCAL_ONE" if local else "ONE"}",'
            " or correct the replication",
        )
    text = f"{keyspace}: {consistency} asks {need} of {have} replicas in {where}"
    if need * 2 <= have:
        return Finding(
            level=Level.WARN,
            text=f"{text}, and may miss what the others know",
            fix='[cassandra] consistency = "LOCAL_QUORUM"',
        )
    return Finding(level=Level.OK, text=text)


def _needed(consistency: str, have: int) -> int:
    """Return how many of the replicas answer a read."""
    return {"ONE": 1, "TWO": 2, "THREE": 3, "ALL": have}.get(consistency, have // 2 + 1)


def _elsewhere(keyspace: str, factors: Mapping[str, int]) -> str:
    """Return what to do where the data centre has no replica."""
    others = [name for name, factor in sorted(factors.items()) if factor]
    if not others:
        return f"give {keyspace} a replication factor there"
    return f'[cassandra] local_datacenter = "{others[0]}"'


def replicas(replication: Mapping[str, str], facts: ClusterFacts) -> dict[str, int]:
    """Return how many replicas each data centre has; all in one where the strategy knows none."""
    strategy = replication.get("class", "").rpartition(".")[2]
    if strategy == "NetworkTopologyStrategy":
        # Transient replication writes 3/1: one of the three holds data for a while only.
        return {
            name: int(replication[name].partition("/")[0])
            for name in facts.nodes
            if replication.get(name, "").partition("/")[0].isdecimal()
        }
    if strategy == "SimpleStrategy":
        # It knows of no data centres; with several of them this is what there may be at best.
        factor = int(replication.get("replication_factor", "1").partition("/")[0])
        return {facts.local_datacenter: factor}
    return dict(facts.nodes)  # every node holds everything


def of_reading(session: Any, table: Table, username: str) -> Finding:  # noqa: ANN401 - the driver is untyped
    """Return whether a table can be read, after reading a row of it as a run would."""
    try:
        list(session.execute(select_any(table)))
    except Unauthorized as error:
        return Finding(
            level=Level.FAIL,
            text=f"{table.name} cannot be read: {error}",
            fix=f"GRANT SELECT ON {table.name} TO {username};",
        )
    except Exception as error:  # noqa: BLE001 - translate raises what is not the driver's
        ours = translate(error, where=str(table.name))
        return Finding(
            level=Level.FAIL,
            text=f"{table.name} cannot be read: {ours.what}: {ours.why}",
            fix=ours.fix or "read a row with cqlsh at the same consistency; what helps there helps",
        )
    return Finding(level=Level.OK, text=f"{table.name} can be read")


def of_table(table: Table, rows: Rows) -> Iterator[Finding]:
    """Yield what is odd about a table."""
    name = (table.name.keyspace, table.name.name)
    views = rows(
        "SELECT base_table_name FROM system_schema.views"
        " WHERE keyspace_name = %s AND view_name = %s",
        name,
    )
    for (base,) in views:
        yield Finding(
            level=Level.WARN,
            text=f"{table.name} is a materialized view, which may lag behind its table",
            fix=f"copy {table.name.keyspace}.{base} instead",
        )
    found = rows(
        "SELECT default_time_to_live, flags FROM system_schema.tables"
        " WHERE keyspace_name = %s AND table_name = %s",
        name,
    )
    for ttl, flags in found:
        yield from _of_options(table, ttl or 0, frozenset(flags or ()))
    yield from _of_columns(table)


def _of_options(table: Table, ttl: int, flags: frozenset[str]) -> Iterator[Finding]:
    if ttl:
        yield Finding(
            level=Level.WARN,
            text=f"rows of {table.name} expire by default after {ttl} s:"
            " those that do between copy and verification count as extra",
            fix="verify soon after the copy",
        )
    if "compound" not in flags or flags & {"dense", "super"}:
        yield Finding(
            level=Level.WARN,
            text=f"{table.name} was made with compact storage: rows may lack parts of their key",
            fix=f"ALTER TABLE {table.name} DROP COMPACT STORAGE, where that is possible",
        )


def _of_columns(table: Table) -> Iterator[Finding]:
    if any(c.type == "counter" for c in table.columns):
        yield Finding(
            level=Level.WARN,
            text=f"{table.name} holds counters: each is copied as it stands when it is read",
            fix="stop counting during the copy, if one moment is wanted",
        )
    static = [c.name for c in table.columns if c.kind is ColumnKind.STATIC]
    if static and not table.partitions:
        yield Finding(
            level=Level.OK,
            text=f"{table.name}: static columns ({', '.join(static)}) are repeated on every row;"
            " partitions without a row are counted, and copied by partitions = true",
        )
