"""What a login may do, by the lines of SHOW GRANTS."""

from __future__ import annotations

import pytest

from cass_snapshot.mysql.grants import Grants, Held

USAGE = "GRANT USAGE ON *.* TO `me`@`%`"


@pytest.mark.parametrize(
    ("line", "held"),
    [
        ("GRANT ALL PRIVILEGES ON *.* TO `me`@`%`", Held.YES),
        ("GRANT SELECT, INSERT ON *.* TO `me`@`%`", Held.YES),
        ("GRANT INSERT ON `shop`.* TO `me`@`%`", Held.YES),
        ("GRANT INSERT ON `sh%`.* TO `me`@`%`", Held.YES),
        ("GRANT INSERT ON `sho_`.* TO `me`@`%`", Held.YES),
        (r"GRANT INSERT ON `sho\_`.* TO `me`@`%`", Held.NO),
        ("GRANT INSERT ON `shop2`.* TO `me`@`%`", Held.NO),
        ("GRANT SELECT ON `shop`.* TO `me`@`%`", Held.NO),
        ("GRANT INSERT ON `shop`.`orders` TO `me`@`%`", Held.MAYBE),
        ("GRANT `writers`@`%` TO `me`@`%`", Held.MAYBE),
        ("GRANT INSERT ON `a shop`.* TO `me`@`%`", Held.NO),
    ],
)
def test_a_privilege_is_held_on_a_database(line: str, held: Held) -> None:
    """Wholly, perhaps (a role, a table of it), or not at all; patterns are MySQL's."""
    assert Grants([USAGE, line]).on("shop", "INSERT") is held


def test_a_name_may_hold_what_a_pattern_holds() -> None:
    """Backticks are doubled, spaces stay, and a backslash takes a wildcard's meaning away."""
    assert Grants(["GRANT INSERT ON `a ``b`.* TO `me`@`%`"]).on("a `b", "INSERT") is Held.YES
    assert Grants([r"GRANT INSERT ON `my\_shop`.* TO `me`@`%`"]).on("my_shop", "INSERT") is Held.YES


@pytest.mark.parametrize(
    ("lines", "lacking"),
    [
        (["GRANT ALL PRIVILEGES ON *.* TO `me`@`%`"], []),
        (["GRANT ALL PRIVILEGES ON `shop`.* TO `me`@`%`"], ["REFERENCES"]),
        (["GRANT SELECT, TRIGGER ON *.* TO `me`@`%`"], ["REFERENCES"]),
        (["GRANT SELECT, INSERT ON *.* TO `me`@`%`"], ["TRIGGER"]),
        (
            ["GRANT TRIGGER ON `shop`.`orders` TO `me`@`%`", "GRANT REFERENCES ON *.* TO `me`@`%`"],
            [],
        ),
        (["GRANT `seers`@`%` TO `me`@`%`"], ["TRIGGER", "REFERENCES"]),
        (
            [
                "GRANT TRIGGER, INSERT ON *.* TO `me`@`%`",
                "REVOKE INSERT ON `hr`.* FROM `me`@`%`",
            ],
            ["TRIGGER", "REFERENCES"],
        ),
    ],
)
def test_what_hangs_on_a_table_is_seen_by_few(lines: list[str], lacking: list[str]) -> None:
    """Triggers need TRIGGER on it; foreign keys may lie in any database."""
    places = {"TRIGGER": "`shop`.*", "REFERENCES": "*.*"}
    wanted = "; ".join(f"GRANT {p} ON {places[p]} TO 'me'@'%'" for p in lacking)
    assert Grants([USAGE, *lines], "me@%").to_see_all_of("shop", "orders") == wanted
