"""What SHOW GRANTS tells of a login. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, auto
from typing import Any

_GRANT = re.compile(r"GRANT (?P<what>.+?) ON (?P<where>.+?) TO ", re.IGNORECASE)
_NAME = r"`(?:[^`]|``)*`"
_PARTS = re.compile(rf"(?P<database>{_NAME}|\*)\.(?P<table>{_NAME}|\*)")


class Held(Enum):
    """Whether a login has a privilege on a whole database."""

    YES = auto()
    MAYBE = auto()
    """Through a role, or on some of its tables."""
    NO = auto()


class Grants:
    """The grants of a login.

    Args:
        lines: what SHOW GRANTS returned.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        found = [_GRANT.match(line) for line in lines]
        self._roles = any(f is None for f in found)
        self._held = [
            ({part.strip().upper() for part in f["what"].split(",")}, f["where"])
            for f in found
            if f is not None
        ]

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
