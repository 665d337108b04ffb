"""Reads back the rows that were set aside; ``rejects.py`` says what a valid pair of lines is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from cass_snapshot.errors import StateError
from cass_snapshot.model import TableName
from cass_snapshot.rejection import Problem, Rejected
from cass_snapshot.wal.disk import Files
from cass_snapshot.wal.fields import Fields, FormatError
from cass_snapshot.wal.files import REAL
from cass_snapshot.wal.names import folder_of
from cass_snapshot.wal.rejects import is_valid, row_id

LINE_BYTES_MAX = 2**30
"""No value that MySQL takes is larger; a file that says otherwise is not ours."""
_BLOCK_BYTES = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWhy:
    """Why a row was set aside; ``id`` names the row in every file and table."""

    id: str
    token: int
    problems: tuple[Problem, ...]
    found_by: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRow:
    """A row that was set aside, and why."""

    why: KeptWhy
    row: Rejected


@dataclass(slots=True)
class _Lines:
    """The valid lines of a file: where the last one of each id lies."""

    files: Files
    path: Path
    table: TableName
    places: dict[str, tuple[int, int]] = field(default_factory=dict)

    def find(self) -> _Lines:
        """Read the file once."""
        for offset, line in _lines(self.files, self.path):
            if is_valid(line):
                fields = Fields(line)
                identity = row_id(self.table, fields.cells_or_none("key"))
                if fields.text("id") == identity:  # else of another table of the same name
                    self.places[identity] = (offset, len(line))
        return self

    def read(self, ids: Sequence[str]) -> Iterator[Fields]:
        """Yield the last line of each of these ids."""
        if not ids:
            return
        file = self.files.open(self.path)
        try:
            for i in ids:
                offset, size = self.places[i]
                yield Fields(file.read_at(offset, size))
        finally:
            file.close()


def _lines(files: Files, path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield every whole line with its offset; none where there is no file."""
    try:
        file = files.open(path)
    except FileNotFoundError:
        return
    try:
        buffer, start, offset = bytearray(), 0, 0
        while block := file.read_at(offset, _BLOCK_BYTES):
            offset += len(block)
            buffer += block
            if b"\n" not in block and len(buffer) < LINE_BYTES_MAX:
                continue
            *whole, rest = buffer.split(b"\n")
            for line in whole:
                yield start, bytes(line)
                start += len(line) + 1
            buffer = rest
            if len(buffer) > LINE_BYTES_MAX:
                raise FormatError(f"{path.name} has a line that is longer than any")
    finally:
        file.close()


def _tables_lines(
    directory: Path, table: TableName, ending: str, files: Files
) -> Iterator[tuple[_Lines, list[str]]]:
    """Yield the files of a table, and which ids each has; those of the newer name win."""
    found = [
        _Lines(files, directory / f"{stem}{ending}", table).find()
        for stem in (table.name, folder_of(table))
    ]
    seen: set[str] = set()
    for lines in reversed(found):
        yield lines, [i for i in lines.places if i not in seen]
        seen |= lines.places.keys()


def read_whys(directory: Path, table: TableName, *, files: Files = REAL) -> Iterator[KeptWhy]:
    """Yield why each row of a table was set aside, by the folder ``rejected`` of a run."""
    with _refusing(directory, table):
        for lines, ids in _tables_lines(directory, table, ".why.jsonl", files):
            for fields in lines.read(ids):
                yield KeptWhy(
                    id=fields.text("id"),
                    token=fields.integer("token"),
                    problems=tuple(map(_problem, fields.objects("columns"))),
                    found_by=fields.text("found_by"),
                    at=fields.text("at"),
                )


def read_rows(
    directory: Path, table: TableName, names: Sequence[str], *, files: Files = REAL
) -> Iterator[KeptRow]:
    """Yield each row of a table that was set aside, with its reason.

    Args:
        directory: the folder ``rejected`` of a run.
        table: the table.
        names: the columns of a WAL line, in its order.
        files: the disk.

    Raises:
        StateError: a row has other columns.
    """
    whys = {why.id: why for why in read_whys(directory, table, files=files)}
    with _refusing(directory, table):
        for lines, ids in _tables_lines(directory, table, ".jsonl", files):
            for fields in lines.read([i for i in ids if i in whys]):
                why = whys[fields.text("id")]
                yield KeptRow(why=why, row=_rejected(fields, why, names))


@contextmanager
def _refusing(directory: Path, table: TableName) -> Iterator[None]:
    try:
        yield
    except FormatError as error:
        raise StateError(
            "the rejected rows are not as this tool writes them",
            where=f"{directory}, {table}",
            why=str(error),
            fix="put the files of this run back",
        ) from error


def _problem(fields: Fields) -> Problem:
    return Problem(
        column=fields.text("column"),
        what=fields.text("why"),
        fix=fields.text("fix"),
        error=fields.count("error"),
        code=fields.text("code"),
    )


def _rejected(fields: Fields, why: KeptWhy, names: Sequence[str]) -> Rejected:
    row = fields.inner("row")
    if row is None:
        raise FormatError("a rejected row is null")
    cells = line = None
    if "cells" in row:
        cells = row.named_cells("cells", names)
    else:
        line = orjson.dumps(row.named_values("values", names)) + b"\n"
    return Rejected(
        token=why.token,
        key=fields.cells_or_none("key"),
        problems=why.problems,
        cells=cells,
        line=line,
    )
