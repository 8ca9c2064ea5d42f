"""Lines of statements in long reports: which statement a figure belongs to, and what its column covers."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engines.tables.pages import down, page_of, plain, words_under

from paperclerk.domain.document import Page
from paperclerk.domain.result import HI_FROM
from paperclerk.engines.embedded.arrays import Tables
from paperclerk.engines.embedded.statements.periods import canonical
from paperclerk.printed.locale import infer
from paperclerk.schemas.compile import compile_schema

CANONICAL = "Canonical period label (e.g. 'FY2023 Q3', 'FY2023 H1', 'FY2023')."
ENTRY = {
    "type": "object",
    "properties": {
        "period": {"type": "string", "description": CANONICAL},
        "segment": {"type": "string", "description": "Name of the segment. 'n/a' for company-level figures."},
        "scale": {"type": "integer"},
        "value": {"type": "number"},
    },
}
SCHEMA = compile_schema(
    {
        "type": "object",
        "properties": {
            part: {
                "type": "object",
                "properties": {name: {"type": "array", "items": ENTRY} for name in names},
            }
            for part, names in {
                "income_statement": ["revenue", "basic_eps", "revenue_growth"],
                "balance_sheet": ["inventories", "trade_receivables"],
                "cash_flow_statement": ["operating_cash_flow"],
            }.items()
        },
    }
)
INCOME = page_of(
    [
        (40, [(150, "CONSOLIDATED STATEMENTS OF INCOME (in thousands, except per share amounts)")]),
        (60, [(255, "13 Weeks Ended"), (415, "26 Weeks Ended")]),
        (72, [(240, "April 1,"), (310, "April 2,"), (400, "April 1,"), (470, "April 2,")]),
        (84, [(245, "2028"), (315, "2027"), (405, "2028"), (475, "2027")]),
        (110, [(50, "Revenue"), (240, "61,220"), (310, "58,104"), (400, "120,008"), (470, "111,950")]),
        (125, [(50, "Basic earnings per share"), (245, "0.42"), (315, "0.38"), (405, "0.81"), (475, "0.72")]),
        (180, [(50, "See the annual report for the fiscal year ended September 30, 2027.")]),
    ]
)
FLOWS = page_of(
    [
        (40, [(150, "CONSOLIDATED STATEMENTS OF CASH FLOWS (in thousands)")]),
        (60, [(300, "26 Weeks Ended")]),
        (72, [(260, "April 1, 2028"), (380, "April 2, 2027")]),
        (
            100,
            [(50, "Net cash provided by (used in) operating activities"), (350, "9,310"), (430, "(1,204)")],
        ),
        (115, [(50, "Trade receivables"), (350, "(2,011)"), (430, "833")]),
        (130, [(50, "Inventories"), (350, "(640)"), (430, "(95)")]),
    ]
)
BALANCE = page_of(
    [
        (40, [(150, "CONSOLIDATED BALANCE SHEETS (in thousands)")]),
        (60, [(260, "April 1, 2028"), (380, "September 30, 2027")]),
        (100, [(50, "Trade receivables, net"), (270, "14,920"), (400, "12,887")]),
        (115, [(50, "Inventories"), (270, "21,655"), (400, "20,870")]),
    ]
)


def rows_of(part: str, name: str, *pages: Page) -> Any:
    tables = Tables(pages, infer(" ".join(w.text for w in p.words) for p in pages))
    thing = SCHEMA.child(part)
    array = thing.child(name) if thing else None
    assert array is not None
    return list(tables.rows(array))


def test_periods_are_worked_out_from_headings_over_several_columns() -> None:
    rows: Any = plain(rows_of("income_statement", "revenue", INCOME))
    assert [(r["period"], r["value"], r["scale"]) for r in rows] == [
        ("FY2028 Q2", 61220, 1000),
        ("FY2027 Q2", 58104, 1000),
        ("FY2028 H1", 120008, 1000),
        ("FY2027 H1", 111950, 1000),
    ]


def test_a_period_stands_where_its_heading_does() -> None:
    first = rows_of("income_statement", "revenue", INCOME)[2]
    assert words_under([INCOME], first["period"]) == "26 Weeks April 2028"
    assert first["period"].inferred


def test_amounts_per_share_have_no_scale_and_the_literal_of_the_schema_is_given() -> None:
    rows: Any = plain(rows_of("income_statement", "basic_eps", INCOME))
    assert [(r["value"], r["scale"], r["segment"]) for r in rows][:2] == [(0.42, 1, "n/a"), (0.38, 1, "n/a")]


def test_a_balance_is_not_taken_from_the_statement_of_its_changes() -> None:
    pages = (FLOWS, BALANCE, INCOME)
    stock: Any = plain(rows_of("balance_sheet", "inventories", *pages))
    assert [(r["period"], r["value"]) for r in stock] == [("FY2028 Q2", 21655), ("FY2027", 20870)]
    assert [r["value"] for r in plain(rows_of("balance_sheet", "trade_receivables", *pages))] == [
        14920,
        12887,
    ]
    assert rows_of("balance_sheet", "inventories", FLOWS, INCOME) == []


def test_a_bracket_amid_a_label_is_passed_over() -> None:
    rows: Any = plain(rows_of("cash_flow_statement", "operating_cash_flow", BALANCE, FLOWS, INCOME))
    assert [(r["period"], r["value"]) for r in rows] == [("FY2028 H1", 9310), ("FY2027 H1", -1204)]


@pytest.mark.parametrize(
    ("year", "month", "months", "ends", "said"),
    [
        (2024, 3, 3, 12, "FY2024 Q1"),
        (2024, 12, 12, 12, "FY2024"),
        (2024, 9, 9, 12, "FY2024 YTD"),
        (2024, 6, None, 12, "FY2024 Q2"),
        (2023, 12, None, 12, "FY2023"),
        (2024, 10, 3, 7, "FY2025 Q1"),
        (2025, 7, 6, 7, "FY2025 H2"),
        (2024, 8, 3, 2, "FY2025 Q2"),
        (2025, 1, None, 2, "FY2025"),
    ],
)
def test_business_years_are_called_by_the_year_they_end_in(
    year: int, month: int, months: int | None, ends: int, said: str
) -> None:
    assert canonical(year, month, months, ends) == said


def test_what_is_about_a_figure_of_a_titled_statement_is_surer_than_the_figure() -> None:
    first = rows_of("income_statement", "revenue", INCOME)[0]
    assert first["scale"].score > HI_FROM > first["value"].score


def test_a_number_without_any_circumstance_is_no_figure() -> None:
    page = page_of(
        [
            (100, [(50, "Segment"), (300, "Value")]),
            (116, [(50, "Gains"), (300, "5")]),
            (132, [(50, "Losses"), (300, "48")]),
        ]
    )
    assert rows_of("balance_sheet", "trade_receivables", page) == []


def test_a_line_that_is_one_of_several_parts_is_not_the_whole() -> None:
    def balance(*labels: str) -> Page:
        rows = [[(50, label), (300, f"{n}1,200"), (400, f"{n}0,900")] for n, label in enumerate(labels, 1)]
        head = [[(150, "CONSOLIDATED BALANCE SHEETS")], [(300, "2028"), (400, "2027")]]
        return page_of(down(40, head + rows))

    parts = balance("Trade receivables, domestic", "Trade receivables, foreign", "Inventories, net")
    whole = balance("Trade receivables, net", "Inventories, net")
    assert rows_of("balance_sheet", "trade_receivables", parts) == []
    assert len(rows_of("balance_sheet", "trade_receivables", whole)) == 2
    assert len(rows_of("balance_sheet", "inventories", parts)) == 2


HEADS = [
    (40, [(50, "Note 4. Results by segment (in thousands)")]),
    (60, [(255, "13 Weeks Ended"), (415, "26 Weeks Ended")]),
    (72, [(240, "April 1,"), (310, "April 2,"), (400, "April 1,"), (470, "April 2,")]),
    (84, [(245, "2028"), (315, "2027"), (405, "2028"), (475, "2027")]),
]
SEGMENTS = page_of(
    [
        *HEADS,
        (100, [(50, "Revenue:")]),
        (115, [(60, "Pumps"), (240, "40,120"), (310, "37,004"), (400, "78,000"), (470, "72,150")]),
        (130, [(60, "Seals"), (240, "22,200"), (310, "22,300"), (400, "44,208"), (470, "42,000")]),
        (145, [(60, "Eliminations"), (240, "(1,100)"), (310, "(1,200)"), (400, "(2,200)"), (470, "(2,200)")]),
        (160, [(60, "Total"), (240, "61,220"), (310, "58,104"), (400, "120,008"), (470, "111,950")]),
    ]
)


def test_a_figure_is_given_for_each_segment_whose_rows_add_up_to_it() -> None:
    rows: Any = plain(rows_of("income_statement", "revenue", INCOME, SEGMENTS))
    assert [r["segment"] for r in rows] == ["n/a"] * 4 + ["Pumps"] * 4 + ["Seals"] * 4
    assert [(r["period"], r["value"]) for r in rows[4:6]] == [("FY2028 Q2", 40120), ("FY2027 Q2", 37004)]
    found = rows_of("income_statement", "revenue", INCOME, SEGMENTS)[4]
    assert words_under([INCOME, SEGMENTS], found["segment"]) == "Pumps"
    assert found["value"].score < HI_FROM  # not every schema that could hold segments wants them


def test_rows_that_do_not_add_up_are_no_segments_nor_are_lines_that_nothing_calls_so() -> None:
    off = page_of([*HEADS, (100, [(50, "Revenue:")]), (115, [(60, "Pumps"), (240, "40,120")]),
                   (130, [(60, "Seals"), (240, "22,900")]), (160, [(60, "Total"), (240, "61,220")])])  # fmt: skip
    quiet = page_of([(100, [(50, "Revenue:")]), (115, [(60, "Pumps"), (240, "40,120")]),
                     (130, [(60, "Seals"), (240, "21,100")]), (160, [(60, "Total"), (240, "61,220")])])  # fmt: skip
    for page in (off, quiet):
        rows: Any = plain(rows_of("income_statement", "revenue", INCOME, page))
        assert {r["segment"] for r in rows} == {"n/a"}


def test_a_change_is_the_percentage_that_the_figures_beside_it_confirm() -> None:
    heads = [
        (40, [(50, "Revenue by segment (in thousands)")]),
        (60, [(255, "13 Weeks Ended")]),
        (72, [(240, "April 1,"), (310, "April 2,")]),
        (84, [(245, "2028"), (315, "2027"), (400, "% Change")]),
    ]
    page = page_of(
        [
            *heads,
            (115, [(60, "Pumps"), (240, "40,120"), (310, "37,004"), (400, "8.4%")]),
            (130, [(60, "Seals"), (240, "21,100"), (310, "21,100"), (400, "34.5%")]),  # its share, no change
            (160, [(60, "Total revenue"), (240, "61,220"), (310, "58,104"), (400, "5.4%")]),
        ]
    )
    rows: Any = plain(rows_of("income_statement", "revenue_growth", INCOME, page))
    assert [(r["segment"], r["period"], r["value"]) for r in rows] == [
        ("n/a", "FY2028 Q2", 5.4),
        ("Pumps", "FY2028 Q2", 8.4),
    ]


def test_what_repeats_over_the_columns_of_statements_is_no_running_head() -> None:
    flows = page_of([(40, [(150, "in thousands")]), (60, [(255, "13 Weeks Ended"), (415, "26 Weeks Ended")])])
    kept = Tables((INCOME, SEGMENTS, flows), infer([])).strips
    assert [s.text for s in kept[2]] == ["in thousands", "13 Weeks Ended  26 Weeks Ended"]


def test_columns_that_the_schema_calls_by_when_they_are() -> None:
    schema = compile_schema(
        {
            "type": "object",
            "properties": {
                "sales_by_region": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "region": {"type": "string"},
                            **{name: {"type": "number"} for name in ("current", "prior", "change_percent")},
                        },
                    },
                }
            },
        }
    )
    lines = [
        (40, [(50, "Sales by region")]),
        (60, [(250, "2028"), (330, "2027"), (410, "Change")]),
        (80, [(50, "North America"), (250, "48.7"), (330, "41.3"), (410, "18%")]),
        (95, [(50, "Rest of the world"), (250, "12.4"), (330, "11.8"), (410, "5%")]),
    ]
    array = schema.child("sales_by_region")
    assert array is not None

    def rows(total: str) -> Any:
        page = page_of([*lines, (110, [(50, "Total"), (250, total), (330, "53.1"), (410, "15%")])])
        return plain(Tables([page], infer([])).rows(array))

    assert rows("61.1") == [
        {"region": "North America", "current": 48.7, "prior": 41.3, "change_percent": 18},
        {"region": "Rest of the world", "current": 12.4, "prior": 11.8, "change_percent": 5},
    ]
    assert rows("63.1") == []
