"""What every request body has in common. Base of the models beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    PlainSerializer,
    model_validator,
)
from pydantic_core import CoreSchema


class Body(BaseModel):
    """A request body: exact types, unknown keys tolerated, null the same as absent."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: item for key, item in value.items() if item is not None}
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The schema as pydantic has it, and null for every property that may be absent."""
        schema = handler.resolve_ref_schema(handler(core))
        for name, described in schema.get("properties", {}).items():
            if name not in schema.get("required", ()) and {"type": "null"} not in described.get("anyOf", ()):
                about = {
                    key: described.pop(key) for key in ("title", "description", "default") if key in described
                }
                schema["properties"][name] = {"anyOf": [described, {"type": "null"}], **about}
        return schema


def exactly_one(*names: str) -> dict[str, Any]:
    """For `json_schema_extra`: one of the properties is there, the others are absent or null."""
    return {"oneOf": [_given(name, [n for n in names if n != name]) for name in names]}


def at_least_one(*names: str) -> dict[str, Any]:
    """For `json_schema_extra`: one of the properties or more is there."""
    return {"anyOf": [_given(name) for name in names]}


def _given(name: str, without: Sequence[str] = ()) -> dict[str, Any]:
    others = {other: {"type": "null"} for other in without}
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}, **others}}


def _whole(value: Any) -> Any:
    """1.0 is an integer in JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]


def utc_text(moment: datetime) -> str:
    """ISO 8601 with microseconds and Z; clients cannot compare a time without a zone."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


UtcTime = Annotated[datetime, PlainSerializer(utc_text, return_type=str)]
