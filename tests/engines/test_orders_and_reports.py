"""Orders, tables and reports: remarks under rows, samples with a table each, statements asked number by number."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from tests.engines.pages_made import page, values

TEXT, NUMBER = {"type": "string"}, {"type": "number"}


def rows(name: str, **properties: Any) -> dict[str, Any]:
    return {name: {"type": "array", "items": {"type": "object", "properties": properties}}}


STATEMENT = """
              CONSOLIDATED BALANCE SHEETS
              (in thousands of dollars)
                                   2026        2025
Cash                              $ 310       $ 280
Trade receivables                27,450      26,018
Accounts payable                 13,244      12,870
Total stockholders' equity       83,472      79,540
Total liabilities and equity  $ 145,106   $ 142,014
"""


def test_numbers_of_a_statement_are_those_of_its_rows_in_the_newest_column() -> None:
    asked = dict.fromkeys(("accounts_receivable", "accounts_payable", "total_stockholders_equity"), NUMBER)
    got = values(STATEMENT, {"balance_sheet": {"type": "object", "properties": asked}})["balance_sheet"]
    assert got == {
        "accounts_receivable": 27450,
        "accounts_payable": 13244,
        "total_stockholders_equity": 83472,
    }


def test_a_balance_is_not_taken_from_the_flows_that_say_its_name_better() -> None:
    balance = STATEMENT + "Long-term debt, less current maturities   36,875   37,500"
    flows = "STATEMENTS OF CASH FLOWS\n                                2026      2025\n" + (
        "Repayments of long-term debt    (625)     (625)"
    )
    asked = {"balance_sheet": {"type": "object", "properties": {"long_term_debt": NUMBER}}}
    got = values([page(balance), page(flows, index=1)], asked)
    assert got == {"balance_sheet": {"long_term_debt": 36875}}


def test_a_scale_is_given_as_the_schema_says_it() -> None:
    for scale, expected in (
        ({"type": "string", "enum": ["ones", "thousands", "millions"]}, "thousands"),
        ({"enum": [1, 1000, 1000000]}, 1000),
        (TEXT, "thousands"),
        ({"type": "integer"}, 1000),
        ({"type": "string", "enum": ["millions", "billions"]}, None),
    ):
        got = values(STATEMENT, rows("accounts_payable", value=NUMBER, period=TEXT, scale=scale))
        assert [r["scale"] for r in got["accounts_payable"]] == [expected, expected]


def test_what_flows_out_keeps_its_sign() -> None:
    printed = "STATEMENTS OF CASH FLOWS\n                                       2026      2025\n" + (
        "Net cash used in investing activities   (1,212)   (1,540)"
    )
    asked = {"net_cash_from_investing_activities": NUMBER}
    assert values(printed, asked) == {"net_cash_from_investing_activities": -1212}


def test_a_remark_in_smaller_type_is_not_the_rest_of_a_cell() -> None:
    sheet = page(
        "Program          Start             Spots    Rate\n"
        "Morning Show     5:00 AM              10  150.00\n"
        "Week of 7/6: 5   Week of 7/13: 5\n"
        "Noon News        12:00 PM              6  125.00\n"
        "Week of 7/6: 3   Week of 7/13: 3\n"
    )
    words = tuple(
        replace(w, box=replace(w.box, y1=w.box.y0 + 7), size=7.0) if w.box.y0 in (66, 92) else w
        for w in sheet.words
    )
    assert words != sheet.words
    asked = rows("lines", program=TEXT, start=TEXT, spots=NUMBER, rate=NUMBER)
    got = values([replace(sheet, words=words)], asked)["lines"]
    assert [(r["program"], r["start"]) for r in got] == [
        ("Morning Show", "5:00 AM"),
        ("Noon News", "12:00 PM"),
    ]


def test_the_one_column_left_is_not_the_number_of_the_row() -> None:
    got = values(
        "LN   TIME            LEN    SPOTS    RATE       COST\n"
        "01   6:00A-10:00A     60       20   85.00   1,700.00\n"
        "02   3:00P-7:00P      30       10   72.50     725.00\n",
        rows("buy_lines", daypart=TEXT, len=NUMBER, spots=NUMBER, rate=NUMBER, cost=NUMBER),
    )
    assert [r["daypart"] for r in got["buy_lines"]] == ["6:00A-10:00A", "3:00P-7:00P"]


SAMPLES = """
Sample W-1      Location: Main pool     Collected: 10 May 2026
Parameter          Result   Unit    Limit    P/F
Free chlorine         1.8   mg/L      3.0    P
Turbidity             0.3   NTU       0.5    P

