"""Executions on the wire, which the contract calls predictions (A.3, B.1-B.7)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from paperclerk.domain.agent import RedactionKind, ServiceTier
from paperclerk.storage.executions import Execution, Status
from paperclerk.wire.body import Body, UtcTime, Whole, at_least_one, exactly_one, utc_text
from paperclerk.wire.skill_reference import MAX_SKILLS, SkillBody

MAX_IMAGES = 100
Text = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
Address = Annotated[
    str, StringConstraints(min_length=1), Field(json_schema_extra={"pattern": "^(https?://|data:)"})
]
ONE_DOCUMENT = exactly_one("file_id", "url")
# `domain`, a schema of one's own, or a skill that has one.
READ_BY: dict[str, Any] = {
    "anyOf": [
        *at_least_one("domain")["anyOf"],
        {
            "required": ["config"],
            "properties": {"config": {"type": "object", **at_least_one("json_schema")["anyOf"][0]}},
        },
        {
            "required": ["config"],
            "properties": {
                "config": {
                    "type": "object",
                    "required": ["skills"],
                    "properties": {"skills": {"type": "array", "minItems": 1}},
                }
            },
        },
    ]
}
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class RedactBody(Body):
    """What to cover in a copy of the document, which becomes an artifact (docs/redaction.md)."""

    model_config = ConfigDict(extra="forbid")  # what stands under a misspelt key would stay readable

    fields: list[Annotated[str, StringConstraints(min_length=1, max_length=500)]] = Field(
        default_factory=list,
        max_length=200,
        description="Paths like customer.address or items[].price, with all below them; * is every field.",
    )
    kinds: list[RedactionKind] = Field(default_factory=list, max_length=10)


# What the contract's clients may send in `config` and this server has no use for.
OTHERS_KEYS = frozenset(
    {
        "keyframes",
        "mode",
        "orchestration_mode",
        "response_model",
        "video_frames_per_segment",
        "video_segment_duration",
    }
)
MOST_WARNINGS = 20


class ConfigBody(Body):
    """How to execute. Keys that are not listed have no effect, and the reply's `warnings` say so."""

    model_config = ConfigDict(extra="allow")  # kept to be named, see `warnings`

    prompt: Annotated[str, StringConstraints(max_length=100_000)] = ""
    json_schema: dict[str, Any] | str | None = Field(
        default=None, description="A JSON Schema that replaces the agent's; also as a string of JSON."
    )
    gql_stmt: str | None = Field(
        default=None, description="A GraphQL selection: only these fields of the schema."
    )
    skills: list[SkillBody] | None = Field(
        default=None,
        max_length=MAX_SKILLS,
        description="Their instructions come before `prompt`; a schema of theirs stands in for `json_schema`.",
    )
    detail: Literal["auto", "lo", "hi"] = "auto"
    grounding: bool = False
    confidence: bool = False
    page_indices: list[Whole] | None = Field(
        default=None, description="Pages to read, from 0; absent: all of them."
    )
    max_retries: Whole = Field(default=3, ge=0, le=100, description="For model engines.")
    max_tokens: Whole = Field(default=65535, ge=1, description="For model engines.")
    temperature: float = Field(default=0.0, ge=0, le=2, description="For model engines.")
    service_tier: ServiceTier = Field(
        default="auto",
        description="A factor on the price; flex and priority set `priority` to 8 and 2 where it is not sent.",
    )
    strict: bool = Field(default=False, description="Fail when a required value is not on the page.")
    redact: RedactBody | None = Field(default=None, description="Make a copy of the document, covered.")
    draw_boxes: bool = Field(
        default=False, description="Make a picture of each page with the places of its values."
    )

    def warnings(self) -> list[str]:
        """A sentence for each key that nobody knows. They are not refused: the contract (B.6) has them tolerated,
        and a newer client may send one."""
        known = type(self).model_fields
        unknown = [key for key in self.model_extra or {} if key not in OTHERS_KEYS]
        return [_unknown(key, known) for key in unknown[:MOST_WARNINGS]]


def _unknown(key: str, known: Iterable[str]) -> str:
    meant = difflib.get_close_matches(key.lower(), known, n=1)
    hint = f" Did you mean config.{meant[0]}?" if meant else ""
    return f"config.{key[:100]} is unknown here and had no effect.{hint}"


class ExecutionBody(Body):
    """What all requests for an execution share."""

    model_config = ConfigDict(extra="allow")  # kept to be named, see `warnings`

    id: Identifier | None = Field(default=None, description="Becomes the execution's id.")
    created_at: str | None = Field(default=None, description="The caller's time, ISO 8601; stored only.")
    batch: bool = Field(default=True, description="false: the reply waits for the result.")
    config: ConfigBody = ConfigBody()
    metadata: dict[str, Any] = Field(
        default_factory=dict, description="Stored; scalars in it can be filtered by; context for the engine."
    )
    callback_url: Address | None = Field(
        default=None, description="Gets the finished execution by POST, signed."
    )
    priority: Whole = Field(
        default=5, ge=1, le=9, description="1 runs first, 9 last, among the tenant's own that wait."
    )
    deadline_s: float | None = Field(
        default=None, gt=0, le=2_592_000, description="Seconds from now; what has not ended then fails."
    )

    def warnings(self) -> list[str]:
        """What of the request has no effect, in sentences."""
        strayed = [key for key in self.model_extra or {} if key in ConfigBody.model_fields]
        return [f"{key} had no effect: it belongs in config." for key in strayed] + self.config.warnings()


