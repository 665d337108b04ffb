"""Every edge value of every CQL type, in every role: it arrives equal, or is refused by name."""

from __future__ import annotations

import pytest

from tests.support.case_copy import Copy, folders
from tests.support.case_tables import Source
from tests.support.cases import values

FOLDERS = folders()
SHOWN_MAX = 12


def test_there_are_enough_values() -> None:
    """At least 600, each with a sentence; far more with their roles."""
    found = values()

    assert len({(value.type, value.cell) for value in found}) >= 600
    assert sum(len(value.roles) for value in found) >= 10_000
    assert all(value.what for value in found)


@pytest.mark.servers
@pytest.mark.parametrize("folder", FOLDERS)
def test_cassandra_holds_and_refuses_what_the_case_says(folder: str, case_source: Source) -> None:
    """So every promise below is about a value that is really there."""
    refused = {(id(value), role): words for value, role, words in case_source.refused}
    found = []
    for value in values():
        for role in value.roles if value.folder == folder else ():
            wanted, words = value.cassandra.get(role), refused.get((id(value), role))
            if (wanted is None) != (words is None) or (wanted or "") not in (words or ""):
                found.append(f"{value} {role}: wanted {wanted!r}, got {words!r}")

    assert found[:SHOWN_MAX] == []


@pytest.mark.servers
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_value_arrives_equal_or_is_refused_by_name(folder: str, copy: Copy) -> None:
    """Read back by a reader of its own; refused ones with the column and the error's number."""
    found = copy.failures(folder)

    assert not found, "\n".join([f"{len(found)} values:", *found[:SHOWN_MAX]])


@pytest.mark.servers
def test_no_row_has_a_key_that_cassandra_does_not_have(copy: Copy) -> None:
    """Nothing is made up, and no key is changed on its way."""
    assert copy.strangers()[:SHOWN_MAX] == []
