"""Whole documents of many kinds and languages, read by the embedded engine. All of them are invented here."""

from __future__ import annotations

import msgspec
from tests.engines.pages_made import extract, fields, page, values, words_of

from paperclerk.domain.document import TextOrigin
from paperclerk.domain.result import Level, level_of

GERMAN_INVOICE = """
Beispielwerk Nord GmbH · Hafenallee 7 · 20457 Hamburg

Kanzlei Sommer & Partner
Lindenweg 12                                       Rechnungsnummer:   R-2024-0815
50667 Köln                                         Rechnungsdatum:    03.02.2024
                                                   Kundennummer:      77123
                                                   Fällig am:         17.02.2024

Rechnung

Pos   Beschreibung             Menge     Einzelpreis      Betrag
1     Aktenordner              10        4,50             45,00
2     Druckerpapier            20        5,00             100,00

                               Nettobetrag                1.145,00 €
                               zzgl. 19 % MwSt            217,55 €
                               Gesamtbetrag               1.362,55 €

USt-IdNr.: DE811907980    IBAN: DE89 3704 0044 0532 0130 00
"""


def test_german_invoice() -> None:
    got = values(
        GERMAN_INVOICE,
        fields(
            invoice_number="Invoice number",
            invoice_date="date: Invoice date",
            due_date="date: Due date",
            customer_number="Customer number",
            net_total="number: Total without VAT",
            tax_total="number: VAT amount",
            grand_total="number: Total including VAT",
            seller_vat_id="VAT id of the seller",
            iban="IBAN of the seller",
            buyer_name="Name of the buyer",
        ),
    )
    assert got == {
        "invoice_number": "R-2024-0815",
        "invoice_date": "2024-02-03",
        "due_date": "2024-02-17",
        "customer_number": "77123",
        "net_total": 1145.0,
        "tax_total": 217.55,
        "grand_total": 1362.55,
        "seller_vat_id": "DE811907980",
        "iban": "DE89370400440532013000",
        "buyer_name": "Kanzlei Sommer & Partner",
    }


def test_spans_are_the_values_own_words() -> None:
    made = page(GERMAN_INVOICE)
    tree = extract([made], fields(grand_total="number: Total including VAT", invoice_number="Invoice number"))
    assert words_of([made], tree["grand_total"].spans) == "1.362,55"
    assert words_of([made], tree["invoice_number"].spans) == "R-2024-0815"


RECEIPT = """
       GREENLEAF GROCERS LTD
         18 Market Street
       Easthaven EH1 4QP
       Tel: 01632 960 555

Date: 14/05/2023  18:22      Receipt No: 88123

Oat milk 1L                       2.10
Brown bread                       1.85
Tomatoes 500g                     1.60

SUBTOTAL                          5.55
VAT 20%                           0.00
TOTAL                             5.55
CASH                             10.00
CHANGE                            4.45
"""


def test_receipt_without_labels_for_the_merchant() -> None:
    got = values(
        RECEIPT,
        fields(
            company="Name of the business",
            address="Full postal address of the business",
            date="Date of purchase, as printed",
            total="number: Total amount",
            phone="Phone number of the business",
        ),
    )
    assert got == {
        "company": "GREENLEAF GROCERS LTD",
        "address": "18 Market Street Easthaven EH1 4QP",
        "date": "14/05/2023",
        "total": 5.55,
        "phone": "01632 960 555",
    }


FORM = """
STATE BOARD OF ANGLING                        FORM A-12

1. Name of applicant              2. Licence No.
   Dorothea Quill                    55-8123

3. Date of birth                  4. Nationality
   March 9, 1971                     Norwegian

5. Have you held a licence before?   Yes
"""


def test_numbered_captions_stand_above_their_values() -> None:
    got = values(
        FORM,
        {
            **fields(
                applicant_name="Name of the applicant",
                licence_number="Licence number",
                date_of_birth="date: Date of birth",
                nationality="Nationality",
            ),
            "held_licence_before": {"type": "boolean", "description": "Have you held a licence before?"},
        },
    )
    assert got == {
        "applicant_name": "Dorothea Quill",
        "licence_number": "55-8123",
        "date_of_birth": "1971-03-09",
        "nationality": "Norwegian",
        "held_licence_before": True,
    }


