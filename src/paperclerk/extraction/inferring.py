"""The engine behind `document.schema` and `POST /v1/document/schema`. Chosen by `pipeline` for that agent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import Any

from paperclerk.agents.describe import SchemaInfo, schema_digest, schema_info
from paperclerk.domain.agent import Agent
from paperclerk.domain.document import Page
from paperclerk.domain.errors import DocumentError
from paperclerk.domain.result import Leaf, Tree
from paperclerk.engines.engine import Context
from paperclerk.engines.inference import infer_fields
from paperclerk.schemas.compiled import Field


def infer_schema(pages: Sequence[Page], today: date) -> SchemaInfo:
    """A schema for documents like this one. Raises DocumentError when nothing on the pages names a field."""
    found = infer_fields(pages)
    if not found.schema["properties"]:
        raise DocumentError(
            "No labelled value and no table with headings was found on the pages, so no schema can be inferred. "
            "Write one, or use a ready-made domain.",
            code="nothing_to_infer",
        )
    day = today.strftime("%Y%m%d")
    info = schema_info(
        Agent(
            name=f"custom.document.{found.kind}-{day}",
            version=day,
            json_schema=found.schema,
            description="Auto-generated schema",
        )
    )
    return replace(info, schema_hash=schema_digest(info.json_schema))  # whole, as the hosted service has it


class InferenceEngine:
    """Implements `engines.engine.Engine` for the schema of `agents.inferred`. `today` is in UTC."""

    name = "schema"

    def __init__(self, today: Callable[[], date] = lambda: datetime.now(UTC).date()) -> None:
        self._today = today

    def extract(self, pages: Sequence[Page], schema: Field, context: Context) -> Tree:
        """What was inferred; all of it is concluded from the pages, none of it read off them."""
        return _leaves(asdict(infer_schema(pages, self._today())))


def _leaves(value: Any) -> Tree:
    if isinstance(value, Mapping):
        return {str(name): _leaves(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_leaves(item) for item in value]
    return Leaf(value, (), 1.0, inferred=value is not None)
