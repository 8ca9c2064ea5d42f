"""Where the cells of rows are placed: all of a row together, each print for one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.grounding.test_align import page_of
from tests.models.test_engine import read, reading

from paperclerk.domain.document import Document, DocumentInfo, Page
from paperclerk.domain.result import ABSENT, Leaf, Span, Tree, WordPart
from paperclerk.engines.engine import Context
from paperclerk.extraction.merge import Grounding, leaves_of, same
from paperclerk.grounding.align import Aligner
from paperclerk.schemas.compile import compile_schema
from paperclerk.schemas.compiled import Field
from paperclerk.schemas.lower import Quoted

LINES: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "pieces": {"type": "integer"},
            "amount": {"type": "number"},
        },
    },
}


def placed(page: Page, *rows: tuple[str | None, int | None, float]) -> list[dict[str, Any]]:
    """The index of the first word of each cell's place, by row."""
    form = compile_schema({"type": "object", "properties": {"lines": LINES}}).children[0]
    answers: list[Any] = [
        {
            "text": Quoted(text, text or "", 1),
            "pieces": Quoted(pieces, "" if pieces is None else str(pieces), 1),
            "amount": Quoted(amount, f"{amount:.2f}", 1),
        }
        for text, pieces, amount in rows
    ]
    tree = Grounding(Aligner([page])).rows(form, answers)
    return [
        {path[-1]: leaf.spans[0].parts[0].index for path, leaf in leaves_of(row) if leaf != ABSENT}
        for row in tree
    ]


def test_a_row_that_is_an_amount_only_does_not_take_what_stands_beside_another_row() -> None:
    page = page_of(
        "Yellow note",  # 0-1
        [(20, "1"), (100, "2.50"), (200, "2.50")],  # 2-4
        "P?nk n?te",  # 5-6
        [(20, "1"), (100, "2.50"), (200, "2.50")],  # 7-9
    )
    yellow, pink = placed(page, ("Yellow note", 1, 2.5), (None, None, 2.5))
    assert yellow == {"text": 0, "pieces": 2, "amount": 4}
    assert pink == {"amount": 9}


def test_a_row_stands_where_most_of_its_values_are_near_each_other() -> None:
    page = page_of(
        [(20, "Cover"), (200, "50.00")],  # 0-1
        [(20, "Partner Cover"), (200, "0.00")],  # 2-4
        "Rate", "Terms", "Notes", "Bank", "Seat", "Court", "Phone",
        "Page 1",  # 12-13: the only 1 of the page
    )  # fmt: skip
    cover, partner = placed(page, ("Cover", 1, 50.0), ("Partner Cover", None, 0.0))
    assert cover["text"] == 0 and cover["amount"] == 1
    assert partner == {"text": 2, "amount": 4}


def test_equal_values_of_one_row_share_a_print_rather_than_take_one_far_away() -> None:
    page = page_of(
        [(20, "Cover"), (200, "0.00")],  # 0-1
        *["Some words"] * 12,
        [(20, "Charges"), (200, "0.00")],
    )
    item = {"type": "object", "properties": {n: {"type": "number"} for n in ("price", "amount")}}
    item["properties"] = {"text": {"type": "string"}, **item["properties"]}
    form = compile_schema({"type": "object", "properties": {"lines": {"type": "array", "items": item}}})
    nothing = Quoted(0.0, "0.00", 1)
    answer: Any = {"text": Quoted("Cover", "Cover", 1), "price": nothing, "amount": nothing}
    (row,) = Grounding(Aligner([page])).rows(form.children[0], [answer])
    assert {leaf.spans[0].parts[0].index for path, leaf in leaves_of(row) if path != ("text",)} == {1}


class Pointing:
    """An engine that read the one value of its schema from a word."""

    name = "pointing"

    def __init__(self, value: float, word: int) -> None:
        self.leaf = Leaf(value, (Span(0, (WordPart(word),)),), 0.7)

    def extract(self, pages: Sequence[Page], schema: Field, context: Context) -> Tree:
        return {schema.children[0].name: self.leaf}


def test_where_both_engines_agree_a_value_stands_where_the_embedded_one_read_it() -> None:
    page = page_of("Total 8.20", "Paid 8.20", "Sum 8.20")
    document = Document(DocumentInfo("pdf", "application/pdf", 1), (page,))
    schema = {"type": "object", "properties": {"total": {"type": "number"}}}
    with reading({"total": 8.2}) as (engine, _):
        engine.embedded = Pointing(8.2, 5)
        ((_, leaf),) = read(engine, document, schema).leaves()
    assert leaf.spans[0].parts[0].index == 5 and leaf.score == 0.95


def test_texts_that_differ_in_case_blanks_and_marks_say_the_same_and_two_signs_do_not() -> None:
    assert same("ACME, Ltd.", "Acme Ltd") and same("€", "€") and same(None, None)
    assert not same("€", "$") and not same("-", "+") and not same("Acme", None)
