"""What every section of the config file is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Port = Annotated[int, Field(ge=1, le=65_535)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Text = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """A section of the config file: immutable, and without room for unknown keys."""

    # Deferred: a worker is sent settings that were checked, and need not build what checks them.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
