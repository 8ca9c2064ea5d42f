"""An agent, and what one execution of it is asked for. Read by every layer that executes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from paperclerk.domain.errors import InvalidRequest

Detail = Literal["lo", "auto", "hi"]
ServiceTier = Literal["auto", "default", "standard", "flex", "priority"]


RuleKind = Literal["sum", "product", "order", "iban", "vat_id", "luhn", "logic"]
Severity = Literal["warn", "fail"]


RedactionKind = Literal["name", "email", "phone", "account", "ssn"]


@dataclass(frozen=True)
class Redaction:
    """What is covered in a copy of the document: the places of `fields`, and what looks like one of `kinds`.

    Fields are paths like `customer.address` or `items[].price`; a path covers all that is below it, `*`
    everything. Kind `name` are the fields of the schema that are called names, and the names of persons that the
    pages label; `account` are IBANs, card numbers and what an account label stands before or above; the others are
    what they say.
    """

    fields: tuple[str, ...] = ()
    kinds: tuple[RedactionKind, ...] = ()


@dataclass(frozen=True)
class Rule:
    """What must hold across the values of a reply. Paths are like `items[].price`.

    `sum`: the values of all paths in `of` add up to `equals`, within `tolerance`. `product`: the same for their
    product, row by row where the paths go through an array. `order`: each date in `of` is not after the next.
    `iban`, `vat_id`, `luhn`: every value in `of` has a right checksum. `logic`: the JsonLogic expression of that name
    is true of the reply; `message` says what is wrong when it is not. A rule about a value that is null does
    not apply (for `logic`: a value in `of`). `severity` `fail` makes the execution fail, `warn` is only told.
    """

    rule: RuleKind
    of: tuple[str, ...]
    equals: str = ""
    tolerance: float = 0.01
    severity: Severity = "warn"
    logic: Mapping[str, Any] | None = None
    message: str = ""


StepKind = Literal["split", "classify", "route", "extract", "verify", "redact"]
OTHER = "other"  # the kind of a document that is of none of the declared kinds


@dataclass(frozen=True)
class AgentStep:
    """A declared step. `split`: the pages into documents. `classify`: each document is of one of `kinds`, which may
    name words that such documents print. `route`: the agent (NAME or NAME:VERSION) that reads each kind. `extract`:
    the values. `verify`: the validators. `redact`: a covered copy of what was given.
    """

    step: StepKind
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    routes: Mapping[str, str] = field(default_factory=dict)
    redaction: Redaction | None = None


@dataclass(frozen=True)
class Agent:
    """A named, immutable version of instructions and a JSON Schema.

    `domain` is what a reply echoes: for a ready-made agent its own name, else None. `engine` names the engine
    that always reads for it, whatever is configured; None: the configured one. `defaults` are fields of
    `ExecutionConfig` that a request may override; `validators` are checked on every result. `steps` are empty for
    an agent that takes what it is given as one document; `routed` holds the agents that its `route` step names, by
    kind, once they have been looked up.
    """

    name: str
    version: str
    json_schema: Mapping[str, Any]
    prompt: str = ""
    description: str = ""
    domain: str | None = None
    engine: str | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    validators: tuple[Rule, ...] = ()
    steps: tuple[AgentStep, ...] = ()
    routed: Mapping[str, Agent] = field(default_factory=dict)

    @property
    def takes_bundles(self) -> bool:
        """Whether the reply has one entry for each document found in what was given."""
        return any(step.step in ("split", "classify") for step in self.steps)

    @property
    def routes(self) -> Mapping[str, str]:
        """The names of the agents that read each kind of document."""
        return next((step.routes for step in self.steps if step.step == "route"), {})

    @property
    def redaction(self) -> Redaction | None:
        """What its `redact` step covers; a request that says `redact` itself wins over it."""
        return next((step.redaction for step in self.steps if step.step == "redact"), None)


@dataclass(frozen=True)
class ExecutionConfig:
    """How to execute. Field names are those of the wire's `config` (contract B.6).

    `json_schema` replaces the agent's schema, `gql_stmt` selects a part of the one that rules, `prompt` is
    added to the agent's. `page_indices` are 0-based,
    None means all pages. `max_tokens`, `temperature` and `max_retries` are for model engines. `strict` turns
    a required value that is not on the page into a failed execution. `redact` makes a covered copy of the
    document, `draw_boxes` pictures of its pages with the places of the values. `service_tier` is a factor on the
    price and, where the request says none, the priority. Raises InvalidRequest for an unknown `detail`.
    """

    prompt: str = ""
    json_schema: Mapping[str, Any] | None = None
    gql_stmt: str = ""
    detail: Detail = "auto"
    grounding: bool = False
    confidence: bool = False
    page_indices: tuple[int, ...] | None = None
    max_retries: int = 3
    max_tokens: int = 65535
    temperature: float = 0.0
    strict: bool = False
    redact: Redaction | None = None
    draw_boxes: bool = False
    service_tier: ServiceTier = "auto"
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.detail not in get_args(Detail):
            raise InvalidRequest(
                f"detail {self.detail!r} is unknown; send lo, auto or hi.", code="invalid_detail"
            )
