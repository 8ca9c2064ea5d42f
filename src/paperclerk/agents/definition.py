"""The file form of an agent: YAML that lives in git. Read and written by `cli.agents`, checked by `api.agents`.

    name: supplier-invoice
    description: Invoices of our suppliers
    prompt: Amounts are in the currency of the document.
    schema: {type: object, properties: {total: {type: number}}}
    defaults: {grounding: true}
    validators:
      - {rule: sum, of: [net, tax], equals: total, severity: warn}

A file may declare `steps` too: see docs/agents.md, and `agents.steps` for how they are read.

docs/agents.md says what each key does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from paperclerk.agents.logic import fault_of
from paperclerk.agents.steps import read_steps, written_steps
from paperclerk.domain.agent import Agent, Detail, Rule, RuleKind, ServiceTier, Severity
from paperclerk.domain.errors import InvalidRequest
from paperclerk.schemas.check import check_schema
from paperclerk.schemas.chosen import check_redaction
from paperclerk.schemas.compile import compile_schema

MAX_BYTES = 1_000_000
MAX_VALIDATORS = 100
RESERVED = frozenset({"schema"})
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
_PATH = re.compile(r"[^.\[\]\s]+(?:\[\])*(?:\.[^.\[\]\s]+(?:\[\])*)*")


class Defaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a request may leave out, with other values than the server's own defaults."""

    detail: Detail | None = None
    grounding: bool | None = None
    confidence: bool | None = None
    strict: bool | None = None
    service_tier: ServiceTier | None = None


