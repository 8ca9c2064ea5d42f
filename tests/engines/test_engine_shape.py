"""Whatever the pages and the schema: the tree has the schema's shape, and values come from the page."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engines.pages_made import page, words_of

from paperclerk.domain.result import Leaf
from paperclerk.engines.embedded.engine import EmbeddedEngine
from paperclerk.engines.engine import Context
from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.compiled import Field

_TEXT = """Total Invoice No. Date: 12/03/2020 45.00 1.234,56 € Name Bill to: GmbH Street 12345 Springfield ☑ [x]
yes a@b.org +49 89 123456 % # – / : ( ) 3 Rechnung vom ABC-77 GST 6% subtotal"""
WORDS = st.sampled_from(_TEXT.split())
LINES = st.lists(st.lists(WORDS, max_size=8), max_size=14)
SCALARS = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "format": "date"},
        {"type": "string", "format": "email"},
        {"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"},
        {"type": "number"},
        {"type": "integer", "minimum": 1},
        {"type": "boolean"},
        {"type": ["string", "null"], "maxLength": 5},
        {"enum": ["open", "total", 3]},
    ]
)
DESCRIPTIONS = st.sampled_from(["", "The total (sum) of [it", "Datum\n", "Итого", "Who pays"])
DESCRIBED = st.tuples(SCALARS, DESCRIPTIONS).map(lambda pair: {**pair[0], "description": pair[1]})
_NAMES = (
    "total invoice_number date name buyer_name address phone status x items city from_date experience # 金额"
)
NAMES = st.sampled_from([*_NAMES.split(), ""])
OBJECTS = st.recursive(
    st.dictionaries(NAMES, DESCRIBED, max_size=5).map(lambda p: {"type": "object", "properties": p}),
    lambda inner: st.one_of(
        st.dictionaries(NAMES, inner, max_size=3).map(lambda p: {"type": "object", "properties": p}),
        inner.map(lambda i: {"type": "object", "properties": {"items": {"type": "array", "items": i}}}),
        inner.map(lambda i: {"type": "object", "properties": {"": {"type": "array", "items": i}}}),
    ),
    max_leaves=6,
)


def check(tree: Any, field: Field, pages: list[Any]) -> None:
    if field.kind == "object":
        assert set(tree) == {c.name for c in field.children}
        for child in field.children:
            check(tree[child.name], child, pages)
    elif field.kind == "array":
        assert isinstance(tree, list)
        for element in tree:
            if field.items is not None:
                check(element, field.items, pages)
    else:
        assert isinstance(tree, Leaf)
        assert 0.0 <= tree.score <= 1.0
        if tree.value is not None:
            assert tree.spans or tree.inferred
            assert not tree.spans or words_of(pages, tree.spans)


@given(st.lists(LINES, min_size=1, max_size=3), OBJECTS)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_pages_and_any_schema(texts: list[list[list[str]]], schema: dict[str, Any]) -> None:
    pages = [page("\n".join("   ".join(words) for words in lines), index=i) for i, lines in enumerate(texts)]
    field = compile_schema(schema)
    check(EmbeddedEngine().extract(pages, field, Context()), field, pages)


@pytest.mark.parametrize("name", ["", "#", "金额", "Сумма"])
def test_a_name_without_a_readable_word_is_asked_by_its_description(name: str) -> None:
    pages = [page("EXPERIENCE\nClerk   Amber Works   2019\n\nInvoice total:   45.00")]
    rows = {"type": "array", "items": {"type": "object", "properties": {name: {"type": "string"}}}}
    asked = {name: {"type": "number", "description": "The invoice total"}, name + " ": rows}
    field = compile_schema({"type": "object", "properties": asked})
    tree = EmbeddedEngine().extract(pages, field, Context())
    check(tree, field, pages)
    assert tree[name].value in (45.0, None)


def _long(pages: int) -> list[Any]:
    text = "\n".join(
        f"Line {i}   Item {i} of the list   {i * 7 % 90}.50   Date: 12/03/2020" for i in range(45)
    )
    return [page(f"Report of things   Page {n}\n{text}", index=n) for n in range(pages)]


def test_time_grows_with_the_pages_no_faster() -> None:
    field = compile_schema(
        {
            "type": "object",
            "properties": {
                "report_date": {"type": "string", "format": "date"},
                "total": {"type": "number"},
                "owner_name": {"type": "string"},
            },
        }
    )
    few, many = _long(10), _long(60)
    EmbeddedEngine().extract(few, field, Context())  # loads the vocabulary
    seconds = []
    for pages in (few, many):
        begun = time.process_time()
        EmbeddedEngine().extract(pages, field, Context())
        seconds.append((time.process_time() - begun) / len(pages))
    assert seconds[1] < 2.0 * seconds[0]
    assert seconds[1] < 0.06
