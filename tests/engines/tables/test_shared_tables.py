"""Tables that hold more than their columns say: parts, cells of two properties, days shared by movements, taxes."""

from __future__ import annotations

from typing import Any

from tests.engines.tables.pages import Placed, page_of, plain

from paperclerk.engines.embedded.arrays import Tables
from paperclerk.printed.locale import infer
from paperclerk.schemas.compile import compile_schema


def rows(array: str, kinds: dict[str, str], *lines: list[Placed]) -> Any:
    """The rows of `array` on a page with `lines` 15 apart; `kinds` are the types of its elements' properties."""
    fields = {name: {"type": kind} for name, kind in kinds.items()}
    items = {"type": "object", "properties": fields}
    schema = compile_schema({"type": "object", "properties": {array: {"type": "array", "items": items}}})
    field = schema.child(array)
    assert field is not None
    page = page_of([(40.0 + 15 * i, line) for i, line in enumerate(lines)])
    return plain(Tables([page], infer([w.text for w in page.words])).rows(field))


def test_a_movement_has_money_in_or_money_out_and_the_day_printed_above() -> None:
    found = rows(
        "transactions",
        {"date": "string", "description": "string", "paid_out": "number", "paid_in": "number"},
        [(40, "Date"), (110, "Description"), (-400, "Paid out"), (-480, "Paid in"), (-560, "Balance")],
        [(40, "03/05/2026"), (110, "MOOR DENTAL"), (-480, "4,200.00")],
        [(110, "HOWARTH TIMBER"), (-400, "1,284.40"), (-560, "8,801.78")],
        [(40, "03/12/2026"), (110, "K ASPIN WAGES"), (-400, "1,595.85"), (-560, "7,205.93")],
    )
    assert [(r["date"], r["paid_out"], r["paid_in"]) for r in found] == [
        ("03/05/2026", None, 4200.0),
        ("03/05/2026", 1284.4, None),
        ("03/12/2026", 1595.85, None),
    ]


def test_unit_and_reference_stand_in_the_cells_of_others() -> None:
    found = rows(
        "items",
        {
            "reference": "string",
            "description": "string",
            "quantity": "number",
            "unit": "string",
            "amount": "number",
        },
        [(40, "Description"), (-400, "Quantity"), (-480, "Price"), (-560, "Amount")],
        [(40, "[SEC-PRO22] Secateurs"), (-400, "10.00 Pair"), (-480, "38.90"), (-560, "389.00")],
        [(40, "[FIL-NY3] Nylon line"), (-400, "120.00 m"), (-480, "0.85"), (-560, "102.00")],
    )
    assert [(r["reference"], r["description"], r["quantity"], r["unit"]) for r in found] == [
        ("SEC-PRO22", "Secateurs", 10.0, "Pair"),
        ("FIL-NY3", "Nylon line", 120.0, "m"),
    ]


def test_a_part_of_a_table_is_asked_for_by_what_its_rows_are_called() -> None:
    lines: list[list[Placed]] = [
        [(40, "EARNINGS"), (-400, "this period"), (-480, "year to date")],
        [(40, "Regular"), (-400, "2,120.00"), (-480, "12,720.00")],
        [(40, "DEDUCTIONS")],
        [(40, "Income Tax"), (-400, "-214.06"), (-480, "1,290.40")],
        [(40, "Medicare Tax"), (-400, "-33.33"), (-480, "200.96")],
        [(40, "OTHER")],
        [(40, "Uniform"), (-400, "-6.00"), (-480, "36.00")],
    ]
    kinds = {"description": "string", "this_period": "number", "year_to_date": "number"}
    assert [r["description"] for r in rows("earnings", kinds, *lines)] == ["Regular"]
    taxes = rows("taxes", kinds, *lines)
    assert [(r["description"], r["this_period"]) for r in taxes] == [
        ("Income Tax", 214.06),
        ("Medicare Tax", 33.33),
    ]


def test_taxes_that_only_lines_among_the_sums_name() -> None:
    found = rows(
        "taxes",
        {"rate": "number", "base": "number", "amount": "number"},
        [(300, "Subtotal"), (-560, "700.05")],
        [(300, "VAT 20% on 452.10"), (-560, "90.42")],
        [(300, "VAT 10% on 247.95"), (-560, "24.80")],
        [(300, "All prices include 10% VAT"), (-560, "")],
        [(300, "Total"), (-560, "815.27")],
    )
    assert found == [
        {"rate": 20.0, "base": 452.1, "amount": 90.42},
        {"rate": 10.0, "base": 247.95, "amount": 24.8},
    ]


def test_a_column_without_a_heading_names_the_rows_and_years_tell_the_columns() -> None:
    found = rows(
        "key_figures",
        {"metric": "string", "current": "number", "prior": "number"},
        [(40, "Key figures")],
        [(-400, "2026"), (-480, "2025")],
        [(40, "Order intake"), (-400, "88.4"), (-480, "81.0")],
        [(40, "Capital expenditure"), (-400, "5.2"), (-480, "6.8")],
    )
    assert found == [
        {"metric": "Order intake", "current": 88.4, "prior": 81.0},
        {"metric": "Capital expenditure", "current": 5.2, "prior": 6.8},
    ]
