"""Mistakes that a reader of the page would not make: each was made once, on a plain document."""

from __future__ import annotations

import math
import time
from typing import Any

import msgspec
import pytest
from tests.engines.pages_made import extract, page, plain

import paperclerk
from paperclerk.domain.document import Page
from paperclerk.domain.geometry import Box
from paperclerk.domain.result import HI_FROM
from paperclerk.engines.embedded.fields.assignment import assign
from paperclerk.engines.embedded.fields.candidates import Candidate
from paperclerk.engines.embedded.page.addresses import street_in
from paperclerk.engines.embedded.tables.arithmetic import rearranged


def listed(head: str, *rows: tuple[str, str]) -> str:
    """Lines with an amount at the right edge."""
    return "\n".join([head, *(f"{name:<60}{amount:>6}" for name, amount in rows)])


STRING, NUMBER = {"type": "string"}, {"type": "number"}
ITEMS = {
    "type": "array",
    "items": {"type": "object", "properties": {"description": STRING, "amount": NUMBER}},
}
LINES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"name": STRING, "quantity": {"type": "integer"}, "price": NUMBER},
    },
}


@pytest.mark.parametrize("name", ["Cash register", "Total station rental", "Tax advice"])
def test_a_row_that_begins_like_a_total_is_none(name: str) -> None:
    rows = [("Paper", "40.00"), (name, "50.00"), ("Pens", "10.00"), ("Total", "100.00")]
    text = listed("", ("Description", "Amount"), *rows)
    found = plain(extract(text, {"items": ITEMS}))["items"]
    assert [row["description"] for row in found] == ["Paper", name, "Pens"]


def test_a_sum_in_other_words_ends_a_table() -> None:
    rows = [("Paper", "40.00"), ("Ink", "50.00"), ("Subtotal net amount", "90.00"), ("VAT 20%", "18.00")]
    text = listed("", ("Description", "Amount"), *rows, ("Shipping", "5.00"))
    assert len(plain(extract(text, {"items": ITEMS}))["items"]) == 2


def test_a_number_written_like_a_date_is_a_number() -> None:
    text = "Invoice number: 20240115\nCustomer no: 20231201\nInvoice date: 2024-01-17"
    date = {"type": "string", "format": "date"}
    asked = {"invoice_number": STRING, "customer_number": STRING, "invoice_date": date}
    assert plain(extract(text, asked)) == {
        "invoice_number": "20240115",
        "customer_number": "20231201",
        "invoice_date": "2024-01-17",
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("CADILLAC MOTORS\n\nCurrency: US Dollar", "USD"),
        ("TO COPYRIGHT LTD\n\nCurrency: Pound sterling", "GBP"),
    ],
)
def test_a_currency_is_no_part_of_a_word(text: str, code: str) -> None:
    assert plain(extract(text, {"currency": STRING})) == {"currency": code}


@pytest.mark.parametrize(
    ("text", "closing"),
    [
        ("Statement of account\nOpening balance: 20.00 DR\nClosing balance: 1,234.50 CR", 1234.50),
        ("Statement of account\nOpening balance: 20.00 CR\nClosing balance: 1,234.50 DR", -1234.50),
        ("Kontoauszug\nAnfangssaldo: 20,00 H\nEndsaldo: 1.234,50 S", -1234.50),
    ],
)
def test_what_an_account_has_and_what_it_owes(text: str, closing: float) -> None:
    assert plain(extract(text, {"closing_balance": NUMBER})) == {"closing_balance": closing}


def test_what_an_invoice_credits_is_taken_off() -> None:
    assert plain(extract("Invoice 12\nTotal amount: 80.00 CR", {"total_amount": NUMBER})) == {
        "total_amount": -80.0
    }


def test_a_time_that_is_not_printed_is_marked_as_ours() -> None:
    moment = {"type": "string", "format": "date-time"}
    leaf = extract("Invoice date: 5 March 2024", {"invoice_date": moment})["invoice_date"]
    assert leaf.value == "2024-03-05T00:00:00"
    assert leaf.inferred and leaf.score < HI_FROM
    leaf = extract("Invoice date: 5 March 2024 10:40", {"invoice_date": moment})["invoice_date"]
    assert (leaf.value, leaf.inferred) == ("2024-03-05T10:40:00", False)


def test_a_count_is_not_given_twice() -> None:
    text = listed(
        "CAFE ROSA", ("2 Sandwich", "8.00"), ("1 Latte", "3.00"), ("1 Tea", "2.00"), ("Total", "13.00")
    )
    found = plain(extract(text, {"items": LINES}))["items"]
    assert [(r["quantity"], r["name"]) for r in found] == [(2, "Sandwich"), (1, "Latte"), (1, "Tea")]


def test_a_number_in_a_name_is_no_count() -> None:
    rows = [("7 Up", "2.00"), ("50 Nails", "3.00"), ("3 Musketeers", "2.00"), ("Total", "7.00")]
    text = listed("CORNER SHOP", *rows)
    found = plain(extract(text, {"items": LINES}))["items"]
    assert [(r["quantity"], r["name"]) for r in found] == [
        (None, "7 Up"),
        (None, "50 Nails"),
        (None, "3 Musketeers"),
    ]


@pytest.mark.parametrize("keeps", [True, False])
def test_codes_are_left_out_of_names_only_where_the_schema_says_so(keeps: bool) -> None:
    said = "Name of the item, including its item code" if keeps else "Name of the item, without its code"
    name = {"type": "string", "description": said}
    items = {"type": "array", "items": {"type": "object", "properties": {"name": name, "amount": NUMBER}}}
    rows = [("48213 Blue widget", "12.00"), ("48214 Red widget", "8.00"), ("Total", "20.00")]
    text = listed("", ("Item", "Amount"), *rows)
    (first, _) = plain(extract(text, {"items": items}))["items"]
    assert first["name"] == ("48213 Blue widget" if keeps else "Blue widget")


