"""Opens sessions with Cassandra, every option of the driver that matters given by name.

A session belongs to the process that opened it; it is never carried over a fork or a queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cassandra import ConsistencyLevel
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.connection import ConnectionException
from cassandra.policies import (
    DCAwareRoundRobinPolicy,
    FallthroughRetryPolicy,
    RoundRobinPolicy,
    TokenAwarePolicy,
)
from cassandra.protocol import IsBootstrappingErrorMessage
from cassandra.query import tuple_factory

from cass_snapshot.reader.faults import translate
from cass_snapshot.reader.raw import RawProtocolHandler, raw_rows
from cass_snapshot.settings import CassandraSettings

_Driver: Any = Cluster.connection_class


class _RoomyConnection(_Driver):  # type: ignore[misc]  # the driver is untyped
    """The driver's connection, which reads 4 KiB at a time otherwise: 250 calls for a page."""

    in_buffer_size = 2**17


class _NextHost(FallthroughRetryPolicy):  # type: ignore[misc]  # the driver is untyped
    """Asks another node where one is starting or has gone; every other retry is ours.

    The driver's own policies could lower the consistency, or call an error an empty success.
    """

    def on_request_error(
        self,
        query: object,  # noqa: ARG002 - the driver's signature
        consistency: object,  # noqa: ARG002 - the driver's signature
        error: Exception,
        retry_num: int,  # noqa: ARG002 - the driver's signature
    ) -> tuple[Any, None]:
        """Return what the driver does; each node is asked once, then NoHostAvailable is raised."""
        elsewhere = isinstance(error, (IsBootstrappingErrorMessage, ConnectionException))
        return (self.RETRY_NEXT_HOST if elsewhere else self.RETHROW), None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A cluster object of the driver and the session on it."""

    cluster: Any
    session: Any

    def close(self) -> None:
        """End the session and every thread that the driver started for it."""
        self.cluster.shutdown()


def connect(
    settings: CassandraSettings, *, raw: bool, protocol_version: int | None = None
) -> Connection:
    """Open a session.

    Args:
        settings: contact points, login, consistency and timeout.
        raw: cells and bound values are bytes instead of Python values.
        protocol_version: what an earlier connection agreed on; None negotiates, which costs two
            refused connections with most servers.

    Raises:
        PreflightError: the login was refused.
        SourceUnavailable: no contact point answered.
    """
    where = "cassandra " + ", ".join(f"{host}:{settings.port}" for host in settings.contact_points)
    agreed = {} if protocol_version is None else {"protocol_version": protocol_version}
    cluster = Cluster(
        **agreed,
        connection_class=_RoomyConnection,
        contact_points=list(settings.contact_points),
        port=settings.port,
        auth_provider=_login(settings),
        execution_profiles={EXEC_PROFILE_DEFAULT: _profile(settings, raw=raw)},
        connect_timeout=min(10, settings.request_timeout_s),
        control_connection_timeout=settings.request_timeout_s,
        # The schema is read from the system tables, by name and once.
        schema_metadata_enabled=False,
        # The token map is what lets a read by partition key go straight to a replica.
        token_metadata_enabled=True,
        executor_threads=2,  # enough for a page in flight per range
    )
    try:
        session = cluster.connect()
    except Exception as error:
        cluster.shutdown()
        raise translate(error, where=where) from error
    if raw:
        session.client_protocol_handler = RawProtocolHandler
    return Connection(cluster=cluster, session=session)


def _login(settings: CassandraSettings) -> Any:  # noqa: ANN401 - the driver is untyped
    if settings.username is None or settings.password is None:
        return None
    return PlainTextAuthProvider(settings.username, settings.password.get_secret_value())


def _profile(settings: CassandraSettings, *, raw: bool) -> Any:  # noqa: ANN401 - the driver is untyped
    local = (
        DCAwareRoundRobinPolicy(local_dc=settings.local_datacenter)
        if settings.local_datacenter
        else RoundRobinPolicy()
    )
    return ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(local),
        retry_policy=_NextHost(),
        consistency_level=ConsistencyLevel.name_to_value[settings.consistency],
        request_timeout=settings.request_timeout_s,
        row_factory=raw_rows if raw else tuple_factory,
    )
