"""Sends the requests of one table: statements prepared once, pages as large as has proved well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cass_snapshot.reader.amounts import PageSize
from cass_snapshot.reader.fetch import RawPage, Stream, fetch
from cass_snapshot.reader.raw import prepare_raw
from cass_snapshot.reader.tries import SAME_PAGE_MAX, refused_or_failed
from cass_snapshot.retry import Patience


class Requests:
    """The requests of one process for one table.

    Args:
        session: a raw session of the driver.
        size: how many rows a page has.
        patience: how long requests that fail are repeated.
        timeout_s: how long a page may take.
    """

    def __init__(
        self,
        session: Any,  # noqa: ANN401 - the driver is untyped
        size: PageSize,
        patience: Patience,
        timeout_s: float,
    ) -> None:
        self._session = session
        self.size = size
        self.patience = patience
        self._timeout_s = timeout_s
        self._prepared: dict[str, Any] = {}

    def pages(
        self,
        cql: str,
        values: tuple[bytes, ...],
        where: str,
        *,
        begun: Stream | None = None,
        same_max: int = SAME_PAGE_MAX,
    ) -> Iterator[RawPage]:
        """Return the pages of a statement; see ``fetch``."""
        return fetch(
            self._session,
            self._bound(cql, values, where),
            size=self.size,
            patience=self.patience,
            where=where,
            timeout_s=self._timeout_s,
            begun=begun,
            same_max=same_max,
        )

    def begin(self, cql: str, values: tuple[bytes, ...], where: str) -> Stream:
        """Ask for the first page of a statement, which ``pages`` takes up."""
        statement = self._bound(cql, values, where)
        return Stream(self._session, statement, None, self.size, self._timeout_s)

    def _bound(self, cql: str, values: tuple[bytes, ...], where: str) -> Any:  # noqa: ANN401 - the driver is untyped
        return self.patience.call(lambda: self._prepare(cql, where)).bind(values)

    def _prepare(self, cql: str, where: str) -> Any:  # noqa: ANN401 - the driver is untyped
        """Return a prepared statement, preparing it once in this process."""
        if cql not in self._prepared:
            try:
                self._prepared[cql] = prepare_raw(self._session, cql)
            except Exception as error:
                raise refused_or_failed(error, where) from error
        return self._prepared[cql]
