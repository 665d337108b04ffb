"""The bytes of a segment.

    {"wal":2,"run":..,...,"first_seq":1,"prev":"0000000000000000","sum":"3d..."}       header
    ["0f3a...","a name",12,null]                                                      rows
    ["77c1...","another",13,"4.20"]
    {"commit":1,"rows":2,"words":1,"bytes":60,...,"synced":0,"prev":"3d..","sum":".."}  commit line
    ...                                                                               more batches
    {"footer":true,"batches":1,...,"synced":412,"prev":"..","sum":".."}               when sealed

A row line is a JSON array and a control line a JSON object, so that the first byte of a line tells
them apart; JSON has no raw newline inside a line. With ``compression`` zstd the same lines stand in
frames: one for the header, one for each batch with its commit line, one for the footer.

A commit line may count what a batch has besides its rows, after ``closing``; what is zero is left
out, and ``tally`` itself where all of it is:

    "tally":{"static_only":2,"refused":1,"nulls":{"owner":7},"ids":["3f.."]}

``ids`` name the refused rows, as ``rejects.py`` calls them; the first version had none.

Rows that are sorted by the target's key stand in blocks of whole lines, which ``blocks``, after
``tally``, lists: size, stored size, CRC-32 of the lines, and whether they are plain
(``blocks.Cut``). Each block can be read and proven by itself:

    "blocks":[[65531,65531,2923211003,true],[4807,4807,77210934,false]]

Plain, the blocks are those rows, one after the other, and the two sizes are one. With zstd each
block is a frame, and the commit line is another one after them. Version 1 had none of this.

``start`` and ``end`` are the range's at the time; where a run is continued with other ranges, one
that is begun ends earlier from then on.

``sum`` is the blake2b-64 of ``prev``, of the rows since the control line before, and of the control
line itself up to ``,"sum":``. It leaves out rows in blocks, which their CRC-32 in the line proves:
hashing them twice would only cost. ``prev`` is the ``sum`` of the control line before, through the
header into the segment before, and zeros where nothing is before. ``synced`` is how many bytes of
this file were durable when the write that holds this line began: a crash can have damaged nothing
below it.

A control line is valid if and only if it is, byte for byte, what ``seal`` makes of the record that
``parse`` reads from it. A segment is valid if and only if its control lines are valid, each
``prev`` continues the chain, the batches are numbered from ``first_seq`` on without a gap, blocks
are the rows of their batch and lie where its commit line says, a footer agrees with them, and
nothing follows the footer.
"""

from __future__ import annotations

import re
from hashlib import blake2b

import orjson

from cass_snapshot.model import Position, TableName, Tally, TokenRange, WalColumn, WalIdentity
from cass_snapshot.wal.blocklist import blocks, blocks_fields, check_blocks
from cass_snapshot.wal.fields import Fields, FormatError, SignedError
from cass_snapshot.wal.records import VERSION, Commit, Control, Footer, Header
from cass_snapshot.wal.tally import tally, tally_fields

CHAIN_START = "0" * 16
"""The ``prev`` of a segment that continues nothing."""
CONTROL_BYTES_MAX = 8 * 2**20
"""Room for the largest key that Cassandra has, in hex, and the ids of 100,000 refused rows."""
BATCH_BYTES_MAX = 256 * 2**20
"""More than any target takes in one transaction; a hostile file cannot ask for more memory."""
COMPRESSIONS = ("none", "zstd")
_NOTHING = Tally()
_SUM_OPENING = b',"sum":"'
_SUM_CLOSING = b'"}\n'
_VERSION = re.compile(rb'\{"wal":([0-9]{1,9})[,}]')


def seal(control: Control, rows: bytes = b"") -> tuple[bytes, str]:
    """Return a control line with its newline, and its sum, for the rows that it follows."""
    text = orjson.dumps(_fields(control))[:-1]
    digest = blake2b(control.prev.encode(), digest_size=8)
    if not isinstance(control, Commit) or not control.blocks:
        digest.update(rows)
    digest.update(text)
    total = digest.hexdigest()
    return text + _SUM_OPENING + total.encode() + _SUM_CLOSING, total


def newer_version(line: bytes) -> int | None:
    """Return the version of a header that a later release wrote, before anything else is read."""
    found = _VERSION.match(line)
    return int(found[1]) if found and int(found[1]) > VERSION else None


def parse(line: bytes) -> Control:
    """Return what a control line says; whether it is valid, ``check`` tells.

    Raises:
        FormatError: it is no control line of this version.
    """
    if len(line) > CONTROL_BYTES_MAX:
        raise FormatError("a control line is longer than any")
    fields = Fields(line)
    if "commit" in fields:
        return _commit(fields)
    if "footer" in fields:
        return _footer(fields)
    return _header(fields)


