"""Values named only by their sentence, boxes that are drawn, and issuers that the schema calls as no page does."""

from __future__ import annotations

from typing import Any

from tests.engines.pages_made import page, values

LETTER = """
Harbour Street Eye Clinic
4 Harbour Street, Whitby YO21 3PU

Dear Mrs Penhale,

We are pleased to confirm your appointment on Monday 4 May 2026 at 9.20 am in room 7. The fee of £45.00
is due on the day; for cancelled visits we keep a deposit of £10.00.
"""
FORM = """
PARKING PERMIT

Vehicle kind:    Car      Van      Bicycle
Resident of this street?      Yes      No
"""


def ask(**kinds: str) -> dict[str, dict[str, Any]]:
    date = {"type": "string", "format": "date"}
    known: dict[str, dict[str, Any]] = {
        "date": date,
        "string": {"type": "string"},
        "number": {"type": "number"},
    }
    return {name: known[kind] for name, kind in kinds.items()}


def test_values_are_named_by_their_sentence() -> None:
    asked = ask(
        appointment_date="date", appointment_time="string", fee="number", deposit="number", refund="number"
    )
    assert values(LETTER, asked) == {
        "appointment_date": "2026-05-04",
        "appointment_time": "9.20 am",
        "fee": 45.0,
        "deposit": 10.0,
        "refund": None,
    }


def test_the_first_party_asked_for_is_the_issuer() -> None:
    assert (
        values(LETTER, ask(surgery_name="string", fee="number"))["surgery_name"]
        == "Harbour Street Eye Clinic"
    )


def test_a_person_asked_for_first_is_no_issuer() -> None:
    assert values(LETTER, ask(visitor_name="string", fee="number"))["visitor_name"] is None


def test_a_date_before_a_comma_is_read_and_a_rate_is_no_date() -> None:
    text = "This Agreement is made on March 3, 2026, between the parties.\n\n\nPurchase APR    21.49%"
    assert values(text, {"agreement_date": {"type": "string", "format": "date"}}) == {
        "agreement_date": "2026-03-03"
    }
    assert values(text, {"purchase_apr": {"type": "number"}}) == {"purchase_apr": 21.49}


ORDER = """
Halden Pump Works GmbH                  PURCHASE ORDER
Am Kai 4, 26382 Wilhelmshaven

Rotor Supplies Ltd
9 Mill Road
Leeds LS1 4AB

Order total     1,200.00
"""


def test_a_purchase_order_is_the_buyers_paper() -> None:
    got = values(ORDER, ask(buyer_name="string", vendor_name="string"))
    assert got == {"buyer_name": "Halden Pump Works GmbH", "vendor_name": "Rotor Supplies Ltd"}


LEDGER = """
Date        Details                Money out     Balance
02 Feb 2026   Padstow Cycles           64.99      400.01
03 Feb 2026   Rent                    100.00      300.01
"""
OVERLEAF = """
Date        Details                Money out     Balance
Balance carried over                              300.01
05 Feb 2026   Aquavale Water           31.18      268.83
"""


def test_a_sum_carried_over_does_not_end_the_table() -> None:
    line = {
        "type": "object",
        "properties": {
            "details": {"type": "string"},
            "money_out": {"type": "number"},
            "balance": {"type": "number"},
        },
    }
    pages = [page(LEDGER), page(OVERLEAF, index=1)]
    rows = values(pages, {"transactions": {"type": "array", "items": line}})["transactions"]
    assert [row["details"] for row in rows] == ["Padstow Cycles", "Rent", "Aquavale Water"]
