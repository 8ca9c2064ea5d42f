"""Schemas as people and generators write them, and the fields that engines get to see."""

from __future__ import annotations

import time
from typing import Any

import pytest

from paperclerk.domain.errors import InvalidSchema
from paperclerk.schemas.compile import compile_schema, in_words
from paperclerk.schemas.compiled import Field


def only(schema: Any) -> Field:
    """The field that `schema` becomes as the property `x` of an object."""
    return compile_schema({"type": "object", "properties": {"x": schema}}).children[0]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, {"kind": "string", "nullable": False}),
        ({"type": ["string", "null"]}, {"kind": "string", "nullable": True}),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, {"kind": "number", "nullable": True}),
        ({"oneOf": [{"type": "null"}, {"type": "integer"}]}, {"kind": "integer", "nullable": True}),
        ({"type": "string", "nullable": True}, {"kind": "string", "nullable": True}),
        ({"type": "null"}, {"kind": "any", "nullable": True}),
        ({"enum": ["a", "b", None]}, {"kind": "enum", "values": ("a", "b"), "nullable": True}),
        ({"const": "USD"}, {"kind": "enum", "values": ("USD",)}),
        ({"enum": [1, True, 1.5, "1"]}, {"kind": "enum", "values": (1, True, 1.5, "1")}),
        ({"enum": ["a"], "type": ["string", "null"]}, {"kind": "enum", "nullable": True}),
        ({"anyOf": [{"const": "a"}, {"const": "b"}]}, {"kind": "enum", "values": ("a", "b")}),
        ({"type": "boolean", "enum": [True, False]}, {"kind": "boolean"}),
        ({"enum": [{"a": 1}]}, {"kind": "any", "values": ()}),
        ({"format": "date"}, {"kind": "string", "format": "date"}),
        ({"pattern": "^[A-Z]{3}$"}, {"kind": "string", "pattern": "^[A-Z]{3}$"}),
        ({"minimum": 1, "exclusiveMaximum": 9}, {"kind": "number", "minimum": 1, "maximum": 9}),
        ({"type": "number", "minimum": 0, "exclusiveMinimum": True}, {"minimum": 0}),
        ({"type": "string", "minLength": 2, "maxLength": 5.0}, {"min_length": 2, "max_length": 5}),
        ({"type": "array", "maxItems": 4}, {"kind": "array", "max_items": 4}),
        ({"type": "string", "examples": ["A-1"]}, {"examples": ("A-1",)}),
        ({"type": "string", "default": "EUR"}, {"default": "EUR"}),
        ({"type": ["number", "integer"]}, {"kind": "number", "alternatives": ()}),
        ({}, {"kind": "any"}),
        (True, {"kind": "any"}),
        ({"type": "number", "allOf": [{"minimum": 3}, {"minimum": 5}]}, {"kind": "number", "minimum": 5}),
        ({"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]}, {"values": ("b",)}),
        ({"allOf": [{"type": ["integer", "string"]}, {"type": "number"}]}, {"kind": "integer"}),
    ],
)
def test_one_scalar(schema: Any, expected: dict[str, Any]) -> None:
    field = only(schema)
    assert {name: getattr(field, name) for name in expected} == expected


def test_several_types_keep_the_first_and_list_the_rest() -> None:
    field = only(
        {"anyOf": [{"type": "number"}, {"type": "string", "pattern": "^x"}, {"type": "null"}], "title": "T"}
    )
    assert (field.kind, field.nullable, field.label) == ("number", True, "T")
    assert [(a.kind, a.pattern, a.label) for a in field.alternatives] == [("string", "^x", "T")]


def test_engines_read_no_novels() -> None:
    field = only({"type": "string", "title": "t" * 300, "description": "d" * 200_000})
    assert (len(field.title), len(field.label), len(field.description)) == (200, 200, 4_000)


