"""What a commit line says of a batch besides its rows; ``format.py`` shows where it stands."""

from __future__ import annotations

from cass_snapshot.model import Tally
from cass_snapshot.wal.fields import Fields, FormatError


def tally_fields(tally: Tally) -> dict[str, object]:
    """Return the member of a commit line; none where there is nothing to say."""
    found = {
        "static_only": tally.static_only,
        "refused": tally.refused,
        "nulls": dict(tally.nulls),
        "ids": list(tally.ids),
    }
    present = {name: value for name, value in found.items() if value}
    return {"tally": present} if present else {}


def tally(fields: Fields | None) -> Tally:
    """Return what ``tally_fields`` wrote.

    Raises:
        FormatError: it is something else, or does not name each refused row once.
    """
    if fields is None:
        raise FormatError("tally is null")
    found = Tally(
        static_only=fields.count("static_only") if "static_only" in fields else 0,
        refused=fields.count("refused") if "refused" in fields else 0,
        nulls=fields.counts("nulls") if "nulls" in fields else (),
        ids=fields.ids("ids") if "ids" in fields else (),
    )
    if found.ids and len(set(found.ids)) != found.refused:
        raise FormatError("ids are not as many as rows were refused")
    return found
