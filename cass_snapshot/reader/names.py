"""What the operator named, looked for among what there is."""

from __future__ import annotations

import difflib

from cass_snapshot.errors import PreflightError
from cass_snapshot.model import TableName


def choose_datacenter(wanted: str | None, datacenters: tuple[str, ...]) -> str:
    """Return the data centre to read from; the only one where none is wanted.

    Raises:
        PreflightError: it is not there, or none was chosen among several.
    """
    listed = ", ".join(datacenters)
    if wanted is None and len(datacenters) == 1:
        return datacenters[0]
    if wanted is None:
        raise PreflightError(
            "the cluster has several data centres and none was chosen",
            where="[cassandra] local_datacenter",
            why=f"it reports {listed}",
            fix=f'local_datacenter = "{datacenters[0]}" (or another of them)',
        )
    if wanted not in datacenters:
        raise PreflightError(
            f'the cluster has no data centre "{wanted}"',
            where="[cassandra] local_datacenter; nothing was written",
            why=f"it reports {listed}",
            fix=f'local_datacenter = "{nearest(wanted, datacenters)}"',
        )
    return wanted


def absent(kind: str, wanted: str, name: TableName, existing: list[str]) -> PreflightError:
    """Return the refusal of a keyspace or table that is not there, with the nearest that is."""
    own = [n for n in existing if not n.startswith("system")]
    return PreflightError(
        f"Cassandra has no {kind} {wanted}",
        where=f"source {name}; nothing was written",
        why=f"it has {', '.join(sorted(own)[:8]) or 'none'}",
        fix=f"did you mean {nearest(wanted, tuple(own))}?" if own else f"create the {kind} first",
    )


def nearest(wanted: str, existing: tuple[str, ...]) -> str:
    """Return the existing name that is most like the wanted one."""
    return (difflib.get_close_matches(wanted, existing, n=1, cutoff=0.0) or [""])[0]
