"""What a schema may be: the limits at the limit and one past it, and refusals that name the place."""

from __future__ import annotations

import gc
import json
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from paperclerk.domain.errors import InvalidSchema
from paperclerk.schemas import check
from paperclerk.schemas.check import check_schema
from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.validate import conform


def nested(opening: str, times: int, closing: str) -> str:
    return (
        '{"type":"object","properties":{"a":'
        + opening * times
        + '{"type":"integer"}'
        + closing * times
        + "}}"
    )


def chain(length: int) -> dict[str, Any]:
    """A definition that holds itself twice on each of `length` floors: 2 ** length leaves."""
    defs: dict[str, Any] = {
        f"d{i}": {"properties": {"l": {"$ref": f"#/$defs/d{i + 1}"}, "r": {"$ref": f"#/$defs/d{i + 1}"}}}
        for i in range(length)
    }
    return {"$ref": "#/$defs/d0", "$defs": {**defs, f"d{length}": {"type": "string"}}}


def properties(count: int, schema: Any = True) -> dict[str, Any]:
    return {"properties": {f"p{i}": schema for i in range(count)}}


def padded(size: int) -> str:
    text = json.dumps({"type": "object", "description": ""}, separators=(",", ":"))
    return text.replace('""', '"' + "x" * (size - len(text)) + '"')


@pytest.mark.parametrize(
    ("at_the_limit", "past_it", "code"),
    [
        (padded(check.MAX_BYTES), padded(check.MAX_BYTES + 1), "schema_too_large"),
        (json.loads(padded(check.MAX_BYTES)), json.loads(padded(check.MAX_BYTES + 1)), "schema_too_large"),
        (nested('{"not":', 63, "}"), nested('{"not":', 64, "}"), "schema_too_deep"),
        (properties(1000), properties(1001), "schema_too_large"),
        ({"properties": {"n" * 500: {}}}, {"properties": {"n" * 501: {}}}, "schema_too_large"),
        (
            {"properties": {f"o{i}": properties(998) for i in range(5)}, "allOf": [True] * 4},
            {"properties": {f"o{i}": properties(998) for i in range(5)}, "allOf": [True] * 5},
            "schema_too_large",
        ),
        (chain(12), chain(13), "schema_too_large"),
        (properties(1, {"pattern": "a" * 1000}), properties(1, {"pattern": "a" * 1001}), "pattern_too_long"),
        (
            {"properties": {f"p{i}": {"pattern": f"^{i}"} for i in range(100)}},
            {"properties": {f"p{i}": {"pattern": f"^{i}"} for i in range(101)}},
            "too_many_patterns",
        ),
        (
            {"properties": {f"p{i}": {"pattern": f"^(?!{i})"} for i in range(10)}},
            {"properties": {f"p{i}": {"pattern": f"^(?!{i})"} for i in range(11)}},
            "too_many_patterns",
        ),
    ],
    ids=[
        "bytes-text",
        "bytes",
        "depth",
        "names",
        "name",
        "nodes",
        "expansion",
        "pattern",
        "patterns",
        "heavy-patterns",
    ],
)
def test_limits(at_the_limit: Any, past_it: Any, code: str) -> None:
    gc.collect()
    gc.freeze()  # the collector going over the test run's own objects is not what is measured
    start = time.process_time()
    checked = check_schema(at_the_limit)
    compile_schema(checked)
    with pytest.raises(InvalidSchema) as caught:
        check_schema(past_it)
    assert caught.value.code == code
    assert time.process_time() - start < 4  # 0.9 by itself; a busy machine doubles it
    gc.unfreeze()


