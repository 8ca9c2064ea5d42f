"""What is present always validates; the judge of these tests is the `jsonschema` package, not the one we use."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from paperclerk.domain.errors import InvalidSchema
from paperclerk.schemas.check import check_schema
from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.judge import matches
from paperclerk.schemas.validate import conform, is_valid, missing_required, spoken


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


def without_required(schema: Any) -> Any:
    """Nothing is demanded; below `not` and `if`, and alone in a branch of `oneOf`, `required` only asks."""
    if isinstance(schema, list):
        return [without_required(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    out = {}
    for key, value in schema.items():
        if key in ("properties", "$defs", "patternProperties", "dependentSchemas"):
            out[key] = {name: without_required(sub) for name, sub in value.items()}
        elif key == "oneOf":
            out[key] = [
                s if isinstance(s, dict) and set(s) == {"required"} else without_required(s) for s in value
            ]
        elif key in ("enum", "const", "not", "if", "dependentRequired"):
            out[key] = value
        elif key != "required":
            out[key] = without_required(value)
    return out


def second_opinion(response: Any, schema: Any) -> bool:
    return Draft202012Validator(without_required(schema)).is_valid(without_nulls(response))


LINE = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "price": {"type": "number", "minimum": 0}},
    "required": ["text", "price"],
}


@pytest.mark.parametrize(
    ("schema", "response", "expected", "gone"),
    [
        # leaves
        ({"properties": {"a": {"type": "string"}}}, {"a": 1}, {"a": None}, {"a": "type"}),
        ({"properties": {"a": {"pattern": "^x"}}}, {"a": "y", "b": 2}, {"a": None, "b": 2}, {"a": "pattern"}),
        ({"properties": {"a": {"format": "date"}}}, {"a": "2024-02-30"}, {"a": None}, {"a": "format"}),
        ({"properties": {"a": {"enum": ["x", "y"]}}}, {"a": "z"}, {"a": None}, {"a": "enum"}),
        ({"properties": {"a": {"maximum": 5}}}, {"a": 6}, {"a": None}, {"a": "maximum"}),
        ({"properties": {"a": {"minLength": 2}}}, {"a": "x"}, {"a": None}, {"a": "minLength"}),
        (
            {"properties": {"a": {"anyOf": [{"type": "number"}, {"type": "null"}]}}},
            {"a": "x"},
            {"a": None},
            {"a": "anyOf"},
        ),
        # null is allowed everywhere, absent too
        ({"properties": {"a": {"type": "string"}}, "required": ["a", "b"]}, {"a": None}, {"a": None}, {}),
        # rows
        (
            {"properties": {"l": {"type": "array", "items": LINE}}},
            {"l": [{"text": "a", "price": 1}, {"text": "b", "price": -1}, {"text": None, "price": 3}]},
            {"l": [{"text": "a", "price": 1}, {"text": "b", "price": None}, {"text": None, "price": 3}]},
            {"l[1].price": "minimum"},
        ),
        (
            {"properties": {"l": {"type": "array", "items": LINE}}},
            {"l": [{"text": "a"}, "b", None, {"price": "x", "text": "d"}]},
            {"l": [{"text": "a"}, {"price": None, "text": "d"}]},
            {"l[1]": "type", "l[2]": "type", "l[3].price": "type"},
        ),
        (
            {"properties": {"l": {"items": {"type": "integer"}}}},
            {"l": [1, "2", 3]},
            {"l": [1, 3]},
            {"l[1]": "type"},
        ),
        (
            {"properties": {"l": {"maxItems": 2}}},
            {"l": [1, 2, 3, 4]},
            {"l": [1, 2]},
            {"l[2]": "maxItems", "l[3]": "maxItems"},
        ),
        ({"properties": {"l": {"minItems": 1}}}, {"l": [], "a": 1}, {"l": None, "a": 1}, {"l": "minItems"}),
        (
            {"properties": {"l": {"uniqueItems": True}}},
            {"l": [1, {"a": 1, "b": 2}, True, 1.0, {"b": 2, "a": 1}]},
            {"l": [1, {"a": 1, "b": 2}, True]},
            {"l[3]": "uniqueItems", "l[4]": "uniqueItems"},
        ),
        ({"properties": {"l": {"contains": {"const": 1}}}}, {"l": [2]}, {"l": None}, {"l": "contains"}),
        (
            {
                "properties": {
                    "l": {"prefixItems": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}
                }
            },
            {"l": ["a", "b", True]},
            {"l": ["a"]},
            {"l[1]": "type", "l[2]": "type"},
        ),
        # names
        (
            {"properties": {"a": {}}, "additionalProperties": False},
            {"a": 1, "b": 2, "c": None},
            {"a": 1, "c": None},
            {"b": "additionalProperties"},
        ),
        ({"propertyNames": {"pattern": "^a"}}, {"a": 1, "b": 2}, {"a": 1}, {"b": "propertyNames"}),
        (
            {"properties": {"o": {"minProperties": 1}}},
            {"o": {"a": None}},
            {"o": None},
            {"o": "minProperties"},
        ),
        (
            {"properties": {"o": {"maxProperties": 1}}},
            {"o": {"a": 1, "b": 2}},
            {"o": {"a": 1, "b": None}},
            {"o.b": "maxProperties"},
        ),
        # rules about a whole object: the least that helps goes
        (
            {"dependentRequired": {"card": ["name"]}},
            {"card": 1, "x": 2},
            {"card": None, "x": 2},
            {"card": "required"},
        ),
        (
            {"not": {"properties": {"a": {"const": 1}}, "required": ["a"]}},
            {"a": 1, "b": 2},
            {"a": None, "b": 2},
            {"a": "not"},
        ),
        (
            {"not": {"required": ["a", "b"]}},
            {"a": 1, "b": 2, "c": 3},
            {"a": 1, "b": None, "c": 3},
            {"b": "not"},
        ),
        (
            {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
            {"a": 1, "b": 2},
            {"a": 1, "b": None},
            {"b": "oneOf"},
        ),
        (
            {
                "if": {"properties": {"k": {"const": "card"}}},
                "then": {"properties": {"n": {"type": "string"}}},
            },
            {"k": "card", "n": 5},
            {"k": "card", "n": None},
            {"n": "type"},
        ),
        # a union of objects: the branch that was meant
        (
            {
                "properties": {
                    "p": {
                        "oneOf": [
                            {
                                "properties": {
                                    "t": {"const": "card"},
                                    "n": {"type": "string"},
                                    "m": {"type": "string"},
                                }
                            },
                            {
                                "properties": {
                                    "t": {"const": "cash"},
                                    "n": {"type": "number"},
                                    "m": {"type": "number"},
                                }
                            },
                        ]
                    }
                }
            },
            {"p": {"t": "card", "n": 1, "m": 2}},
            {"p": {"t": "card", "n": None, "m": None}},
            {"p.n": "oneOf", "p.m": "oneOf"},
        ),
        # names that the judge tells as numbers, or not at all
        (
            {"properties": {"1": {"type": "number"}, "": {"properties": {"01": {"type": "boolean"}}}}},
            {"1": "x", "": {"01": "y", "1": "z"}},
            {"1": None, "": {"01": None, "1": "z"}},
            {"1": "type", ".01": "type"},
        ),
        # what JSON cannot write
        ({}, {"a": math.nan, "b": [math.inf, 1]}, {"a": None, "b": [1]}, {"a": "type", "b[0]": "type"}),
        ({}, {"a": "\ud800", "b": "ok"}, {"a": None, "b": "ok"}, {"a": "type"}),
    ],
)
def test_conform(schema: Any, response: Any, expected: Any, gone: dict[str, str]) -> None:
    found = conform(response, schema)
    assert found.response == expected
    assert {spoken(v.path): v.keyword for v in found.violations} == gone
    assert found.valid
    assert is_valid(found.response, schema)
    assert is_valid(response, schema) is (not gone)
    assert second_opinion(found.response, schema)
    assert all(v.message for v in found.violations)


def test_conform_leaves_its_argument_alone() -> None:
    response = {"a": 1, "l": ["x"]}
    conform(response, {"properties": {"a": {"type": "string"}, "l": {"items": {"type": "number"}}}})
    assert response == {"a": 1, "l": ["x"]}


@pytest.mark.parametrize(
    ("schema", "response", "keyword"),
    [
        ({"not": {}}, {"a": {"b": 1}}, "not"),
        ({"minProperties": 1}, {"a": None}, "minProperties"),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": None, "c": 1}, "oneOf"),
    ],
)
def test_a_rule_that_the_empty_response_breaks_too_is_told_and_costs_nothing(
    schema: Any, response: Any, keyword: str
) -> None:
    found = conform({**response, "n": 1}, {**schema, "properties": {"n": {"type": "string"}}})
    assert found.response == {**response, "n": None}
    assert not found.valid
    assert [(spoken(v.path), v.keyword) for v in found.unmet] == [("", keyword)]
    assert [spoken(v.path) for v in found.violations] == ["n"]


def test_a_union_at_the_root_is_cured_though_the_empty_response_is_ambiguous() -> None:
    card = {"properties": {"t": {"const": "card"}, "n": {"type": "string"}}}
    cash = {"properties": {"t": {"const": "cash"}, "n": {"type": "number"}}}
    found = conform({"t": "cash", "n": "x"}, {"oneOf": [card, cash]})
    assert (found.response, found.valid) == ({"t": "cash", "n": None}, True)


def test_the_root_may_be_an_array_of_objects() -> None:
    schema = {"type": "array", "items": LINE, "maxItems": 2}
    found = conform([{"text": 1, "price": 2}, {"text": "a"}, {"text": "b"}], schema)
    assert found.response == [{"text": None, "price": 2}, {"text": "a"}]
    assert {spoken(v.path) for v in found.violations} == {"[0].text", "[2]"}


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date", ["2024-02-29"], ["2023-02-29", "1.2.2024", "2024-2-3"]),
        (
            "date-time",
            ["2024-01-01T10:00:00", "2024-01-01T10:00:00Z", "2024-01-01T10:00:00.5+01:00"],
            ["2024-01-01", "2024-01-01 10:00:00", "2024-13-01T10:00:00"],
        ),
        ("time", ["10:00:00", "10:00:00Z", "23:59:59+02:00"], ["10:00", "25:00:00"]),
        ("email", ["a@b.de"], ["a b@c.de", "a"]),
        ("uri", ["https://a.de/b?c"], ["www.a.de"]),
        ("duration", ["P1D", "PT2H"], ["1 day"]),
        ("uuid", ["123e4567-e89b-12d3-a456-426614174000"], ["123"]),
        ("made-up", ["anything"], []),
    ],
)
def test_formats(name: str, good: list[str], bad: list[str]) -> None:
    schema = {"properties": {"a": {"type": "string", "format": name}}}
    assert [v for v in good if not is_valid({"a": v}, schema)] == []
    assert [v for v in bad if is_valid({"a": v}, schema)] == []


@pytest.mark.parametrize(
    ("response", "missing"),
    [
        ({"no": "1", "seller": {"name": "x", "vat": "y"}, "lines": []}, []),
        ({"no": None, "seller": {"name": "x", "vat": None}, "lines": []}, ["no", "seller.vat"]),
        ({}, ["no", "lines"]),
        ({"no": "1", "seller": {"name": None, "vat": None}, "lines": []}, []),
        (
            {"no": "1", "seller": None, "lines": [{"text": "a", "price": None}, {"text": "b", "price": 1}]},
            ["lines[0].price"],
        ),
    ],
)
def test_missing_required(response: Any, missing: list[str]) -> None:
    party = {"type": "object", "properties": {"name": {}, "vat": {}}, "required": ["name", "vat"]}
    schema = {
        "type": "object",
        "properties": {
            "no": {"type": "string"},
            "seller": {"anyOf": [{"$ref": "#/$defs/Party"}, {"type": "null"}]},
            "lines": {"type": "array", "items": LINE},
        },
        "required": ["no", "lines"],
        "$defs": {"Party": party},
    }
    assert sorted(map(spoken, missing_required(response, schema))) == sorted(missing)


def test_the_patterns_that_pydantic_writes_for_decimals_are_judged() -> None:
    pattern = r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"  # of a Decimal, in pydantic 2.12 and 2.13
    schema = check_schema(
        {"properties": {"total": {"anyOf": [{"type": "number"}, {"type": "string", "pattern": pattern}]}}}
    )
    kept = {v: conform({"total": v}, schema).response["total"] for v in (12.5, "12.50", "1.234,56", "-")}
    assert kept == {12.5: 12.5, "12.50": "12.50", "1.234,56": None, "-": None}


@pytest.mark.parametrize(
    "pattern",
    [
        r"(x+x+)+y",
        r"^(a|aa)+$",
        r"(x?){30}x{30}",
        r"(?=x)(x+x+)+y",
        r"((?=x)x+x+)+y",
        r"(?:(?=x)x|xx)+$",
        r"(x+)+\1y",
        r"(?=.*x.*x.*x.*x.*y)x",
        r"^(\s+)+x",
        r"(.*)*(.*)*z",
    ],
)
def test_no_pattern_takes_long(pattern: str) -> None:
    schema = {"properties": {"a": {"type": "array", "items": {"type": "string", "pattern": pattern}}}}
    rows = ["x" * 100_000 + "!", *["x" * 1_990 + "!"] * 20]
    start = time.process_time()
    try:
        conform({"a": rows}, check_schema(schema))
    except InvalidSchema:
        pass
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("^[A-Z]{3}$", "EUR", True),
        ("^[A-Z]{3}$", "EURO", False),
        ("b", "abc", True),
        ("((", "anything", True),
        (r"^(?!x)", "y", True),
        (r"^(?!x)", "xy", False),
        (r"^(?!x)", "y" * 3_000, False),
        (r"^(\w+\s?)*$", "word " * 20_000 + "!", False),
        (r"^\$", "\ud800", False),
    ],
)
def test_matches(pattern: str, text: str, found: bool) -> None:
    start = time.process_time()
    assert matches(pattern, text) is found
    assert time.process_time() - start < 0.5


def big_table(rows: int, bad: bool) -> tuple[Any, Any]:
    cell = {"anyOf": [{"type": "string", "pattern": "^[a-z]+$"}, {"type": "null"}]}
    row = {"type": "object", "properties": {f"c{i}": cell for i in range(10)}, "additionalProperties": False}
    schema = {"type": "object", "properties": {"rows": {"type": "array", "items": row}}}
    return schema, {
        "rows": [{f"c{i}": 7 if bad and i % 2 else "abc" for i in range(10)} for _ in range(rows)]
    }


def test_a_thousand_rows_are_fast_good_or_bad() -> None:
    for bad, bound in ((False, 0.2), (True, 1.5)):
        schema, response = big_table(1000, bad)
        start = time.process_time()
        found = conform(response, schema)
        assert time.process_time() - start < bound
        assert len(found.violations) == (5000 if bad else 0)
        assert second_opinion(found.response["rows"][0], schema["properties"]["rows"]["items"])


def test_trying_has_a_budget() -> None:
    rule = {"not": {"properties": {"a": {"const": 1}}, "required": ["a"]}}
    schema = {"properties": {"rows": {"type": "array", "items": rule}}}
    response = {"rows": [{"a": 1, "b": 2, "c": 3} for _ in range(1000)]}
    start = time.process_time()
    found = conform(response, schema)
    assert time.process_time() - start < 3
    assert found.valid
    assert second_opinion(found.response, schema)


# -- anything at all -------------------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "c", "", "01"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 1.0, 2.25]),
    st.sampled_from(["", "a", "xy", "2024-01-02"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
SMALL = st.integers(0, 3)


NAME_LISTS = st.lists(NAMES, max_size=2, unique=True)
TYPES = st.sampled_from(["string", "number", "integer", "boolean", "null", "object", "array"])


def keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas of up to four keywords."""
    some = st.lists(inner, min_size=1, max_size=2)
    named = st.dictionaries(NAMES, inner, max_size=2)
    every: dict[str, st.SearchStrategy[Any]] = {
        "type": TYPES | st.sampled_from([["string", "null"], ["object", "array"], ["integer", "boolean"]]),
        "enum": st.sampled_from([[1, "a"], [None, True], ["xy"], [0.5, 1, False]]),
        "const": SCALARS,
        "required": NAME_LISTS,
        "propertyNames": st.just({"pattern": "^[ab]"}),
        "patternProperties": st.dictionaries(st.sampled_from(["a", "^[bc]"]), inner, max_size=2),
        "dependentRequired": st.dictionaries(NAMES, NAME_LISTS, max_size=2),
        "uniqueItems": st.booleans(),
        "pattern": st.sampled_from(["^x", "a|b", "[0-9]"]),
        "$ref": st.sampled_from(["#/$defs/one", "#/$defs/two"]),
        **dict.fromkeys(("properties", "dependentSchemas"), named),
        **dict.fromkeys(("anyOf", "oneOf", "allOf", "prefixItems"), some),
        **dict.fromkeys(("items", "contains", "additionalProperties", "not", "if", "then", "else"), inner),
        **dict.fromkeys(("unevaluatedProperties", "unevaluatedItems"), inner),
        **dict.fromkeys(("minItems", "maxItems", "minProperties", "maxProperties"), SMALL),
        **dict.fromkeys(("minLength", "maxLength", "minimum", "exclusiveMaximum"), SMALL),
    }
    pairs = st.one_of([st.tuples(st.just(word), value) for word, value in every.items()])
    return st.lists(pairs, max_size=4).map(dict)


SCHEMAS = st.recursive(st.booleans() | keywords(st.booleans()), keywords, max_leaves=6)


@settings(max_examples=400, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    schema=keywords(SCHEMAS), one=SCHEMAS, two=SCHEMAS, response=st.dictionaries(NAMES, VALUES, max_size=3)
)
def test_whatever_the_schema(schema: dict[str, Any], one: Any, two: Any, response: Any) -> None:
    schema = {**schema, "$defs": {"one": one, "two": two}}
    try:
        checked = check_schema(schema)
    except InvalidSchema as refused:
        assert refused.code in ("circular_ref", "unusable_root")
        return
    compile_schema(checked)
    found = conform(response, checked)
    if found.valid:
        assert second_opinion(found.response, checked)
        assert is_valid(found.response, checked)
    else:
        assert not second_opinion({}, checked)
    if second_opinion(response, checked):
        assert found.response == response
    missing_required(found.response, checked)
