"""A GraphQL selection names a part of a schema; anything but names is refused, and quickly."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from paperclerk.agents import builtin
from paperclerk.domain.errors import InvalidSchema
from paperclerk.schemas import select as limits
from paperclerk.schemas.check import check_schema
from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.compiled import Field
from paperclerk.schemas.select import select, selection_text

INVOICE: dict[str, Any] = {
    "title": "Invoice",
    "type": "object",
    "properties": {
        "number": {"type": "string", "pattern": "^[A-Z]"},
        "total": {"anyOf": [{"$ref": "#/$defs/Money"}, {"type": "null"}], "description": "to pay"},
        "tax": {"$ref": "#/$defs/Money"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
        "notes": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["number", "total"],
    "additionalProperties": False,
    "minProperties": 3,
    "$defs": {
        "Money": {
            "type": "object",
            "properties": {"amount": {"type": "number"}, "currency": {"$ref": "#/$defs/Currency"}},
            "required": ["amount", "currency"],
        },
        "Currency": {"enum": ["EUR", "USD"]},
        "Line": {
            "type": "object",
            "properties": {
                "text": {"type": "string"},
                "price": {"$ref": "#/$defs/Money"},
                "parts": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
            },
        },
    },
}


def names(field: Field) -> Any:
    inner = field.items if field.items is not None else field
    return {c.name: names(c) for c in inner.children} or None


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("{ number }", {"number": None}),
        ("query { number }", {"number": None}),
        ("query Mine { number notes }", {"number": None, "notes": None}),
        ("{ tax { currency } }", {"tax": {"currency": None}}),
        ("{ total { amount } }", {"total": {"amount": None}}),
        ("{ tax }", {"tax": {"amount": None, "currency": None}}),
        ("{ lines { price { amount } } }", {"lines": {"price": {"amount": None}}}),
        ("{ lines { parts { parts { text } } } }", {"lines": {"parts": {"parts": {"text": None}}}}),
        ("{ tax { amount } tax { currency } }", {"tax": {"amount": None, "currency": None}}),
        ("{ tax { amount } tax }", {"tax": {"amount": None, "currency": None}}),
        ("{ # a comment\n number, }", {"number": None}),
    ],
)
def test_a_part(statement: str, expected: Any) -> None:
    part = check_schema(select(INVOICE, statement))
    assert names(compile_schema(part)) == expected


def test_what_stays_and_what_goes() -> None:
    part = select(INVOICE, "{ number tax { currency } }")
    assert part["title"] == "Invoice"
    assert part["required"] == ["number"]
    assert part["additionalProperties"] is False
    assert "minProperties" not in part
    assert part["properties"]["number"] == {"type": "string", "pattern": "^[A-Z]"}
    assert part["properties"]["tax"]["required"] == ["currency"]
    assert part["$defs"] == {"Currency": {"enum": ["EUR", "USD"]}}
    assert "$defs" not in select(INVOICE, "{ number }")


def test_an_empty_statement_selects_all() -> None:
    assert select(INVOICE, "") == select(INVOICE, " \n") == INVOICE


def test_references_of_all_kinds_survive() -> None:
    schema = {
        "properties": {
            "a": {"$ref": "#/properties/b/properties/c"},
            "b": {"properties": {"c": {"$anchor": "here", "type": "string", "title": "C"}}},
            "d": {"$ref": "#here"},
            "e": {"$ref": "#"},
            "f": {"$ref": "#/x-y/c"},
        },
        "definitions": {"c": {"type": "integer"}},
    }
    del schema["properties"]["f"]
    part = check_schema(select(schema, "{ a d e { b { c } } }"))
    root = compile_schema(part)
    assert [(c.name, c.kind) for c in root.children] == [("a", "string"), ("d", "string"), ("e", "object")]
    whole = compile_schema(check_schema(select(schema, "{ e }")))
    assert [c.name for c in whole.children[0].children] == ["a", "b", "d", "e"]


@pytest.mark.parametrize("name", builtin.names())
def test_selecting_everything_of_a_domain_changes_no_field(name: str) -> None:
    schema = builtin.lookup(name).json_schema
    whole = compile_schema(schema)
    part = check_schema(select(schema, selection_text(whole)))
    assert names(compile_schema(part)) == names(whole)


def test_a_list_of_objects_at_the_root() -> None:
    schema = {"type": "array", "items": {"properties": {"a": {}, "b": {}}}}
    assert names(compile_schema(select(schema, "{ b }"))) == {"b": None}


def deep(levels: int) -> str:
    return "{ lines " + "{ parts " * (levels - 2) + "{ text " + "}" * levels


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("{ numbr }", "the schema has no field 'numbr'. Closest: number"),
        ("{ lines { prize } }", "lines has no field 'prize'. Closest: price"),
        ("{ zzz }", "There are: number, total"),
        ("{ number { x } }", "number has no named fields inside"),
        ("{ notes { x } }", "notes has no named fields inside"),
        ("{ __schema { types { name } } }", "no field '__schema'"),
        ("{ n: number }", "no fragments, aliases"),
        ("{ number(a: 1) }", "arguments"),
        ("{ number @skip(if: true) }", "directives"),
        ("{ ...F } fragment F on T { number }", "nothing else"),
        ("{ ... on T { number } }", "no fragments"),
        ("query A { number } query B { tax }", "nothing else"),
        ("mutation { number }", "a query without"),
        ("subscription { number }", "a query without"),
        ("query ($a: Int) { number }", "a query without variables"),
        ("type Query { a: Int }", "nothing else"),
        ("{ }", "the braces are empty"),
        ("{ tax { } }", "tax: the braces are empty"),
        ("{ number", "Syntax Error"),
        ("number", "Syntax Error"),
        ("{ 1a }", "Syntax Error"),
        ("\ud800", "Syntax Error"),
        (deep(limits.MAX_DEPTH + 1), "deeper than 20"),
        ("{" + "a{" * 5_000, "deeper|Syntax Error"),
        ("{ " + "number " * 2_000 + "}", "token"),
        ("{ number }" + "#" * limits.MAX_BYTES, "bytes; 16,000 are allowed"),
    ],
)
def test_refusals(statement: str, said: str) -> None:
    select(INVOICE, "{ number }")  # the parser is imported on first use
    start = time.process_time()
    with pytest.raises(InvalidSchema) as caught:
        select(INVOICE, statement)
    assert time.process_time() - start < 0.1
    assert caught.value.code == "invalid_selection"
    assert any(part in caught.value.message for part in said.split("|"))
    assert len(caught.value.message) < 400


def test_at_the_limits() -> None:
    select(INVOICE, deep(limits.MAX_DEPTH))
    select(INVOICE, "{ number }" + "#" * (limits.MAX_BYTES - 10))
    select(INVOICE, "{ " + "number " * 1_990 + "}")


PAYLOADS = Path(__file__).parents[3] / "shared" / "robustness" / "payloads" / "graphql.jsonl"


def test_the_hostile_payloads() -> None:
    if not PAYLOADS.exists():
        pytest.skip("the list of hostile selections is not here")
    money = {"properties": {"amount": {}, "currency": {}}}
    schema = {"properties": {"invoice_number": {"type": "string"}, "total": money}}
    select(schema, "{ total }")
    for line in PAYLOADS.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        start = time.process_time()
        try:
            select(schema, case["stmt"])
            accepted = True
        except InvalidSchema:
            accepted = False
        assert time.process_time() - start < 0.1, case["name"]
        assert accepted or case["expect"] != "ok", case["name"]
        assert not accepted or case["expect"] != "reject-400", case["name"]
