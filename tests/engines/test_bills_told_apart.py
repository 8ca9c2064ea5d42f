"""What receipts, invoices and bills print beside what is asked: rates and sums of tax, ways to pay, whose number."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engines.pages_made import values

TEXT, NUMBER = {"type": "string"}, {"type": "number"}


def among(*members: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(members)}


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def test_a_column_of_percents_holds_the_rate_and_no_sum_of_tax() -> None:
    printed = """
IVA       BASE (EUR)     CUOTA (EUR)
4%             10,00            0,40
21%            50,00           10,50
"""
    got = values(printed, {"taxes": {"type": "array", "items": of(rate=NUMBER, base=NUMBER, tax=NUMBER)}})
    assert got["taxes"] == [
        {"rate": 4, "base": 10.0, "tax": 0.4},
        {"rate": 21, "base": 50.0, "tax": 10.5},
    ]


@pytest.mark.parametrize(
    ("printed", "members", "value"),
    [
        ("Total  40,00\nCarte bancaire  40,00", ["ESPECES", "CB"], "CB"),
        ("TOTAL  40,00\nTARJETA BANCARIA  40,00", ["cash", "card"], "card"),
        ("Summe  40,00\nZahlung: girocard  40,00", ["bar", "girocard", "kreditkarte"], "girocard"),
        ("Total  40,00\nEspèces  20,00\nCarte bancaire  20,00", ["cash", "card"], None),
        ("Nous préférons les espèces\nTotal  40,00", ["cash", "card"], None),
    ],
)
def test_how_it_was_paid(printed: str, members: list[str], value: str | None) -> None:
    assert values(printed, {"payment_method": among(*members)}) == {"payment_method": value}


@pytest.mark.parametrize(
    ("asked", "printed", "value"),
    [
        ({"payment_method": TEXT}, "TOTAL  21.35\nCASH  25.00\nCHANGE  3.65", "CASH"),
        (
            {"payment": {"type": "object", "properties": {"method": TEXT}}},
            "TOTAL  21.35\nVisa ****4417  21.35",
            "Visa",
        ),
        (
            {"payment_method": {"type": "object", "properties": {"type": TEXT}}},
            "Total  9,00\nBar  9,00",
            "Bar",
        ),
        ({"payment_method": TEXT}, "Total  40,00\nEspèces  20,00\nCarte bancaire  20,00", None),
        ({"payment_method": TEXT}, "Cash box, grey  12.00\nTotal  12.00", None),
    ],
)
def test_how_it_was_paid_is_given_as_it_is_printed(
    asked: dict[str, Any], printed: str, value: str | None
) -> None:
    given = values(printed, asked)
    name = next(iter(asked))
    found = next(iter(given[name].values())) if isinstance(given[name], dict) else given[name]
    assert found == value


@pytest.mark.parametrize(
    ("printed", "asked", "got"),
    [
        ("VAT - Poland (23%)  4.97", {"tax_rate": NUMBER}, {"tax_rate": 23}),
        ("Sales tax (6.0% on parts)  79.23", {"sales_tax_rate": NUMBER}, {"sales_tax_rate": 6}),
        ("Purchases  21.74%  919.77  15.34", {"purchase_apr": NUMBER}, {"purchase_apr": 21.74}),
        ("Gesamt  EUR 9,50", {"waehrung": TEXT}, {"waehrung": "EUR"}),
        (
            "Mastercard - 4417",
            {"card": of(brand=TEXT, last4=TEXT)},
            {"card": {"brand": "Mastercard", "last4": "4417"}},
        ),
        (
            "Order ID  X-91442\nTotal  5.00",
            {"order_id": TEXT, "po_number": TEXT},
            {"order_id": "X-91442", "po_number": None},
        ),
        ("Order no.  X-91442\nTotal  5.00", {"po_number": TEXT}, {"po_number": "X-91442"}),
        (
            "Lic. #  PLB-20881",
            {"license_number": TEXT, "permit_number": TEXT},
            {"license_number": "PLB-20881", "permit_number": None},
        ),
        ("Phone: 1-888-555-0126", {"customer_service": TEXT}, {"customer_service": "1-888-555-0126"}),
        (
            "Interest charged  +$15.34  Points earned this period  1,231",
            {"interest_charged": NUMBER},
            {"interest_charged": 15.34},
        ),
    ],
)  # fmt: skip
def test_what_is_whose(printed: str, asked: dict[str, Any], got: dict[str, Any]) -> None:
    assert values(printed, asked) == got


def test_a_province_in_brackets_ends_an_italian_address() -> None:
    printed = """
Rossi Serramenti S.r.l.
Via Garibaldi 27 - 37135 Verona (VR)
P. IVA 03418820237

Fattura n. 12 del 31/03/2026
Totale  10,00
"""
    asked = of(denominazione=TEXT, indirizzo=TEXT, cap=TEXT, comune=TEXT, provincia=TEXT)
    got = values(printed, {"fornitore": asked})["fornitore"]
    assert (got["indirizzo"], got["cap"], got["comune"], got["provincia"]) == (
        "Via Garibaldi 27", "37135", "Verona", "VR",
    )  # fmt: skip
