"""A Cassandra session whose values are the bytes of cells, in both directions.

No driver makes every value, nor reads every value back; bytes go both ways unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from cassandra.cqltypes import BytesType
from cassandra.protocol import ResultMessage, _ProtocolHandler

from tests.support.servers import Servers


class _BytesResult(ResultMessage):  # type: ignore[misc]  # the driver is untyped
    """A result whose columns all count as blobs."""

    def recv_results_metadata(self, f: Any, user_type_map: Any) -> None:  # noqa: ANN401 - the driver's signature
        super().recv_results_metadata(f, user_type_map)
        if self.column_metadata:
            self.column_metadata: Any = [(*c[:3], BytesType) for c in self.column_metadata]


class _BytesHandler(_ProtocolHandler):  # type: ignore[misc]  # the driver is untyped
    """The driver's handler in pure Python, with results of bytes."""

    message_types_by_opcode = {  # noqa: RUF012 - the driver's name
        **_ProtocolHandler.message_types_by_opcode,
        ResultMessage.opcode: _BytesResult,
    }


class RawCells:
    """Statements whose parameters and results are cells."""

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - the driver is untyped
        self.session = session

    def prepare(self, cql: str) -> Any:  # noqa: ANN401 - the driver is untyped
        """Return a prepared statement that binds cells."""
        described = self.session.prepare(cql)
        described.column_metadata = [c._replace(type=BytesType) for c in described.column_metadata]
        described.result_metadata = None
        return described

    def rows(self, cql: str, values: Sequence[bytes] = ()) -> list[tuple[bytes | None, ...]]:
        """Return the rows that a query finds."""
        return list(self.session.execute(self.prepare(cql) if values else cql, values or None))


@contextmanager
def raw_cells(servers: Servers) -> Iterator[RawCells]:
    """Have the session take and give bytes for a while."""
    session = servers.session
    usual = session.client_protocol_handler
    session.client_protocol_handler = _BytesHandler
    try:
        yield RawCells(session)
    finally:
        session.client_protocol_handler = usual
