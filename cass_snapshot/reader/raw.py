"""A protocol handler that leaves every cell as the bytes that came over the wire.

The driver's own values lose or raise for some timestamps, texts, sets and empty values, and one
value that raises fails its whole page. Swapping the column types after the metadata was read keeps
the driver's fast row parser and loses nothing.
"""

from __future__ import annotations

from typing import Any

from cassandra.cqltypes import BytesType
from cassandra.protocol import HAVE_CYTHON, ProtocolHandler, _ProtocolHandler

_base: Any = ProtocolHandler if HAVE_CYTHON else _ProtocolHandler
_result: Any = _base.message_types_by_opcode[0x08]


class RawResult(_result):  # type: ignore[misc]  # the driver is untyped
    """A result whose cells are bytes."""

    def recv_results_metadata(self, f: Any, user_type_map: Any) -> None:  # noqa: ANN401 - the driver's signature
        """Read the metadata, then call every column a blob."""
        super().recv_results_metadata(f, user_type_map)
        if self.column_metadata:
            self.column_metadata: Any = [
                (ks, cf, name, BytesType) for ks, cf, name, _ in self.column_metadata
            ]


class RawProtocolHandler(_base):  # type: ignore[misc]  # the driver is untyped
    """The driver's handler with RawResult in the place of its result message."""

    message_types_by_opcode = {**_base.message_types_by_opcode, RawResult.opcode: RawResult}  # noqa: RUF012 - the driver's name


def raw_rows(
    _names: list[str], rows: list[tuple[bytes | None, ...]] | None
) -> list[tuple[bytes | None, ...]]:
    """Return the rows of a page as they are.

    Raises:
        ValueError: the driver's parser failed and left nothing, which is no empty page.
    """
    if rows is None:
        raise ValueError("the driver could not parse a page of rows")
    return rows


def prepare_raw(session: Any, cql: str) -> Any:  # noqa: ANN401 - the driver is untyped
    """Return a prepared statement that binds bytes and whose results are bytes.

    Preparing goes through the driver's own handler, so the types are swapped afterwards; the
    server leaves them out of the results of a prepared statement.
    """
    statement = session.prepare(cql)
    statement.column_metadata = [c._replace(type=BytesType) for c in statement.column_metadata]
    statement.result_metadata = [
        (ks, cf, name, BytesType) for ks, cf, name, _ in statement.result_metadata
    ]
    return statement
