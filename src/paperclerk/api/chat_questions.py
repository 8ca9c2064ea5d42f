"""From a chat to the execution that answers it: documents and words of its messages, agent, schema. Called by
`api.chat`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from paperclerk.api.auth import Caller
from paperclerk.api.errors import NotSupported
from paperclerk.api.executions import Asked
from paperclerk.api.inputs import check_number, document_of
from paperclerk.api.resolving import agent_named
from paperclerk.api.services import Services
from paperclerk.api.steering import steered
from paperclerk.domain.agent import Agent
from paperclerk.domain.errors import InvalidRequest, NotFound
from paperclerk.jobs.requested import agent_of_own_schema
from paperclerk.storage.agents import LATEST
from paperclerk.storage.artifacts import SESSION
from paperclerk.storage.executions import Input
from paperclerk.wire.chat import ChatBody, MessageBody, ResponseFormatBody
from paperclerk.wire.executions import ConfigBody, ExecutionBody

MAX_WORDS_CHARS = 100_000
ASKING = frozenset({"system", "developer", "user"})  # an answer of before tells nothing about a document


async def asked_by(body: ChatBody, caller: Caller, services: Services) -> Asked:
    """The execution behind a chat; its id is the chat's, and its metadata holds the session.

    Raises NotSupported for what this server cannot do, and InvalidRequest, NotFound, InvalidSchema.
    """
    if body.tools or body.functions or body.logprobs:
        raise NotSupported("This server calls no tools and gives no log probabilities; leave them out.")
    sources, words = _read(body.messages)
    check_number(sources)
    metadata = {**body.vlmrun.metadata, **body.metadata}
    metadata[SESSION] = body.session_id or metadata.get(SESSION) or str(uuid4())
    execution = await steered(
        ExecutionBody(
            id=f"chatcmpl-{uuid4().hex}", batch=False, config=_config(body, words), metadata=metadata
        ),
        caller,
        services,
    )
    return Asked(
        kind="document" if len(sources) == 1 else "documents",
        agent=await _agent(body, execution.config, caller, services),
        model=body.model,
        body=execution,
        sources=sources,
    )


async def _agent(body: ChatBody, config: ConfigBody, caller: Caller, services: Services) -> Agent:
    """The agent of `vlmrun.domain`, the one that `model` names, or what stands in for one beside a schema."""
    if body.vlmrun.domain is not None:
        return await agent_named(body.vlmrun.domain, LATEST, caller, services)
    try:
        agent = await agent_named(body.model, LATEST, caller, services)
    except NotFound:
        agent = agent_of_own_schema()
    if not agent.json_schema and not agent.routed and config.json_schema is None:
        raise NotSupported(
            "This server answers about documents in JSON, not in free text: send a `response_format` of type "
            "json_schema with the schema of the answer, a skill that has a schema.json, or an agent as `model`."
        )
    return agent


def _read(messages: Sequence[MessageBody]) -> tuple[tuple[Input, ...], str]:
    """The documents of the messages in their order, and the words of those who ask."""
    documents, words = [], []
    for number, message in enumerate(messages):
        parts = message.content if isinstance(message.content, list) else []
        for place, part in enumerate(parts):
            document = document_of(f"messages[{number}].content[{place}]", _as_input(part))
            if document is not None:
                documents.append(document)
            elif part.get("type") not in ("text", "input_text", "refusal"):
                raise NotSupported(
                    f"messages[{number}].content[{place}]: there are the parts text, input_file, file, file_url, "
                    f"image_url and document_url, not {str(part.get('type'))[:50]!r}."
                )
        if message.role in ASKING:
            own = (
                [message.content]
                if isinstance(message.content, str)
                else [part.get("text") for part in parts]
            )
            words += [text for text in own if isinstance(text, str) and text]
    text = "\n\n".join(words)
    if len(text) > MAX_WORDS_CHARS:
        raise InvalidRequest(f"The messages hold more than {MAX_WORDS_CHARS:,} characters of text.")
    return tuple(documents), text


def _as_input(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part with a file as OpenAI writes it, as one of the contract's."""
    if part.get("type") != "file":
        return part
    file = part.get("file")
    file = file if isinstance(file, dict) else {}
    if file.get("file_id") is not None:
        return {"type": "input_file", "file_id": file["file_id"]}
    return {"type": "file_url", "file_url": file.get("file_data")}


def _config(body: ChatBody, words: str) -> ConfigBody:
    """What `vlmrun.config` says, and above it what the chat says."""
    config = body.vlmrun.config
    tokens = body.max_completion_tokens or body.max_tokens
    said = {
        "prompt": "\n\n".join(part for part in (config.prompt, words) if part),
        "json_schema": _schema(body.response_format),
        "skills": body.skills,
        "temperature": body.temperature,
        "max_tokens": tokens,
        "service_tier": body.service_tier,
    }
    return config.model_copy(update={name: value for name, value in said.items() if value is not None})


def _schema(wanted: ResponseFormatBody | None) -> dict[str, Any] | None:
    """The schema of the answer, whichever way it is spelled. Raises InvalidRequest for a format that lacks it."""
    if wanted is None or wanted.type != "json_schema":
        return None
    named = wanted.json_schema or {}
    # {"name": ..., "schema": ...}, unless that is a schema with a property of another meaning
    is_wrapped = isinstance(named.get("schema"), dict) and not named.keys() & {"type", "properties", "$ref"}
    schema = named["schema"] if is_wrapped else wanted.json_schema or wanted.schema_
    if schema is None:
        raise InvalidRequest(
            "response_format is json_schema, but has no schema: send it in `json_schema.schema`.",
            code="missing_schema",
        )
    return dict(schema)
