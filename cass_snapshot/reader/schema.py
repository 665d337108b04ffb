"""Reads what Cassandra says of itself and of a table, from its system tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from cassandra import InvalidRequest

from cass_snapshot.errors import PreflightError, SnapshotError
from cass_snapshot.model import Table, TableName
from cass_snapshot.planned import Finding, Level, PlannedColumn, Sample
from cass_snapshot.protocols.sources import SAMPLE_SECONDS
from cass_snapshot.reader.columns import (
    read_columns,
    read_id,
    refuse_changed,
    whole_partitions,
)
from cass_snapshot.reader.conditions import prove, refuse_foreign, select_proven
from cass_snapshot.reader.faults import translate
from cass_snapshot.reader.findings import (
    ClusterFacts,
    of_cluster,
    of_keyspace,
    of_reading,
    of_table,
)
from cass_snapshot.reader.names import absent, choose_datacenter
from cass_snapshot.reader.sampling import Hint, Sampler, hint
from cass_snapshot.reader.session import Connection, connect
from cass_snapshot.reader.statements import select_planned
from cass_snapshot.settings import CassandraSettings

_MURMUR3 = "org.apache.cassandra.dht.Murmur3Partitioner"


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
        nodes = f"{facts.size} node{'s' if facts.size > 1 else ''}"
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
        ((name, version, local, partitioner, schema),) = self._rows(
            "SELECT cluster_name, release_version, data_center, partitioner, schema_version"
            " FROM system.local"
        )
        if partitioner != _MURMUR3:
            raise PreflightError(
                "the cluster does not use the Murmur3 partitioner",
                where=f"cluster {name}",
                why=f"it uses {partitioner}; token ranges are computed for Murmur3",
                fix="copy from a cluster with Murmur3Partitioner",
            )
        peers = self._rows("SELECT data_center, schema_version FROM system.peers")
        # A node that joins or leaves has a row with gaps.
        nodes = Counter([local, *(centre for centre, _ in peers if centre)])
        versions = {schema, *(found for _, found in peers)} - {None}
        hosts = self._connection.cluster.metadata.all_hosts()
        return ClusterFacts(
            name=name,
            version=version,
            nodes=nodes,
            local_datacenter=choose_datacenter(
                self._settings.local_datacenter, tuple(sorted(nodes))
            ),
            schema_versions=frozenset(map(str, versions)),
            down=sum(host.is_up is False for host in hosts),
        )

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
        columns = read_columns(self._rows, name)
        if partitions:
            columns = whole_partitions(name, columns)
        table = Table(
            name=name,
            columns=columns,
            cluster=self._facts.name,
            where=where,
            allow_filtering=allow_filtering,
            partitions=partitions,
            id=read_id(self._rows, name),
        )
        refuse_foreign(table)
        if where or partitions:
            prove(self._connection.session, table, select_proven(table))
        return table

    def prove(self, table: Table, columns: Sequence[PlannedColumn]) -> None:
        """Have Cassandra accept every read of a plan, before anything is written.

        Raises:
            PreflightError: it refuses one, such as the write time of a collection before 5.0.
        """
        prove(self._connection.session, table, select_planned(columns))

    def _refuse_absent(self, name: TableName) -> None:
        keyspaces = [k for (k,) in self._rows("SELECT keyspace_name FROM system_schema.keyspaces")]
        if name.keyspace not in keyspaces:
            raise absent("keyspace", name.keyspace, name, keyspaces)
        tables = [
            found
            for kind in ("table", "view")
            for (found,) in self._rows(
                f"SELECT {kind}_name FROM system_schema.{kind}s WHERE keyspace_name = %s",  # noqa: S608 - two words
                (name.keyspace,),
            )
        ]
        if name.name not in tables:
            raise absent("table", name.name, name, tables)

    def refuse_changed(self, table: Table) -> None:
        """Refuse to call a copy whole whose table is not what it was planned with.

        Raises:
            StateError: it names what changed.
            SourceUnavailable: Cassandra does not answer.
        """
        name = table.name
        refuse_changed(table, read_columns(self._rows, name), read_id(self._rows, name))

    def sample(
        self,
        table: Table,
        columns: Sequence[PlannedColumn],
        *,
        rows_max: int,
        seconds_max: float = SAMPLE_SECONDS,
    ) -> Sample:
        """Return some rows from all over a table, with an estimate of how many it has.

        Raises:
            SourceUnavailable: Cassandra does not answer.
            RangeFailed: it refuses to read.
        """
        sampler = Sampler(self._reading.session, table, select_planned(columns), seconds_max)
        found = sampler.take(rows_max)
        hinted = self._hint(table.name)
        return replace(
            found,
            partitions_hinted=hinted.partitions,
            partition_bytes_hinted=hinted.partition_bytes,
        )

    def _hint(self, name: TableName) -> Hint:
        """Return the node's own guess, which some services do not make."""
        try:
            rows = self._connection.session.execute(
                "SELECT range_start, range_end, partitions_count, mean_partition_size"
                " FROM system.size_estimates WHERE keyspace_name = %s AND table_name = %s",
                (name.keyspace, name.name),
            )
        except InvalidRequest:
            return Hint()
        except Exception as error:
            raise translate(error, where="system.size_estimates") from error
        return hint(list(rows))

    def findings(self, tables: Sequence[Table]) -> list[Finding]:
        """Return what was seen of the cluster, of reading from it, and of some tables."""
        found = list(of_cluster(self._facts, self.protocol_version))
        for keyspace, replication in self._rows(
            "SELECT keyspace_name, replication FROM system_schema.keyspaces"
        ):
            if any(t.name.keyspace == keyspace for t in tables):
                level = self._settings.consistency
                found.append(of_keyspace(keyspace, dict(replication), self._facts, level))
        try:
            session = self._reading.session
        except SnapshotError as error:
            return [
                *found,
                Finding(level=Level.FAIL, text=f"{error.what}: {error.why}", fix=error.fix),
            ]
        for table in tables:
            found.append(of_reading(session, table, self._settings.username or "the role"))
            found += of_table(table, self._rows)
        return found

    @cached_property
    def _reading(self) -> Connection:
        """Return a session that reads as a run does: from one data centre, cells as bytes."""
        return connect(
            self._settings.model_copy(update={"local_datacenter": self.datacenter}),
            raw=True,
            protocol_version=self.protocol_version,
        )

    def close(self) -> None:
        """Give the sessions back."""
        self._connection.close()
        if "_reading" in self.__dict__:
            self._reading.close()

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            return list(self._connection.session.execute(query, values or None))
        except Exception as error:
            raise translate(error, where="Cassandra's system tables") from error
