"""Puts the concrete parts together: the one room that names Cassandra's and MySQL's."""

from __future__ import annotations

from cass_snapshot.wiring.jobs import (
    Job,
    TableJob,
    schema_digest,
    source_name,
    target_name,
    wal_identity,
)
from cass_snapshot.wiring.parts import (
    MEMORY,
    Parts,
    encoder_of,
    open_rejects,
    open_target,
    sample_encoder,
)
from cass_snapshot.wiring.wals import open_wal

__all__ = [
    "MEMORY",
    "Job",
    "Parts",
    "TableJob",
    "encoder_of",
    "open_rejects",
    "open_target",
    "open_wal",
    "sample_encoder",
    "schema_digest",
    "source_name",
    "target_name",
    "wal_identity",
]