Sample W-2      Location: Spa basin     Collected: 11 May 2026
Parameter          Result   Unit    Limit    P/F
Free chlorine         2.6   mg/L      5.0    P
Turbidity             0.7   NTU       0.5    F
"""


def test_samples_with_a_table_each() -> None:
    result = {
        "parameter": TEXT,
        "value": NUMBER,
        "unit": TEXT,
        "limit": NUMBER,
        "passed": {"type": "boolean"},
    }
    day = {"type": "string", "format": "date"}
    asked = rows("samples", sample_id=TEXT, location=TEXT, collected_on=day, **rows("results", **result))
    first, second = values(SAMPLES, asked)["samples"]
    assert (first["sample_id"], first["location"], first["collected_on"]) == (
        "W-1",
        "Main pool",
        "2026-05-10",
    )
    assert (second["sample_id"], second["collected_on"]) == ("W-2", "2026-05-11")
    assert [r["passed"] for r in first["results"]] == [True, True]
    assert [r["passed"] for r in second["results"]] == [True, False]


def test_the_title_of_a_table_is_the_short_line_over_it() -> None:
    cells = {"type": "array", "items": {"type": "array", "items": TEXT}}
    printed = """
The county counted its schools in January, those of the nursery age left out.

Schools by district

District       Pupils    Teachers
North Fen       4,118         241
Castle Hill     6,730         402
Riverside       2,954         177
"""
    (table,) = values(printed, rows("tables", title=TEXT, rows=cells))["tables"]
    assert table["title"] == "Schools by district"
    assert table["rows"][0] == ["District", "Pupils", "Teachers"]
    (bare,) = values(printed.replace("Schools by district\n\n", ""), rows("tables", title=TEXT, rows=cells))[
        "tables"
    ]
    assert bare["title"] is None


def test_the_bare_date_of_an_order_is_when_it_was_placed() -> None:
    day = {"type": "string", "format": "date"}
    printed = (
        "PURCHASE ORDER\n\nPO No.     4500-7718\nDate       27 August 2026\n\nDeliver by: 9 September 2026"
    )
    assert values(printed, {"po_number": TEXT, "po_date": day}) == {
        "po_number": "4500-7718",
        "po_date": "2026-08-27",
    }
    other = values(printed.replace("PURCHASE ORDER", "INVOICE"), {"po_date": day, "invoice_date": day})
    assert other == {"po_date": None, "invoice_date": "2026-08-27"}


def test_days_are_no_money() -> None:
    printed = "Net due station   3,714.50\nTerms: NET 30 DAYS"
    assert values(printed, {"net_total": NUMBER}) != {"net_total": 30}


def test_a_name_ends_before_an_email() -> None:
    printed = "Publisher contact: Isla Moncrieff, isla@harbor.example"
    got = values(printed, {"publisher": {"type": "object", "properties": {"contact": TEXT}}})
    assert got == {"publisher": {"contact": "Isla Moncrieff"}}


def test_a_caption_in_brackets_speaks_of_the_line_over_it() -> None:
    printed = """
Report of the quarter

FORM 10-Q
Summit County, North Office

Larkmoor Instruments
(Exact name of registrant as specified in its charter)
"""
    asked = {"company": {"type": "object", "properties": {"legal_name": TEXT}}}
    assert values(printed, asked) == {"company": {"legal_name": "Larkmoor Instruments"}}


def test_a_label_over_a_value_is_not_answered_by_the_label_beside_it() -> None:
    printed = """
Ship Via        FOB          Terms        Buyer         Req. No.
Estes LTL       Elkhart      Net 30       M. Feld       R-30918
"""
    assert values(printed, {"ship_via": TEXT}) == {"ship_via": "Estes LTL"}
