"""Every scalar type, in every place it may stand: it arrives equal, or is refused by name."""

from __future__ import annotations

import orjson
import pytest

from tests.support.cells import ARRIVES, REFUSED, as_cell, fill_keys, fill_regulars
from tests.support.command import Command
from tests.support.compare import differences
from tests.support.servers import Place

pytestmark = pytest.mark.servers


def test_every_scalar_type_arrives_equal_in_a_regular_column(
    place: Place, command: Command
) -> None:
    """Edge values of each type, NULLs around them, and a counter table."""
    rows = fill_regulars(place, "regulars")
    place.cql("CREATE TABLE {ks}.clicks (page text, at date, n counter, PRIMARY KEY (page, at))")
    for page, change in (("a", 5), ("b", -7), ("c", 2**62), ("c", 2**62 - 1)):
        place.cql(
            f"UPDATE {{ks}}.clicks SET n = n + {change} WHERE page = '{page}' AND at = '2024-02-29'"
        )

    tables = [f"{place.keyspace}.regulars", f"{place.keyspace}.clicks"]
    ended = command.call("run", *tables, *command.both(), "--range-count", "3")

    assert ended.code == 0, str(ended)
    assert rows == place.count("regulars")
    assert differences(place, "regulars") == []
    assert differences(place, "clicks") == []


def test_every_scalar_type_arrives_equal_as_a_key(place: Place, command: Command) -> None:
    """Different keys stay different rows, as partition key and as clustering column.

    Among them: case pairs, trailing spaces, NFC and NFD, 1.0 and 1.00, padding zeros, an IPv4
    address and the same one mapped into IPv6.
    """
    made = {
        f"k_{cql}": fill_keys(place, f"k_{cql}", cql, descending=number % 2 == 0)
        for number, cql in enumerate(ARRIVES)
    }

    tables = [f"{place.keyspace}.{name}" for name in made]
    ended = command.call("run", *tables, *command.both(), "--range-count", "2")

    assert ended.code == 0, str(ended)
    for name, rows in made.items():
        assert rows == place.count(name)
        assert differences(place, name) == []
    assert command.find_missing("k_decimal").code == 0
    checked = command.call("find-missing", *tables, *command.both()[:4], RUN__RANGES="2")
    assert checked.code == 0, str(checked)


def test_a_value_that_does_not_fit_is_refused_by_name(place: Place, command: Command) -> None:
    """Exit 4 within the budget; each reason has column and token, and never the value (I12)."""
    tokens = {}
    for bad in REFUSED:
        key = f"held {bad.type}, PRIMARY KEY (id, held)" if bad.in_key else f"held {bad.type}"
        plain = "id int" if bad.in_key else "id int PRIMARY KEY"
        place.cql(f"CREATE TABLE {{ks}}.{bad.name} ({plain}, {key})")
        place.cql(
            f"INSERT INTO {{ks}}.{bad.name} (id, held) VALUES (41, {as_cell(bad.type)})",
            (bad.cell,),
        )
        ((tokens[bad.name],),) = place.cql(f"SELECT token(id) FROM {{ks}}.{bad.name}")

    tables = [f"{place.keyspace}.{bad.name}" for bad in REFUSED]
    ended = command.call(
        *("run", *tables, *command.both(), "--range-count", "1", "--rejected-max", "100%")
    )

    assert ended.code == 4, str(ended)
    folder = command.folders()[0]
    written = ended.err + ended.out
    for path in folder.glob("*.*"):
        written += path.read_text(encoding="utf-8")
    for bad in REFUSED:
        (line,) = (folder / "rejected" / f"{bad.name}.why.jsonl").read_bytes().splitlines()
        why = orjson.loads(line)
        assert [c["column"] for c in why["columns"]] == ["held"]
        assert why["token"] == tokens[bad.name]
        # The reason names the row by its key; of the others it has no value.
        said = written if bad.in_key else written + line.decode()
        assert not bad.secret or bad.secret not in said, bad.name
        assert place.count(bad.name) == 0


def test_keys_of_several_columns_arrive_equal(place: Place, command: Command) -> None:
    """Composite partition keys, clustering in both directions, names that need quotes."""
    place.cql(
        'CREATE TABLE {ks}.odd ("Order" int, "a b" text, "100%" timestamp, "tick`s" uuid,'
        ' "select" decimal, "quo""te" text, "%s" int,'
        ' PRIMARY KEY (("Order", "a b"), "100%", "tick`s", "select"))'
        ' WITH CLUSTERING ORDER BY ("100%" DESC, "tick`s" ASC, "select" DESC)'
    )
    terms = f"?, ?, blobAsTimestamp(?), blobAsUuid(?), {as_cell('decimal')}, ?, ?"
    place.insert(
        'INSERT INTO {ks}.odd ("Order", "a b", "100%", "tick`s", "select", "quo""te", "%s")'
        f" VALUES ({terms})",
        [
            (number, text, moment, ident, amount, f"{number}'{text}", number)
            for number in (-1, 0)
            for text in ("", "a", "A", "a ", "%s", "`")
            for moment in ARRIVES["timestamp"][1:4]
            for ident in ARRIVES["uuid"][:2]
            for amount in (ARRIVES["decimal"][2], ARRIVES["decimal"][5])
        ],
    )
    place.cql("CREATE TABLE {ks}.bare (a int, b text, c int, PRIMARY KEY ((a, b), c))")
    place.insert(
        "INSERT INTO {ks}.bare (a, b, c) VALUES (?, ?, ?)",
        [(a, b, c) for a in range(5) for b in ("x", "X", "") for c in range(4)],
    )

    tables = [f"{place.keyspace}.odd", f"{place.keyspace}.bare"]
    ended = command.call("run", *tables, *command.both(), "--range-count", "5")
    again = command.call("run", *tables, *command.both(), "--range-count", "5")

    assert (ended.code, again.code) == (0, 0), f"{ended}\n{again}"
    assert place.count("odd") == 2 * 6 * 3 * 2 * 2
    assert differences(place, "odd") == []
    assert differences(place, "bare") == []
    checked = command.call("find-missing", *tables, *command.both()[:4], RUN__RANGES="3")
    assert checked.code == 0, str(checked)
