"""Keys read back from MySQL and MariaDB, for verification: tokens, and keys that are not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from cass_snapshot.codec.cells import cell
from cass_snapshot.codec.digest import key_digest
from cass_snapshot.codec.keys import target_key_values
from cass_snapshot.forms import Form
from cass_snapshot.model import TOKEN_MIN, Cells
from cass_snapshot.mysql.columns import target_columns
from cass_snapshot.mysql.keys import MysqlKeys
from cass_snapshot.planned import Reading
from cass_snapshot.ring.tokens import token
from tests.support.patient import patience
from tests.support.planned_targets import Bench, Into, make_bench
from tests.support.servers import Place, Servers, new_database
from tests.support.typed_cells import SERIALIZE

pytestmark = pytest.mark.servers

ID = Into(name="id", sql="INT", cql="int", form=Form.INTEGER, key=True)
BODY = Into(name="body", sql="VARCHAR(40)", cql="text", form=Form.TEXT)


@pytest.fixture
def place(flavour_servers: Servers, tmp_path: Path) -> Iterator[Place]:
    """Give one test a database of each flavour in turn."""
    with new_database(flavour_servers) as database:
        yield Place(servers=flavour_servers, keyspace="", database=database, folder=tmp_path)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Close what a test opens."""
    with ExitStack() as found:
        yield found


def keys_of(bench: Bench) -> MysqlKeys:
    """Return what reads the keys of a target."""
    planned = bench.planned
    return MysqlKeys(
        bench.settings,
        table="items",
        columns=target_columns(planned),
        key=planned.key,
        to_cell=lambda p, value: cell(p.column.type, p.form, value),
        to_values=target_key_values(planned.columns, planned.key),
        patience=patience(),
    )


def int_key(number: int) -> Cells:
    """Return the primary key of an int."""
    return (SERIALIZE["int"](number),)


def tokens(bench: Bench) -> list[int]:
    """Return all tokens of a target, in order."""
    with closing(keys_of(bench)) as keys:
        return sorted(t for page in keys.tokens() for t in page)


def absent(bench: Bench, asked: Sequence[Cells]) -> list[Cells]:
    """Return those keys that a target lacks."""
    with closing(keys_of(bench)) as keys:
        return keys.absent(asked)


def test_a_key_beside_a_surrogate_is_read_by_its_own_column(place: Place, stack: ExitStack) -> None:
    """The token of each row; a row without such a key is none of the source's, and no crash."""
    ddl = (
        "id BIGINT AUTO_INCREMENT PRIMARY KEY, file_id INT NULL, body VARCHAR(40), UNIQUE (file_id)"
    )
    file_id = replace(ID, name="file_id", source="id")
    bench = make_bench(place, stack, [file_id, BODY], ddl=ddl)
    place.sql("INSERT INTO {db}.items (file_id) VALUES (5), (6), (NULL)")
    expected = [TOKEN_MIN, *(token([SERIALIZE["int"](n)]) for n in (5, 6))]
    assert tokens(bench) == sorted(expected)
    assert absent(bench, [int_key(5), int_key(7), int_key(6)]) == [int_key(7)]


def test_a_key_that_cannot_be_decoded_is_counted_as_unknown(place: Place, stack: ExitStack) -> None:
    """Somebody's row in a table that is shared: a text that is no uuid."""
    column = replace(ID, sql="VARCHAR(40)", cql="uuid", form=Form.UUID)
    bench = make_bench(place, stack, [column], ddl="id VARCHAR(40) CHARSET utf8mb4 PRIMARY KEY")
    ours = "50554d6e-29bb-11e5-b345-feff819cdc9f"
    place.sql("INSERT INTO {db}.items VALUES (%s), ('not a uuid'), ('é')", (ours,))
    known = token([bytes.fromhex(ours.replace("-", ""))])
    assert tokens(bench) == [TOKEN_MIN, TOKEN_MIN, known]


def test_a_digest_key_is_counted_by_its_token_and_found_by_its_digest(
    place: Place, stack: ExitStack
) -> None:
    """The natural columns beside it are not read: they may not tell the key's bytes."""
    columns = [
        replace(ID, key=True, sql="DECIMAL(65,30)", cql="decimal", form=Form.DECIMAL),
        Into(
            name="cassandra_key",
            sql="BINARY(32)",
            cql="blob",
            form=Form.HEX,
            reading=Reading.DIGEST,
        ),
        Into(
            name="cassandra_token",
            sql="BIGINT",
            cql="bigint",
            form=Form.INTEGER,
            reading=Reading.TOKEN,
        ),
    ]
    ddl = "id DECIMAL(65,30), cassandra_key BINARY(32) PRIMARY KEY, cassandra_token BIGINT"
    bench = make_bench(place, stack, columns, ddl=ddl)
    bench.planned = replace(bench.planned, key=("cassandra_key",))
    one, other = (b"\0\0\0\1\x0a",), (b"\0\0\0\2\x64",)  # 1.0 and 1.00
    rows = [["1.0", key_digest(one).hex(), 11]]
    assert bench.open().write(bench.batch(rows)).rejected == 0
    place.sql("INSERT INTO {db}.items VALUES (1, 'theirs', NULL)")
    assert tokens(bench) == [TOKEN_MIN, 11]
    assert absent(bench, [one, other]) == [other]


