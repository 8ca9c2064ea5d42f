"""One endpoint: a question in its protocol, its answer read, its errors told apart. Called by `pool`.

The only module that imports pydantic-ai. What an endpoint refuses is said differently from then on: `Manner`
is what has been learnt about it.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from paperclerk.engines.models.endpoint import (
    ANSWER,
    CallFailed,
    Cause,
    Endpoint,
    Output,
    Question,
    Reply,
    ToolCall,
    Turn,
)
from paperclerk.engines.models.reading import read_json
from paperclerk.schemas.lower import LADDER, Dialect, answer_schema

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
    from pydantic_ai.models import Model, ModelRequestParameters

GRACE_S = 2.0  # the endpoint's own time-out comes first; ours holds when it does not


@dataclass(frozen=True)
class Manner:
    """How an endpoint wants to be spoken to."""

    output: Output
    dialect: Dialect
    new_token_limit: bool = False  # OpenAI's `max_completion_tokens`
    temperature: bool = True
    extras: bool = True  # the caller's labels

    def output_of(self, other: Manner) -> bool:
        """Whether answers are held to the same form as with `other`."""
        return (self.output, self.dialect) == (other.output, other.dialect)


class Access:
    """Calls one endpoint. Use from one event loop only.

    Without `learns` an answer's form is not eased when it is refused: for finding out what is.
    """

    def __init__(self, endpoint: Endpoint, *, learns: bool = True) -> None:
        self.endpoint = endpoint
        self._learns = learns
        self.manner = Manner(endpoint.profile.output, endpoint.profile.dialect)
        self._models: dict[bool, Model] = {}

    async def call(self, question: Question) -> Reply:
        """One request, said again with fewer keywords while it is refused. Raises CallFailed."""
        attempts = 0
        while True:
            attempts += 1
            manner = self.manner
            try:
                reply = await self._request(question, manner)
            except CallFailed as failure:
                gentler = gentler_manner(manner, failure.message) if failure.cause is Cause.REFUSED else None
                if gentler is None or not (self._learns or gentler.output_of(manner)):
                    failure.attempts = attempts
                    raise
                if self.manner is manner:  # another call may have learnt it meanwhile
                    self.manner = gentler
                continue
            return replace(reply, attempts=attempts)

    def load(self) -> None:
        """Imports the adapter and makes its client, which the first call does otherwise."""
        import pydantic_ai.direct  # noqa: F401

        self._model(self.manner)

    async def close(self) -> None:
        """Closes the connections to the endpoint."""
        for model in self._models.values():
            client = getattr(model, "client", None)
            await (client.aio.aclose() if self.endpoint.protocol == "google" else client.close())  # type: ignore[union-attr]
        self._models.clear()

    async def _request(self, question: Question, manner: Manner) -> Reply:
        from pydantic_ai.direct import model_request

        started = time.perf_counter()
        messages, parameters = _messages(question, manner), _parameters(question, manner)
        settings = self._settings(question, manner)
        with _translated(self.endpoint):
            async with asyncio.timeout(self.endpoint.timeout_s + GRACE_S):
                response = await model_request(
                    self._model(manner),
                    messages,
                    model_settings=settings,  # type: ignore[arg-type]
                    model_request_parameters=parameters,
                )
        return self._reply(response, time.perf_counter() - started)

    def _reply(self, response: ModelResponse, seconds: float) -> Reply:
        from pydantic_ai.messages import TextPart, ToolCallPart

        text = "".join(p.content for p in response.parts if isinstance(p, TextPart))
        calls = tuple(_call(p) for p in response.parts if isinstance(p, ToolCallPart))
        answers = [c.arguments for c in calls if c.name == ANSWER]
        data, whole = (answers[0], True) if answers else read_json(text)
        usage = response.usage
        cut = response.finish_reason == "length"
        return Reply(
            text=text,
            data=data if whole or cut else None,
            model=self.endpoint.model,
            cut=cut,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost=(usage.input_tokens * self.endpoint.price_in + usage.output_tokens * self.endpoint.price_out)
            / 1e6,
            seconds=seconds,
            calls=calls,
        )

    def _settings(self, question: Question, manner: Manner) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "max_tokens": min(question.max_tokens, self.endpoint.profile.max_output_tokens),
            "timeout": self.endpoint.timeout_s,
        }
        if manner.temperature:
            settings["temperature"] = question.temperature
        return settings | _extras(self.endpoint, question.labels, manner)

    def _model(self, manner: Manner) -> Model:
        if manner.new_token_limit not in self._models:
            self._models[manner.new_token_limit] = _model(self.endpoint, manner.new_token_limit)
        return self._models[manner.new_token_limit]


def _extras(endpoint: Endpoint, labels: Mapping[str, Any], manner: Manner) -> dict[str, Any]:
    """What the caller's labels add to a request, in the field that the protocol has for it.

    The wish not to train is never left out: where it is refused the call fails.
    """
    told = {k: str(v) for k, v in labels.items()} if endpoint.metadata_key and manner.extras else {}
    if endpoint.protocol == "google":  # no other field can be added to its body
        return (
            {"google_labels": {_google_label(k): _google_label(v) for k, v in told.items()}} if told else {}
        )
    body = dict(endpoint.no_training) if labels.get("allow_training") is False else {}
    if endpoint.protocol == "anthropic":  # its metadata has one field
        told = {"user_id": told["session_id"]} if "session_id" in told else {}
    if told and endpoint.metadata_key:
        body[endpoint.metadata_key] = told
    return {"extra_body": body} if body else {}


def _google_label(text: str) -> str:
    """What Google takes as a label: small letters, digits, `_` and `-`, at most 63."""
    return re.sub(r"[^\w-]", "_", text.lower())[:63]


def gentler_manner(manner: Manner, message: str) -> Manner | None:
    """What to try after a refusal: first what the refusal names, then ever fewer keywords; None at the end."""
    said = message.casefold()
    if "max_completion_tokens" in said and not manner.new_token_limit:
        return replace(manner, new_token_limit=True)
    if "temperature" in said and manner.temperature:
        return replace(manner, temperature=False)
    if manner.extras and ("metadata" in said or "labels" in said):
        return replace(manner, extras=False)
    if manner.output == "schema":
        later = LADDER[LADDER.index(manner.dialect) + 1 :] if manner.dialect in LADDER else LADDER
        if later:
            return replace(manner, dialect=later[0])
        return replace(manner, output="json", dialect=LADDER[-1])
    if manner.output == "json":
        return replace(manner, output="text")
    return None


def _messages(question: Question, manner: Manner) -> list[ModelMessage]:
    from pydantic_ai.messages import BinaryContent, ModelRequest, ModelResponse, TextPart, UserPromptPart

    text = question.text
    if manner.output != "schema" and not question.tools:
        form = json.dumps(answer_schema(question.form, manner.dialect), separators=(",", ":"))
        text += f"\n\nAnswer with one JSON object of exactly this JSON Schema, and nothing else:\n{form}"
    content: list[Any] = [BinaryContent(data=i, media_type="image/png") for i in question.images]
    asked = ModelRequest(
        parts=[UserPromptPart(content=[*content, text] if content else text)], instructions=question.system
    )
    if question.correction is None:
        return [asked, *(m for turn in question.turns for m in _turn(turn, question.system))]
    earlier, wrong = question.correction
    return [
        asked,
        ModelResponse(parts=[TextPart(content=earlier)]),
        ModelRequest(parts=[UserPromptPart(content=wrong)], instructions=question.system),
    ]


def _turn(turn: Turn, system: str) -> Iterator[ModelMessage]:
    """A turn with tools; pictures stand behind the results, as a message, since few endpoints take them inside."""
    from pydantic_ai.messages import (
        BinaryContent,
        ModelRequest,
        ModelResponse,
        TextPart,
        ToolCallPart,
        ToolReturnPart,
        UserPromptPart,
    )

    said = [TextPart(content=turn.said)] if turn.said else []
    calls = [ToolCallPart(c.name, dict(c.arguments or {}), tool_call_id=c.id) for c in turn.calls]
    yield ModelResponse(parts=[*said, *calls])
    pairs = zip(turn.calls, turn.results, strict=True)
    results = [ToolReturnPart(c.name, r.text, tool_call_id=c.id) for c, r in pairs]
    pictures = [BinaryContent(data=i, media_type="image/png") for r in turn.results for i in r.images]
    shown: list[Any] = [*pictures, *([turn.note] if turn.note else [])]
    yield ModelRequest(
        parts=[*results, *([UserPromptPart(content=shown)] if shown else [])], instructions=system
    )


def _call(part: ToolCallPart) -> ToolCall:
    try:
        given = part.args_as_dict(raise_if_invalid=True)
    except ValueError:
        given = None
    return ToolCall(part.tool_call_id, part.tool_name, given)


def _parameters(question: Question, manner: Manner) -> ModelRequestParameters:
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition
    from pydantic_ai.tools import ToolDefinition

    if question.tools:
        form = answer_schema(question.form, manner.dialect)
        offered = [
            ToolDefinition(name=t.name, parameters_json_schema=dict(t.parameters), description=t.description)
            for t in question.tools
        ]
        answer = ToolDefinition(
            name=ANSWER, parameters_json_schema=form, description="Gives the fields, and ends.", kind="output"
        )
        return ModelRequestParameters(
            function_tools=offered, output_tools=[answer], output_mode="tool", allow_text_output=True
        )
    if manner.output == "text":
        return ModelRequestParameters()
    if manner.output == "json":
        return ModelRequestParameters(output_mode="prompted", prompted_output_template=False)
    form = answer_schema(question.form, manner.dialect)
    return ModelRequestParameters(
        output_mode="native",
        output_object=OutputObjectDefinition(
            json_schema=form, name="fields", strict=manner.dialect.closed or None
        ),
    )


def _model(endpoint: Endpoint, new_token_limit: bool) -> Model:
    """The adapter of an endpoint's protocol. SDK retries are off: `pool` retries by cause."""
    if endpoint.protocol == "anthropic":
        from anthropic import AsyncAnthropic
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.profiles.anthropic import AnthropicModelProfile
        from pydantic_ai.providers.anthropic import AnthropicProvider

        speaker = AsyncAnthropic(
            api_key=endpoint.api_key or "none", base_url=endpoint.base_url, max_retries=0
        )
        return AnthropicModel(
            endpoint.model,
            provider=AnthropicProvider(anthropic_client=speaker),
            profile=AnthropicModelProfile(supports_json_schema_output=True, json_schema_transformer=None),
        )
    if endpoint.protocol == "google":
        from pydantic_ai.models.google import GoogleModel
        from pydantic_ai.profiles.google import GoogleModelProfile
        from pydantic_ai.providers.google import GoogleProvider

        return GoogleModel(
            endpoint.model,
            provider=GoogleProvider(api_key=endpoint.api_key or "none", base_url=endpoint.base_url),
            profile=GoogleModelProfile(supports_json_schema_output=True, json_schema_transformer=None),
            settings={"max_retries": 0},
        )
    from openai import AsyncOpenAI
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.profiles.openai import OpenAIModelProfile
    from pydantic_ai.providers.openai import OpenAIProvider

    client = AsyncOpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key or "none",
        timeout=endpoint.timeout_s,
        max_retries=0,
    )
    facts = OpenAIModelProfile(
        supports_json_schema_output=True,
        supports_json_object_output=True,
        default_structured_output_mode="native",
        json_schema_transformer=None,
        openai_chat_supports_max_completion_tokens=new_token_limit,
    )
    return OpenAIChatModel(endpoint.model, provider=OpenAIProvider(openai_client=client), profile=facts)


