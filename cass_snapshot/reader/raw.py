"""A protocol handler that leaves every cell as the bytes that came over the wire.

The driver's own values lose or raise for some timestamps, texts, sets and empty values, and one
value that raises fails its whole page. Where the compiled part is there, a page stays whole until
somebody wants a cell; otherwise swapping the column types after the metadata was read keeps the
driver's fast row parser and loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cassandra.cqltypes import BytesType
from cassandra.protocol import HAVE_CYTHON, ProtocolHandler, _ProtocolHandler

from cass_snapshot.model import Cells
from cass_snapshot.wire import AVAILABLE, WireRows

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


class WireResult(RawResult):
    """A result whose rows are not taken apart."""

    def recv_results_rows(
        self,
        f: Any,  # noqa: ANN401 - the driver's signature
        _version: int,
        user_type_map: Any,  # noqa: ANN401 - the driver's signature
        result_metadata: Any,  # noqa: ANN401 - the driver's signature
        _encryption: Any = None,  # noqa: ANN401 - the driver's signature
    ) -> None:
        """Read the metadata; what is left of the message is the rows."""
        self.recv_results_metadata(f, user_type_map)
        columns = self.column_metadata or result_metadata
        self.column_names: Any = [name for _, _, name, _ in columns]
        self.column_types: Any = [BytesType] * len(columns)
        # BytesIO gives the very bytes that it was made of: nothing is copied.
        self.parsed_rows: Any = WireRows(f.getvalue(), f.tell(), len(columns))


class RawProtocolHandler(_base):  # type: ignore[misc]  # the driver is untyped
    """The driver's handler with a result message of ours in the place of its own."""

    message_types_by_opcode = {  # noqa: RUF012 - the driver's name
        **_base.message_types_by_opcode,
        RawResult.opcode: WireResult if AVAILABLE else RawResult,
    }


def raw_rows(_names: list[str], rows: Sequence[Cells] | None) -> Sequence[Cells]:
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
