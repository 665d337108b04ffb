"""Rows that were set aside, in pairs of lines with one ``id``: the row, and why.

    <run>/rejected/orders.jsonl
    {"id":"3f..","token":-42,"key":["0f.."],"row":{"cells":{"id":"0f..","total":null}},"sum":"77.."}
    {"id":"9c..","token":7,"key":["1a.."],"row":{"values":{"id":7,"total":"4.20"}},"sum":"1d.."}
    <run>/rejected/orders.why.jsonl
    {"id":"3f..","token":-42,"key":["0f.."],"found_by":"encoder","at":"2026-11-20T10:54:52.123Z",
     "columns":[{"column":"total","error":1264,"code":"CS-D02","why":"..","fix":".."}],"sum":".."}

A row that the encoder refused is kept as its cells, in hex; one that the target refused as the
values of its WAL line. The second file holds nothing of a row but its key. ``sum`` is the
blake2b-64 of the line up to ``,"sum":``, and ``id`` the blake2b-128 of table's name and key.

A row is kept if and only if both files have a valid line of its id; the last one wins. Whatever
else a crash leaves is passed over. So is a row whose batch never reached the target: it is read
or applied again, and may be good by then. Which rows are set aside, the target's ledger knows, by
their ids; these files hold what is in them. Several processes append, each under an exclusive
lock; nothing is ever cut or removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from cass_snapshot.model import Cells, TableName
from cass_snapshot.rejection import Rejected
from cass_snapshot.wal.disk import File, Files
from cass_snapshot.wal.files import REAL
from cass_snapshot.wal.names import folder_of

_SUM_OPENING = b',"sum":"'
_SUM_BYTES = len(_SUM_OPENING) + 16 + len(b'"}')


def row_id(table: TableName, key: Cells) -> str:
    """Return what a row is called in every file and table: a digest of its table and key."""
    digest = blake2b(str(table).encode(), digest_size=16)
    for cell in key:
        content = cell or b""
        digest.update(b"-" if cell is None else b"+%d:" % len(content))
        digest.update(content)
    return digest.hexdigest()


def stem_of(table: TableName, among: Sequence[TableName]) -> str:
    """Return what the files of a table are called: its name, or with its keyspace in front.

    Args:
        table: the table.
        among: the tables of the run.
    """
    full = folder_of(table)  # refuses what cannot be a file's name
    return full if sum(t.name == table.name for t in among) > 1 else table.name


class RejectFile:
    """Keeps the rows of one table that were set aside; implements ``protocols.Rejects``.

    Args:
        directory: the ``rejected`` folder of the run; made with the first row.
        stem: what the files are called, see ``stem_of``.
        table: the table.
        names: the columns of a WAL line; of those the first are the cells of a row.
        files: the disk.
    """

    def __init__(
        self,
        directory: Path,
        stem: str,
        table: TableName,
        names: Sequence[str],
        *,
        files: Files = REAL,
    ) -> None:
        self._directory = directory
        self._stem = stem
        self._table = table
        self._names = tuple(names)
        self._files = files
        self._named: set[str] = set()

    def name(self, key: Cells) -> str:
        """Return the id of the row with this key."""
        return row_id(self._table, key)

    def add(self, rows: Sequence[Rejected]) -> tuple[str, ...]:
        """Keep rows, durably on return, and return their ids; one that is given again counts once.

        Raises:
            OSError: the disk refused; what the rows belong to must not reach the target.
        """
        if not rows:
            return ()
        if not self._named:
            self._files.make_directory(self._directory)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        ids = [row_id(self._table, row.key) for row in rows]
        self._append(".jsonl", [self._row(i, row) for i, row in zip(ids, rows, strict=True)])
        whys = [_why(i, row, now) for i, row in zip(ids, rows, strict=True)]
        self._append(".why.jsonl", whys)
        return tuple(ids)

    def _row(self, identity: str, row: Rejected) -> dict[str, Any]:
        if row.cells is not None:
            cells = zip(self._names, row.cells, strict=False)  # what is made of a row is no cell
            body: dict[str, Any] = {"cells": {n: None if c is None else c.hex() for n, c in cells}}
        else:
            values = orjson.loads(row.line or b"")
            body = {"values": dict(zip(self._names, values, strict=True))}
        return {**_head(identity, row), "row": body}

    def _append(self, ending: str, records: Sequence[dict[str, Any]]) -> None:
        path = self._directory / (self._stem + ending)
        file = _open_or_create(self._files, path)
        try:
            file.lock(wait=True)
            end = file.size()
            torn = end > 0 and file.read_at(end - 1, 1) != b"\n"
            lines = b"".join(map(_sealed, records))
            file.write_at(end, (b"\n", lines) if torn else (lines,))
            file.sync()
            if ending not in self._named:  # whoever made the file may have died right then
                self._files.sync_directory(self._directory)
        finally:
            file.close()
        self._named.add(ending)


def _head(identity: str, row: Rejected) -> dict[str, Any]:
    key = [None if cell is None else cell.hex() for cell in row.key]
    return {"id": identity, "token": row.token, "key": key}


def _why(identity: str, row: Rejected, now: str) -> dict[str, Any]:
    return {
        **_head(identity, row),
        "found_by": "target" if row.cells is None else "encoder",
        "at": now,
        "columns": [
            {"column": p.column, "error": p.error, "code": p.code, "why": p.what, "fix": p.fix}
            for p in row.problems
        ],
    }


def _sealed(record: dict[str, Any]) -> bytes:
    text = orjson.dumps(record)[:-1]
    return text + _ending(text) + b"\n"


def _ending(text: bytes) -> bytes:
    total = blake2b(text, digest_size=8).hexdigest()
    return _SUM_OPENING + total.encode() + b'"}'


def is_valid(line: bytes) -> bool:
    """Tell whether a line, without its newline, is whole and unchanged."""
    text = line[:-_SUM_BYTES]
    return line[-_SUM_BYTES:] == _ending(text)


def _open_or_create(files: Files, path: Path) -> File:
    try:
        return files.open(path, write=True)
    except FileNotFoundError:
        try:
            return files.create(path)
        except FileExistsError:  # another worker was faster
            return files.open(path, write=True)