def test_a_branch_that_only_demands_is_no_alternative() -> None:
    schema = {"properties": {"a": {}, "b": {}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
    field = compile_schema(schema)
    assert [c.name for c in field.children] == ["a", "b"]
    assert field.alternatives == ()


def test_names_titles_and_places() -> None:
    schema = {
        "title": "Invoice",
        "type": "object",
        "required": ["lines"],
        "properties": {
            "billTo": {"$ref": "#/$defs/Address", "description": "who pays"},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
        },
        "$defs": {
            "Address": {"type": "object", "title": "Address", "properties": {"city": {"type": "string"}}},
            "Line": {"type": "object", "title": "Line", "properties": {"unit_price": {"type": "number"}}},
        },
    }
    root = compile_schema(schema)
    bill, lines = root.children
    assert (bill.label, bill.title, bill.description) == ("bill to", "Address", "who pays")
    assert bill.children[0].ancestors == ("Invoice", "bill to", "Address")
    assert (lines.required, bill.required) == (True, False)
    assert lines.items is not None
    price = lines.items.children[0]
    assert price.path == ("lines", "[]", "unit_price")
    assert price.ancestors == ("Invoice", "lines", "Line")
    assert price.label == "unit price"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("invoice_no", "invoice no"),
        ("invoiceNumber", "invoice number"),
        ("VATId", "VAT id"),
        ("IBAN", "IBAN"),
        ("due-date.value", "due date value"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_in_words(name: str, words: str) -> None:
    assert in_words(name) == words


def test_all_of_extends_a_base_and_is_no_recursion() -> None:
    base = {"properties": {"id": {"type": "string"}}}
    schema: dict[str, Any] = {"properties": {"leaf": {"type": "string"}}}
    for _ in range(6):
        schema = {"allOf": [{"$ref": "#/$defs/Base"}, {"properties": {"inner": schema}}]}
    field = compile_schema({**schema, "$defs": {"Base": base}})
    for _ in range(6):
        assert [c.name for c in field.children] == ["id", "inner"]
        field = field.children[1]
    assert [c.name for c in field.children] == ["leaf"]


def test_the_same_name_in_two_parts_is_merged() -> None:
    field = compile_schema(
        {
            "properties": {"total": {"description": "to pay"}},
            "allOf": [{"properties": {"total": {"type": "number", "minimum": 0}}, "required": ["total"]}],
        }
    )
    total = field.children[0]
    assert (total.kind, total.minimum, total.description, total.required) == ("number", 0, "to pay", True)


def test_conditional_properties_are_offered() -> None:
    schema = {
        "properties": {"kind": {"enum": ["card", "cash"]}},
        "if": {"properties": {"kind": {"const": "card"}}},
        "then": {"properties": {"digits": {"type": "string"}}},
        "dependentSchemas": {"kind": {"properties": {"till": {"type": "integer"}}}},
    }
    assert [(c.name, c.kind) for c in compile_schema(schema).children] == [
        ("kind", "enum"),
        ("digits", "string"),
        ("till", "integer"),
    ]


def test_arrays() -> None:
    tuple_field = only({"prefixItems": [{"type": "string"}, {"type": "number"}], "items": False})
    assert tuple_field.kind == "array"
    assert tuple_field.items is not None
    assert [tuple_field.items.kind, *(a.kind for a in tuple_field.items.alternatives)] == ["string", "number"]
    old_tuple = only({"type": "array", "items": [{"type": "string"}], "additionalItems": False})
    assert old_tuple.items is not None
    assert old_tuple.items.kind == "string"
    untyped = only({"type": "array"})
    assert untyped.items is not None
    assert untyped.items.kind == "any"
    rows = compile_schema({"type": "array", "items": {"properties": {"a": {"type": "string"}}}})
    assert rows.kind == "array"
    assert rows.items is not None
    assert rows.items.path == ("[]",)


def test_a_map_of_unknown_names_is_an_object_without_children() -> None:
    field = only({"type": "object", "additionalProperties": {"type": "number"}})
    assert (field.kind, field.children) == ("object", ())


def depth_of(field: Field, name: str) -> int:
    child = field.child(name)
    inner = child and (child.items or child)
    return 0 if inner is None or not inner.children else 1 + depth_of(inner, name)


def test_recursion_ends_after_three_turns() -> None:
    node = {
        "type": "object",
        "properties": {"v": {"type": "integer"}, "c": {"type": "array", "items": {"$ref": "#"}}},
    }
    root = compile_schema(node)
    assert (
        depth_of(root, "c") == 4
    )  # the node itself was met at the root; its reference is followed 1 + 3 times
    defs = {"$ref": "#/$defs/n", "$defs": {"n": {"properties": {"next": {"$ref": "#/$defs/n"}}}}}
    assert depth_of(compile_schema(defs), "next") == 3


def test_a_wide_recursion_gets_fewer_turns_instead_of_being_refused() -> None:
    names = [f"p{i}" for i in range(30)]
    node = {"type": "object", "properties": {n: {"$ref": "#"} for n in names}}
    root = compile_schema(node)
    assert 1 <= depth_of(root, "p0") < 3


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ("#/$defs/a~1b", "string"),
        ("#/$defs/x%20y", "integer"),
        ("#number", "number"),
        ("#/properties/y/anyOf/0", "boolean"),
    ],
)
def test_local_references(reference: str, kind: str) -> None:
    schema = {
        "properties": {"x": {"$ref": reference}, "y": {"anyOf": [{"type": "boolean"}]}},
        "$defs": {
            "a/b": {"type": "string"},
            "x y": {"type": "integer"},
            "n": {"$anchor": "number", "type": "number"},
        },
    }
    assert compile_schema(schema).children[0].kind == kind


def test_a_reference_to_nothing_is_named() -> None:
    with pytest.raises(InvalidSchema, match="'#/\\$defs/Adress'") as caught:
        only({"$ref": "#/$defs/Adress"})
    assert caught.value.code == "unresolvable_ref"


def fan_out(levels: int, width: int) -> dict[str, Any]:
    defs: dict[str, Any] = {
        f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * width} for i in range(levels)
    }
    return {"$ref": "#/$defs/d0", "$defs": {**defs, f"d{levels}": {"type": "string"}}}


