"""``[[tables]]``: what to copy, and where each column goes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import StrictBool, StrictFloat, StrictInt, StrictStr, field_validator

from cass_snapshot.model import TableName
from cass_snapshot.planned import ColumnMapping, Conflict, TableMapping
from cass_snapshot.settings.section import Section, Text


class ColumnSettings(Section):
    """One source column: what it is called and becomes in the target."""

    name: Text | None = None
    """Renamed."""
    type: Text | None = None
    """The SQL type that create uses instead of the profile's."""
    null: StrictStr | StrictInt | StrictFloat | StrictBool | None = None
    """NULL becomes this constant, and is counted."""
    skip: bool = False
    """Not copied."""
    writetime: Text | None = None
    """An extra target column for WRITETIME of this one, in microseconds since 1970."""
    ttl: Text | None = None
    """An extra target column for its TTL, in seconds."""
    lossy: bool = False
    """Take a target type that changes values, such as FLOAT."""


class TableSettings(Section):
    """One table to copy: ``source`` is keyspace.table as stored, ``target`` a table of MySQL."""

    source: str
    target: Text | None = None
    match: tuple[Text, ...] = ()
    """The target's unique key that carries the Cassandra primary key; its primary key if empty."""
    where: str = ""
    """A condition in CQL on the rows that are copied."""
    allow_filtering: bool = False
    partitions: bool = False
    """Copy one row a partition: partition key and static columns."""
    key: Literal["natural", "digest"] = "natural"
    """Digest: the created table's key is a SHA-256 of Cassandra's key, which fits any key."""
    token_column: bool = False
    """Whether a created table has an indexed column with the token."""
    on_conflict: Conflict = Conflict.OVERWRITE
    columns: Mapping[str, ColumnSettings] = {}

    @field_validator("source")
    @classmethod
    def _two_names(cls, value: str) -> str:
        if not re.fullmatch(r"\w+\.\w+", value, re.ASCII):
            raise ValueError("a table is named keyspace.table")
        return value

    @property
    def name(self) -> TableName:
        """Return the source table's name."""
        keyspace, _, name = self.source.partition(".")
        return TableName(keyspace=keyspace, name=name)

    @property
    def target_table(self) -> str:
        """Return the target table's name: the source's, where none is given."""
        return self.target or self.name.name

    def mapping(self, profile: str) -> TableMapping:
        """Return what is said of the target as a record that crosses rooms."""
        columns = tuple(
            ColumnMapping(source=name, **column.model_dump())
            for name, column in self.columns.items()
        )
        return TableMapping(
            target=self.target_table,
            profile=profile,
            match=self.match,
            conflict=self.on_conflict,
            digest_key=self.key == "digest",
            token_column=self.token_column,
            columns=columns,
        )
