"""Whatever stands on the pages and whatever array is asked for: no exception, the schema's shape, linear time."""

from __future__ import annotations

import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engines.tables.pages import GOODS, array_of, down, page_of

from paperclerk.domain.document import Page, PageStatus, TextOrigin, Word
from paperclerk.domain.geometry import Box
from paperclerk.domain.result import Leaf
from paperclerk.engines.embedded.arrays import Tables
from paperclerk.engines.embedded.tables.grid import tables_of
from paperclerk.printed.locale import infer
from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.compiled import Field

_PIECES = """Total TOTAL: Qty Description Amount 1 2 3.50 1,00 1.234,56 (12.00) 5% $ € RM 2x X @ - . : • 2019 March
    Present EDUCATION Skills: a@b.de 100000000000 8.50SR Item ------ Übertrag ﬁ 中 \u0000 S5.60"""
_TEXT = st.sampled_from(_PIECES.split()) | st.text(min_size=1, max_size=8)
_NUMBER = st.floats(-50, 900, allow_nan=False) | st.sampled_from([0.0, 100.0, 100.1, 595.0])


@st.composite
def words(draw: st.DrawFn) -> Word:
    x, y = draw(_NUMBER), draw(_NUMBER)
    box = Box(
        x,
        y,
        x + draw(st.sampled_from([0.0, 1.0, 20.0, 400.0])),
        y + draw(st.sampled_from([0.0, 2.0, 10.0, 50.0])),
    )
    return Word(draw(_TEXT), box, draw(st.sampled_from([1.0, 0.5, 0.0])), 10.0, draw(st.booleans()))


@st.composite
def rules(draw: st.DrawFn) -> Box:
    x, y, size = draw(_NUMBER), draw(_NUMBER), draw(st.sampled_from([1.0, 30.0, 300.0]))
    return Box(x, y, x + size, y + 0.5) if draw(st.booleans()) else Box(x, y, x + 0.5, y + size)


@st.composite
def documents(draw: st.DrawFn) -> list[Page]:
    made = []
    for index in range(draw(st.integers(0, 3))):
        found = tuple(draw(st.lists(words(), max_size=40)))
        drawn = tuple(draw(st.lists(rules(), max_size=8)))
        made.append(Page(index, 595.0, 842.0, PageStatus.OK, found, (), drawn, TextOrigin.OCR))
    return made


_PROPERTIES = """items amount quantity unit_price description total name date startDate period value unit skills
    emails rows page education experience tags revenue lines tax code isCurrent"""
_NAMES = st.sampled_from(_PROPERTIES.split())
_SCALAR = st.sampled_from(
    [
        {"type": "string"},
        {"type": "number"},
        {"type": "integer"},
        {"type": "boolean"},
        {"enum": ["a", "b", 3]},
        {"type": "string", "format": "date"},
        {"type": ["number", "null"]},
        {},
    ]
)
_SCHEMAS = st.recursive(
    _SCALAR,
    lambda inner: (
        st.dictionaries(_NAMES, inner, max_size=5).map(lambda p: {"type": "object", "properties": p})
        | inner.map(lambda i: {"type": "array", "items": i})
    ),
    max_leaves=8,
)


def assert_shape(field: Field, tree: object) -> None:
    if field.kind == "array":
        assert isinstance(tree, list)
        for inner in tree:
            if field.items is not None:
                assert_shape(field.items, inner)
    elif field.kind == "object":
        assert isinstance(tree, dict)
        assert set(tree) == {c.name for c in field.children}
        for child in field.children:
            assert_shape(child, tree[child.name])
    else:
        assert isinstance(tree, Leaf)
        assert tree.value is None or tree.spans or tree.inferred
        assert 0 <= tree.score <= 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(), _NAMES, _SCHEMAS)
def test_any_array_of_any_document(pages: list[Page], name: str, items: dict[str, object]) -> None:
    schema = {"type": "object", "properties": {name: {"type": "array", "items": items}}}
    field = compile_schema(schema).child(name)
    assert field is not None
    locale = infer(" ".join(w.text for w in p.words) for p in pages)
    assert_shape(field, Tables(pages, locale).rows(field))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_tables_have_rows_of_one_length(pages: list[Page]) -> None:
    for page in pages:
        for table in tables_of(page):
            assert len({len(row) for row in table.rows}) == 1


def long_document(count: int) -> list[Page]:
    head = [(50, "Description"), (-330, "Qty"), (-430, "Unit price"), (-540, "Amount")]
    body = [[(50, f"Part {i}"), (-330, "2"), (-430, "1.50"), (-540, "3.00")] for i in range(45)]
    return [page_of(down(60, [head, *body]), index=i) for i in range(count)]


def seconds(count: int) -> float:
    pages = long_document(count)
    start = time.process_time()
    rows = Tables(pages, infer(["1.50"])).rows(array_of(GOODS))
    assert len(rows) == 45 * count
    return time.process_time() - start


def test_time_grows_linearly_with_the_pages() -> None:
    seconds(5)  # warm
    few, many = seconds(10), seconds(80)
    assert many < 20 * few