FRENCH_BILL = """
Énergie Verte SARL                                  Facture n° EV-55120
4 rue des Tilleuls                                  Date de facture : 12/01/2024
69003 Lyon                                          Date d'échéance : 26/01/2024

Période de facturation : 01/12/2023 au 31/12/2023
Numéro client : 4417-88

Consommation       312 kWh        68,64 €
Abonnement                        12,00 €
Total HT                          80,64 €
TVA (20 %)                        16,13 €
Total TTC                         96,77 €
"""


def test_french_utility_bill_and_its_period() -> None:
    got = values(
        FRENCH_BILL,
        fields(
            invoice_number="Invoice number",
            issue_date="date: Issue date",
            due_date="date: Due date",
            period_from="date: First day of the billing period",
            period_to="date: Last day of the billing period",
            customer_number="Customer number",
            total_excluding_tax="number: Total excluding tax",
            total_including_tax="number: Total including tax",
        ),
    )
    assert got == {
        "invoice_number": "EV-55120",
        "issue_date": "2024-01-12",
        "due_date": "2024-01-26",
        "period_from": "2023-12-01",
        "period_to": "2023-12-31",
        "customer_number": "4417-88",
        "total_excluding_tax": 80.64,
        "total_including_tax": 96.77,
    }


STATEMENT = """
Hillside Savings Bank                         Account Statement

Account holder: Priya Natarajan               Account number: 00417722
Statement period: 04/01/2024 - 04/30/2024     Sort code: 20-11-44

Opening balance                               $1,204.10
Total deposits                                $2,300.00
Total withdrawals                             $1,850.35
Closing balance                               $1,653.75
"""


def test_bank_statement() -> None:
    got = values(
        STATEMENT,
        fields(
            account_holder="Name of the account holder",
            account_number="Account number",
            period_start="date: First day of the statement period",
            period_end="date: Last day of the statement period",
            opening_balance="number: Opening balance",
            closing_balance="number: Closing balance",
        ),
    )
    assert got == {
        "account_holder": "Priya Natarajan",
        "account_number": "00417722",
        "period_start": "2024-04-01",
        "period_end": "2024-04-30",
        "opening_balance": 1204.1,
        "closing_balance": 1653.75,
    }


PAYSLIP = """
Nómina                                     Empresa: Molinos del Sur S.L.
Trabajador: Lucía Ferrer Mas               NIF: 12345678Z
Periodo: 01/03/2024 a 31/03/2024

Salario base             1.450,00
Total devengado          1.612,50
Total deducciones          301,12
Líquido a percibir       1.311,38
"""


def test_spanish_payslip() -> None:
    got = values(
        PAYSLIP,
        fields(
            employee_name="Name of the employee",
            employer="Name of the employer",
            gross_pay="number: Gross pay",
            deductions="number: Total deductions",
            net_pay="number: Net pay",
        ),
    )
    assert got == {
        "employee_name": "Lucía Ferrer Mas",
        "employer": "Molinos del Sur S.L.",
        "gross_pay": 1612.5,
        "deductions": 301.12,
        "net_pay": 1311.38,
    }


LAB_REPORT = """
Northgate Clinical Laboratory
Patient: Ines Okafor            Patient ID: NG-20941
Date of birth: 21 July 1988     Collected: 3 Feb 2024
Diagnosis: Iron deficiency
Blood group: O+

Haemoglobin     11.2 g/dL
"""


def test_medical_form() -> None:
    got = values(
        LAB_REPORT,
        fields(
            patient_name="Name of the patient",
            patient_id="Patient id",
            birth_date="date: Date of birth",
            diagnosis="Diagnosis",
            blood_group="Blood group",
        ),
    )
    assert got == {
        "patient_name": "Ines Okafor",
        "patient_id": "NG-20941",
        "birth_date": "1988-07-21",
        "diagnosis": "Iron deficiency",
        "blood_group": "O+",
    }


