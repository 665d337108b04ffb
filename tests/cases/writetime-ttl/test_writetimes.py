"""WRITETIME and TTL of columns, in columns of their own; and where Cassandra tells none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.mapped import Mapped
from tests.support.servers import Place, Servers, new_keyspace

pytestmark = pytest.mark.servers

NEGATIVE, UNEVEN, MOST = -62_135_596_800_000_000, 2**53 + 1, 2**63 - 1
LEAST = -(2**63) + 1
"""Cassandra refuses -2^63 itself, which stands for no time."""
TTL_S = 86_400 * 365
SECTION = """
[[tables]]
source = "{ks}.notes"
  [tables.columns.body]
  writetime = "body_at"
  ttl = "body_ttl"
  [tables.columns.shared]
  writetime = "shared_at"
  ttl = "shared_ttl"
  [tables.columns.spot]
  writetime = "spot_at"
  ttl = "spot_ttl"
  [tables.columns.tags]
  writetime = "tags_at"
  [tables.columns.address]
  writetime = "address_at"
"""
TIMES: dict[int, int | None] = {
    1: NEGATIVE,
    2: UNEVEN,
    3: MOST,
    4: LEAST,
    5: 0,
    6: -1,
    7: None,
}
"""When the body of each row was written; None where it is NULL."""
WITH_TTL = (2, 5)
REFUSED = [
    pytest.param(
        """
[[tables]]
source = "{ks}.notes"
  [tables.columns.n]
  writetime = "n_at"
  [tables.columns.tags]
  ttl = "tags_ttl"
""",
        (
            "n is a part of the primary key and has no writetime",
            "tags is set<text>: each of its elements has a ttl of its own",
        ),
        id="key",
    ),
    pytest.param(
        """
[[tables]]
source = "{ks}.clicks"
  [tables.columns.total]
  writetime = "total_at"
  ttl = "total_ttl"
""",
        ("total is a counter and has no writetime", "total is a counter and has no ttl"),
        id="counter",
    ),
]
"""What is asked of a table, and what is said of it."""


@pytest.fixture(scope="module")
def keyspace(servers: Servers) -> Iterator[str]:
    """Hold rows whose cells were written at all kinds of times, some of which end."""
    with new_keyspace(servers) as name:
        servers.cql(f"CREATE TYPE {name}.place (street text, no int)")
        servers.cql(
            f"CREATE TABLE {name}.notes (id int, n int, body text, shared int static,"
            " spot frozen<list<int>>, tags set<text>, address place, PRIMARY KEY (id, n))"
        )
        servers.cql(f"CREATE TABLE {name}.clicks (id int PRIMARY KEY, total counter)")
        for n, at in TIMES.items():
            servers.cql(f"INSERT INTO {name}.notes (id, n) VALUES (1, {n}) USING TIMESTAMP 5")
            if at is not None:
                ttl = f" AND TTL {TTL_S}" if n in WITH_TTL else ""
                servers.cql(
                    f"UPDATE {name}.notes USING TIMESTAMP {at}{ttl} SET body = 'b', spot = [1]"
                    f" WHERE id = 1 AND n = {n}"
                )
        for at, tag in ((10, "a"), (30, "b"), (20, "c")):
            servers.cql(
                f"UPDATE {name}.notes USING TIMESTAMP {at} SET tags = tags + {{'{tag}'}}"
                " WHERE id = 1 AND n = 1"
            )
        for at, field in ((MOST, "street = 's'"), (7, "no = 4")):
            servers.cql(
                f"UPDATE {name}.notes USING TIMESTAMP {at} SET address.{field}"
                " WHERE id = 1 AND n = 2"
            )
        servers.cql(
            f"UPDATE {name}.notes USING TIMESTAMP 77 AND TTL {TTL_S} SET shared = 3 WHERE id = 1"
        )
        yield name


def test_write_times_and_times_to_live_arrive_beside_their_columns(
    keyspace: str, flavour_place: Place
) -> None:
    """Both ends of what Cassandra takes, and NULL for a NULL; the newest one of a collection.

    A time to live is that of the moment at which the row is read.
    """
    place = replace(flavour_place, keyspace=keyspace)
    ended = Mapped(place=place, sections=SECTION).call("run")

    assert ended.code == 0, str(ended)
    asked = "SELECT n, body_at, spot_at, shared_at, tags_at, address_at FROM {db}.notes"
    assert set(place.sql(asked)) == {
        (n, at, at, 77, 30 if n == 1 else None, MOST if n == 2 else None) for n, at in TIMES.items()
    }
    for n, body_ttl, spot_ttl, shared_ttl in place.sql(
        "SELECT n, body_ttl, spot_ttl, shared_ttl FROM {db}.notes"
    ):
        for ttl in (body_ttl, spot_ttl) if n in WITH_TTL else ():
            assert TTL_S - 3_600 < ttl <= TTL_S
        assert n in WITH_TTL or (body_ttl, spot_ttl) == (None, None)
        assert TTL_S - 3_600 < shared_ttl <= TTL_S


@pytest.mark.parametrize(("sections", "sentences"), REFUSED)
def test_what_has_no_write_time_or_time_to_live_is_refused_by_name(
    keyspace: str, place: Place, sections: str, sentences: tuple[str, ...]
) -> None:
    """A key column, a counter, and the TTL of a collection; nothing is written."""
    place = replace(place, keyspace=keyspace)
    ended = Mapped(place=place, sections=sections).call("run")

    assert ended.code == 3, str(ended)
    said = " ".join(ended.err.split())
    assert [sentence for sentence in sentences if sentence not in said] == [], said
    assert place.tables() == set()
