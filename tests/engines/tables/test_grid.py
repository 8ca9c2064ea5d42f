"""Tables as rows of cells: ruled and bare, wrapped, spanning, beside prose, from drawn PDFs too."""

from __future__ import annotations

import pytest
from tests.documents.conftest import Read
from tests.engines.tables.pages import down, page_of, pdf_of, plain

from paperclerk.domain.document import Page
from paperclerk.domain.geometry import Box
from paperclerk.engines.embedded.arrays import Tables
from paperclerk.engines.embedded.tables.grid import Table, tables_of
from paperclerk.schemas.compile import compile_schema


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


BARE = [
    [(60, "Country"), (-300, "2022"), (-400, "2023"), (-500, "Change")],
    [(60, "Austria"), (-300, "9.1"), (-400, "9.2"), (-500, "1.1 %")],
    [(60, "Belgium"), (-300, "11.6"), (-400, "11.7"), (-500, "0.9 %")],
    [(60, "Czech Republic"), (-300, "10.5"), (-400, "10.9"), (-500, "3.8 %")],
]
BARE_TEXTS = [
    ["Country", "2022", "2023", "Change"],
    ["Austria", "9.1", "9.2", "1.1 %"],
    ["Belgium", "11.6", "11.7", "0.9 %"],
    ["Czech Republic", "10.5", "10.9", "3.8 %"],
]


def frame(xs: list[float], ys: list[float]) -> list[Box]:
    across = [Box(xs[0], y, xs[-1], y + 0.5) for y in ys]
    return across + [Box(x, ys[0], x + 0.5, ys[-1]) for x in xs]


def only(page: Page) -> Table:
    (table,) = tables_of(page)
    return table


def test_without_rules() -> None:
    assert texts(only(page_of(down(100, BARE)))) == BARE_TEXTS


def test_with_rules_wrapped_cells_stay_whole() -> None:
    lines = [
        (104, [(64, "Property"), (254, "Reason for change")]),
        (130, [(64, "Clarity or"), (254, "Reported as not relevant by a")]),
        (142, [(64, "relevance"), (254, "large part of the readers")]),
        (170, [(64, "Range"), (254, "Too many missing points")]),
    ]
    page = page_of(lines, rules=frame([60, 250, 500], [100, 120, 160, 190]))
    assert texts(only(page)) == [
        ["Property", "Reason for change"],
        ["Clarity or relevance", "Reported as not relevant by a large part of the readers"],
        ["Range", "Too many missing points"],
    ]


def test_columns_drawn_and_rows_not() -> None:
    page = page_of(down(104, BARE), rules=frame([55, 220, 320, 420, 510], [100, 118, 172]))
    assert texts(only(page)) == BARE_TEXTS


def test_a_heading_over_two_columns_is_given_once() -> None:
    lines = [
        (100, [(288, "Men"), (453, "Women")]),
        *down(
            118,
            [
                [(60, "Age"), (-280, "number"), (-340, "rate"), (-450, "number"), (-510, "rate")],
                [(60, "45-54"), (-280, "345"), (-340, "15.5"), (-450, "563"), (-510, "28.7")],
                [(60, "55-64"), (-280, "806"), (-340, "60.9"), (-450, "227"), (-510, "81.6")],
                [(60, "65-74"), (-280, "151"), (-340, "19.2"), (-450, "222"), (-510, "34.7")],
            ],
        ),
    ]
    rows = texts(only(page_of(lines)))
    assert sorted(t for t in rows[0] if t) == ["Men", "Women"]
    assert rows[1:] == [
        ["Age", "number", "rate", "number", "rate"],
        ["45-54", "345", "15.5", "563", "28.7"],
        ["55-64", "806", "60.9", "227", "81.6"],
        ["65-74", "151", "19.2", "222", "34.7"],
    ]


def test_sub_headings_are_rows_of_their_own() -> None:
    lines = down(
        100,
        [
            [(60, "Group"), (-300, "Count"), (-400, "Share")],
            [(60, "Children")],
            [(70, "Boys"), (-300, "12"), (-400, "48 %")],
            [(70, "Girls"), (-300, "13"), (-400, "52 %")],
            [(60, "Adults")],
            [(70, "Men"), (-300, "20"), (-400, "40 %")],
            [(70, "Women"), (-300, "30"), (-400, "60 %")],
        ],
    )
    rows = texts(only(page_of(lines)))
    assert ["Children", "", ""] in rows
    assert ["Adults", "", ""] in rows
    assert len(rows) == 7


def test_two_tables_on_a_page_with_text_between() -> None:
    lines = [
        *down(100, BARE),
        (
            190,
            [
                (
                    60,
                    "The figures below were taken from the register of the following year and include islands.",
                )
            ],
        ),
        *down(230, BARE),
    ]
    assert [texts(t) for t in tables_of(page_of(lines))] == [BARE_TEXTS, BARE_TEXTS]


def test_text_in_two_columns_is_no_table() -> None:
    left = "the council met on monday and decided that"
    right = "all roads behind the mill be mended soon"
    assert tables_of(page_of(down(100, [[(40, left), (320, right)] for _ in range(12)], 12))) == []


def test_text_that_runs_upwards_along_the_margin_is_left_out() -> None:
    margin = [(95 + 4 * i, [(20, c)]) for i, c in enumerate("abcdefghijklmnopqrst")]
    rows = texts(only(page_of([*margin, *down(100, BARE)])))
    assert rows == BARE_TEXTS


@pytest.mark.parametrize("ruled", [True, False])
def test_a_drawn_pdf(read: Read, ruled: bool) -> None:
    rules = frame([50, 200, 320, 420, 520], [96, 114, 130, 146, 164]) if ruled else []
    document = read(pdf_of([down(100, BARE)], rules))
    assert texts(only(document.pages[0])) == BARE_TEXTS


def test_rows_of_cells_as_a_schema_asks_for_them() -> None:
    cells = {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}
    element = {"type": "object", "properties": {"page": {"type": "integer"}, "rows": cells}}
    schema = {"type": "object", "properties": {"tables": {"type": "array", "items": element}}}
    field = compile_schema(schema).child("tables")
    assert field is not None
    pages = [page_of([(100, [(60, "A page of prose and nothing else")])]), page_of(down(100, BARE), index=1)]
    assert plain(Tables(pages).rows(field)) == [{"page": 2, "rows": BARE_TEXTS}]