KEYS: list[tuple[str, str, Form, list[bytes]]] = [
    ("BINARY(16)", "uuid", Form.HEX, [bytes(15) + b"\1", b"\xff" * 16]),
    ("VARBINARY(30)", "text", Form.HEX, [b"", b"a", b"a ", b"a\0", b"\xff"]),
    ("INT", "date", Form.INTEGER, [b"\0\0\0\0", b"\x80\0\0\1"]),
    ("DATE", "date", Form.DATE, [b"\x80\0\0\1", b"\x80\0\0\2"]),
    ("BIGINT", "timestamp", Form.INTEGER, [b"\x80" + bytes(7), bytes(8)]),
    ("DATETIME(3)", "timestamp", Form.DATETIME, [bytes(8), bytes(6) + b"\4\1"]),
    ("TIME(6)", "time", Form.TIME, [bytes(8), (10**9).to_bytes(8, "big")]),
    ("DECIMAL(65,0)", "varint", Form.DIGITS, [b"\0", b"\x7f" + b"\xff" * 20]),
    ("VARCHAR(80)", "varint", Form.DIGITS, [b"\1", b"\x80"]),
    ("DOUBLE", "double", Form.NUMBER, [bytes(8), SERIALIZE["double"](0.1)]),
    ("TINYINT(1)", "boolean", Form.BOOLEAN, [b"\0", b"\1"]),
    ("VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", "text", Form.TEXT, [b"a"]),
    ("DECIMAL(38,4)", "bigint", Form.INTEGER, [bytes(8), b"\xff" * 8, bytes(7) + b"\7"]),
    ("DECIMAL(38,4)", "varint", Form.DIGITS, [b"\0", b"\x7f\xff", b"\x80"]),
    ("DECIMAL(20,0)", "timestamp", Form.INTEGER, [b"\x80" + bytes(7), bytes(8)]),
    ("VARCHAR(30)", "int", Form.INTEGER, [bytes(4), b"\xff" * 4, b"\0\0\0\7"]),
    ("VARCHAR(30)", "date", Form.DATE, [b"\x80\0\0\1", b"\x80\0\0\2"]),
    ("VARCHAR(30)", "time", Form.TIME, [bytes(8), (10**9).to_bytes(8, "big")]),
    ("VARCHAR(30)", "timestamp", Form.DATETIME, [bytes(8), bytes(6) + b"\4\1"]),
    ("UUID", "uuid", Form.UUID, [bytes(15) + b"\1", bytes(range(16)), b"\xff" * 16]),
]


@pytest.mark.parametrize("owned", [True, False], ids=["loaded", "inserted"])
@pytest.mark.parametrize(
    ("sql", "cql", "form", "cells"), KEYS, ids=[f"{k[1]}-{k[0]}" for k in KEYS]
)
def test_keys_of_every_form_are_read_back_and_looked_up(
    place: Place,
    stack: ExitStack,
    flavour: str,
    owned: bool,
    sql: str,
    cql: str,
    form: Form,
    cells: list[bytes],
) -> None:
    """Written as a run writes them: the tokens are the source's, and only the others are absent."""
    if sql == "UUID" and flavour == "mysql":
        pytest.skip("MySQL has no UUID")
    column = replace(ID, sql=sql, cql=cql, form=form)
    bench = make_bench(place, stack, [column], ddl=f"id {sql} PRIMARY KEY", owned=owned)
    keys: list[Cells] = [(c,) for c in cells]
    values = target_key_values(bench.planned.columns, ("id",))(keys)
    rows = [v for v in values if v is not None]
    assert len(rows) == len(keys)
    last = keys[-1]
    assert absent(bench, keys) == keys
    assert bench.open().write(bench.batch(rows[:-1] or rows)).rejected == 0
    assert absent(bench, keys) == ([last] if rows[:-1] else [])
    written = [c for (c,) in (keys[:-1] or keys) if c is not None]
    assert tokens(bench) == sorted(token([c]) for c in written)


def test_a_key_that_only_a_collation_finds_is_absent(place: Place, stack: ExitStack) -> None:
    """What was found is compared once more."""
    sql = "VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
    column = replace(ID, sql=sql, cql="text", form=Form.TEXT)
    bench = make_bench(place, stack, [column], ddl=f"id {sql} PRIMARY KEY")
    place.sql("INSERT INTO {db}.items VALUES ('Ada')")
    assert absent(bench, [(b"Ada",), (b"ada",)]) == [(b"ada",)]


def test_a_row_without_a_token_is_counted_by_its_key(place: Place, stack: ExitStack) -> None:
    """Rows that stood in the table before it got the column, and were kept."""
    held = Into(
        name="cassandra_token",
        sql="BIGINT",
        cql="bigint",
        form=Form.INTEGER,
        reading=Reading.TOKEN,
    )
    bench = make_bench(place, stack, [ID, held], ddl="id INT PRIMARY KEY, cassandra_token BIGINT")
    place.sql("INSERT INTO {db}.items VALUES (5, NULL), (6, 11)")
    assert tokens(bench) == sorted([11, token([SERIALIZE["int"](5)])])


def test_a_text_that_only_a_collation_takes_for_a_number_is_absent(
    place: Place, stack: ExitStack
) -> None:
    """A space at the end is ignored by the server; the key is none of the source's."""
    sql = "VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
    bench = make_bench(place, stack, [replace(ID, sql=sql)], ddl=f"id {sql} PRIMARY KEY")
    place.sql("INSERT INTO {db}.items VALUES ('7 '), ('8')")
    assert absent(bench, [int_key(7), int_key(8)]) == [int_key(7)]
    assert tokens(bench) == [TOKEN_MIN, token([SERIALIZE["int"](8)])]
