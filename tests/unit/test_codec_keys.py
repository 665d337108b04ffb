"""Primary keys as cells become the values that a target's key holds."""

from __future__ import annotations

import hashlib

from cass_snapshot.codec.digest import key_digest
from cass_snapshot.codec.keys import key_values, target_key_values
from cass_snapshot.forms import Form, Limits
from cass_snapshot.mysql.columns import Flavour
from cass_snapshot.planned import PlannedColumn, Reading
from tests.support.typed_cells import clustering, column, key, plan_columns, table


def test_keys_given_as_cells_become_values_in_the_order_of_the_key() -> None:
    """For the lookup of keys that the target may lack; a key that no row can have has none."""
    source = table(key("b", "text"), key("a", "int"), clustering("c", "blob"), column("d", "int"))
    planned = [c.planned for c in plan_columns(source, Flavour.MYSQL)]
    keys = [(b"x", b"\0\0\0\1", b"\xff"), (b"\xff", b"", b""), (b"\xc3\xa9", b"\0\0\0\2", b"")]
    assert key_values(planned)(keys) == [["x", 1, "ff"], None, ["é", 2, ""]]
    turned = target_key_values(planned, ["c", "b", "a"])
    assert turned(keys) == [["ff", "x", 1], None, ["", "é", 2]]


def test_a_digest_key_is_made_of_every_cell_and_its_length() -> None:
    """So that no two keys have one digest, wherever a column ends."""
    digest = PlannedColumn(
        column=column("cassandra_key", "blob"),
        form=Form.HEX,
        limits=Limits(type="BINARY(32)"),
        reading=Reading.DIGEST,
    )
    parts = bytes.fromhex("00000002") + b"ab" + bytes.fromhex("00000000 00000001") + b"c"
    expected = hashlib.sha256(parts).hexdigest()
    values = target_key_values([digest], ["cassandra_key"])
    assert values([(b"ab", b"", b"c")]) == [[expected]]
    assert key_digest((b"ab", b"", b"c")).hex() == expected
    assert len({key_digest(key) for key in [(b"ab", b"c"), (b"a", b"bc"), (b"abc",)]}) == 3
