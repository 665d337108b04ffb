"""Reads what Cassandra says of itself and of a table, from its system tables."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from cass_snapshot.errors import PreflightError
from cass_snapshot.model import Column, ColumnKind, Table, TableName
from cass_snapshot.reader.conditions import prove, refuse_foreign
from cass_snapshot.reader.faults import translate
from cass_snapshot.reader.session import Connection, connect
from cass_snapshot.reader.types import whole_type
from cass_snapshot.settings import CassandraSettings

_MURMUR3 = "org.apache.cassandra.dht.Murmur3Partitioner"
_ORDER = (ColumnKind.PARTITION_KEY, ColumnKind.CLUSTERING, ColumnKind.STATIC, ColumnKind.REGULAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """What a run's heading and its identity need of a cluster."""

    name: str
    version: str
    datacenters: tuple[str, ...]
    nodes: int
    local_datacenter: str


class CassandraSchema:
    """Knows the cluster and its tables, through one session of its own."""

    def __init__(self, settings: CassandraSettings) -> None:
        self._settings = settings
        self._connection: Connection = connect(
            settings.model_copy(update={"local_datacenter": None}), raw=False
        )
        try:
            self._facts = self._read_facts()
        except BaseException:
            self.close()
            raise

    @property
    def heading(self) -> str:
        """Return data centre, size, version and consistency in a few words."""
        facts = self._facts
        nodes = f"{facts.nodes} node{'s' if facts.nodes > 1 else ''}"
        return (
            f"cassandra {facts.local_datacenter}, {nodes}, {facts.version},"
            f" {self._settings.consistency}"
        )

    @property
    def datacenter(self) -> str:
        """Return the data centre to read from."""
        return self._facts.local_datacenter

    @property
    def protocol_version(self) -> int:
        """Return the version of the native protocol that both sides speak."""
        return int(self._connection.cluster.protocol_version)

    def _read_facts(self) -> ClusterFacts:
        """Return name, version and data centres.

        Raises:
            PreflightError: an unsupported partitioner, or a data centre that is not there.
        """
        ((name, version, local, partitioner),) = self._rows(
            "SELECT cluster_name, release_version, data_center, partitioner FROM system.local"
        )
        if partitioner != _MURMUR3:
            raise PreflightError(
                "the cluster does not use the Murmur3 partitioner",
                where=f"cluster {name}",
                why=f"it uses {partitioner}; token ranges are computed for Murmur3",
                fix="copy from a cluster with Murmur3Partitioner",
            )
        peers = [dc for (dc,) in self._rows("SELECT data_center FROM system.peers")]
        datacenters = tuple(sorted({local, *peers}))
        return ClusterFacts(
            name=name,
            version=version,
            datacenters=datacenters,
            nodes=1 + len(peers),
            local_datacenter=self._local(datacenters),
        )

    def _local(self, datacenters: tuple[str, ...]) -> str:
        wanted = self._settings.local_datacenter
        listed = ", ".join(datacenters)
        if wanted is None and len(datacenters) == 1:
            return datacenters[0]
        if wanted is None:
            raise PreflightError(
                "the cluster has several data centres and none was chosen",
                where="[cassandra] local_datacenter",
                why=f"it reports {listed}",
                fix=f'local_datacenter = "{datacenters[0]}" (or another of them)',
            )
        if wanted not in datacenters:
            raise PreflightError(
                f'the cluster has no data centre "{wanted}"',
                where="[cassandra] local_datacenter; nothing was written",
                why=f"it reports {listed}",
                fix=f'local_datacenter = "{_nearest(wanted, datacenters)}"',
            )
        return wanted

    def table(
        self,
        name: TableName,
        *,
        where: str = "",
        allow_filtering: bool = False,
        partitions: bool = False,
    ) -> Table:
        """Return a table or view: partition key, clustering columns, statics, others by name.

        Raises:
            PreflightError: there is no such keyspace or table (names the nearest that exist), it
                has no partitions of several rows, or Cassandra refuses the condition.
        """
        self._refuse_absent(name)
        columns = self._columns(name)
        if partitions:
            columns = _of_partitions(name, columns)
        table = Table(
            name=name,
            columns=columns,
            cluster=self._facts.name,
            where=where,
            allow_filtering=allow_filtering,
            partitions=partitions,
        )
        refuse_foreign(table)
        if where or partitions:
            prove(self._connection.session, table)
        return table

    def _refuse_absent(self, name: TableName) -> None:
        keyspaces = [k for (k,) in self._rows("SELECT keyspace_name FROM system_schema.keyspaces")]
        if name.keyspace not in keyspaces:
            raise self._absent("keyspace", name.keyspace, name, keyspaces)
        tables = [
            found
            for kind in ("table", "view")
            for (found,) in self._rows(
                f"SELECT {kind}_name FROM system_schema.{kind}s WHERE keyspace_name = %s",  # noqa: S608 - two words
                (name.keyspace,),
            )
        ]
        if name.name not in tables:
            raise self._absent("table", name.name, name, tables)

    def _columns(self, name: TableName) -> tuple[Column, ...]:
        user_types = {
            label: tuple(zip(names, types, strict=True))
            for label, names, types in self._rows(
                "SELECT type_name, field_names, field_types FROM system_schema.types"
                " WHERE keyspace_name = %s",
                (name.keyspace,),
            )
        }
        rows = self._rows(
            "SELECT kind, position, column_name, type, clustering_order"
            " FROM system_schema.columns WHERE keyspace_name = %s AND table_name = %s",
            (name.keyspace, name.name),
        )
        ordered = sorted(rows, key=lambda r: (_ORDER.index(ColumnKind(r[0])), r[1], r[2]))
        return tuple(
            Column(
                name=column,
                type=whole_type(cql, user_types),
                kind=ColumnKind(kind),
                descending=order == "desc",
            )
            for kind, _, column, cql, order in ordered
        )

    def close(self) -> None:
        """Give the session back."""
        self._connection.close()

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            return list(self._connection.session.execute(query, values or None))
        except Exception as error:
            raise translate(error, where="Cassandra's system tables") from error

    @staticmethod
    def _absent(kind: str, wanted: str, name: TableName, existing: list[str]) -> PreflightError:
        own = [n for n in existing if not n.startswith("system")]
        return PreflightError(
            f"Cassandra has no {kind} {wanted}",
            where=f"source {name}; nothing was written",
            why=f"it has {', '.join(sorted(own)[:8]) or 'none'}",
            fix=f"did you mean {_nearest(wanted, tuple(own))}?"
            if own
            else f"create the {kind} first",
        )


def _of_partitions(name: TableName, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return what a row that stands for a whole partition has."""
    if not any(c.kind is ColumnKind.CLUSTERING for c in columns):
        raise PreflightError(
            f"a partition of {name} has one row already",
            where="[[tables]] partitions = true; nothing was written",
            why="the table has no clustering columns",
            fix="take partitions out, and the rows are copied",
        )
    return tuple(c for c in columns if c.kind in (ColumnKind.PARTITION_KEY, ColumnKind.STATIC))


def _nearest(wanted: str, existing: tuple[str, ...]) -> str:
    """Return the existing name that is most like the wanted one."""
    return (difflib.get_close_matches(wanted, existing, n=1, cutoff=0.0) or [""])[0]