def check(control: Control, line: bytes, rows: bytes) -> str:
    """Return the sum of a control line that is valid after these rows.

    Raises:
        FormatError: line or rows are not what was written.
        SignedError: they are, and do not fit each other.
    """
    expected, total = seal(control, rows)
    if expected != line:
        raise FormatError("the checksum does not fit")
    if isinstance(control, Commit):
        if control.blocks:
            check_blocks(rows, control.blocks)
        if len(rows) != control.size:
            raise SignedError("the rows have another length than their commit line says")
        check_rows(rows, control.rows)
    elif rows:
        raise SignedError("rows without a commit line")
    return total


def check_rows(data: bytes, rows: int) -> None:
    """Refuse what is not this number of lines that look like JSON arrays."""
    count = data.count(b"]\n[") + 1 if data else 0
    if count != rows or (data and not (data.startswith(b"[") and data.endswith(b"]\n"))):
        raise SignedError("the rows are not as many lines as their commit line says")


def _fields(control: Control) -> dict[str, object]:
    match control:
        case Header():
            return _header_fields(control)
        case Commit():
            return {
                "commit": control.seq,
                "rows": control.rows,
                "words": control.words,
                "bytes": control.size,
                "position": _position_fields(control.position),
                "closing": control.closing,
                **tally_fields(control.tally),
                **blocks_fields(control.blocks),
                "synced": control.synced,
                "prev": control.prev,
            }
        case Footer():
            return {
                "footer": True,
                "batches": control.batches,
                "rows": control.rows,
                "bytes": control.size,
                "last_seq": control.last_seq,
                "synced": control.synced,
                "prev": control.prev,
            }


def _header_fields(header: Header) -> dict[str, object]:
    identity = header.identity
    return {
        "wal": header.version,
        "run": identity.run_id,
        "source": identity.source,
        "target": identity.target,
        "schema": identity.schema,
        "table": [identity.table.keyspace, identity.table.name],
        "columns": [[column.name, column.type, column.form] for column in identity.columns],
        "range": identity.range.number,
        "start": identity.range.start,
        "end": identity.range.end,
        "epoch": identity.epoch,
        "compression": identity.compression,
        "first_seq": header.first_seq,
        "prev": header.prev,
    }


def _position_fields(position: Position | None) -> dict[str, object] | None:
    if position is None:
        return None
    return {
        "token": position.token,
        "pk": [cell.hex() for cell in position.partition_key],
        "ck": [cell.hex() for cell in position.clustering],
    }


def _header(fields: Fields) -> Header:
    version = fields.count("wal")
    if not 1 <= version <= VERSION:
        raise FormatError(f"no segment of format 1 to {VERSION}")
    keyspace, name = fields.texts("table", 2)
    compression = fields.text("compression")
    if compression not in COMPRESSIONS:
        raise FormatError("an unknown compression")
    return Header(
        identity=WalIdentity(
            run_id=fields.text("run"),
            source=fields.text("source"),
            target=fields.text("target"),
            schema=fields.text("schema"),
            table=TableName(keyspace=keyspace, name=name),
            columns=tuple(
                WalColumn(name=name, type=kind, form=form)
                for name, kind, form in fields.rows_of_texts("columns", 3)
            ),
            range=TokenRange(
                number=fields.count("range"),
                start=fields.integer("start"),
                end=fields.integer("end"),
            ),
            epoch=fields.count("epoch"),
            compression=compression,
        ),
        first_seq=fields.count("first_seq"),
        prev=fields.chain("prev"),
        version=version,
    )


def _commit(fields: Fields) -> Commit:
    return Commit(
        seq=fields.count("commit"),
        rows=fields.count("rows"),
        words=fields.count("words"),
        size=fields.count("bytes"),
        position=_position(fields.inner("position")),
        closing=fields.flag("closing"),
        synced=fields.count("synced"),
        prev=fields.chain("prev"),
        tally=tally(fields.inner("tally")) if "tally" in fields else _NOTHING,
        blocks=blocks(fields),
    )


def _position(fields: Fields | None) -> Position | None:
    if fields is None:
        return None
    return Position(
        token=fields.integer("token"),
        partition_key=fields.cells("pk"),
        clustering=fields.cells("ck"),
    )


def _footer(fields: Fields) -> Footer:
    return Footer(
        batches=fields.count("batches"),
        rows=fields.count("rows"),
        size=fields.count("bytes"),
        last_seq=fields.count("last_seq"),
        synced=fields.count("synced"),
        prev=fields.chain("prev"),
    )
