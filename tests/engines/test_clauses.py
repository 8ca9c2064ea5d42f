"""Clauses about parties, what sentences affirm, signatures, ends of letters, lines that are numbered twice."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engines.pages_made import values

TEXT, NUMBER, YES = {"type": "string"}, {"type": "number"}, {"type": "boolean"}
DATE = {"type": "string", "format": "date"}


def party(**kinds: Any) -> dict[str, Any]:
    return {"type": "object", "properties": kinds}


CONTRAT = """
CONTRAT DE LOCATION DE MATÉRIEL

ENTRE LES SOUSSIGNÉES :

La société Moulin Vert, SAS au capital de 80 000 euros, dont le siège social est situé
3 rue du Port, 56000 Vannes, immatriculée au RCS de Vannes sous le numéro 512 440 118,
représentée par Madame Claire Le Goff, en sa qualité de Présidente,
ci-après dénommée « le Bailleur », d'une part,

ET la société Fournil Bihan, SARL au capital de 5 000 euros, dont le siège social est situé
9 place Neuve, 29000 Quimper, représentée par Monsieur Ronan Bihan, en sa qualité de Gérant,
ci-après dénommée « le Locataire », d'autre part.
"""


def test_the_clause_about_a_party_tells_who_acts_for_it() -> None:
    kinds = {
        "raison_sociale": TEXT,
        "forme_juridique": TEXT,
        "capital": NUMBER,
        "siege": TEXT,
        "siren": TEXT,
        "representant": TEXT,
        "qualite": TEXT,
    }
    got = values(CONTRAT, {"bailleur": party(**kinds), "locataire": party(**kinds)})
    assert got["bailleur"] == {
        "raison_sociale": "Moulin Vert",
        "forme_juridique": "SAS",
        "capital": 80000,
        "siege": "3 rue du Port, 56000 Vannes",
        "siren": "512 440 118",
        "representant": "Claire Le Goff",
        "qualite": "Présidente",
    }
    assert got["locataire"]["raison_sociale"] == "Fournil Bihan"
    assert got["locataire"]["siege"] == "9 place Neuve, 29000 Quimper"
    assert got["locataire"]["siren"] is None


LOAN = """
This Agreement is entered into as of May 4, 2026, by and between Hollis
Equipment Finance LLC, a Nevada company having its address at 12 Quarry Road, Reno, NV 89501
("Lender"), and Tern Bakery Inc., a Nevada corporation with its principal place of business
at 80 Mill Street, Sparks, NV 89431 ("Borrower").

1. Loan. Lender agrees to lend to Borrower the principal sum of Nine Thousand Dollars
($9,000.00) (the "Loan"), to be repaid in 24 equal monthly installments, due on the 5th day of
each month. Borrower may repay the Loan early without penalty. The Loan is secured by an oven.
Borrower shall have no option to extend the Loan. If Borrower assigns its rights, Lender may call it.
"""


def test_a_party_is_named_over_a_line_end() -> None:
    asked = {"lender": party(name=TEXT, address=TEXT), "borrower": party(name=TEXT, address=TEXT)}
    assert values(LOAN, asked) == {
        "lender": {"name": "Hollis Equipment Finance LLC", "address": "12 Quarry Road, Reno, NV 89501"},
        "borrower": {"name": "Tern Bakery Inc.", "address": "80 Mill Street, Sparks, NV 89431"},
    }


def test_a_sentence_tells_amounts_counts_and_days() -> None:
    integer = {"type": "integer"}
    asked = {"principal": NUMBER, "number_of_installments": integer, "payment_day": integer}
    assert values(LOAN, asked) == {"principal": 9000, "number_of_installments": 24, "payment_day": 5}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("repay_penalty", False),
        ("secured", True),
        ("extend_option", False),
        ("assigns_rights", None),  # only supposed
        ("subordinated", None),
    ],
)
def test_a_sentence_affirms_or_denies(name: str, said: bool | None) -> None:
    assert values(LOAN, {name: YES})[name] is said


RETURN = """
1. Gross receipts                          1    9,310.00
2. Exempt receipts (attach list)           2      310.00
3. Taxable amount (line 1 minus line 2)    3    9,000.00
4. Penalty                                 4
5. TOTAL AMOUNT DUE (line 3 plus line 4)   5      540.00

Lorna Pike                      04/14/2026
Signature of taxpayer           Date
"""


def test_the_number_of_a_line_is_no_value_of_it() -> None:
    asked = dict.fromkeys(("gross_receipts", "exempt_receipts", "taxable_amount", "penalty"), NUMBER)
    assert values(RETURN, asked) == {
        "gross_receipts": 9310,
        "exempt_receipts": 310,
        "taxable_amount": 9000,
        "penalty": None,
    }


def test_the_date_over_its_caption_beside_a_signature() -> None:
    assert values(RETURN, {"signed_on": DATE})["signed_on"] == "2026-04-14"


OFFER = """
Dear Ines:

We are pleased to offer you the position of Lead Surveyor in our Bristol office, reporting to Owen Mabey.

Sincerely,

Ruth Calder
Head of People
"""


def test_a_letter_is_signed_and_names_a_post_and_a_manager() -> None:
    asked = dict.fromkeys(("job_title", "manager", "signatory_name", "signatory_title"), TEXT)
    assert values(OFFER, asked) == {
        "job_title": "Lead Surveyor",
        "manager": "Owen Mabey",
        "signatory_name": "Ruth Calder",
        "signatory_title": "Head of People",
    }


def test_boxes_behind_their_words_and_a_box_of_the_fields_own() -> None:
    page = "Hazardous goods?\nYes [ ] No [X]\n\n[x] Renewal     [ ] Renewal of another kind"
    assert values(page, {"hazardous_goods": YES, "renewal": YES}) == {
        "hazardous_goods": False,
        "renewal": True,
    }
