"""More kinds of documents in more languages, all invented here: what is asked, and what stands there."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engines.pages_made import fields, values

ITALIAN_INVOICE = """
Officine Bianchi S.r.l.                          FATTURA
Via Roma 12                                      Numero fattura: 2024/118
20121 Milano                                     Data: 15/03/2024
P.IVA: IT12345678901                             Scadenza: 14/04/2024

Spett.le
Cartoleria Verdi di Anna Verdi
Corso Garibaldi 8
10122 Torino

Descrizione              Qtà      Prezzo       Importo
Risme carta A4           10       4,20         42,00
Toner nero               2        55,00        110,00

Imponibile                                     152,00
IVA 22%                                        33,44
Totale fattura                                 € 185,44
Modalità di pagamento: Bonifico bancario
"""
UTILITY_BILL = """
River City Power & Light                                Customer Service: 1-800-555-0142
www.rivercitypower.example.com

Account Number        Statement Date       Due Date         Amount Due
4410-22871-9          Feb 12, 2024         Mar 4, 2024      $143.27

Service Address:  88 Alder Court, Apt 4, Dayton OH 45402
Service period: Jan 10, 2024 to Feb 9, 2024

Previous balance                 $120.00
Payment received - thank you     -$120.00
Current charges                  $143.27
Total amount due                 $143.27

Meter number: 77120034     Usage: 812 kWh
"""
LEASE_AGREEMENT = """
RESIDENTIAL LEASE AGREEMENT

This Lease Agreement is made on June 1, 2023 between Margaret Holt ("Landlord") and Devon Price ("Tenant").

Property address: 17 Birch Lane, Salem, OR 97301
Monthly rent: $1,450.00
Security deposit: $1,450.00
Lease term: July 1, 2023 to June 30, 2024
Late fee: $50.00
Governing law: State of Oregon
"""
GERMAN_DELIVERY_NOTE = """
Gärtnerei Blum OHG                                    LIEFERSCHEIN
Am Anger 3 · 99084 Erfurt

Lieferadresse:                      Lieferschein-Nr.: LS-3391
Hotel Seeblick                      Lieferdatum: 22.04.2024
Uferweg 1                           Bestell-Nr.: B-1180
88131 Lindau                        Kunden-Nr.: 20077

Pos  Artikel            Menge  Einheit
1    Buchsbaum          12     Stk
2    Rosen rot          40     Stk

Gesamtgewicht: 148,5 kg
Fahrer: T. Lenz
"""
PORTUGUESE_RECEIPT = """
MERCADO DA PRAÇA LDA
Rua das Flores 21
4050-262 Porto
NIF: 509123456
Data: 07-05-2024 10:41     Fatura: FS 3/8812

Pão de centeio            1,80
Queijo fresco             3,45
Maçãs 1,2 kg              2,28

SUBTOTAL                  7,10
IVA 6%                    0,43
TOTAL A PAGAR             7,53 EUR
Dinheiro                 10,00
Troco                     2,47
"""
IDENTITY_CARD = """
REPUBLIC OF ELANDIA            IDENTITY CARD

Surname                        Given names
OKONKWO                        ADA MARIE
Date of birth                  Sex
14.08.1990                     F
Card No.                       Date of expiry
EL4410982                      30.06.2031
Place of birth
Port Lister
"""
FRENCH_AMBULANCE_BILL = """
AMBULANCES DU LAC                     FACTURE N° 2024-0457
12 quai Gallieni, 74000 Annecy        Date : 18 janvier 2024
SIRET 812 345 678 00012

Patient : Mme Colette Berger          N° Sécurité sociale : 2 45 03 74 010 123 45
Date du transport : 16/01/2024        Distance : 38 km

Forfait départ                        58,02 €
Kilomètres                            85,12 €
Total TTC                             143,14 €
Part patient                          50,10 €
"""
QUOTATION = """
Quotation                                    Brightline Signs Ltd
                                             Unit 4, Mill Park, Leeds LS9 8AB
Quote No: Q-5520                             T: 0113 496 0500   E: hello@brightline.example
Date: 3rd June 2024
Valid until: 3rd July 2024
To: Oakfield Veterinary Clinic
Project: New shop front sign

