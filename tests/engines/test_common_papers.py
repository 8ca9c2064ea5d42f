"""What receipts, invoices and statements print in ways of their own: sums without a word for them, details under
rows, tables beside totals, balances among entries."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from tests.engines.pages_made import page, values

from paperclerk.domain.document import Page
from paperclerk.engines.embedded.page.addresses import address_within

TEXT = {"type": "string"}
NUMBER = {"type": "number"}


def rows(**columns: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "object", "properties": columns}}


def bold(made: Page, *heavy: str) -> Page:
    """The page with some of its words in bold type."""
    return replace(made, words=tuple(replace(w, bold=w.text in heavy) for w in made.words))


def test_a_sum_of_all_before_it_is_no_item_whatever_it_is_called() -> None:
    receipt = """
2 Short Stack               8.95
1 Denver Omelet            27.90
3 Coffee                   11.25
1 Side Bacon                5.50
Food & Bev                 53.60
Sales Tax                   5.49
AMOUNT                     59.09
"""
    found = values(receipt, {"items": rows(name=TEXT, quantity=NUMBER, price=NUMBER)})
    assert [r["name"] for r in found["items"]] == ["Short Stack", "Denver Omelet", "Coffee", "Side Bacon"]
    assert [r["quantity"] for r in found["items"]] == [2, 1, 3, 1]


def test_a_name_stands_over_what_was_counted_or_weighed() -> None:
    receipt = """
WHOLEMEAL LOAF 800G         1.45
BEANS 415G
  4 @ 0.65                  2.60
LOOSE BANANAS
  0.845kg @ £0.95/kg        0.80
CHEDDAR MATURE              3.75
TOTAL                       8.60
"""
    wanted = rows(description=TEXT, quantity=NUMBER, unit_price=NUMBER, amount=NUMBER)
    found = values(receipt, {"items": wanted})["items"]
    assert [r["description"] for r in found] == [
        "WHOLEMEAL LOAF 800G", "BEANS 415G", "LOOSE BANANAS", "CHEDDAR MATURE",
    ]  # fmt: skip
    assert (found[1]["quantity"], found[1]["unit_price"]) == (4, 0.65)
    assert (found[2]["quantity"], found[2]["unit_price"]) == (0.845, 0.95)


INVOICE = """
Part         Description             Qty      Unit      Disc %      Net      VAT

TL-2012      Taper bush               12      8.10                97.20      S
             Origin: Poland
SPB-2240     Wedge belt               10     14.00      10       126.00      S
             Origin: Italy
LIT-14       Handbook                  2     38.00                76.00      Z
             Origin: Kenya

VAT code    Rate %    Goods     VAT                Goods     299.20
S           20.0     223.20   44.64                VAT        44.64
Z            0.0      76.00    0.00                Total     343.84
"""


def test_a_row_whose_code_reads_like_a_total_is_a_row() -> None:
    wanted = rows(part=TEXT, description=TEXT, qty=NUMBER, unit=NUMBER, disc=NUMBER, net=NUMBER)
    found = values(INVOICE, {"lines": wanted})["lines"]
    assert [r["part"] for r in found] == ["TL-2012", "SPB-2240", "LIT-14"]
    assert [r["disc"] for r in found] == [None, 10, None]


def test_what_stands_labelled_under_a_row_is_the_rows() -> None:
    wanted = rows(part=TEXT, description=TEXT, qty=NUMBER, net=NUMBER, country_of_origin=TEXT)
    found = values(INVOICE, {"lines": wanted})["lines"]
    assert [r["country_of_origin"] for r in found] == ["Poland", "Italy", "Kenya"]


def test_a_table_of_taxes_beside_the_sums_is_read() -> None:
    wanted = {
        "vat_analysis": rows(code=TEXT, rate=NUMBER, goods=NUMBER, vat=NUMBER),
        "total": NUMBER,
    }
    found = values(INVOICE, wanted)
    assert [tuple(r.values()) for r in found["vat_analysis"]] == [("S", 20, 223.2, 44.64), ("Z", 0, 76, 0)]
    assert found["total"] == 343.84


STATEMENT = """
Date       Valeur     Nature de l'opération              Débit       Crédit

                      SOLDE CRÉDITEUR AU 31/01/2026                1.204,37
02/02      02/02      PRLV LOYER                        742,00
26/02      26/02      VIR SALAIRE                                  2.118,55
                      TOTAL DES MOUVEMENTS              742,00     2.118,55
                      SOLDE CRÉDITEUR AU 28/02/2026                2.580,92
