"""Lines sort as the server's own ORDER BY sorts their rows, for every kind of key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import orjson
import pytest

from cass_snapshot.codec.order import LineOrder
from cass_snapshot.forms import Form
from cass_snapshot.mysql.columns import Flavour
from tests.support.planned_targets import Into, make_bench
from tests.support.servers import Place, Servers, new_database

pytestmark = pytest.mark.servers

ROWS = 400
RANDOM = Random(5)
CONTROLS = list("\t\n\x1f")
LETTERS = list("aAbz09 !\"#\\,[]'/~é\u00df\u0394\ue000\U0001f600")
Draw = Callable[[], Any]


def _text() -> str:
    return "".join(RANDOM.choices(LETTERS + CONTROLS, k=RANDOM.randrange(5)))


def _padded() -> str:
    """Return a text for a collation that fills up with spaces, below which controls would sort."""
    return "".join(RANDOM.choices(LETTERS, k=RANDOM.randrange(5))).rstrip(" ")


def _uuid() -> str:
    """Return a uuid of a version up to 7, which is all that MariaDB's type takes."""
    digits = f"{RANDOM.getrandbits(128):032x}"
    return str(UUID(f"{digits[:12]}{RANDOM.choice('01234567')}{digits[13:]}"))


def _day() -> str:
    return f"{RANDOM.randrange(1000, 10_000)}-{RANDOM.randrange(1, 13):02}-{RANDOM.choice('12')}1"


def _time() -> str:
    return f"{RANDOM.randrange(24):02}:{RANDOM.randrange(60):02}:07.{RANDOM.choice(['000', '120'])}"


KINDS: dict[str, tuple[str, str, Form, Draw]] = {
    "int": ("INT", "int", Form.INTEGER, lambda: RANDOM.randrange(-(2**31), 2**31)),
    "few": ("SMALLINT", "smallint", Form.INTEGER, lambda: RANDOM.randrange(-9, 12)),
    "bool": ("TINYINT(1)", "boolean", Form.BOOLEAN, lambda: RANDOM.random() < 0.5),
    "number": ("DOUBLE", "double", Form.NUMBER, lambda: RANDOM.gauss(0, 1e3)),
    "digits": (
        "DECIMAL(65,0)",
        "varint",
        Form.DIGITS,
        lambda: str(RANDOM.randrange(-(10 ** RANDOM.randrange(1, 65)), 10**9)),
    ),
    "spelt": ("VARCHAR(20)", "bigint", Form.INTEGER, lambda: RANDOM.randrange(-200, 2000)),
    "decimal": (
        "VARCHAR(80)",
        "decimal",
        Form.DECIMAL,
        lambda: f"{RANDOM.randrange(-99, 99)}.{RANDOM.randrange(100):02}",
    ),
    "text": ("VARCHAR(40)", "text", Form.TEXT, _text),
    "padded": ("VARCHAR(41)", "text", Form.TEXT, _padded),
    "blob": (
        "VARBINARY(9)",
        "blob",
        Form.HEX,
        lambda: RANDOM.randbytes(RANDOM.choice([0, 1, 2, 9])).hex(),
    ),
    "uuid": ("CHAR(36)", "uuid", Form.UUID, _uuid),
    "bytes": ("BINARY(16)", "uuid", Form.HEX, lambda: RANDOM.randbytes(16).hex()),
    "instant": ("DATETIME(3)", "timestamp", Form.DATETIME, lambda: f"{_day()} {_time()}"),
    "day": ("DATE", "date", Form.DATE, _day),
    "time": ("TIME(6)", "time", Form.TIME, lambda: f"{_time()}000"),
    "inet": ("VARCHAR(45)", "inet", Form.INET, lambda: f"10.0.{RANDOM.randrange(200)}.9"),
    "node": ("UUID", "timeuuid", Form.UUID, _uuid),
}
COLLATED = {
    "CHAR(36)": "CHARACTER SET ascii COLLATE ascii_bin",
    "VARCHAR(20)": "CHARACTER SET ascii COLLATE ascii_bin",
    "VARCHAR(80)": "CHARACTER SET ascii COLLATE ascii_bin",
    "VARCHAR(45)": "CHARACTER SET ascii COLLATE ascii_bin",
    "VARCHAR(41)": "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
}
KEYS = [
    *([name] for name in KINDS if name != "node"),
    *(["text", "int"], ["few", "text", "uuid"], ["few", "instant"], ["bool", "blob", "number"]),
]


@pytest.fixture
def order_place(flavour_servers: Servers, tmp_path: Path) -> Iterator[Place]:
    """Give a database of each flavour in turn."""
    with new_database(flavour_servers) as database:
        yield Place(servers=flavour_servers, keyspace="", database=database, folder=tmp_path)


def proven(place: Place, flavour: Flavour, names: Sequence[str], key: Sequence[str]) -> None:
    """Write rows in any order, and compare how both sides sort them."""
    columns = [
        Into(name=n, sql=KINDS[n][0], cql=KINDS[n][1], form=KINDS[n][2], key=n in key)
        for n in names
    ]
    columns.append(Into(name="number_", sql="INT", cql="int", form=Form.INTEGER))
    collated = COLLATED | {"VARCHAR(40)": f"COLLATE {flavour.binary_collation}"}
    ddl = [f"`{c.name}` {c.sql} {collated.get(c.sql, '')} NOT NULL" for c in columns]
    drawn = {tuple(KINDS[name][3]() for name in names) for _ in range(ROWS)}
    rows = [[*values, number] for number, values in enumerate(drawn)]
    with ExitStack() as stack:
        by = ", ".join(f"`{name}`" for name in key)
        keyed = f"PRIMARY KEY ({by})"
        bench = make_bench(place, stack, columns, ddl=", ".join([*ddl, keyed]), owned=True)
        written = bench.open().write(bench.batch(rows))
        assert written.rejected == 0
        found = place.sql(f"SELECT number_ FROM {{db}}.items ORDER BY {by}")
    lines = [orjson.dumps(row) + b"\n" for row in rows]
    order = LineOrder([c.planned for c in columns], key)
    order.sort(lines)
    assert [number for (number,) in found] == [orjson.loads(line)[-1] for line in lines]
    assert lines == sorted(lines, key=order.key)


@pytest.mark.parametrize("key", KEYS, ids="-".join)
def test_lines_sort_as_the_server_sorts_their_rows(
    order_place: Place, flavour: str, key: list[str]
) -> None:
    """By the primary key, of one column or several."""
    proven(order_place, Flavour(flavour), key, key)


def test_a_key_whose_columns_stand_in_another_order_decides(
    order_place: Place, flavour: str
) -> None:
    """The line has them as Cassandra does, the target as somebody made it."""
    proven(order_place, Flavour(flavour), ["text", "few", "uuid"], ["uuid", "few", "text"])


def test_mariadb_has_an_order_of_its_own_for_its_type_uuid(
    mariadb_servers: Servers, tmp_path: Path
) -> None:
    """By the node first, so that rows of one machine lie together."""
    with new_database(mariadb_servers) as database:
        place = Place(servers=mariadb_servers, keyspace="", database=database, folder=tmp_path)
        proven(place, Flavour.MARIADB, ["node"], ["node"])