@pytest.mark.parametrize("text", ["Title: Mr Mrs Ms Dr", "Colour: red / green / blue"])
def test_choices_that_are_only_printed_are_no_answer(text: str) -> None:
    asked = {"title": {"enum": ["Mr", "Mrs", "Ms", "Dr"]}, "colour": {"enum": ["red", "green", "blue"]}}
    assert plain(extract(text, asked)) == {"title": None, "colour": None}
    assert plain(extract("Title: Mrs", asked))["title"] == "Mrs"


def test_a_photo_taken_askew_is_read_row_by_row() -> None:
    text = listed("CAFE ROSA", *PRICES, ("Total", "20.75"))
    for degrees in (-4, 0, 4):
        found = plain(extract([_askew(page(text), degrees)], {"items": LINES, "total": NUMBER}))
        assert [(r["name"], r["price"]) for r in found["items"]] == [(n, float(p)) for n, p in PRICES]
        assert found["total"] == 20.75


PRICES = [("Flat white", "7.20"), ("Halloumi wrap", "9.50"), ("Still water", "2.10"), ("Lemon cake", "1.95")]


def _askew(level: Page, degrees: float) -> Page:
    """`level` turned about its middle, as OCR tells of it."""
    slope = math.tan(math.radians(degrees))

    def moved(box: Box) -> Box:
        dx, dy = -slope * (box.cy - level.height / 2), slope * (box.cx - level.width / 2)
        return Box(box.x0 + dx, box.y0 + dy, box.x1 + dx, box.y1 + dy)

    words = tuple(msgspec.structs.replace(w, box=moved(w.box)) for w in level.words)
    lines = tuple(msgspec.structs.replace(line, box=moved(line.box)) for line in level.lines)
    return msgspec.structs.replace(level, words=words, lines=lines, slope=slope)


def test_no_two_fields_keep_one_place() -> None:
    def option(n: int) -> Candidate:
        return Candidate(str(n), (), (0, 0, n, n + 1), 1.0 - 0.01 * n, 1.0, "right", None)

    chosen = assign({field: [option(n) for n in range(8)] for field in range(10)}, frozenset())
    places = [c.place for c in chosen.values()]
    assert len(places) == len(set(places)) == 8


def test_a_wide_table_and_a_long_list_take_no_more_than_their_share_of_time() -> None:
    grid: Any = {column: [float(row * column % 7 + 1) for row in range(10)] for column in range(400)}
    lines = [f"CASH deposit {n:<20}{n + 0.37:>12.2f}" for n in range(1, 400)]
    plain_lines = [f"Thing {n:<26}{n + 0.11:>12.2f}" for n in range(1, 400)]
    began = time.process_time()
    rearranged(grid, 0, 1, 2)
    assert time.process_time() - began < 2
    extract("\n".join([*lines, *plain_lines]), {"items": ITEMS})
    assert time.process_time() - began < 12


def test_text_behind_a_label_goes_on_where_its_line_was_full() -> None:
    text = """
Customer: Mill Lane Bakery
Description: Replace the seal of the left pump and check the pressure of both
of the lines; the left one dropped to 2.1 bar twice in the last week and has
to be watched until Friday.
Technician: A. Moreau
Remarks: The lid of the second tank is closed
but was found open
"""
    found = plain(extract(text, dict.fromkeys(("description", "technician", "remarks"), STRING)))
    assert found["description"].startswith(
        "Replace the seal of the left pump and check the pressure of both of the"
    )
    assert found["description"].endswith("and has to be watched until Friday.")
    assert found["technician"] == "A. Moreau"
    assert found["remarks"] == "The lid of the second tank is closed"  # broken on purpose: there was room


def test_the_text_below_a_heading_and_not_the_column_beside_it() -> None:
    left = (
        "ABSTRACT",
        "We look at what happens to the yield of young hedges",
        "when they are cut twice a year.",
    )
    right = (
        "1 INTRODUCTION",
        "Hedges were planted along the fields of the whole",
        "valley when the railway came.",
    )
    text = "\n".join(f"{a:<58}{b}" for a, b in zip(left, right, strict=True))
    found = plain(extract(text, {"abstract": STRING}))
    assert found == {
        "abstract": "We look at what happens to the yield of young hedges when they are cut twice a year."
    }


def test_a_due_date_is_not_the_date_of_issue() -> None:
    date = {"type": "string", "format": "date"}
    text = "Invoice date   14 March 2026\nDue date       13 April 2026\n"
    found = plain(extract(text, {"invoice_issue_date": date, "invoice_due_date": date}))
    assert found == {"invoice_issue_date": "2026-03-14", "invoice_due_date": "2026-04-13"}


def test_the_german_day_to_pay_by_is_no_end_of_a_period() -> None:
    text = "Lehmann GmbH\nRechnungsdatum: 14.04.2026\nFällig bis: 28.04.2026\nRechnungsbetrag 530,15 €\n"
    found = paperclerk.execute(text.encode(), agent="document.invoice").response
    assert (found["invoice_due_date"], found["period_end"]) == ("2026-04-28", None)


def test_a_street_behind_a_label_and_a_bar() -> None:
    text = "Property address: the upper flat | 27 Cathedral Road"
    at = street_in(text, alone=False)
    assert at is not None and text[slice(*at)] == "27 Cathedral Road"