class _OneDocument(ExecutionBody):
    file_id: Text | None = None
    url: Address | None = Field(default=None, description="http:, https: or data:.")


class _Images(ExecutionBody):
    images: list[Address] = Field(
        min_length=1, max_length=MAX_IMAGES, description="http:, https: or data: URLs; each is a page."
    )


class _ByAgent(BaseModel):
    name: Text = Field(description="The agent, as NAME or NAME:VERSION.")
    version: Text = "latest"


class _ByDomain(BaseModel):
    domain: Text | None = Field(
        default=None, description="May be left out when config.json_schema or a skill is given."
    )
    model: Text = "vlm-1"


class DocumentExecuteBody(_ByAgent, _OneDocument):
    """Executes an agent over a document: exactly one of `file_id`, `url` and `file_ids`."""

    file_ids: list[Text] | None = Field(
        default=None, min_length=1, max_length=MAX_IMAGES, description="Several files, read as one document."
    )

    model_config = ConfigDict(json_schema_extra=ONE_DOCUMENT)


class DocumentGenerateBody(_ByDomain, _OneDocument):
    """Reads a document by a domain's schema, or by one's own: exactly one of `file_id` and `url`."""

    model_config = ConfigDict(json_schema_extra=ONE_DOCUMENT | READ_BY)


class ImageExecuteBody(_ByAgent, _Images):
    """Executes an agent over images."""


class ImageGenerateBody(_ByDomain, _Images):
    """Reads images by a domain's schema, or by one's own."""

    model_config = ConfigDict(json_schema_extra=READ_BY)


class DocumentSchemaBody(_OneDocument):
    """Infers a schema from a document: exactly one of `file_id` and `url`. The reply always waits."""

    model_config = ConfigDict(json_schema_extra=ONE_DOCUMENT)


class ImageSchemaBody(_Images):
    """Infers a schema from images. The reply always waits."""


class UsageReply(BaseModel):
    """What an execution used. Until it has ended everything but the duration is null."""

    elements_processed: int | None = None
    element_type: Literal["image", "page"] | None = None
    credits_used: int | None = None
    steps: int | None = None
    message: str | None = None
    duration_seconds: int = 0
    engine: str | None = Field(
        default=None, description="Who read: embedded, model, markdown, layout or schema."
    )
    model_calls: int | None = None
    model_input_tokens: int | None = None
    model_output_tokens: int | None = None
    model_cost_usd: float | None = Field(default=None, description="By the configured prices of the models.")


class ArtifactReply(BaseModel):
    """A file that an execution made; GET /v1/artifacts gives its bytes."""

    object_id: str
    filename: str
    content_type: str


class FailureReply(BaseModel):
    code: str
    message: str


class ExecutionReply(BaseModel):
    """An execution as it stands."""

    id: str
    created_at: UtcTime
    completed_at: UtcTime | None
    response: Any
    status: Literal["enqueued", "pending", "running", "completed", "failed", "paused"]
    domain: str | None
    usage: UsageReply
    name: str = Field(description="The agent that was executed.")
    version: str
    metadata: dict[str, Any]
    service_tier: str
    message: str | None = Field(description="The same as usage.message.")
    error: FailureReply | None = Field(description="Why it failed; null when it did not.")
    errors: list[dict[str, Any]] = Field(description="Fields that could not be given as the schema wants.")
    pages: list[dict[str, Any]] = Field(description="How each page of the document ended.")
    steps: list[dict[str, Any]] = Field(description="What the execution did, with seconds.")
    partial: Any = Field(
        description="Of a failed or cancelled execution: the values it had come to, as response would have them. A "
        "cancelled one has them, and its pages and steps, a moment after its end; null when there are none."
    )
    artifacts: list[ArtifactReply] = Field(description="Files that it made.")
    warnings: list[str] = Field(description="What of the request had no effect.")


def execution_json(execution: Execution) -> dict[str, Any]:
    """The reply for an execution, of the shape of `ExecutionReply`; also the body of its webhook."""
    request, outcome = execution.request, execution.outcome
    failed = outcome is not None and outcome.status is Status.FAILED
    usage = UsageReply(**outcome.usage) if outcome else UsageReply()
    return {
        "id": execution.id,
        "created_at": utc_text(execution.created_at),
        "completed_at": utc_text(outcome.completed_at) if outcome else None,
        "response": outcome.response if outcome else None,
        "status": execution.status.value,
        "domain": request.domain,
        "usage": usage.model_dump(),
        "name": request.agent_name,
        "version": request.agent_version,
        "metadata": dict(request.metadata),
        "service_tier": request.service_tier,
        "message": usage.message,
        "error": {"code": outcome.failure_code, "message": outcome.message} if outcome and failed else None,
        "errors": list(outcome.errors) if outcome else [],
        "pages": list(outcome.pages) if outcome else [],
        "steps": list(outcome.steps) if outcome else [],
        "partial": outcome.partial if outcome else None,
        "artifacts": list(outcome.artifacts) if outcome else [],
        "warnings": list(request.warnings),
    }