Description                 Qty    Unit price    Total
Aluminium sign 3m           1      840.00        840.00
LED lighting kit            2      95.00         190.00

Subtotal                                         1,030.00
VAT @ 20%                                        206.00
Total                                            £1,236.00
Prepared by: Sam Whitlock
"""

US_INVOICE = """
INVOICE                                            Acme Widgets Inc.
                                                   500 Industrial Way
Invoice # INV-00912                                Springfield, IL 62701
Invoice Date                                       accounts@acmewidgets.example
04/15/2024                                         (217) 555-0134
Due Date
05/15/2024

Bill To:                        Ship To:
Globex Retail LLC               Globex Warehouse 7
88 Commerce Blvd                12 Dock Road
Austin, TX 78701                Round Rock, TX 78664

Item                     Qty      Rate        Amount
Widget A                 10       $12.50      $125.00
Widget B                 4        $30.00      $120.00

                                  Sub Total   $245.00
                                  Discount    $24.50
                                  Tax (8.25%) $18.19
                                  Total       $238.69
                                  Amount Paid $100.00
                                  Balance Due $138.69
Terms: Net 30
"""

INDONESIAN_RECEIPT = """
WARUNG BU SRI
Jl. Melati No. 5, Bandung

NASI GORENG        2 x 25.000      50.000
ES TEH             3 x 5.000       15.000
SATE AYAM          1 x 35.000      35.000

SUBTOTAL                           100.000
SERVICE 5%                         5.000
PB1 10%                            10.500
TOTAL                              115.500
CASH                               150.000
CHANGE                             34.500
"""

WAGE_STATEMENT = """
a Employee's social security number      22222
123-45-6789

b Employer identification number (EIN)        1 Wages, tips, other compensation   2 Federal income tax withheld
12-3456789                                    48500.00                            6835.00

c Employer's name, address, and ZIP code      3 Social security wages             4 Social security tax withheld
Redwood Timber Co                             50000.00                            3100.00
77 Sawmill Road
Eureka CA 95501

e Employee's first name and initial   Last name
Jordan T                              Ellery
"""

SPANISH_INVOICE = """
Talleres Ibarra, S.A.                    FACTURA Nº F24-331
C/ Mayor 14, 48001 Bilbao                Fecha de expedición: 09/02/2024
CIF: A48123456                           Fecha de vencimiento: 10/03/2024

Cliente: Transportes Oria S.L.
NIF: B20123456

Concepto                    Cantidad   Precio     Importe
Revisión furgoneta          1          180,00     180,00
Filtro de aceite            2          15,50      31,00

Base imponible                                    211,00
IVA (21%)                                         44,31
TOTAL                                             255,31 €
Forma de pago: Transferencia
IBAN: ES91 2100 0418 4502 0005 1332
"""

SWISS_INVOICE = """
Alpina Treuhand AG                                   Rechnung
Bahnhofstrasse 3
8001 Zürich                                          Rechnungs-Nr.   RE-20881
MWST-Nr. CHE-123.456.789                             Datum           30.09.2023
                                                     Zahlbar bis     30.10.2023
Herr
Urs Keller
Dorfweg 9
3000 Bern

Leistung                             Stunden   Ansatz      Betrag
Beratung September                   6.5       190.00      1'235.00

Total exkl. MWST                                       CHF 1'235.00
MWST 7.7%                                              CHF 95.10
Total inkl. MWST                                       CHF 1'330.10
"""

BOARDING_PASS = """
BOARDING PASS                     NORDWIND AIR

Passenger name: HALVORSEN/INGRID MS
From: OSLO (OSL)                  To: LISBON (LIS)
Flight        Date          Boarding time     Gate     Seat
NW 418        12 SEP 2024   09:35             B14      22A
Booking ref: QX7TRP           Ticket no: 881-2209914455
"""

GERMAN_PRESCRIPTION = """
Dr. med. Lena Sauer
Fachärztin für Innere Medizin
Marktplatz 2, 35037 Marburg           Tel. 06421 55 01 22

