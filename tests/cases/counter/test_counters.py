"""Counter tables: their cells arrive as they are, and a second copy adds nothing to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.mapped import Mapped
from tests.support.servers import Place, Servers, new_keyspace

pytestmark = pytest.mark.servers

MOST, LEAST = 2**63 - 1, -(2**63)
COUNTS: dict[tuple[int, int], tuple[int | None, int | None, int | None]] = {
    (1, 1): (5, -7, None),
    (1, 2): (None, 0, 1),
    (-2, -1): (MOST, LEAST, MOST - 1),
    (-2, 0): (-1, None, None),
    (3, 0): (2**53 + 1, -(2**53) - 1, LEAST + 1),
}
"""What each row counts; None where nothing was ever added."""
SHARED = {1: 12, -2: None, 3: -3}
"""What each partition counts for all of its rows."""
TABLE = '[[tables]]\nsource = "{ks}.clicks"\n'
ROWS = {(*key, *counted, SHARED[key[0]]) for key, counted in COUNTS.items()}
ASKED = "SELECT page, day, n, m, o, shared FROM {db}.clicks"


@pytest.fixture(scope="module")
def keyspace(servers: Servers) -> Iterator[str]:
    """Hold a table of four counters, counted up to ``COUNTS``."""
    with new_keyspace(servers) as name:
        servers.cql(
            f"CREATE TABLE {name}.clicks (page int, day int, n counter, m counter, o counter,"
            " shared counter static, PRIMARY KEY (page, day))"
        )
        for (page, day), counted in COUNTS.items():
            for column, total in zip("nmo", counted, strict=True):
                for change in _changes(total):
                    servers.cql(
                        f"UPDATE {name}.clicks SET {column} = {column} + ?"
                        " WHERE page = ? AND day = ?",
                        (change, page, day),
                    )
        for page, total in SHARED.items():
            for change in _changes(total):
                servers.cql(
                    f"UPDATE {name}.clicks SET shared = shared + ? WHERE page = ?", (change, page)
                )
        yield name


def _changes(total: int | None) -> tuple[int, ...]:
    """Return two changes that make a total, none for a cell that is never there."""
    return () if total is None else (total // 2, total - total // 2)


def test_counters_arrive_equal_and_a_second_copy_sets_them(
    keyspace: str, flavour_place: Place
) -> None:
    """Negative, greatest, least and absent ones, four a row; what the target held is replaced.

    Both profiles take the same types: the second copy is the exact one.
    """
    place = replace(flavour_place, keyspace=keyspace)

    first = Mapped(place=place, sections=TABLE).call("run")
    assert first.code == 0, str(first)
    assert set(place.sql(ASKED)) == ROWS

    place.sql("UPDATE {db}.clicks SET n = 3, o = NULL, shared = 1")
    second = Mapped(place=place, sections=TABLE, profile="exact").call("run")
    assert second.code == 0, str(second)
    assert set(place.sql(ASKED)) == ROWS
    assert place.count("clicks") == len(ROWS)