DUTCH_ORDER = """
Leverancier                          Klant
Van Dijk Meubels B.V.                Bakkerij De Molen
Kerkstraat 5                         Dorpsplein 9
3511 AB Utrecht                      6811 CD Arnhem

Bestelnummer: 7781-B                 Besteldatum: 5 maart 2024
Leverdatum: 12 maart 2024            Betalingstermijn: 14 dagen
"""


def test_parties_side_by_side_under_headings() -> None:
    party = {"type": "object", "properties": fields(name="Name", city="City", postal_code="Postal code")}
    got = values(
        DUTCH_ORDER,
        {
            "seller": party,
            "buyer": party,
            **fields(
                order_number="Order number",
                delivery_date="date: Delivery date",
                payment_terms="Payment terms",
            ),
        },
    )
    assert got == {
        "seller": {"name": "Van Dijk Meubels B.V.", "city": "Utrecht", "postal_code": "3511 AB"},
        "buyer": {"name": "Bakkerij De Molen", "city": "Arnhem", "postal_code": "6811 CD"},
        "order_number": "7781-B",
        "delivery_date": "2024-03-12",
        "payment_terms": "14 dagen",
    }


def test_what_is_not_on_the_page_is_absent() -> None:
    asked = fields(
        passport_number="Number of the passport",
        departure_airport="Airport of departure",
        mileage="number: Odometer reading of the vehicle",
        due_date="date: Due date",
        tracking_number="Tracking number of the shipment",
        birth_date="date: Date of birth",
    )
    got = values(RECEIPT, asked)
    assert got == dict.fromkeys(asked)


def test_two_fields_of_different_meaning_do_not_share_a_value() -> None:
    got = values(
        "Invoice total: 99.00", fields(total="number: Invoice total", deposit="number: Deposit paid")
    )
    assert got == {"total": 99.0, "deposit": None}


def test_enum_is_concluded_from_what_stands_at_its_label() -> None:
    tree = extract(
        "Order form\nDelivery method: Express courier\nStatus: open",
        {"delivery_method": {"type": "string", "enum": ["standard", "express", "pickup"]}},
    )
    assert tree["delivery_method"].value == "express"
    assert tree["delivery_method"].inferred
    assert tree["delivery_method"].spans


def test_amounts_that_add_up_beat_a_misread_label() -> None:
    got = values(
        "Net amount   200.00\nVAT 10%   20.00\nT0ti al   220.00\nPaid   250.00\nChange   30.00",
        fields(total="number: Total amount of the receipt"),
    )
    assert got == {"total": 220.0}


def test_the_same_tree_every_time() -> None:
    asked = fields(company="Name of the business", total="number: Total amount", date="Date of purchase")
    assert extract(RECEIPT, asked) == extract(RECEIPT, asked)


def test_no_pages_and_empty_pages_answer_nothing() -> None:
    asked = {"total": {"type": "number"}, "tags": {"type": "array", "items": {"type": "string"}}}
    assert values([], asked) == {"total": None, "tags": []}
    assert values([page("")], asked) == {"total": None, "tags": []}


def test_a_label_that_the_description_quotes() -> None:
    asked = {"lot": {"type": "string", "description": 'The lot, printed as "Ch.-B." on our labels'}}
    assert values("Kennung: 4711\nCh.-B.: 88-A7", asked) == {"lot": "88-A7"}


def test_a_label_that_the_prompt_quotes() -> None:
    asked = {"lot": {"type": "string"}}
    text = "Kennung: 4711\nCh.-B.: 88-A7"
    assert extract(text, asked)["lot"].value is None
    assert extract(text, asked, prompt='The lot stands behind "Ch.-B.".')["lot"].value == "88-A7"


def test_little_is_sure_on_a_page_whose_text_could_mostly_not_be_read() -> None:
    scanned = page(GERMAN_INVOICE, origin=TextOrigin.OCR, score=0.95)
    asked = fields(invoice_number="Invoice number", grand_total="number: Total including VAT")
    legible = extract([scanned], asked)
    illegible = extract(
        [msgspec.structs.replace(scanned, reason="mostly in letters that OCR does not know")], asked
    )
    for name in asked:
        assert illegible[name].value == legible[name].value
        assert level_of(legible[name].score) is not Level.LO and level_of(illegible[name].score) is Level.LO
