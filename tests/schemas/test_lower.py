"""The form that models are asked in: what it says in each dialect, what is read back from any answer."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.lower import LADDER, NOT_SAID, Dialect, Quoted, answer_schema, describe, read_answer
from paperclerk.schemas.split import groups, halves, prune, put_together, units, weight

SCHEMA: dict[str, Any] = {
    "$defs": {"Money": {"type": "number", "minimum": 0, "description": "With tax"}},
    "type": "object",
    "properties": {
        "number": {"type": "string", "pattern": "^[A-Z]"},
        "total": {"$ref": "#/$defs/Money"},
        "paid": {"type": "boolean"},
        "kind": {"enum": ["invoice", "credit note", 7]},
        "seller": {"type": "object", "properties": {"name": {"type": "string"}}},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"text": {"type": "string"}, "pieces": {"type": "integer"}},
            },
        },
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}
FIELD = compile_schema(SCHEMA)


def filled(schema: dict[str, Any], null: bool) -> Any:
    """An instance of an answer schema: every value null, or every value said."""
    if "anyOf" in schema:
        return filled(schema["anyOf"][1 if null else 0], null)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if null and ("null" in kinds or schema.get("nullable")):
        return None
    if "enum" in schema:
        return schema["enum"][0]
    made: dict[str, Any] = {"string": "x", "integer": 1, "number": 1.5, "boolean": True}
    if kinds[0] == "object":
        return {k: filled(v, null) for k, v in schema["properties"].items()}
    return [filled(schema["items"], null)] if kinds[0] == "array" else made[kinds[0]]


@pytest.mark.parametrize("dialect", [*LADDER, Dialect(lengths=True)])
def test_every_dialect_is_a_valid_schema_without_references_and_reads_back(dialect: Dialect) -> None:
    made = answer_schema(FIELD, dialect)
    jsonschema_rs.meta.validate(made)
    assert "$ref" not in str(made) and "pattern" not in str(made) and "minimum" not in str(made)
    answer, problems = read_answer(FIELD, filled(made, null=False))
    assert isinstance(answer, dict)
    assert answer["seller"]["name"].value == "x" and answer["items"][0]["text"] == Quoted("x", "x", 1)
    if dialect.nullable != "unsaid":
        assert not problems
        assert answer["total"] == Quoted(1.5, "x", 1) and answer["kind"].value == "invoice"


def test_objects_are_closed_and_require_all_of_their_names() -> None:
    seen = []

    def visit(schema: Any) -> None:
        if isinstance(schema, dict):
            if schema.get("type") == "object":
                seen.append(schema)
                assert (
                    schema["required"] == list(schema["properties"])
                    and schema["additionalProperties"] is False
                )
            for inner in schema.values():
                visit(inner)

    visit(answer_schema(FIELD, Dialect()))
    assert len(seen) == 12  # the root, seller, a row and its fields, and eight scalars


def test_fields_are_described_once_a_line() -> None:
    assert describe(FIELD).splitlines()[1] == "- total: number; With tax"
    assert '- kind: one of "invoice", "credit note", 7' in describe(FIELD).splitlines()
    assert "- items[].pieces: integer" in describe(FIELD).splitlines()


@pytest.mark.parametrize(
    ("name", "given", "value", "problems"),
    [
        ("total", {"v": "24.40", "q": "RM24.40", "p": 2}, 24.4, 0),
        ("total", {"v": "much", "q": "much", "p": 2}, None, 1),
        ("total", 24, 24, 0),
        ("total", {"v": True}, None, 1),
        ("total", {"v": 1e999}, None, 1),
        ("total", [1], None, 1),
        ("paid", {"v": "Yes"}, True, 0),
        ("kind", {"v": "Credit Note"}, "credit note", 0),
        ("kind", {"v": "7"}, 7, 0),
        ("kind", {"v": "receipt"}, None, 1),
        ("number", {"v": 4711}, "4711", 0),
        ("number", {"v": ""}, None, 0),
        ("number", {"q": "only a quote"}, None, 0),
        ("number", None, None, 0),
    ],
)
def test_values_are_read_in_their_type_or_named_as_a_problem(
    name: str, given: Any, value: Any, problems: int
) -> None:
    answer, found = read_answer(FIELD, {name: given})
    assert isinstance(answer, dict)
    assert answer[name].value == value and type(answer[name].value) is type(value)
    assert [p.path for p in found] == [name] * problems


@pytest.mark.parametrize(
    "given", [None, [], "text", 7, {"items": "none", "seller": 3}, {"items": [None, {}, 5]}]
)
def test_any_json_reads_back_in_the_shape_of_the_schema(given: Any) -> None:
    answer, _ = read_answer(FIELD, given)
    assert isinstance(answer, dict) and list(answer) == [c.name for c in FIELD.children]
    assert answer["seller"] == {"name": NOT_SAID} and answer["tags"] == [] and answer["items"] == []


def test_a_wide_schema_is_cut_into_groups_and_put_together_again() -> None:
    wide = {
        "type": "object",
        "properties": {
            f"part{i}": {"type": "object", "properties": {f"f{j}": {"type": "string"} for j in range(40)}}
            for i in range(9)
        }
        | {"rows": {"type": "array", "items": {"type": "string"}}},
    }
    field = compile_schema(wide)
    cut = groups(field, 50)
    assert all(weight(g) <= 50 for g in cut)
    asked = [u.path for g in cut for u in units(g)]
    assert asked == [u.path for u in units(field)] and len(asked) == 361
    answers = [read_answer(g, filled(answer_schema(g, Dialect()), null=False))[0] for g in cut]
    assert (
        put_together(field, answers, NOT_SAID)
        == read_answer(field, filled(answer_schema(field, Dialect()), null=False))[0]
    )


def test_halves_end_at_a_single_unit() -> None:
    first, second = halves(FIELD)
    assert {u.path for u in units(first)} | {u.path for u in units(second)} == {u.path for u in units(FIELD)}
    single = prune(FIELD, {("items",)})
    assert halves(single) == [single] and [u.name for u in units(single)] == ["items"]