Rezept                                Datum: 08.01.2024
Patient: Hans Obermeier               geb. 22.11.1956
Versicherten-Nr.: A123456780          Krankenkasse: BKK Mitte

Ramipril 5 mg, N3
"""

DUTCH_ENERGY_BILL = """
Stroomhuis Energie B.V.                         Jaarafrekening
Postbus 100, 3500 AC Utrecht                    Factuurnummer: 88120034
                                                Factuurdatum: 14 februari 2024
Mevr. J. de Wit                                 Klantnummer: 5512009
Kanaalstraat 77                                 Vervaldatum: 28 februari 2024
1054 XB Amsterdam

Periode: 1 februari 2023 t/m 31 januari 2024
Verbruik elektriciteit                2.410 kWh
Totaal excl. btw                      € 812,40
Btw 21%                               € 170,60
Totaal incl. btw                      € 983,00
Reeds betaald                         € 900,00
Te betalen                            € 83,00
"""

CASES: dict[str, tuple[str, dict[str, tuple[str, Any]]]] = {
    "italian_invoice": (
        ITALIAN_INVOICE,
        {
            "invoice_number": ("Invoice number", "2024/118"),
            "invoice_date": ("date: Invoice date", "2024-03-15"),
            "due_date": ("date: Due date", "2024-04-14"),
            "seller_name": ("Name of the seller", "Officine Bianchi S.r.l."),
            "buyer_name": ("Name of the buyer", "Cartoleria Verdi di Anna Verdi"),
            "vat": ("VAT id of the seller", "IT12345678901"),
            "net": ("number: Total without VAT", 152.0),
            "tax_amount": ("number: VAT amount", 33.44),
            "total": ("number: Total including VAT", 185.44),
            "payment_method": ("Payment method", "Bonifico bancario"),
            "seller_city": ("City of the seller", "Milano"),
            "buyer_city": ("City of the buyer", "Torino"),
        },
    ),
    "utility_bill": (
        UTILITY_BILL,
        {
            "provider": ("Name of the utility provider", "River City Power & Light"),
            "account_number": ("Account number", "4410-22871-9"),
            "statement_date": ("date: Statement date", "2024-02-12"),
            "due_date": ("date: Due date", "2024-03-04"),
            "amount_due": ("number: Amount due", 143.27),
            "previous_balance": ("number: Previous balance", 120.0),
            "period_start": ("date: Start of service period", "2024-01-10"),
            "period_end": ("date: End of service period", "2024-02-09"),
            "meter_number": ("Meter number", "77120034"),
            "phone": ("Customer service phone", "1-800-555-0142"),
            "service_address": (
                "Address where the service is provided",
                "88 Alder Court, Apt 4, Dayton OH 45402",
            ),
        },
    ),
    "lease_agreement": (
        LEASE_AGREEMENT,
        {
            "agreement_date": ("date: Date of the agreement", "2023-06-01"),
            "landlord_name": ("Name of the landlord", "Margaret Holt"),
            "tenant_name": ("Name of the tenant", "Devon Price"),
            "property_address": ("Address of the property", "17 Birch Lane, Salem, OR 97301"),
            "monthly_rent": ("number: Monthly rent", 1450.0),
            "security_deposit": ("number: Security deposit", 1450.0),
            "lease_start": ("date: First day of the lease", "2023-07-01"),
            "lease_end": ("date: Last day of the lease", "2024-06-30"),
            "late_fee": ("number: Late fee", 50.0),
            "governing_law": ("Governing law", "State of Oregon"),
        },
    ),
    "german_delivery_note": (
        GERMAN_DELIVERY_NOTE,
        {
            "delivery_note_number": ("Delivery note number", "LS-3391"),
            "delivery_date": ("date: Delivery date", "2024-04-22"),
            "order_number": ("Order number", "B-1180"),
            "customer_number": ("Customer number", "20077"),
            "supplier_name": ("Name of the supplier", "Gärtnerei Blum OHG"),
            "total_weight": ("number: Total weight in kg", 148.5),
        },
    ),
    "portuguese_receipt": (
        PORTUGUESE_RECEIPT,
        {
            "store": ("Name of the store", "MERCADO DA PRAÇA LDA"),
            "store_address": ("Full address of the store", "Rua das Flores 21 4050-262 Porto"),
            "date": ("date: Date of purchase", "2024-05-07"),
            "total": ("number: Total amount", 7.53),
            "invoice_number": ("Invoice number", "FS 3/8812"),
            "tax_id": ("Tax id of the store", "509123456"),
            "change": ("number: Change", 2.47),
            "currency": ("Currency code", "EUR"),
        },
    ),
    "identity_card": (
        IDENTITY_CARD,
        {
            "last_name": ("Surname", "OKONKWO"),
            "first_name": ("Given names", "ADA MARIE"),
            "birth_date": ("date: Date of birth", "1990-08-14"),
            "card_number": ("Number of the card", "EL4410982"),
            "expiry_date": ("date: Date of expiry", "2031-06-30"),
            "place_of_birth": ("Place of birth", "Port Lister"),
            "sex": ("Sex", "F"),
        },
    ),
    "french_ambulance_bill": (
        FRENCH_AMBULANCE_BILL,
        {
            "invoice_number": ("Invoice number", "2024-0457"),
            "invoice_date": ("date: Invoice date", "2024-01-18"),
            "patient_name": ("Name of the patient", "Mme Colette Berger"),
            "total": ("number: Total amount", 143.14),
            "company": ("Name of the company", "AMBULANCES DU LAC"),
            "siret": ("SIRET of the company", "812 345 678 00012"),
            "distance": ("number: Distance in km", 38.0),
        },
    ),
    "quotation": (
        QUOTATION,
        {
            "quote_number": ("Quote number", "Q-5520"),
            "quote_date": ("date: Date of the quote", "2024-06-03"),
            "valid_until": ("date: Valid until", "2024-07-03"),
            "customer": ("Name of the customer", "Oakfield Veterinary Clinic"),
            "supplier_name": ("Name of the supplier", "Brightline Signs Ltd"),
            "supplier_email": ("Email of the supplier", "hello@brightline.example"),
            "supplier_phone": ("Phone of the supplier", "0113 496 0500"),
            "subtotal": ("number: Subtotal", 1030.0),
            "vat_amount": ("number: VAT amount", 206.0),
            "total": ("number: Total", 1236.0),
            "prepared_by": ("Who prepared the quote", "Sam Whitlock"),
            "project": ("Project", "New shop front sign"),
        },
    ),
    "us_invoice": (
        US_INVOICE,
        {
            "invoice_number": ("Invoice number", "INV-00912"),
            "invoice_date": ("date: Invoice date", "2024-04-15"),
            "due_date": ("date: Due date", "2024-05-15"),
            "vendor_name": ("Name of the vendor", "Acme Widgets Inc."),
            "vendor_email": ("Email of the vendor", "accounts@acmewidgets.example"),
            "vendor_phone": ("Phone of the vendor", "(217) 555-0134"),
            "customer_name": ("Customer name", "Globex Retail LLC"),
            "billing_city": ("City of the billing address", "Austin"),
            "ship_to_name": ("Name at the shipping address", "Globex Warehouse 7"),
            "subtotal": ("number: Subtotal", 245.0),
            "discount": ("number: Discount", 24.5),
            "tax": ("number: Tax", 18.19),
            "total": ("number: Total", 238.69),
            "amount_paid": ("number: Amount paid", 100.0),
            "balance_due": ("number: Balance due", 138.69),
            "terms": ("Payment terms", "Net 30"),
        },
    ),
    "indonesian_receipt": (
        INDONESIAN_RECEIPT,
        {
            "store": ("Name of the store", "WARUNG BU SRI"),
            "subtotal": ("number: Subtotal", 100000.0),
            "service": ("number: Service charge", 5000.0),
            "total": ("number: Total", 115500.0),
            "cash": ("number: Cash paid", 150000.0),
            "change": ("number: Change", 34500.0),
        },
    ),
    "wage_statement": (
        WAGE_STATEMENT,
        {
            "ssn": ("Employee's social security number", "123-45-6789"),
            "ein": ("Employer identification number", "12-3456789"),
            "wages": ("number: Wages, tips and other compensation", 48500.0),
            "federal_tax": ("number: Federal income tax withheld", 6835.0),
            "ss_wages": ("number: Social security wages", 50000.0),
            "employer_name": ("Name of the employer", "Redwood Timber Co"),
            "last_name": ("Last name of the employee", "Ellery"),
        },
    ),
    "spanish_invoice": (
        SPANISH_INVOICE,
        {
            "invoice_number": ("Invoice number", "F24-331"),
            "issue_date": ("date: Issue date", "2024-02-09"),
            "due_date": ("date: Due date", "2024-03-10"),
            "supplier_name": ("Supplier name", "Talleres Ibarra, S.A."),
            "supplier_vat": ("VAT number of the supplier", "A48123456"),
            "customer_name": ("Customer name", "Transportes Oria S.L."),
            "customer_vat": ("VAT number of the customer", "B20123456"),
            "tax_base": ("number: Taxable amount", 211.0),
            "vat_amount": ("number: VAT amount", 44.31),
            "total": ("number: Total", 255.31),
            "iban": ("IBAN", "ES9121000418450200051332"),
            "payment_method": ("Payment method", "Transferencia"),
        },
    ),
    "swiss_invoice": (
        SWISS_INVOICE,
        {
            "invoice_number": ("Invoice number", "RE-20881"),
            "invoice_date": ("date: Invoice date", "2023-09-30"),
            "due_date": ("date: Due date", "2023-10-30"),
            "seller_name": ("Name of the seller", "Alpina Treuhand AG"),
            "buyer_name": ("Name of the buyer", "Urs Keller"),
            "net": ("number: Total excluding VAT", 1235.0),
            "vat": ("number: VAT amount", 95.1),
            "gross": ("number: Total including VAT", 1330.1),
            "currency": ("Currency", "CHF"),
            "vat_id": ("VAT id of the seller", "CHE-123.456.789"),
        },
    ),
    "boarding_pass": (
        BOARDING_PASS,
        {
            "passenger_name": ("Name of the passenger", "HALVORSEN/INGRID MS"),
            "flight_number": ("Flight number", "NW 418"),
            "date": ("date: Date of the flight", "2024-09-12"),
            "boarding_time": ("Boarding time", "09:35"),
            "gate": ("Gate", "B14"),
            "seat": ("Seat", "22A"),
            "booking_reference": ("Booking reference", "QX7TRP"),
            "ticket_number": ("Ticket number", "881-2209914455"),
        },
    ),
    "german_prescription": (
        GERMAN_PRESCRIPTION,
        {
            "patient_name": ("Name of the patient", "Hans Obermeier"),
            "birth_date": ("date: Date of birth of the patient", "1956-11-22"),
            "issue_date": ("date: Date of the prescription", "2024-01-08"),
            "insurance_number": ("Insurance number of the patient", "A123456780"),
            "insurer": ("Health insurer", "BKK Mitte"),
            "doctor_phone": ("Phone of the doctor", "06421 55 01 22"),
        },
    ),
    "dutch_energy_bill": (
        DUTCH_ENERGY_BILL,
        {
            "invoice_number": ("Invoice number", "88120034"),
            "invoice_date": ("date: Invoice date", "2024-02-14"),
            "due_date": ("date: Due date", "2024-02-28"),
            "customer_number": ("Customer number", "5512009"),
            "supplier": ("Supplier", "Stroomhuis Energie B.V."),
            "period_from": ("date: Start of the billing period", "2023-02-01"),
            "period_to": ("date: End of the billing period", "2024-01-31"),
            "total_excl": ("number: Total excluding VAT", 812.4),
            "vat_amount": ("number: VAT amount", 170.6),
            "total_incl": ("number: Total including VAT", 983.0),
            "amount_due": ("number: Amount due", 83.0),
            "customer_name": ("Name of the customer", "Mevr. J. de Wit"),
        },
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_every_field_of(kind: str) -> None:
    text, asked = CASES[kind]
    got = values(text, fields(**{name: description for name, (description, _) in asked.items()}))
    assert got == {name: truth for name, (_, truth) in asked.items()}