class Validator(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A `domain.agent.Rule` as it is written; `of` may be one path."""

    rule: RuleKind
    of: list[str] | str = []
    equals: str = ""
    tolerance: float = 0.01
    severity: Severity = "warn"
    logic: dict[str, Any] | None = None
    message: str = ""


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An agent without a version."""

    name: str
    schema: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    description: str = ""
    prompt: str = ""
    defaults: Defaults = Defaults()
    validators: list[Validator] = []
    steps: list[str | dict[str, Any]] = []


def read(path: Path) -> Definition:
    """The definition in a file. Raises InvalidRequest (`file_not_found`, `invalid_agent`), InvalidSchema."""
    if not path.is_file():
        raise InvalidRequest(f"No file at {str(path)!r}.", code="file_not_found")
    try:
        return parse(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise _invalid(f"{str(path)!r} is no text that can be read ({error}).") from error


def parse(text: str) -> Definition:
    """The definition in a YAML (or JSON) text. Raises InvalidRequest (`invalid_agent`), InvalidSchema."""
    return from_json(_loaded(text))


def from_json(value: Any) -> Definition:
    """A definition from plain data, checked. Raises InvalidRequest (`invalid_agent`), InvalidSchema."""
    try:
        found = msgspec.convert(value, Definition)
    except msgspec.ValidationError as error:
        raise _invalid(f"{error}.{_allowed(str(error))}") from None
    if not NAME.fullmatch(found.name):
        raise _invalid(
            f"{found.name[:80]!r} is no name: letters, digits, '.', '_', '-' and '/', at most 200, please."
        )
    if found.name in RESERVED:
        raise _invalid(f"the name {found.name!r} is taken by the server itself.")
    steps = read_steps(found.steps)
    if found.schema is not msgspec.UNSET:
        check_schema(found.schema)
    elif not any(step.routes for step in steps):
        raise _invalid("it has no `schema`, and no `route` step that leads to agents which have one.")
    elif found.validators:
        raise _invalid("validators check values of the agent's own `schema`, and it has none.")
    redaction = next((step.redaction for step in steps if step.redaction), None)
    if redaction and found.schema is not msgspec.UNSET and not any(step.routes for step in steps):
        check_redaction(redaction, [compile_schema(found.schema)])
    if steps and found.validators and all(step.step != "verify" for step in steps):
        raise _invalid("it has validators, but no `verify` step among its steps.")
    if len(found.validators) > MAX_VALIDATORS:
        raise _invalid(f"{len(found.validators)} validators; {MAX_VALIDATORS} are allowed.")
    for number, validator in enumerate(found.validators):
        _check_rule(number, rule_of(validator))
    return found


def to_json(definition: Definition) -> dict[str, Any]:
    """The definition as plain data; defaults are left out."""
    plain: dict[str, Any] = msgspec.to_builtins(definition)
    return plain


def to_yaml(definition: Definition) -> str:
    """The definition as the file that `parse` reads."""
    import yaml

    text: str = yaml.safe_dump(to_json(definition), sort_keys=False, allow_unicode=True)  # type: ignore[no-untyped-call]
    return text


def agent_of(definition: Definition, version: str) -> Agent:
    """The agent that a version of the definition is."""
    given: Mapping[str, Any] = msgspec.to_builtins(definition.defaults)
    return Agent(
        name=definition.name,
        version=version,
        json_schema={} if definition.schema is msgspec.UNSET else definition.schema,
        prompt=definition.prompt,
        description=definition.description,
        defaults={k: v for k, v in given.items() if v is not None},
        validators=tuple(rule_of(v) for v in definition.validators),
        steps=read_steps(definition.steps),
    )


def definition_of(agent: Agent) -> Definition:
    """The definition that an agent could be written as: where one starts from a ready-made one."""
    rules = [msgspec.convert({**asdict(rule), "of": list(rule.of)}, Validator) for rule in agent.validators]
    return Definition(
        name=agent.name,
        schema=dict(agent.json_schema) if agent.json_schema or not agent.routes else msgspec.UNSET,
        description=agent.description,
        prompt=agent.prompt,
        defaults=msgspec.convert(dict(agent.defaults), Defaults),
        validators=rules,
        steps=written_steps(agent.steps),
    )


def rule_of(validator: Validator) -> Rule:
    paths = (validator.of,) if isinstance(validator.of, str) else tuple(validator.of)
    return Rule(
        validator.rule,
        paths,
        validator.equals,
        validator.tolerance,
        validator.severity,
        validator.logic,
        validator.message,
    )


def _check_rule(number: int, rule: Rule) -> None:
    where = f"validators[{number}]"
    paths = [*rule.of, *([rule.equals] if rule.equals else [])]
    wrong = [path for path in paths if not _PATH.fullmatch(path)]
    if (rule.logic is None) == (rule.rule == "logic"):
        raise _invalid(f"{where}: a rule `logic`, and only that, has an expression in `logic`.")
    if rule.logic is not None and (fault := fault_of(rule.logic)):
        raise _invalid(f"{where}: {fault}")
    if wrong or not (rule.of or rule.logic):
        raise _invalid(f"{where}: paths are written like total or items[].price, not {(wrong or [''])[0]!r}.")
    if rule.rule in ("sum", "product") and not rule.equals:
        raise _invalid(f"{where}: {rule.rule} needs `equals`, the path of the value to compare with.")
    if rule.rule == "order" and len(rule.of) < 2:
        raise _invalid(f"{where}: order needs at least two dates in `of`.")
    if rule.tolerance < 0:
        raise _invalid(f"{where}: tolerance is negative.")


_LEVELS: tuple[tuple[str, type[msgspec.Struct]], ...] = (
    ("$.validators", Validator), ("$.defaults", Defaults), ("", Definition),
)  # fmt: skip


def _allowed(error: str) -> str:
    """The keys that may be written, where msgspec says that one is unknown, and at which place."""
    if "unknown field" not in error:
        return ""
    level = next(kind for place, kind in _LEVELS if place in error)
    return f" Known here: {', '.join(level.__struct_fields__)}."


def _loaded(text: str) -> Any:
    import yaml

    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _invalid(f"the file is larger than {MAX_BYTES:,} bytes.")
    try:
        # An alias may stand for much: a small file of them would be a huge schema.
        if any(isinstance(token, yaml.AliasToken) for token in _tokens(text)):
            raise _invalid("YAML aliases (*name) are not read; write the part out.")
        return yaml.safe_load(text)  # type: ignore[no-untyped-call]
    except yaml.YAMLError as error:
        raise _invalid(f"no YAML: {' '.join(str(error).split())[:300]}") from None
    except RecursionError:
        raise _invalid("nested too deep.") from None


def _tokens(text: str) -> Iterator[Any]:
    import yaml

    yield from yaml.scan(text)  # type: ignore[no-untyped-call]


def _invalid(sentence: str) -> InvalidRequest:
    return InvalidRequest(f"The agent's definition is wrong: {sentence}", code="invalid_agent")