@pytest.mark.parametrize(
    ("schema", "code", "said"),
    [
        (None, "invalid_schema", "JSON object, not null"),
        (7, "invalid_schema", "not int"),
        ([], "invalid_schema", "not list"),
        ("", "schema_not_json", "not JSON"),
        ("{", "schema_not_json", "not JSON"),
        ("[1]", "invalid_schema", "not list"),
        (b"\xff\xfe", "schema_not_json", "not JSON"),
        ("\ud800", "schema_not_json", "not JSON"),
        ('{"maximum": NaN}', "schema_not_json", "not JSON"),
        ({"maximum": float("nan")}, "schema_not_json", "maximum: nan"),
        ({"maximum": 10**400}, "schema_not_json", "maximum: a number of more than 300 digits"),
        ({"title": "\ud800"}, "schema_not_json", "title: a string that is not Unicode"),
        ({1: 2}, "schema_not_json", "string keys"),
        ({"default": object()}, "schema_not_json", "default: only JSON values"),
        ("[" * 100_000, "schema_too_deep", "deeper than 64"),
        (False, "unusable_root", "nothing can satisfy"),
        ({"$schema": "urn:x"}, "unsupported_dialect", "'urn:x' is not a draft"),
        ({"$schema": 5}, "unsupported_dialect", "$schema"),
        (
            {"properties": {"a": {"$schema": "https://x.invalid/s"}}},
            "unsupported_dialect",
            "properties.a.$schema",
        ),
        ({"properties": {"a": {"$ref": "http://127.0.0.1:9/s"}}}, "remote_ref", "properties.a.$ref"),
        ({"properties": {"a": {"$ref": "file:///etc/hostname"}}}, "remote_ref", "leaves the schema"),
        ({"properties": {"a": {"$ref": "x.json#/a"}}}, "remote_ref", "leaves the schema"),
        ({"properties": {"a": {"$ref": ["#"]}}}, "remote_ref", "properties.a.$ref"),
        ({"not": {"$dynamicRef": "//x.invalid#a"}}, "remote_ref", "not.$dynamicRef"),
        (
            {
                "properties": {
                    "a": {"$id": "http://x.invalid/", "properties": {"b": {"$ref": "#/properties/c"}}}
                }
            },
            "remote_ref",
            "nested `$id`",
        ),
        (
            {"properties": {"a": {"$ref": "#/$defs/A"}}},
            "unresolvable_ref",
            "properties.a.$ref: '#/$defs/A' names no",
        ),
        ({"properties": {"a": {"$ref": "#/default"}}, "default": {}}, "unresolvable_ref", "names no schema"),
        ({"$ref": "#"}, "circular_ref", "$ref"),
        (
            {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}},
            "circular_ref",
            "never ends",
        ),
        (
            {"$ref": "#/$defs/a", "$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"$ref": "#/$defs/a"}}},
            "circular_ref",
            "never ends",
        ),
        ({"properties": {"total": {"pattern": "(("}}}, "invalid_pattern", "properties.total.pattern: '(('"),
        ({"patternProperties": {"[": {}}}, "invalid_pattern", "patternProperties"),
        (
            {"properties": {"a": {"pattern": "((x{1,500}){1,500}){1,50}"}}},
            "invalid_pattern",
            "something too large",
        ),
        ({"properties": {"a": {"type": "strng"}}}, "invalid_schema", "properties.a.type: not a JSON type"),
        ({"properties": []}, "invalid_schema", "properties: [] is not of type"),
        ({"properties": {"a": 5}}, "invalid_schema", "properties.a: 5 is not of types"),
        ({"properties": {"a": {"minLength": -1}}}, "invalid_schema", "properties.a.minLength"),
        ({"multipleOf": 0}, "invalid_schema", "multipleOf"),
        ({"required": "a"}, "invalid_schema", "required"),
        ({"type": "string"}, "unusable_root", "is about string"),
        ({"type": "array", "items": {"type": "string"}}, "unusable_root", "an array of string"),
        ({"enum": ["a"]}, "unusable_root", "is about enum"),
    ],
)
def test_refusals(schema: Any, code: str, said: str) -> None:
    with pytest.raises(InvalidSchema) as caught:
        check_schema(schema)
    assert caught.value.code == code
    assert said in caught.value.message
    assert len(caught.value.message) < 500


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        "{}",
        b'{"type": "object"}',
        {"type": "object"},
        {"type": ["object", "null"]},
        {"type": "array", "items": {"type": "object"}},
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$id": "https://example.com/a",
            "$ref": "#/definitions/a",
            "definitions": {"a": {"type": "object"}},
        },
        {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "id": "x",
            "properties": {"n": {"minimum": 0, "exclusiveMinimum": True}},
        },
        {"properties": {"t": {"type": "array", "items": [{"type": "string"}], "additionalItems": False}}},
        {"properties": {"a": {"$id": "#/properties/a", "type": "string"}}},
        {"properties": {"a": {"$anchor": "here", "type": "string"}, "b": {"$ref": "#here"}}},
        {
            "properties": {
                "$ref": {"type": "string"},
                "pattern": {"type": "number"},
                "$schema": {"type": "null"},
            }
        },
        {
            "$ref": "#/$defs/n",
            "$defs": {"n": {"properties": {"c": {"type": "array", "items": {"$ref": "#/$defs/n"}}}}},
        },
        {"properties": {"c": {"$ref": "#"}}},
        {"properties": {"__proto__": {}, "": {}, " ": {}, "a.b": {}, "\x00": {}, "class": {}}},
        {"unknownKeyword": {"$ref": "#/nowhere"}, "x-order": 1},
    ],
)
def test_what_is_accepted(schema: Any) -> None:
    checked = check_schema(schema)
    assert isinstance(checked, dict)
    field = compile_schema(checked)
    assert field.kind in ("object", "array")
    conform({}, checked)


def test_a_schema_in_itself_is_refused() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    schema["properties"]["a"] = schema
    with pytest.raises(InvalidSchema) as caught:
        check_schema(schema)
    assert caught.value.code == "schema_too_deep"


PAYLOADS = Path(__file__).parents[3] / "shared" / "robustness" / "payloads" / "jsonschema.jsonl"


def test_the_hostile_payloads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each within a second, no other exception, no connection and no file, also when it is one field of many."""
    if not PAYLOADS.exists():
        pytest.skip("the list of hostile schemas is not here")
    cases = [json.loads(line) for line in PAYLOADS.read_text(encoding="utf-8").splitlines()]
    check_schema({})  # whatever is imported on first use
    touched: list[str] = []
    watching = [True]

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if watching[0] and (
            event in ("open", "subprocess.Popen", "os.system") or event.startswith("socket.")
        ):
            touched.append(f"{event} {args}")

    sys.addaudithook(hook)
    monkeypatch.setattr(socket, "socket", None)
    try:
        for case in cases:
            schema = case["schema"]
            if parts := case.get("schema_text_parts"):
                schema = parts["open"] * parts["times"] + parts["core"] + parts["close"] * parts["times"]
            start = time.process_time()
            accepted = usable(schema, case["instance"])
            if not isinstance(schema, str):
                usable({"properties": {"x": schema}}, {"x": case["instance"]})
            assert time.process_time() - start < 1, case["name"]
            assert accepted or case["expect"] != "ok", case["name"]
            assert not accepted or case["expect"] != "reject-400", case["name"]
    finally:
        watching[0] = False
    assert touched == []


def usable(schema: Any, instance: Any) -> bool:
    try:
        checked = check_schema(schema)
    except InvalidSchema:
        return False
    compile_schema(checked)
    conform(instance if isinstance(instance, dict) else {}, checked)
    return True