@contextmanager
def _translated(endpoint: Endpoint) -> Iterator[None]:
    """Turns the adapters' errors into CallFailed, also those that they stumble into over a strange answer."""
    try:
        yield
    except Exception as error:
        cause = _cause(error)
        text = _said(error, cause)
        if endpoint.api_key:
            text = text.replace(endpoint.api_key, "***")
        raise CallFailed(cause, text, retry_after=_retry_after(error)) from error


def _said(error: BaseException, cause: Cause) -> str:
    """What an error tells, in a line: in the endpoint's own words, all of them where `gentler_manner` learns from."""
    from pydantic_ai import exceptions as e

    if isinstance(error, e.ModelHTTPError) and cause is not Cause.REFUSED:
        body: Any = error.body
        while isinstance(body, Mapping) and (inner := body.get("error") or body.get("message")):
            body = inner
        text = f"HTTP {error.status_code}: {body}"
    elif isinstance(error, e.AgentRunError | e.UserError):
        text = str(error)
    elif isinstance(error, TimeoutError):
        text = "no answer in time"
    else:
        text = f"its answer cannot be read ({type(error).__name__}: {error})"
    return " ".join(text.split())[:500]


def _cause(error: BaseException) -> Cause:
    from pydantic_ai import exceptions as e

    table: list[tuple[type[BaseException] | tuple[type[BaseException], ...], Cause]] = [
        ((e.ModelRateLimitError, e.ModelQuotaExceededError, e.ModelUnavailableError), Cause.BUSY),
        ((TimeoutError, e.ModelTimeoutError, e.ModelRequestTimeout), Cause.SLOW),
        (e.ModelContextWindowExceededError, Cause.TOO_LONG),
        ((e.ModelAuthenticationError, e.ModelNotFoundError), Cause.DENIED),
        (e.ContentFilterError, Cause.FILTERED),
        ((e.ModelRequestRejectedError, e.UserError), Cause.REFUSED),
    ]
    cause = next((cause for kinds, cause in table if isinstance(error, kinds)), Cause.BROKEN)
    if cause is Cause.REFUSED and _speaks_of_length(str(error)):
        return Cause.TOO_LONG
    return cause


def _speaks_of_length(message: str) -> bool:
    said = message.casefold()
    return "context" in said and any(w in said for w in ("exceed", "length", "too long", "too large", "size"))


def _retry_after(error: BaseException) -> float | None:
    headers = getattr(error, "headers", None) or {}
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None
