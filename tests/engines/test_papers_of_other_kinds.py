"""Certificates, forms, letters, agreements in plain words, cheques: what their first readings lost."""

from __future__ import annotations

from typing import Any

from tests.engines.pages_made import values

TEXT, NUMBER = {"type": "string"}, {"type": "number"}
DATE = {"type": "string", "format": "date"}


def thing(**kinds: Any) -> dict[str, Any]:
    return {"type": "object", "properties": kinds}


def several(**kinds: Any) -> dict[str, Any]:
    return {"type": "array", "items": thing(**kinds)}


REGISTER = """
                      Keeper            Deputy
Full name             Ada Birch         Tom Alder
Age                   41 years          29 years
Occupation            Beekeeper         Cooper
"""


def test_one_label_serves_a_column_for_each_object_of_one_make() -> None:
    kinds = {"age": NUMBER, "occupation": TEXT}
    got = values(REGISTER, {"person_one": thing(**kinds), "person_two": thing(**kinds)})
    assert got == {
        "person_one": {"age": 41, "occupation": "Beekeeper"},
        "person_two": {"age": 29, "occupation": "Cooper"},
    }


def test_columns_are_told_by_their_headings_before_their_order() -> None:
    kinds = {"age": NUMBER, "occupation": TEXT}
    got = values(REGISTER, {"deputy": thing(**kinds), "keeper": thing(**kinds)})
    assert got["deputy"] == {"age": 29, "occupation": "Cooper"}


def test_a_sentence_leads_in_a_list() -> None:
    page = """
We could not accept the parcel for these reasons:

- The seal is broken
- The label cannot be read
- The weight is not the one declared
"""
    got = values(
        page, {"reasons": {"type": "array", "items": TEXT}, "options": {"type": "array", "items": TEXT}}
    )
    assert got == {
        "reasons": ["The seal is broken", "The label cannot be read", "The weight is not the one declared"],
        "options": [],
    }


PROMISE = """
We make this promise to each other on 7 October 2025. On one side stands Iron Petal Studio Ltd, of
3 Canal Yard, Bristol BS1 4RW ("Petal"); on the other, Handcart Robotics GmbH, of Lindenallee 44,
50968 Köln ("Handcart"). Neither of us will pass on what we learn.

Iron Petal Studio Ltd                 Handcart Robotics GmbH
By: Imogen Strand                     By: Dr. Falk Wissmann
Creative Director                     Geschäftsführer
"""


def test_parties_are_firms_before_the_words_that_stand_for_them_and_sign_with_by() -> None:
    got = values(
        PROMISE,
        {
            "effective_date": DATE,
            "parties": several(name=TEXT, role=TEXT, address=TEXT),
            "signatories": several(name=TEXT, title=TEXT, party=TEXT),
        },
    )
    assert got["effective_date"] == "2025-10-07"
    assert got["parties"] == [
        {"name": "Iron Petal Studio Ltd", "role": "Petal", "address": "3 Canal Yard, Bristol BS1 4RW"},
        {"name": "Handcart Robotics GmbH", "role": "Handcart", "address": "Lindenallee 44, 50968 Köln"},
    ]
    assert got["signatories"] == [
        {"name": "Imogen Strand", "title": "Creative Director", "party": "Iron Petal Studio Ltd"},
        {"name": "Dr. Falk Wissmann", "title": "Geschäftsführer", "party": "Handcart Robotics GmbH"},
    ]


CHEQUE = """
Orla Fennimore                                  No. 2087

PAY TO THE
ORDER OF     Cascade Roofing             $ 1,840.50
One thousand eight hundred forty and 50/100   DOLLARS

:123456780:    4410 882 7    2087
"""


def test_the_line_of_magnetic_ink_tells_bank_account_and_cheque() -> None:
    asked = {"routing_number": TEXT, "account_number": TEXT, "check_number": TEXT, "amount_in_words": TEXT}
    got = values(CHEQUE, {**asked, "payee": TEXT})
    assert got == {
        "routing_number": "123456780",
        "account_number": "4410 882 7",
        "check_number": "2087",
        "amount_in_words": "One thousand eight hundred forty and 50/100",
        "payee": "Cascade Roofing",
    }


def test_nine_digits_that_do_not_check_are_no_routing_number() -> None:
    got = values(CHEQUE.replace("123456780", "123456789"), {"routing_number": TEXT})
    assert got == {"routing_number": None}


def test_a_verb_says_what_a_date_is_of() -> None:
    page = """
Calibrated on         27 January 2026
Next check            27 January 2027
"""
    assert values(page, {"calibration_date": DATE}) == {"calibration_date": "2026-01-27"}


def test_days_may_be_printed_with_blanks() -> None:
    assert values("Date of birth   18 02 1995", {"date_of_birth": DATE}) == {"date_of_birth": "1995-02-18"}
    assert values("Phone   0203 18 02 1995", {"date_of_birth": DATE}) == {"date_of_birth": None}


def test_the_name_of_a_paper_names_nobody() -> None:
    page = """
Meridian Weights Laboratory

CALIBRATION CERTIFICATE
"""
    assert values(page, {"laboratory": TEXT})["laboratory"] == "Meridian Weights Laboratory"


def test_totals_of_an_object_stand_under_the_headings_of_a_table() -> None:
    page = """
Service               Billed      Paid
Office visit          185.00     96.40
X-ray                 140.00     49.68
Claim totals          325.00    146.08
"""
    got = values(page, {"totals": thing(billed=NUMBER, paid=NUMBER)})
    assert got == {"totals": {"billed": 325, "paid": 146.08}}


def test_an_object_around_a_name_says_that_it_signs() -> None:
    page = """
Dear Ms Hale:

We confirm your place.

Yours truly,

Leopold Marchetti
Director of Studies
"""
    got = values(page, {"signatory": thing(name=TEXT, title=TEXT)})
    assert got == {"signatory": {"name": "Leopold Marchetti", "title": "Director of Studies"}}
