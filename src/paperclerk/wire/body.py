"""What every request body has in common. Base of the models beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainSerializer, model_validator


class Body(BaseModel):
    """A request body: exact types, unknown keys tolerated, null the same as absent."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: item for key, item in value.items() if item is not None}
        return value


def utc_text(moment: datetime) -> str:
    """ISO 8601 with microseconds and Z; clients cannot compare a time without a zone."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


UtcTime = Annotated[datetime, PlainSerializer(utc_text, return_type=str)]
