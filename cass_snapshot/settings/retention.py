"""How long a run's WAL stays: ``keep``, ``applied``, or a time after success such as ``7d``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

KEEP, APPLIED = "keep", "applied"
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_TIME = re.compile(r"([1-9]\d{0,4})([dhm])", re.ASCII)


def kept_for(retention: str) -> timedelta | None:
    """Return how long a WAL stays after its run succeeded; None where no time is set.

    Raises:
        ValueError: it is no retention.
    """
    if retention in (KEEP, APPLIED):
        return None
    if not (found := _TIME.fullmatch(retention)):
        raise ValueError("keep, applied, or a time after success such as 7d, 12h or 90m")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _checked(value: object) -> str:
    text = str(value).strip()
    kept_for(text)
    return text


Retention = Annotated[str, BeforeValidator(_checked)]
