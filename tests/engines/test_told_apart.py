"""What looks like a value and is another's, or none: whose reference, digits of a code, a check that fails."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engines.pages_made import extract, values

TEXT, NUMBER = {"type": "string"}, {"type": "number"}


@pytest.mark.parametrize(
    ("printed", "ours", "yours"),
    [
        ("Our ref: AB/1234\nYour ref: ZX-99", "AB/1234", "ZX-99"),
        ("Ihr Zeichen: ZX-99\nUnser Zeichen: AB/1234", "AB/1234", "ZX-99"),
        ("Your reference: ZX-99", None, "ZX-99"),
    ],
)
def test_our_reference_is_not_yours(printed: str, ours: str | None, yours: str) -> None:
    got = values(printed, {"our_reference": TEXT, "your_reference": TEXT})
    assert got == {"our_reference": ours, "your_reference": yours}


@pytest.mark.parametrize(
    "printed",
    [
        "Please pay to account 41827733. IBAN GB29\nNWBK 6016 1331 9268 19. Terms: 30 days",
        "Please pay to IBAN GB29 NWBK 6016\n1331 9268 19. Terms: 30 days",
        "IBAN GB29 NWBK 6016 1331 9268 19 BIC NWBKGB2L",
    ],
)
def test_an_iban_ends_where_its_country_says_even_over_a_line_end(printed: str) -> None:
    assert values(printed, {"iban": TEXT})["iban"] == "GB29NWBK60161331926819"


def test_an_iban_whose_check_fails_is_doubted() -> None:
    right = extract("IBAN: GB29 NWBK 6016 1331 9268 19", {"iban": TEXT})["iban"]
    wrong = extract("IBAN: GB29 NWBK 6016 1331 9268 91", {"iban": TEXT})["iban"]
    assert right.score > 0.9
    assert wrong.value == "GB29NWBK60161331926891"
    assert wrong.score <= 0.5
    assert values("IBAN: 6016 1331 9268", {"iban": TEXT})["iban"] is None


@pytest.mark.parametrize(
    ("printed", "asked", "value"),
    [
        ("VAT 318 2257 40\nTotal 12.00", {"tax": NUMBER}, None),
        ("NI number: QQ 12 34 56 C\nTax code: 1257L", {"ni_number": TEXT}, "QQ 12 34 56 C"),
        ("Incoterms: CIF Bergen. Payment: 30% in advance", {"incoterms": TEXT}, "CIF Bergen"),
        ("Sold by: Hanlon Bros. Ltd.", {"sold_by": TEXT}, "Hanlon Bros. Ltd."),
    ],
)
def test_a_value_ends_where_it_ends(printed: str, asked: dict[str, Any], value: str | float | None) -> None:
    assert values(printed, asked) == dict.fromkeys(asked, value)


PAYSLIP = """
NI number         QQ 12 34 56 C             Pay date      28/11/2025

Earnings          Hours      Rate      Amount      Deductions            Amount
Basic pay         160        18.50     2,960.00    PAYE tax              412.40
Overtime          8          27.75     222.00      National Insurance    229.16
Bonus                                  150.00      Pension               166.60
Gross pay                              3,332.00    Total deductions      808.16
"""


@pytest.mark.parametrize("asked", [["earnings"], ["deductions", "earnings"]])
def test_earnings_stand_beside_deductions(asked: list[str]) -> None:
    line = {"type": "object", "properties": {"description": TEXT, "amount": NUMBER}}
    got = values(PAYSLIP, {name: {"type": "array", "items": line} for name in asked})
    printed = {
        "earnings": [("Basic pay", 2960.0), ("Overtime", 222.0), ("Bonus", 150.0)],
        "deductions": [("PAYE tax", 412.4), ("National Insurance", 229.16), ("Pension", 166.6)],
    }
    assert {k: [(x["description"], x["amount"]) for x in v] for k, v in got.items()} == {
        k: printed[k] for k in asked
    }


RECEIPT = """
GREEN LANTERN CAFE
12 Bridge Street, Totnes
Tel 01803 555 0142

04/09/2025 13:42          Till 2
Server: Mo                Chk 40817

Total                     12.00
"""


def test_an_address_without_a_postcode_takes_none_from_a_number_with_a_label() -> None:
    asked = {"street": TEXT, "city": TEXT, "postal_code": TEXT}
    got = values(RECEIPT, {"merchant": {"type": "object", "properties": asked}})
    assert got["merchant"] == {"street": "12 Bridge Street", "city": "Totnes", "postal_code": None}


STATEMENT = """
Cotswold Community Bank plc

Account holder     Miss H J Farrow         Statement period     1 October 2025 to 31 October 2025
Total paid in      £425.00                 Total paid out       £211.71

