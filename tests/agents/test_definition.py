"""The file form of an agent: read, written, refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from paperclerk.agents import builtin
from paperclerk.agents.definition import agent_of, definition_of, parse, to_yaml
from paperclerk.domain.errors import InvalidRequest, PaperclerkError

TEXT = """
name: team/supplier-invoice
description: Invoices of our suppliers
prompt: |
  Amounts are in euros.
schema:
  type: object
  properties:
    net: {type: number}
    tax: {type: number}
    total: {type: number}
    iban: {type: string}
defaults: {grounding: true, detail: hi}
validators:
  - {rule: sum, of: [net, tax], equals: total, severity: fail}
  - {rule: iban, of: iban}
"""


STEPS = """
name: office/packet
steps:
  - split
  - classify: {invoice: , receipt: [till]}
  - route: {invoice: document.invoice, other: "team/any:2"}
  - extract
"""


def test_steps_are_declared() -> None:
    agent = agent_of(parse(STEPS), "1")
    assert [step.step for step in agent.steps] == ["split", "classify", "route", "extract"]
    assert agent.steps[1].kinds == {"invoice": (), "receipt": ("till",)}
    assert agent.routes == {"invoice": "document.invoice", "other": "team/any:2"} and agent.takes_bundles
    assert parse(to_yaml(parse(STEPS))) == parse(STEPS)
    assert agent_of(definition_of(agent), "1") == agent


def test_a_definition_is_an_agent() -> None:
    agent = agent_of(parse(TEXT), "3")
    assert (agent.name, agent.version, agent.domain) == ("team/supplier-invoice", "3", None)
    assert agent.prompt == "Amounts are in euros.\n"
    assert agent.defaults == {"grounding": True, "detail": "hi"}
    assert [(r.rule, r.of, r.equals, r.severity) for r in agent.validators] == [
        ("sum", ("net", "tax"), "total", "fail"),
        ("iban", ("iban",), "", "warn"),
    ]


def test_written_and_read_again_it_is_the_same() -> None:
    once = parse(TEXT)
    assert parse(to_yaml(once)) == once


@pytest.mark.parametrize("name", ["document.invoice", "document.receipt", "healthcare.pathology-report"])
def test_a_ready_made_agent_can_be_the_start_of_ones_own(name: str) -> None:
    agent = builtin.lookup(name)
    again = agent_of(parse(to_yaml(definition_of(agent))), agent.version)
    assert again.json_schema == agent.json_schema and again.prompt == agent.prompt


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("name: a", "no `schema`"),
        ("name: 'a b'\nschema: {}", "is no name"),
        ("name: a\nschema: {}\nsurprise: 1", "surprise"),
        ("name: a\nschema: {}\ndefaults: {detail: much}", "much"),
        ("name: a\nschema: {}\nvalidators: [{rule: sum, of: x}]", "equals"),
        ("name: a\nschema: {}\nvalidators: [{rule: order, of: x}]", "two dates"),
        ("name: a\nschema: {}\nvalidators: [{rule: iban, of: 'a..b'}]", "'a..b'"),
        ("name: a\nschema: {}\nvalidators: [{rule: magic, of: a}]", "magic"),
        ("name: a\nschema: {}\nsteps: [fly]", "no step 'fly'"),
        ("name: a\nschema: {}\nsteps: [extract, split]", "the order is"),
        ("name: a\nschema: {}\nsteps: [split, split, extract]", "each once"),
        ("name: a\nschema: {}\nsteps: [split]", "no extract"),
        ("name: a\nschema: {}\nsteps: [{split: {by: 2}}, extract]", "takes nothing"),
        ("name: a\nschema: {}\nsteps: [{classify: []}, extract]", "1 to 50 kinds"),
        ("name: a\nschema: {}\nsteps: [{classify: {a: 3}}, extract]", "words of 'a'"),
        ("name: a\nschema: {}\nsteps: [{route: {a: b}}, extract]", "needs a classify"),
        ("name: a\nsteps: [{classify: [x]}, {route: {y: b}}, extract]", "'y'"),
        ("name: a\nschema: {}\nsteps: [split, extract]\nvalidators: [{rule: iban, of: a}]", "no `verify`"),
        ("name: a\nsteps: [split, extract]", "no `schema`"),
        ("name: a\nschema: {}\nvalidators: [{rule: logic}]", "an expression"),
        ("name: a\nschema: {}\nvalidators: [{rule: iban, of: a, logic: {var: a}}]", "an expression"),
        ("name: a\nschema: {}\nvalidators: [{rule: logic, logic: {nope: [1]}}]", "unknown operator"),
        ("name: a\nschema: {}\nfoo: 1", "Known here: name, schema, description, prompt"),
        ("name: a\nschema: {}\nvalidators: [{rule: sum, above: x}]", "Known here: rule, of, equals"),
        ("name: a\nschema: {}\ndefaults: {x: 1}", "Known here: detail, grounding"),
        ("name: [", "no YAML"),
        ("a: &x 1\nb: *x", "aliases"),
        ("- 1", "object"),
        ("[" * 5000, "no YAML|nested"),
        ("x: " + "y" * 1_100_000, "larger"),
    ],
)
def test_what_is_wrong_is_told(change: str, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told) as caught:
        parse(change)
    assert caught.value.code == "invalid_agent"


@pytest.mark.parametrize("schema", [{"type": "nothing"}, {"$ref": "https://example.org/x.json"}])
def test_the_schema_is_checked(schema: dict[str, Any]) -> None:
    with pytest.raises(PaperclerkError):
        parse(f"name: a\nschema: {schema}")
