"""What SHOW GRANTS tells of a login. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any

from cass_snapshot.mysql.statements import quote

_GRANT = re.compile(r"GRANT (?P<what>.+?) ON (?P<where>.+?) TO ", re.IGNORECASE)
_NAME = r"`(?:[^`]|``)*`"
_PARTS = re.compile(rf"(?P<database>{_NAME}|\*)\.(?P<table>{_NAME}|\*)")


class Held(Enum):
    """Whether a login has a privilege on a whole database."""

    YES = auto()
    MAYBE = auto()
    """Through a role, or on some of its tables."""
    NO = auto()


_SHOWS_FOREIGN_KEYS = ("REFERENCES", "INSERT", "UPDATE")
"""Held on every database, each shows the foreign keys of all of them; SELECT does not in MariaDB,
nor does any privilege on the parent's database alone [measured on MySQL 9.7, MariaDB 10.11]."""


class Grants:
    """The grants of a login.

    Args:
        lines: what SHOW GRANTS returned.
        user: who that is, as CURRENT_USER() says it.
    """

    def __init__(self, lines: Sequence[str], user: str = "") -> None:
        self.login = "'{}'@'{}'".format(*user.rsplit("@", 1)) if user else ""
        self._revoked = any(line.upper().startswith("REVOKE ") for line in lines)
        found = [_GRANT.match(line) for line in lines]
        self._roles = any(f is None for f in found)
        self._held = [
            ({part.strip().upper() for part in f["what"].split(",")}, f["where"])
            for f in found
            if f is not None
        ]

    def to_see_all_of(self, database: str, table: str) -> str:
        """Return the grants without which triggers and foreign keys of a table may be hidden.

        ``information_schema`` shows a trigger to those who have TRIGGER on its table, and a foreign
        key to those who have something on its own table, which may lie in any database. The text
        is empty where the login sees them all.
        """
        lacking = []
        if not self._on_table(database, table, "TRIGGER"):
            lacking.append(f"GRANT TRIGGER ON {quote(database)}.* TO {self.login}")
        if self._revoked or not any(self._everywhere(p) for p in _SHOWS_FOREIGN_KEYS):
            lacking.append(f"GRANT REFERENCES ON *.* TO {self.login}")
        return "; ".join(lacking)

    def _on_table(self, database: str, table: str, privilege: str) -> bool:
        wanted = {privilege, "ALL PRIVILEGES", "ALL"}
        exact = f"{quote(database)}.{quote(table)}"
        named = any(what & wanted and where == exact for what, where in self._held)
        return not self._revoked and (named or self.on(database, privilege) is Held.YES)

    def _everywhere(self, privilege: str) -> bool:
        wanted = {privilege, "ALL PRIVILEGES", "ALL"}
        return any(what & wanted and where == "*.*" for what, where in self._held)

    def on(self, database: str, privilege: str) -> Held:
        """Tell whether a privilege is held on a database, which grants may name by a pattern."""
        wanted = {privilege, "ALL PRIVILEGES", "ALL"}
        places = [_PARTS.fullmatch(where) for what, where in self._held if what & wanted]
        covering = [p for p in places if p is not None and _covers(p["database"], database)]
        if any(p["table"] == "*" for p in covering):
            return Held.YES
        return Held.MAYBE if covering or self._roles else Held.NO


def _covers(quoted: str, database: str) -> bool:
    r"""Tell whether a grant's database, in which % and _ are wildcards unless after \, is this."""
    if quoted == "*":
        return True

    def expression(found: re.Match[str]) -> Any:  # noqa: ANN401 - a group is typed so
        if found[2] is not None:
            return ".*" if found[2] == "%" else "."
        return re.escape(found[1] or found[3])

    pattern = quoted[1:-1].replace("``", "`")
    text = re.sub(r"\\(.)|([%_])|(.)", expression, pattern, flags=re.DOTALL)
    return re.fullmatch(text, database, re.DOTALL) is not None


def read_grants(ask: Callable[..., list[tuple[Any, ...]]]) -> Grants:
    """Return the grants of the login; ``ask`` executes a statement and returns its rows."""
    ((user,),) = ask("SELECT CURRENT_USER()")
    return Grants([str(text) for (text,) in ask("SHOW GRANTS")], str(user))
