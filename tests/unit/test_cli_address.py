"""The addresses of --from and --to."""

from __future__ import annotations

import pytest

from cass_snapshot.cli.address import parse_from, parse_to
from cass_snapshot.errors import UsageError


@pytest.mark.parametrize(
    ("text", "hosts", "port"),
    [
        ("cassandra://10.0.0.11:9042", ("10.0.0.11",), 9042),
        ("cassandra://a,b", ("a", "b"), None),
        ("cassandra://a:9043,b", ("a", "b"), 9043),
        ("cassandra://a:9043,b:9043/", ("a", "b"), 9043),
        ("CASSANDRA://a", ("a",), None),
        ("cassandra://[::1]:9042,[fe80::1%eth0]", ("::1", "fe80::1%eth0"), 9042),
    ],
)
def test_an_address_of_cassandra_names_contact_points(
    text: str, hosts: tuple[str, ...], port: int | None
) -> None:
    """A port that is not given stays as configured."""
    keys = parse_from(text).keys
    assert keys["cassandra.contact_points"] == hosts
    assert keys.get("cassandra.port") == port
    assert "cassandra.username" not in keys


def test_a_user_name_is_percent_decoded() -> None:
    """What an address reserves can be written."""
    assert parse_from("cassandra://a%40b@h").keys["cassandra.username"] == "a@b"
    assert parse_to("mysql://a%3Ab@h/d").keys["mysql.username"] == "a:b"


@pytest.mark.parametrize(
    ("text", "keys", "table"),
    [
        ("mysql://u@db1:3307/shop", {"host": "db1", "port": 3307, "username": "u"}, None),
        ("mysql://db1/shop/orders", {"host": "db1"}, "orders"),
        ("mysql://[::1]:3306/shop", {"host": "::1", "port": 3306}, None),
        ("mysql://db1/sh%2Fop/o%20p", {"host": "db1", "database": "sh/op"}, "o p"),
    ],
)
def test_an_address_of_mysql_names_database_and_perhaps_table(
    text: str, keys: dict[str, object], table: str | None
) -> None:
    """Only what it holds is set."""
    expected = {f"mysql.{key}": value for key, value in ({"database": "shop"} | keys).items()}
    address = parse_to(text)
    assert address.keys == expected
    assert address.table == table


def test_an_address_without_a_database_leaves_it_to_the_file() -> None:
    """A missing database is named later, with every way to set it."""
    assert parse_to("mysql://db1").keys == {"mysql.host": "db1"}


@pytest.mark.parametrize(
    "text",
    [
        "mysql://u:geheim@h/d",
        "mysql://u:ge@heim@h/d",
        "mysql://u:ge?heim@h/d",
        "mysql://u:ge/heim@h/d",
        "mysql://u:@h/d",
        "mysql://:geheim@h/d",
    ],
)
def test_a_password_is_refused_and_not_repeated(text: str) -> None:
    """Whatever characters it has; the message names variable and file (I12)."""
    with pytest.raises(UsageError) as caught:
        parse_to(text)
    assert caught.value.what == "--to holds a password"
    assert "CASS_SNAPSHOT_MYSQL__PASSWORD" in caught.value.fix
    assert "heim" not in str(caught.value)
    with pytest.raises(UsageError, match="--from holds a password"):
        parse_from(text.replace("mysql", "cassandra"))


def test_parameters_are_refused_by_name_without_their_values() -> None:
    """A value may be a password."""
    with pytest.raises(UsageError) as caught:
        parse_to("mysql://u@h/d?charset=x&password=geheim")
    assert caught.value.where == "--to, after the question mark: charset, password"
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "db1/shop",
        "postgres://h/d",
        "mysql://",
        "mysql:///d",
        "mysql://h:0/d",
        "mysql://h:65536/d",
        "mysql://h:x/d",
        "mysql://::1/d",
        "mysql://h/",
        "mysql://h/d/t/x",
        "mysql://h//t",
        "mysql://h/d@x",
    ],
)
def test_what_is_no_address_of_mysql_is_refused(text: str) -> None:
    """The fix shows the form."""
    with pytest.raises(UsageError) as caught:
        parse_to(text)
    assert caught.value.fix == "--to mysql://USER@HOST[:PORT]/DATABASE[/TABLE]"


@pytest.mark.parametrize("text", ["h", "mysql://h", "cassandra://", "cassandra://a,,b"])
def test_what_is_no_address_of_cassandra_is_refused(text: str) -> None:
    """The fix shows the form."""
    with pytest.raises(UsageError, match="--from is not an address"):
        parse_from(text)


def test_a_keyspace_does_not_belong_into_the_address() -> None:
    """It is part of the table's name."""
    with pytest.raises(UsageError, match="--from names no keyspace"):
        parse_from("cassandra://h/shop")


def test_contact_points_share_one_port() -> None:
    """The driver knows one."""
    with pytest.raises(UsageError, match="one port"):
        parse_from("cassandra://a:1,b:2")
