"""document.layout-detection: what stands where, in reading order."""

from __future__ import annotations

import io

import jsonschema
from reportlab.pdfgen.canvas import Canvas
from tests.markdown.documents import report

import paperclerk
from paperclerk.agents.layout import SCHEMA


def test_elements_have_their_kind_text_and_box() -> None:
    document = report()
    result = paperclerk.execute(document, agent="document.layout-detection")
    jsonschema.validate(result.response, SCHEMA)
    assert result.errors == ()
    pages = result.response["pages"]
    assert [page["page_number"] for page in pages] == list(range(len(pages)))
    first = pages[0]["elements"]
    assert [e["type"] for e in first[:3]] == ["title", "heading", "text"]
    assert first[0]["content"] == "Report of the year" and first[1]["content"] == "Weather and harvest"
    kinds = {e["type"] for page in pages for e in page["elements"]}
    assert kinds >= {"title", "heading", "text", "list_item", "table", "caption"}
    for page in pages:
        for element in page["elements"]:
            x, y, width, height = element["bbox"]["xywh"]
            assert (
                width > 0 and height > 0 and 0 <= x <= x + width <= 1.0001 and 0 <= y <= y + height <= 1.0001
            )
    tops = [e["bbox"]["xywh"][1] for e in first[:3]]
    assert tops == sorted(tops)
    markdown = paperclerk.execute(document, agent="document.markdown").response["pages"]
    tables = [[t["content"] for t in page["tables"]] for page in markdown]
    told = [[e["content"] for e in page["elements"] if e["type"] == "table"] for page in pages]
    assert told == tables


def test_a_part_of_the_schema_can_be_asked_for() -> None:
    config = paperclerk.ExecutionConfig(gql_stmt="{ pages { elements { type } } }")
    pages = paperclerk.execute(report(), agent="document.layout-detection", config=config).response["pages"]
    assert set(pages[0]) == {"elements"} and set(pages[0]["elements"][0]) == {"type"}


def test_an_empty_page_has_no_elements() -> None:
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    canvas.drawString(72, 700, "Only this")
    canvas.showPage()
    canvas.showPage()
    canvas.save()
    pages = paperclerk.execute(out.getvalue(), agent="document.layout-detection").response["pages"]
    assert [len(page["elements"]) for page in pages] == [1, 0]
