"""What doctor says of Cassandra, from rows of its system tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cassandra import InvalidRequest, Unauthorized

from cass_snapshot.model import ColumnKind, Table
from cass_snapshot.planned import Finding, Level
from cass_snapshot.reader.findings import (
    ClusterFacts,
    of_cluster,
    of_keyspace,
    of_reading,
    of_table,
)
from tests.support.typed_cells import clustering, column, key, table

FACTS = ClusterFacts(
    name="Test Cluster",
    version="5.0.6",
    nodes={"dc1": 3, "dc2": 2},
    local_datacenter="dc1",
    schema_versions=frozenset({"a"}),
)
NTS = "org.apache.cassandra.locator.NetworkTopologyStrategy"
SIMPLE = "org.apache.cassandra.locator.SimpleStrategy"
PLAIN = table(key("k", "int"), column("v", "text"))


def levels(found: list[Finding]) -> list[Level]:
    """Return how each finding concerns a run, after proving that it says what to do."""
    assert all(bool(f.fix) == (f.level is not Level.OK) for f in found)
    return [f.level for f in found]


def test_a_sound_cluster_is_told_in_a_few_words() -> None:
    """Version, data centres, agreement, driver."""
    found = list(of_cluster(FACTS, 5))
    assert levels(found) == [Level.OK] * 3
    assert "5.0.6" in found[0].text
    assert "dc1 (3), dc2 (2)" in found[0].text


def test_nodes_that_disagree_stop_a_run() -> None:
    """A table may look different to each of them."""
    facts = replace(FACTS, schema_versions=frozenset({"a", "b"}))
    (found,) = (f for f in of_cluster(facts, 5) if f.level is Level.FAIL)
    assert "2 versions of the schema" in found.text
    assert "describecluster" in found.fix


def test_nodes_that_are_down_and_old_protocols_are_told() -> None:
    """A run may still do."""
    found = list(of_cluster(replace(FACTS, down=1), 3))
    warned = [f.text for f in found if f.level is Level.WARN]
    assert levels(found).count(Level.WARN) == 2
    assert "1 of 5 nodes do not answer" in warned
    assert "version 3" in warned[0]


@pytest.mark.parametrize(
    ("replication", "consistency", "level", "says"),
    [
        ({"class": NTS, "dc1": "3"}, "LOCAL_QUORUM", Level.OK, "2 of 3 replicas in data centre"),
        ({"class": NTS, "dc1": "3", "dc2": "2"}, "QUORUM", Level.OK, "3 of 5 replicas in the"),
        ({"class": NTS, "dc1": "3/1"}, "ALL", Level.OK, "3 of 3"),
        ({"class": NTS, "dc1": "3"}, "LOCAL_ONE", Level.WARN, "1 of 3"),
        ({"class": NTS, "dc1": "1"}, "LOCAL_ONE", Level.OK, "1 of 1"),
        ({"class": NTS, "dc1": "3"}, "EACH_QUORUM", Level.OK, "2 of 3"),
        ({"class": NTS, "dc2": "2"}, "LOCAL_QUORUM", Level.FAIL, "no replica in data centre dc1"),
        ({"class": NTS, "dc3": "2"}, "LOCAL_ONE", Level.FAIL, "no replica in data centre dc1"),
        ({"class": NTS, "dc1": "1"}, "TWO", Level.FAIL, "TWO needs 2 replicas"),
        ({"class": SIMPLE, "replication_factor": "9"}, "LOCAL_QUORUM", Level.FAIL, "which has 3"),
        ({"class": SIMPLE, "replication_factor": "1"}, "QUORUM", Level.OK, "1 of 1"),
        ({"class": "org.apache.cassandra.locator.LocalStrategy"}, "QUORUM", Level.OK, "3 of 5"),
    ],
)
def test_whether_a_consistency_can_be_reached(
    replication: dict[str, str], consistency: str, level: Level, says: str
) -> None:
    """By the replicas of the keyspace in the data centre, or in all of them, and their nodes."""
    found = of_keyspace("shop", replication, FACTS, consistency)
    assert levels([found]) == [level]
    assert says in found.text


def test_a_data_centre_without_replicas_names_one_that_has_some() -> None:
    """Where there is one."""
    assert '"dc2"' in of_keyspace("shop", {"class": NTS, "dc2": "2"}, FACTS, "LOCAL_ONE").fix
    assert "shop" in of_keyspace("shop", {"class": NTS}, FACTS, "LOCAL_ONE").fix


class Refusing:
    """A session on which every read fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def execute(self, _cql: str) -> list[object]:
        """Refuse."""
        raise self._error


class Answering:
    """A session on which every read finds nothing."""

    def execute(self, cql: str) -> list[object]:
        """Answer."""
        assert cql == 'SELECT "k" FROM "shop"."orders" LIMIT 1'
        return []


def test_a_table_is_read_to_see_whether_it_can_be() -> None:
    """A missing grant is named with the statement that gives it."""
    assert of_reading(Answering(), PLAIN, "me").level is Level.OK
    refused = of_reading(Refusing(Unauthorized("User me has no SELECT permission")), PLAIN, "me")
    other = of_reading(Refusing(InvalidRequest("SERIAL is for one partition")), PLAIN, "me")
    assert levels([refused, other]) == [Level.FAIL, Level.FAIL]
    assert refused.fix == "GRANT SELECT ON shop.orders TO me;"
    assert "SERIAL is for one partition" in other.text


def notes(source: Table, *, base: str = "", ttl: int = 0, flags: str = "compound") -> list[Finding]:
    """Return the findings on a table that the system tables describe so."""

    def rows(query: str, values: tuple[object, ...]) -> list[tuple[object, ...]]:
        assert values == ("shop", "orders")
        if "system_schema.views" in query:
            return [(base,)] if base else []
        return [] if base else [(ttl, set(flags.split()))]

    return list(of_table(source, rows))


def test_a_plain_table_has_nothing_to_say() -> None:
    """Neither does one with options that do not matter."""
    assert notes(PLAIN) == []


@pytest.mark.parametrize(
    ("source", "options", "says"),
    [
        (PLAIN, {"base": "orders_base"}, "materialized view"),
        (PLAIN, {"ttl": 60}, "expire by default after 60 s"),
        (PLAIN, {"flags": "dense"}, "compact storage"),
        (PLAIN, {"flags": "compound super"}, "compact storage"),
        (table(key("k", "int"), column("n", "counter")), {"flags": "compound counter"}, "counters"),
    ],
)
def test_what_is_odd_about_a_table_is_told(
    source: Table, options: dict[str, object], says: str
) -> None:
    """With what to do about it."""
    (found,) = notes(source, **options)  # type: ignore[arg-type]  # the cases fit the options
    assert levels([found]) == [Level.WARN]
    assert says in found.text


def test_static_columns_are_told_what_becomes_of_them() -> None:
    """Unless one row a partition is copied anyway."""
    source = table(key("k", "int"), clustering("c", "int"), column("s", "int", ColumnKind.STATIC))
    (found,) = notes(source)
    assert levels([found]) == [Level.OK]
    assert "partitions = true" in found.text
    assert notes(replace(source, partitions=True)) == []