Date           Details                      Paid out     Paid in      Balance
01 Oct 2025    Balance brought forward                                1,843.17
01 Oct 2025    COUNCIL TAX STROUD DC        168.00                    1,675.17
02 Oct 2025    CARD TESCO STORES 3312       43.71                     1,631.46
03 Oct 2025    L MARSH RENT Ref 88213                    425.00       2,056.46
03 Oct 2025    Balance carried forward                                2,056.46
"""


def test_a_statement_says_paid_in_and_paid_out() -> None:
    date = {"type": "string", "format": "date"}
    holder = TEXT | {"description": "Name of the account holder"}
    posting = {
        "date": date,
        "details": TEXT,
        "deposit": NUMBER,
        "withdrawal": NUMBER,
        "check_number": TEXT,
        "balance": NUMBER,
    }
    got = values(
        STATEMENT,
        {
            "client_name": holder,
            "client_address": {"type": "object", "properties": {"city": TEXT, "zip_code": TEXT}},
            "statement_date": date,
            "total_deposits": NUMBER,
            "total_withdrawals": NUMBER,
            "transactions": {"type": "array", "items": {"type": "object", "properties": posting}},
        },
    )
    rows = [(r["deposit"], r["withdrawal"], r["check_number"]) for r in got.pop("transactions")]
    assert rows == [(None, 168.0, None), (None, 43.71, None), (425.0, None, None)]
    assert got == {
        "client_name": "Miss H J Farrow",
        "client_address": {"city": None, "zip_code": None},
        "statement_date": None,
        "total_deposits": 425.0,
        "total_withdrawals": 211.71,
    }


def listed(**kinds: dict[str, str]) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "object", "properties": kinds}}


DATE = {"type": "string", "format": "date"}


def test_people_are_blocks_of_labelled_lines() -> None:
    printed = """
Name: Ann Lee
Date of birth: March 3, 1980

Name: Bob Ray
Date of birth: April 5, 1981
"""
    assert values(printed, {"people": listed(name=TEXT, date_of_birth=DATE)}) == {
        "people": [
            {"name": "Ann Lee", "date_of_birth": "1980-03-03"},
            {"name": "Bob Ray", "date_of_birth": "1981-04-05"},
        ]
    }


@pytest.mark.parametrize("lines", ["Name: {}\nDate: {}", "Date: {1}\nName: {0}"])
def test_each_signer_has_the_date_of_his_own(lines: str) -> None:
    signed = [("Ann Lee", "March 3, 2025"), ("Bob Ray", "March 5, 2025")]
    printed = "Signatories\n\n" + "\n\n".join(lines.format(*s) for s in signed)
    got = values(printed, {"signatories": listed(name=TEXT, date=DATE)})["signatories"]
    assert got == [{"name": "Ann Lee", "date": "2025-03-03"}, {"name": "Bob Ray", "date": "2025-03-05"}]


def test_a_sentence_counts_things_before_their_name_and_heads_nothing() -> None:
    printed = """
your delivery NF-77120 (3 pallets, 1,240 kg) will arrive on 17 October 2025.
The reason is a strike at the port of Gothenburg.

Best regards
"""
    got = values(printed, {"pallets": {"type": "integer"}, "weight_kg": NUMBER, "reason": TEXT})
    assert got == {"pallets": 3, "weight_kg": 1240.0, "reason": None}


CONTRACT = """
This Agreement is made between Halden Robotics, Inc., a Delaware corporation
("Client") and Pemberton Data LLC ("Provider").

6. Confidentiality
Neither party shall show to others what it learns of the other during this
Agreement, save to its own advisers.
7. Termination
Either party may terminate this Agreement for convenience.
"""


def test_a_clause_ends_at_the_next_and_a_name_with_its_legal_form() -> None:
    got = values(CONTRACT, {"client": TEXT, "confidentiality": TEXT})
    assert got["client"] == "Halden Robotics, Inc."
    assert got["confidentiality"].endswith("save to its own advisers.")


def test_cells_of_a_table_are_no_fields() -> None:
    printed = """
Inventory

Item              Condition      Count
Dining chair      Good           4
Wardrobe          Scratched      1
"""
    got = values(printed, {"termination_conditions": TEXT, "conditions": TEXT})
    assert got == {"termination_conditions": None, "conditions": None}


def test_the_bank_of_an_invoice_is_not_who_writes_it() -> None:
    printed = "Brightwater Ltd\n\nInvoice no: 12\nTotal: 40.00\nPlease pay into account 41827733."
    asked = {"invoice_number": TEXT, "total": NUMBER, "bank_name": TEXT}
    assert values(printed, asked) == {"invoice_number": "12", "total": 40.0, "bank_name": None}
