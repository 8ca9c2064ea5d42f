"""document.markdown: text, headings, lists, tables and figures of a document (contract B.11)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import jsonschema
import pypdfium2
import pytest
from PIL import Image
from reportlab.platypus import TableStyle
from tests.markdown.documents import (
    BARE,
    COSTS,
    GOODS,
    HARVEST,
    PROSE,
    RULED,
    form,
    invoice,
    report,
    statement,
)

import paperclerk
from paperclerk.agents.markdown import SCHEMA
from paperclerk.domain.geometry import Box
from paperclerk.engines.embedded.tables.grid import Cell, Table
from paperclerk.engines.markdown.tables import columns_of

SAMPLE = Path(__file__).parents[2] / "samples" / "invoice.pdf"
TABLES = {
    "type": "object",
    "properties": {
        "tables": {
            "type": "array",
            "description": "Every table of the document, in reading order",
            "items": {
                "type": "object",
                "properties": {
                    "page": {"type": "integer", "description": "Page on which the table begins (1-based)"},
                    "rows": {
                        "type": "array",
                        "description": "Table rows from top to bottom including header rows; each row is the "
                        "list of its cell texts from left to right",
                        "items": {"type": "array", "items": {"type": "string"}},
                    },
                },
            },
        }
    },
}


@pytest.fixture(scope="module")
def document() -> bytes:
    return report()


@pytest.fixture(scope="module")
def pages(document: bytes) -> list[dict[str, Any]]:
    result = paperclerk.execute(document, agent="document.markdown")
    jsonschema.validate(result.response, SCHEMA)
    assert result.errors == ()
    found: list[dict[str, Any]] = result.response["pages"]
    return found


def test_text_comes_in_reading_order_with_headings_and_lists(pages: list[dict[str, Any]]) -> None:
    assert pages[0]["content"].split("\n\n") == [
        "# Report of the year",
        "## Weather and harvest",
        PROSE,
        "- Drain the lower field before autumn",
        "- Order seed by the end of March",
        "## Yields",
        '<Table id="tb-0"/>',
        '<Figure id="fg-0"/>',
        "Figure 1: the plots as seen from the mill",
    ]
    assert pages[0]["figures"] == [
        {"id": 0, "title": "Figure 1", "caption": "Figure 1: the plots as seen from the mill"}
    ]


def test_every_page_has_an_entry_and_an_empty_one_says_nothing(pages: list[dict[str, Any]]) -> None:
    assert [p["metadata"]["page_number"] for p in pages] == [0, 1, 2]
    assert pages[1]["content"] == "" and pages[1]["tables"] == []


def test_a_table_has_headings_rows_cells_and_places(pages: list[dict[str, Any]]) -> None:
    [table] = pages[0]["tables"]
    assert [(h["id"], h["column"], h["name"], h["dtype"]) for h in table["headers"]] == [
        ("plot_0", 0, "Plot", "str"),
        ("area_1", 1, "Area", "float"),
        ("yield_2", 2, "Yield", "int"),
        ("share_3", 3, "Share", "percentage"),
    ]
    assert [tuple(row.values()) for row in table["data"]] == list(HARVEST[1:])
    assert table["content"].splitlines()[:3] == [
        "| Plot | Area | Yield | Share |",
        "| --- | --- | --- | --- |",
        "| North | 12.5 | 1,250 | 41 % |",
    ]
    for cell in table["cells"]:
        row, column = cell["index"]
        assert cell["content"] == HARVEST[row][column] and cell["span"] == [1, 1]
        x, y, w, h = cell["bbox"]["xywh"]
        tx, ty, tw, th = table["bbox"]["xywh"]
        assert tx - 0.01 <= x and x + w <= tx + tw + 0.01 and ty - 0.01 <= y and y + h <= ty + th + 0.01
    assert len(table["cells"]) == sum(map(len, HARVEST))


def test_a_table_without_upright_rules(pages: list[dict[str, Any]]) -> None:
    [table] = pages[2]["tables"]
    assert [h["name"] for h in table["headers"]] == list(COSTS[0])
    assert [tuple(row.values()) for row in table["data"]] == list(COSTS[1:])


def test_what_looks_like_markup_is_text(pages: list[dict[str, Any]]) -> None:
    content = pages[2]["content"]
    assert content.count('<Table id="tb-0"/>') == 1
    assert content.endswith('Not a table: &lt;Table id="tb-0"/> and \\*not\\* emphasis.')


def test_the_tables_hold_what_a_schema_of_tables_gets(document: bytes, pages: list[dict[str, Any]]) -> None:
    asked = paperclerk.execute(document, schema=TABLES).response["tables"]
    found = [(p["metadata"]["page_number"] + 1, t) for p in pages for t in p["tables"]]
    assert [t["page"] for t in asked] == [page for page, _ in found] == [1, 3]
    for wanted, (_, table) in zip(asked, found, strict=True):
        cells = {tuple(c["index"]): c["content"] for c in table["cells"]}
        width = len(table["headers"])
        rows = [
            [cells.get((r, c), "") for c in range(width)] for r in range(1 + max(index[0] for index in cells))
        ]
        assert rows == wanted["rows"]


@pytest.mark.parametrize("askew", [0, 2.5])
def test_a_scan_is_read_too(document: bytes, askew: float) -> None:
    picture = pypdfium2.PdfDocument(document)[0].render(scale=200 / 72).to_pil()
    picture = picture.rotate(askew, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)
    out = io.BytesIO()
    picture.save(out, "PNG")
    [page] = paperclerk.execute(out.getvalue(), agent="document.markdown").response["pages"]
    assert page["content"].startswith("# Report of the year")
    assert "the northern plots came in late this year" in page["content"]
    [table] = page["tables"]
    assert [tuple(row.values()) for row in table["data"]] == list(HARVEST[1:])
    for cell in table["cells"]:
        x, y, width, height = (
            share * side for share, side in zip(cell["bbox"]["xywh"], picture.size * 2, strict=True)
        )
        assert picture.convert("L").crop((x, y, x + width, y + height)).getextrema()[0] < 100  # ink


def test_a_selection_leaves_the_rest_out(document: bytes) -> None:
    config = {"gql_stmt": "{ pages { content } }", "page_indices": [2]}
    [page] = paperclerk.execute(document, agent="document.markdown", config=config).response["pages"]
    assert set(page) == {"content"} and page["content"].startswith("# Costs")


def test_a_schema_of_ones_own_rules(document: bytes) -> None:
    own = {"type": "object", "properties": {"title": {"type": "string"}}}
    config = {"json_schema": own}
    assert set(paperclerk.execute(document, agent="document.markdown", config=config).response) == {"title"}


def test_a_heading_over_several_columns_names_each_of_them() -> None:
    box = Box(0, 0, 10, 10)
    table = Table(
        0,
        box,
        (
            (Cell("Region", row_span=2), Cell("Sales", col_span=2), Cell()),
            (Cell(), Cell("2024"), Cell("2025")),
            (Cell("North"), Cell("1"), Cell("2")),
        ),
        header_rows=2,
    )
    assert [(c.id, c.name) for c in columns_of(table)] == [
        ("region_0", "Region"),
        ("sales_2024_1", "Sales 2024"),
        ("sales_2025_2", "Sales 2025"),
    ]


def test_what_stands_around_a_table_is_not_of_it() -> None:
    """Neither the head of the page nor the totals stand in its columns, nor do they hide the borders of these."""
    page = paperclerk.execute(invoice(), agent="document.markdown").response["pages"][0]
    table = next(t for t in page["tables"] if len(t["headers"]) > 4)
    assert [h["name"] for h in table["headers"]] == list(GOODS[0])
    assert [tuple(row.values()) for row in table["data"]] == list(GOODS[1:])
    assert page["content"].index("Hollin Court 9") < page["content"].index("<Table")
    assert [next(iter(row.values())) for t in page["tables"][1:] for row in t["data"]] == [
        "Net total",
        "VAT @ 20%",
        "To pay",
    ]


def test_what_stands_side_by_side_comes_one_after_the_other() -> None:
    content = paperclerk.execute(SAMPLE, agent="document.markdown").response["pages"][0]["content"]
    address = content.index("Larkfield Primary School  \n2 Orchard Road  \nLarkfield LF9 1AB")
    dates = content.index("Invoice number HPJ-20418  \nInvoice date 14 March 2026  \nDue date 13 April 2026")
    assert address < dates < content.index("<Table")
    assert "Joinery Ltd\n" in content and "\n\n# INVOICE\n\n" in content


def test_a_value_stays_with_its_label() -> None:
    page = paperclerk.execute(form(), agent="document.markdown").response["pages"][0]
    for line in ("Surname Okonkwo", "Occupation Stone mason", "Favourite tree Hornbeam"):
        assert line in page["content"]


@pytest.mark.parametrize("again", [True, False])
@pytest.mark.parametrize("style", [RULED, BARE])
def test_a_table_goes_on_after_the_end_of_a_page(style: TableStyle, again: bool) -> None:
    document = statement(style, again=again)
    pages = paperclerk.execute(document, agent="document.markdown").response["pages"]
    parts = [table for page in pages for table in page["tables"]]
    assert [[h["name"] for h in part["headers"]] for part in parts] == [
        *[["Day", "Movement", "Paid in", "Paid out"]] * 3,
        ["Year", "Kind", "Interest", "Fees"],
    ]
    assert [row["movement_1"] for part in parts[:3] for row in part["data"]] == [
        f"Transfer {n}" for n in range(100)
    ]
    assert all(cell["bbox"] is not None for part in parts for cell in part["cells"])
    assert (
        parts[2]["data"][-1]["paid_in_2"] == ("99.50" if style is BARE else "") and len(parts[3]["data"]) == 5
    )
    whole, other = paperclerk.execute(document, schema=TABLES).response["tables"]
    assert (whole["page"], len(whole["rows"]), whole["rows"][-1][-1]) == (1, 101, "198.00")
    assert (other["page"], other["rows"][0]) == (4, ["Year", "Kind", "Interest", "Fees"])