"""


def test_balances_among_entries_are_no_entries() -> None:
    wanted = {
        "operations": rows(date=TEXT, libelle=TEXT, debit=NUMBER, credit=NUMBER),
        "solde_initial": NUMBER,
        "solde_final": NUMBER,
        "total_debits": NUMBER,
    }
    found = values(STATEMENT, wanted)
    assert [r["libelle"] for r in found["operations"]] == ["PRLV LOYER", "VIR SALAIRE"]
    assert (found["solde_initial"], found["solde_final"], found["total_debits"]) == (1204.37, 2580.92, 742.0)


def test_bold_type_tells_a_label_from_what_stands_close_to_it() -> None:
    made = page("Advertiser Inland Valley Ford\nProduct Spring truck event")
    spread = replace(
        made,
        words=tuple(
            replace(w, box=replace(w.box, x0=w.box.x0 + 7, x1=w.box.x1 + 7))
            if w.text not in ("Advertiser", "Product")
            else w
            for w in made.words
        ),
    )
    found = values([bold(spread, "Advertiser", "Product")], {"advertiser": TEXT, "product": TEXT})
    assert found == {"advertiser": "Inland Valley Ford", "product": "Spring truck event"}


def test_the_total_under_a_list_is_that_of_its_heading() -> None:
    payslip = """
Payments        Amount        Deductions       Amount
Basic pay      2280.00        PAYE tax         291.40
Overtime        203.06        Pension          101.15
Total          2483.06        Total            392.55
"""
    found = values(payslip, {"total_payments": NUMBER, "total_deductions": NUMBER})
    assert found == {"total_payments": 2483.06, "total_deductions": 392.55}


def test_an_address_ends_where_a_dot_parts_it_from_a_number() -> None:
    line = "Hafenweg 26, 48155 Münster · Fon 0251 77 40 12"
    start, end = address_within(line)
    assert line[start:end] == "Hafenweg 26, 48155 Münster"


def test_eight_capitals_alone_are_no_bic() -> None:
    text = "MME AGATHE RICOUARD\nCompte 00418820331\nBIC CCVXFRPP"
    assert values(text, {"bic": TEXT}) == {"bic": "CCVXFRPP"}
    assert values("MME AGATHE RICOUARD\nCompte 00418820331", {"bic": TEXT}) == {"bic": None}


def test_a_vat_number_is_no_fiscal_code_where_both_are_asked_for() -> None:
    wanted = {"partita_iva": TEXT, "codice_fiscale": TEXT}
    assert values("P. IVA 04277150236", wanted) == {"partita_iva": "04277150236", "codice_fiscale": None}
    assert values("P. IVA 04277150236\nCodice fiscale 03418820237", wanted)["codice_fiscale"] == "03418820237"


def test_the_own_number_of_an_order_is_not_the_customers() -> None:
    wanted = {"order_no": TEXT, "purchase_order": TEXT}
    assert values("ORDER NO: A-55190", wanted) == {"order_no": "A-55190", "purchase_order": None}
    both = values("ORDER NO: A-55190\nPURCHASE ORDER: 77120", wanted)
    assert both == {"order_no": "A-55190", "purchase_order": "77120"}


def test_a_part_of_a_name_in_a_line_of_text_numbers_nothing() -> None:
    assert values("Student Enrollment Form 2026-2027", {"student_id": TEXT}) == {"student_id": None}
    assert values("Student ID: 44120", {"student_id": TEXT}) == {"student_id": "44120"}


def test_a_sum_in_the_middle_of_a_table_does_not_end_it() -> None:
    payslip = """
Libellé                  Base        Taux        Montant

Salaire de base        151.67       14.20        2153.71
Heures sup               6.00       17.75         106.50
Total brut                                       2260.21
Vieillesse            2260.21        6.90        -155.95
CSG                   2220.66        6.80        -151.00
"""
    found = values(payslip, {"lignes": rows(libelle=TEXT, base=NUMBER, taux=NUMBER, montant=NUMBER)})
    assert [r["montant"] for r in found["lignes"]] == [2153.71, 106.5, -155.95, -151.0]


def test_what_a_bill_charges_adds_up_to_what_it_said_before_taxes_among_it() -> None:
    bill = """
Amount due                     142.88
Current charges                142.88
Customer charge                 28.00
Energy                         100.97
Power cost adj.                  9.57
County tax                       4.34
"""
    found = values(bill, {"charges": rows(description=TEXT, amount=NUMBER)})
    assert [r["amount"] for r in found["charges"]] == [28.0, 100.97, 9.57, 4.34]


def test_a_month_is_a_period_in_words() -> None:
    assert values("Leistungszeitraum: Februar 2026", {"leistungszeitraum": TEXT}) == {
        "leistungszeitraum": "Februar 2026"
    }


def test_values_of_several_labels_make_no_address() -> None:
    text = """
Zahlung:            30 Tage netto
Lieferanschrift:    Hafenstraße 60, 67227 Frankenthal
"""
    supplier = {"lieferant": {"type": "object", "properties": {"anschrift": TEXT}}}
    assert "Tage" not in str(values(text, supplier))