def test_fan_out_is_refused_and_quickly() -> None:
    start = time.process_time()
    with pytest.raises(InvalidSchema) as caught:
        compile_schema(fan_out(8, 10))
    assert caught.value.code == "schema_too_large"
    assert time.process_time() - start < 1


def test_a_long_chain_of_references_is_refused_and_never_a_recursion_error() -> None:
    chain = {f"d{i}": {"properties": {"n": {"$ref": f"#/$defs/d{i + 1}"}}} for i in range(900)}
    chain["d900"] = {"type": "string"}
    with pytest.raises(InvalidSchema):
        compile_schema({"$ref": "#/$defs/d0", "$defs": chain})


def test_what_zod_to_json_schema_writes() -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$ref": "#/definitions/Receipt",
        "definitions": {
            "Receipt": {
                "type": "object",
                "properties": {
                    "shop": {
                        "type": "object",
                        "properties": {"name": {"type": "string"}},
                        "required": ["name"],
                    },
                    "payer": {"$ref": "#/definitions/Receipt/properties/shop"},
                    "total": {"type": "number", "exclusiveMinimum": 0},
                    "kind": {
                        "anyOf": [{"type": "string", "const": "cash"}, {"type": "string", "const": "card"}]
                    },
                    "note": {"type": ["string", "null"]},
                },
                "required": ["shop", "total"],
                "additionalProperties": False,
            }
        },
    }
    root = compile_schema(schema)
    assert [(c.name, c.kind, c.required) for c in root.children] == [
        ("shop", "object", True),
        ("payer", "object", False),
        ("total", "number", True),
        ("kind", "enum", False),
        ("note", "string", False),
    ]
    assert root.children[1].children[0].path == ("payer", "name")


def test_what_pydantic_writes() -> None:
    from datetime import date
    from decimal import Decimal
    from enum import Enum
    from typing import Annotated, Literal

    from pydantic import BaseModel
    from pydantic import Field as P

    class Currency(Enum):
        EUR = "EUR"
        USD = "USD"

    class Card(BaseModel):
        type: Literal["card"]
        digits: str

    class Cash(BaseModel):
        type: Literal["cash"]

    class Invoice(BaseModel):
        day: date | None = None
        total: Decimal = P(description="to pay", ge=0)
        currency: Currency = Currency.EUR
        paid_by: Annotated[Card | Cash, P(discriminator="type")] | None = None
        tags: list[str] = P(default_factory=list, max_length=3)

    root = compile_schema(Invoice.model_json_schema())
    day, total, currency, paid, tags = root.children
    assert (day.kind, day.format, day.nullable, day.required) == ("string", "date", True, False)
    assert (total.kind, total.minimum, total.required) == ("number", 0, True)
    assert [a.kind for a in total.alternatives] == ["string"]
    assert (currency.kind, currency.values, currency.default) == ("enum", ("EUR", "USD"), "EUR")
    assert (paid.kind, paid.nullable, [c.name for c in paid.children]) == ("object", True, ["type", "digits"])
    assert [[c.name for c in a.children] for a in paid.alternatives] == [["type"]]
    assert (tags.kind, tags.max_items, tags.items and tags.items.kind) == ("array", 3, "string")
