"""What is known of a model and how it is reached; questions to it and its replies. Read by all of `models`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from paperclerk.schemas.compiled import Field
from paperclerk.schemas.lower import Dialect

Output = Literal["schema", "json", "text"]


@dataclass(frozen=True)
class Profile:
    """What a model can do: facts found by asking it (`probe`) or set by the operator, never read off a name.

    `tools`: it calls the tools that it is offered. `output`: the answer is held to a JSON Schema, to JSON, or to
    nothing. `context_tokens` covers question and answer. `max_pages` and `max_fields` bound one question;
    `chars_per_token` is a cautious estimate.
    """

    images: bool = False
    tools: bool = False
    output: Output = "schema"
    dialect: Dialect = field(default_factory=Dialect)
    context_tokens: int = 16_384
    max_output_tokens: int = 4_096
    max_images: int = 4
    max_pages: int = 4
    max_fields: int = 60
    chars_per_token: float = 3.0

    @property
    def input_chars(self) -> int:
        """Characters that a question may have when the answer takes all it may."""
        return int((self.context_tokens - self.max_output_tokens) * self.chars_per_token)


@dataclass(frozen=True)
class Endpoint:
    """One model at one address, chosen by the operator; its address is trusted as the operator's own.

    `weight` shares the calls out between several endpoints; 0 is used only when the others fail. `no_training`
    is sent in the request's body when the caller does not allow training (not with Google, whose body takes
    nothing more). `metadata_key` names the field of the body that takes the caller's labels; Anthropic's takes the
    session only, Google's is always `labels`. Prices are US dollars per million tokens.
    """

    model: str
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    protocol: Literal["openai", "anthropic", "google"] = "openai"
    profile: Profile = Profile()
    weight: float = 1.0
    concurrency: int = 16
    requests_per_minute: float | None = None
    timeout_s: float = 120.0
    price_in: float = 0.0
    price_out: float = 0.0
    no_training: Mapping[str, Any] = field(default_factory=dict)
    metadata_key: str | None = None


@dataclass(frozen=True)
class Tool:
    """Something that a model may have done for it. `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class ToolCall:
    """What a model wants done. `arguments` is None where they are not a JSON object."""

    id: str
    name: str
    arguments: Mapping[str, Any] | None


@dataclass(frozen=True)
class ToolResult:
    """What a tool gave: text, and pictures as PNG files."""

    text: str
    images: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Turn:
    """A turn of a conversation with tools: what the model said, its calls, their results, a note behind them."""

    said: str = ""
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()
    note: str = ""


ANSWER = "answer"  # the tool by which a model that has tools gives its answer


@dataclass(frozen=True)
class Question:
    """One call. `form` are the fields asked for; `correction` is an earlier answer and what is wrong with it.

    `images` are PNG files. `labels` are the caller's metadata. With `tools` the model may call them, `turns` are
    what was done so far, and the answer is given by the tool `ANSWER`, which need not be named here.
    """

    system: str
    text: str
    form: Field
    images: tuple[bytes, ...] = ()
    max_tokens: int = 4_096
    temperature: float = 0.0
    labels: Mapping[str, Any] = field(default_factory=dict)
    correction: tuple[str, str] | None = None
    tools: tuple[Tool, ...] = ()
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True)
class Reply:
    """What a model said. `data` is its JSON as far as it can be read, None when nothing can.

    `cut`: the answer ends before it should. `attempts` counts the requests that were made for it. `calls` are the
    tools that it wants; with one to `ANSWER` among them, `data` is what that gives.
    """

    text: str
    data: Any
    model: str
    cut: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    attempts: int = 1
    cached: bool = False
    calls: tuple[ToolCall, ...] = ()


class Cause(StrEnum):
    """Why a call gave nothing; decides what is done about it."""

    BUSY = "busy"  # 429, 503: wait, then again
    BROKEN = "broken"  # 5xx, connection cut: again, then elsewhere
    SLOW = "slow"  # no answer in time: elsewhere
    TOO_LONG = "too_long"  # over the context: ask for less
    REFUSED = "refused"  # the request is not understood: say it with fewer keywords
    DENIED = "denied"  # key, model name or address are wrong: elsewhere
    FILTERED = "filtered"  # the provider will not answer this: elsewhere
    BUDGET = "budget"  # the execution has used up its calls or tokens


class CallFailed(Exception):
    """A call that gave nothing. `retry_after` is what the endpoint asked to wait, in seconds."""

    def __init__(
        self, cause: Cause, message: str, *, retry_after: float | None = None, attempts: int = 1
    ) -> None:
        super().__init__(message)
        self.cause = cause
        self.message = message
        self.retry_after = retry_after
        self.attempts = attempts
