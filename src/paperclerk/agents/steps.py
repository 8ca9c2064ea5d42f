"""The steps of a definition, as they are written and read. Called by `agents.definition`.

steps:
  - split
  - classify: {invoice: , receipt: [till, cash desk], contract: }
  - route: {invoice: document.invoice, receipt: document.receipt, contract: team/contract:2}
  - extract
  - verify
  - redact: {fields: [customer_name], kinds: [email, account]}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any, NoReturn, get_args

import msgspec

from paperclerk.domain.agent import OTHER, Agent, AgentStep, Redaction, StepKind
from paperclerk.domain.errors import InvalidRequest

ORDER: tuple[StepKind, ...] = get_args(StepKind)
MAX_KINDS = 50
_KIND = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}")


def read_steps(written: Sequence[str | Mapping[str, Any]]) -> tuple[AgentStep, ...]:
    """The steps as they stand in a definition. Raises InvalidRequest (`invalid_agent`)."""
    steps = tuple(_step(number, item) for number, item in enumerate(written))
    for one, other in pairwise(steps):
        if ORDER.index(one.step) >= ORDER.index(other.step):
            _refuse(
                f"{other.step} comes after {one.step}; the order is {', '.join(ORDER)}, each once at most."
            )
    kinds = next((set(step.kinds) for step in steps if step.step == "classify"), set())
    routes = next((step.routes for step in steps if step.step == "route"), {})
    if routes and not kinds:
        _refuse("route needs a classify step that says which kinds there are.")
    unknown = sorted(set(routes) - kinds - {OTHER})
    if unknown:
        _refuse(
            f"route names {unknown[0]!r}, which is no kind of the classify step; `{OTHER}` is all the rest."
        )
    if steps and all(step.step != "extract" for step in steps):
        _refuse("there is no extract step, so nothing would be read.")
    return steps


def written_steps(steps: Sequence[AgentStep]) -> list[str | dict[str, Any]]:
    """The steps as they are written; the opposite of `read_steps`."""
    written: list[str | dict[str, Any]] = []
    for step in steps:
        content: dict[str, Any] = dict(step.routes) or {k: list(words) for k, words in step.kinds.items()}
        if step.redaction is not None:
            content = {k: list(named) for k, named in asdict(step.redaction).items() if named}
        written.append({step.step: content} if content else step.step)
    return written


def without_steps(routed: Mapping[str, Agent]) -> Mapping[str, Agent]:
    """The agents that a route leads to, checked: each reads one document. Raises InvalidRequest."""
    for kind, agent in routed.items():
        if agent.takes_bundles:
            _refuse(f"route leads {kind!r} to {agent.name!r}, which takes bundles itself.")
        if not agent.json_schema:
            _refuse(f"route leads {kind!r} to {agent.name!r}, which has no JSON Schema.")
        if agent.redaction or agent.defaults.get("redact"):
            _refuse(
                f"route leads {kind!r} to {agent.name!r}, which redacts; say `redact` as the bundle's last step."
            )
    return routed


def _step(number: int, item: str | Mapping[str, Any]) -> AgentStep:
    if isinstance(item, str):
        item = {item: None}
    if len(item) != 1:
        _refuse(f"steps[{number}] is a step's name, or one name with what belongs to it.")
    [(name, content)] = item.items()
    if name not in ORDER:
        _refuse(f"steps[{number}]: there is no step {str(name)[:50]!r}; there are {', '.join(ORDER)}.")
    if name == "classify":
        return AgentStep("classify", kinds=_kinds(content))
    if name == "route":
        return AgentStep("route", routes=_routes(content))
    if name == "redact":
        return AgentStep("redact", redaction=_redaction(content))
    if content not in (None, {}):
        _refuse(f"steps[{number}]: {name} takes nothing.")
    return AgentStep(name)


def _kinds(content: Any) -> dict[str, tuple[str, ...]]:
    if isinstance(content, list):
        content = dict.fromkeys(map(str, content))
    if not isinstance(content, Mapping) or not 1 <= len(content) <= MAX_KINDS:
        _refuse(f"classify takes a list of 1 to {MAX_KINDS} kinds, or kinds with words such documents print.")
    found = {}
    for kind, words in content.items():
        if not isinstance(kind, str) or not _KIND.fullmatch(kind) or kind == OTHER:
            _refuse(f"{str(kind)[:80]!r} is no name for a kind.")
        listed = [words] if isinstance(words, str) else words or []
        if not isinstance(listed, list) or not all(isinstance(w, str) and 0 < len(w) <= 200 for w in listed):
            _refuse(f"classify: the words of {kind!r} are a list of texts.")
        found[kind] = tuple(listed)
    return found


def _routes(content: Any) -> dict[str, str]:
    if not isinstance(content, Mapping) or not content:
        _refuse("route takes kinds with the agent that reads each, such as {invoice: document.invoice}.")
    for kind, agent in content.items():
        if not isinstance(agent, str) or not 0 < len(agent) <= 300:
            _refuse(f"route: {str(kind)[:80]!r} leads to an agent's NAME or NAME:VERSION.")
    return dict(content)


def _redaction(content: Any) -> Redaction:
    try:
        found = msgspec.convert(content, Redaction)
    except msgspec.ValidationError as error:
        _refuse(f"redact takes `fields`, `kinds` or both, as lists: {error}.")
    if not isinstance(content, Mapping) or set(content) - {"fields", "kinds"}:
        _refuse("redact takes `fields`, `kinds` or both.")
    if not found.fields and not found.kinds:
        _refuse("redact says nothing to cover. Name `fields`, `kinds` or both.")
    return found


def _refuse(sentence: str) -> NoReturn:
    raise InvalidRequest(f"The agent's definition is wrong: {sentence}", code="invalid_agent")
