"""Documents of several kinds and languages, printed from seeded draws, with their truth. Everything is invented.

They are made to differ from one another in layout and wording, not to suit the engine; no rule of the engine may
be written for one of them. `made` gives cases in the form of `paperclerk eval`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from sheet import Sheet


class Language(NamedTuple):
    """How invoices speak. `labels` in the order of LABELS."""

    code: str
    labels: tuple[str, ...]
    decimal: str
    thousands: str
    day: str
    currency: str
    firms: tuple[str, ...]
    streets: tuple[str, ...]
    towns: tuple[str, ...]
    goods: tuple[str, ...]


LABELS = (
    "title",
    "number",
    "date",
    "due",
    "customer",
    "what",
    "count",
    "price",
    "amount",
    "net",
    "tax",
    "gross",
)
LANGUAGES = (
    Language(
        "en",
        (
            "Tax invoice",
            "Invoice no.",
            "Date of issue",
            "Payment due",
            "Invoice to",
            "Item",
            "Qty",
            "Rate",
            "Line total",
            "Net total",
            "VAT",
            "Amount payable",
        ),
        ".",
        ",",
        "%d %B %Y",
        "GBP",
        ("Brightwell Ceramics Ltd", "Fenwick & Dale Printing Ltd"),
        ("8 Foundry Row", "112 Castle Terrace"),
        ("Ashmere AM1 2QT", "Northbeck NB7 9LD"),
        ("Glazed tiles, box of 40", "Wall bracket", "Site survey", "Gloss paper A3"),
    ),
    Language(
        "de",
        (
            "Rechnung",
            "Rechnungs-Nr.",
            "Rechnungsdatum",
            "Zahlbar bis",
            "Rechnungsempfänger",
            "Bezeichnung",
            "Menge",
            "Einzelpreis",
            "Gesamt",
            "Nettobetrag",
            "MwSt. 19 %",
            "Rechnungsbetrag",
        ),
        ",",
        ".",
        "%d.%m.%Y",
        "EUR",
        ("Holzwerk Tannau GmbH", "Elektro Brunner KG"),
        ("Mühlenweg 4", "Am Rathausplatz 17"),
        ("83727 Tannau", "24939 Seeheim"),
        ("Eichenbrett 2 m", "Montagestunde", "Kabelkanal weiß", "Anfahrt"),
    ),
    Language(
        "fr",
        (
            "Facture",
            "N° de facture",
            "Date de facture",
            "Échéance",
            "Facturé à",
            "Désignation",
            "Quantité",
            "Prix unitaire",
            "Montant",
            "Total HT",
            "TVA 20 %",
            "Total TTC",
        ),
        ",",
        " ",
        "%d/%m/%Y",
        "EUR",
        ("Ateliers Verneuil SARL", "Imprimerie du Lac SAS"),
        ("12 rue des Tilleuls", "5 avenue du Port"),
        ("74000 Vallombre", "29200 Kerlann"),
        ("Reliure cuir", "Carton ondulé", "Pose sur site", "Encre noire 5 l"),
    ),
    Language(
        "es",
        (
            "Factura",
            "Nº de factura",
            "Fecha de factura",
            "Vencimiento",
            "Cliente",
            "Concepto",
            "Cantidad",
            "Precio unitario",
            "Importe",
            "Base imponible",
            "IVA 21 %",
            "Total a pagar",
        ),
        ",",
        ".",
        "%d/%m/%Y",
        "EUR",
        ("Talleres Olmeda S.L.", "Viveros La Rosaleda S.A."),
        ("Calle Mayor 23", "Avenida del Puerto 9"),
        ("28990 Torrejil", "46710 Alcira del Mar"),
        ("Maceta de barro", "Revisión anual", "Tubo de cobre", "Transporte"),
    ),
    Language(
        "it",
        (
            "Fattura",
            "Numero fattura",
            "Data fattura",
            "Scadenza",
            "Spett.le",
            "Descrizione",
            "Quantità",
            "Prezzo unitario",
            "Importo",
            "Imponibile",
            "IVA 22 %",
            "Totale fattura",
        ),
        ",",
        ".",
        "%d/%m/%Y",
        "EUR",
        ("Officine Baldini S.r.l.", "Carta e Colore S.p.A."),
        ("Via Garibaldi 31", "Piazza del Duomo 2"),
        ("40010 Sant'Elmo", "37018 Riva Nuova"),
        ("Vernice opaca", "Lampada da banco", "Manodopera", "Cornice legno"),
    ),
    Language(
        "nl",
        (
            "Factuur",
            "Factuurnummer",
            "Factuurdatum",
            "Vervaldatum",
            "Factuuradres",
            "Omschrijving",
            "Aantal",
            "Prijs",
            "Bedrag",
            "Subtotaal",
            "BTW 21%",
            "Totaal te betalen",
        ),
        ",",
        ".",
        "%d-%m-%Y",
        "EUR",
        ("Fietsenmakerij De Schakel B.V.", "Groothandel Van Loon B.V."),
        ("Dorpsstraat 44", "Havenkade 3"),
        ("3641 AB Mijdam", "8861 KL Oosterwierum"),
        ("Binnenband 28 inch", "Remblokken set", "Onderhoudsbeurt", "Kettingolie"),
    ),
    Language(
        "pt",
        (
            "Fatura",
            "Fatura n.º",
            "Data de emissão",
            "Data de vencimento",
            "Cliente",
            "Descrição",
            "Quantidade",
            "Preço unitário",
            "Valor",
            "Total ilíquido",
            "IVA 23%",
            "Total a pagar",
        ),
        ",",
        ".",
        "%d/%m/%Y",
        "EUR",
        ("Cerâmica do Vale Lda", "Oficina Três Rios S.A."),
        ("Rua das Flores 15", "Avenida Central 120"),
        ("4700-213 Vila Serena", "2900-118 Porto Claro"),
        ("Azulejo pintado", "Mão de obra", "Bomba de água", "Entrega"),
    ),
)

INVOICE_SCHEMA = {
    "type": "object",
    "properties": {
        "invoice_number": {"type": "string"},
        "invoice_date": {"type": "string", "format": "date"},
        "due_date": {"type": "string", "format": "date"},
        "seller_name": {"type": "string", "description": "Company that issued the invoice"},
        "customer_name": {"type": "string", "description": "Company that the invoice is addressed to"},
        "net_total": {"type": "number", "description": "Total before tax"},
        "tax_amount": {"type": "number"},
        "total": {"type": "number", "description": "Total including tax"},
        "passport_number": {"type": ["string", "null"]},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "description": {"type": "string"},
                    "quantity": {"type": "number"},
                    "unit_price": {"type": "number"},
                    "amount": {"type": "number"},
                },
            },
        },
    },
}
MATCH = {
    "invoice_number": "id", "invoice_date": "date-iso", "due_date": "date-iso", "seller_name": "name",
    "customer_name": "name", "net_total": "money", "tax_amount": "money", "total": "money",
    "items[].description": "name", "items[].quantity": "number", "items[].unit_price": "money",
    "items[].amount": "money",
}  # fmt: skip
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip


def said(number: float, language: Language) -> str:
    text = f"{number:,.2f}"
    return text.replace(",", "_").replace(".", language.decimal).replace("_", language.thousands)


def day(value: date, language: Language) -> str:
    return value.strftime(language.day.replace("%B", MONTHS[value.month - 1]))


def invoice(rng: random.Random, language: Language, layout: int) -> Sheet:
    """Layout 0: labels left of values. 1: labels above values in a band. 2: seller at the foot, framed table."""
    sheet, words = Sheet(), dict(zip(LABELS, language.labels, strict=True))
    seller, customer = rng.sample(language.firms, 2)
    issued = date(2026, rng.randint(1, 9), rng.randint(1, 28))
    facts = (
        ("number", "invoice_number", f"{rng.choice(('R', 'F', 'AB-'))}{rng.randint(10000, 99999)}", None),
        ("date", "invoice_date", day(issued, language), issued.isoformat()),
        ("due", "due_date", day(issued + timedelta(30), language), (issued + timedelta(30)).isoformat()),
    )
    sheet.enter("passport_number", None)
    top = 60 if layout != 2 else 780
    sheet.text(50, top, seller, size=15 if layout != 2 else 9, bold=layout != 2, path="seller_name")
    sheet.text(50, top + 14, f"{language.streets[0]}, {language.towns[0]}", size=8)
    sheet.text(
        545, 60, words["title"].upper() if layout == 1 else words["title"], size=20, bold=True, align="right"
    )
    sheet.text(50, 130, words["customer"] + (":" if layout else ""), size=8)
    sheet.text(50, 145, customer, path="customer_name")
    sheet.text(50, 158, language.streets[1])
    sheet.text(50, 171, language.towns[1])
    for i, (label, path, text, value) in enumerate(facts):
        if layout == 1:
            sheet.text(60 + 165 * i, 215, words[label], size=8)
            sheet.text(60 + 165 * i, 229, text, bold=True, path=path, value=value)
        else:
            end = sheet.text(350, 130 + 15 * i, words[label] + (":" if layout == 2 else ""))
            sheet.text(470 if layout == 0 else end + 5, 130 + 15 * i, text, path=path, value=value)
    table(sheet, rng, language, words, layout)
    return sheet


def table(sheet: Sheet, rng: random.Random, language: Language, words: dict[str, str], layout: int) -> None:
    columns = ((50, "left"), (330, "right"), (430, "right"), (545, "right"))
    y = 280.0
    for (x, align), name in zip(columns, ("what", "count", "price", "amount"), strict=True):
        sheet.text(x, y, words[name], bold=True, align=align)
    sheet.rule(45, y + 6, 550)
    net = 0.0
    for i, goods in enumerate(rng.sample(language.goods, rng.randint(2, 4))):
        y += 18
        count, price = rng.randint(1, 12), round(rng.uniform(3, 900), 2)
        amount = round(count * price, 2)
        net += amount
        for (x, align), path, text, value in zip(
            columns,
            ("description", "quantity", "unit_price", "amount"),
            (goods, str(count), said(price, language), said(amount, language)),
            (goods, count, price, amount),
            strict=True,
        ):
            sheet.text(x, y, text, align=align, path=f"items[{i}].{path}", value=value)
    if layout == 2:
        sheet.frame(45, 265, 505, y - 259)
    net = round(net, 2)
    rate = {"en": 0.2, "de": 0.19, "fr": 0.2, "es": 0.21, "it": 0.22, "nl": 0.21, "pt": 0.23}[language.code]
    tax = round(net * rate, 2)
    for name, path, amount in (
        ("net", "net_total", net),
        ("tax", "tax_amount", tax),
        ("gross", "total", net + tax),
    ):
        y += 22
        bold = name == "gross"
        sheet.text(330, y, words[name], bold=bold)
        sheet.text(
            520, y, said(amount, language), bold=bold, align="right", path=path, value=round(amount, 2)
        )
        sheet.text(545, y, "£" if language.currency == "GBP" else "€", bold=bold, align="right")


def payslip(rng: random.Random) -> Sheet:
    sheet = Sheet()
    name, gross = rng.choice(("Mara Lindholm", "Tobias Achterberg")), rng.randint(2500, 5200) + 0.5
    tax, pension = round(gross * 0.18, 2), round(gross * 0.05, 2)
    sheet.text(297, 60, "Pay statement", size=16, bold=True, align="centre")
    sheet.text(50, 100, "Employer")
    sheet.text(160, 100, "Marlow Instruments Inc.", path="employer_name")
    sheet.text(50, 116, "Employee")
    sheet.text(160, 116, name, path="employee_name")
    sheet.text(330, 100, "Pay period")
    sheet.text(sheet.text(430, 100, "07/01/2026", path="period_start", value="2026-07-01") + 4, 100, "-")
    sheet.text(492, 100, "07/31/2026", path="period_end", value="2026-07-31")
    sheet.text(330, 116, "Employee ID")
    sheet.text(430, 116, f"E-{rng.randint(1000, 9999)}", path="employee_id")
    rows = (
        ("Gross pay", "gross_pay", gross),
        ("Income tax", "income_tax", tax),
        ("Pension contribution", "pension", pension),
        ("Net pay", "net_pay", round(gross - tax - pension, 2)),
    )
    for i, (label, path, amount) in enumerate(rows):
        sheet.text(50, 170 + 18 * i, label, bold=i in (0, 3))
        sheet.text(
            300, 170 + 18 * i, f"${amount:,.2f}", bold=i in (0, 3), align="right", path=path, value=amount
        )
    return sheet


PAYSLIP_SCHEMA = {
    "type": "object",
    "properties": {
        "employer_name": {"type": "string"},
        "employee_name": {"type": "string"},
        "employee_id": {"type": "string"},
        "period_start": {"type": "string", "format": "date"},
        "period_end": {"type": "string", "format": "date"},
        "gross_pay": {"type": "number"},
        "income_tax": {"type": "number"},
        "pension": {"type": "number", "description": "Pension contribution of the employee"},
        "net_pay": {"type": "number"},
    },
}


def statement(rng: random.Random) -> Sheet:
    sheet = Sheet()
    sheet.text(50, 60, "Whitcombe Savings Bank", size=14, bold=True, path="bank_name")
    sheet.text(50, 100, "Account holder:")
    sheet.text(150, 100, "Ines Carvalho-Byrne", path="account_holder")
    sheet.text(50, 115, "Account number:")
    sheet.text(150, 115, f"{rng.randint(10000000, 99999999)}", path="account_number")
    balance = float(rng.randint(900, 4000))
    sheet.text(330, 100, "Opening balance")
    sheet.text(545, 100, f"{balance:,.2f}", align="right", path="opening_balance", value=balance)
    for x, head, align in (
        (50, "Date", "left"),
        (130, "Details", "left"),
        (430, "Amount", "right"),
        (545, "Balance", "right"),
    ):
        sheet.text(x, 160, head, bold=True, align=align)
    sheet.rule(50, 165, 545)
    shops = ("Card payment Moss Books", "Standing order rent", "Salary Orrin Ltd", "Cash withdrawal", "Water company",
             "Refund Tall Trees Ltd")  # fmt: skip
    for i, details in enumerate(rng.sample(shops, 5)):
        amount = round(rng.uniform(5, 800), 2) * (1 if "Salary" in details or "Refund" in details else -1)
        balance = round(balance + amount, 2)
        when, y = date(2026, 6, 3 + 4 * i), 182 + 16 * i
        sheet.text(50, y, when.strftime("%d/%m/%Y"), path=f"transactions[{i}].date", value=when.isoformat())
        sheet.text(130, y, details, path=f"transactions[{i}].description")
        sheet.text(430, y, f"{amount:,.2f}", align="right", path=f"transactions[{i}].amount", value=amount)
        sheet.text(545, y, f"{balance:,.2f}", align="right")
    sheet.text(330, 290, "Closing balance", bold=True)
    sheet.text(545, 290, f"{balance:,.2f}", bold=True, align="right", path="closing_balance", value=balance)
    return sheet


STATEMENT_SCHEMA = {
    "type": "object",
    "properties": {
        "bank_name": {"type": "string"},
        "account_holder": {"type": "string"},
        "account_number": {"type": "string"},
        "opening_balance": {"type": "number"},
        "closing_balance": {"type": "number"},
        "transactions": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "date": {"type": "string", "format": "date"},
                    "description": {"type": "string"},
                    "amount": {"type": "number"},
                },
            },
        },
    },
}


def form(rng: random.Random) -> Sheet:
    """A numbered form: captions above the answers, boxes to tick, two columns."""
    sheet = Sheet()
    sheet.text(297, 50, "Patient registration", size=15, bold=True, align="centre")
    born = date(rng.randint(1950, 2005), rng.randint(1, 12), rng.randint(1, 28))
    sheet.enter("insurance_group", None)
    cells = (
        ("1. Full name", "full_name", rng.choice(("Odile Marchetti", "Samuel Oyelaran")), None),
        ("2. Date of birth (MM/DD/YYYY)", "date_of_birth", born.strftime("%m/%d/%Y"), born.isoformat()),
        ("3. Phone number", "phone", f"(555) {rng.randint(200, 999)}-{rng.randint(1000, 9999)}", None),
        ("4. E-mail address", "email", "patient@mail.example", None),
        ("5. Primary physician", "physician", "Dr. Helena Strand", None),
        ("6. Policy number", "policy_number", f"PX{rng.randint(100000, 999999)}", None),
    )
    for i, (caption, path, text, value) in enumerate(cells):
        x, y = (50, 315)[i % 2], 90 + 50 * (i // 2)
        sheet.frame(x - 5, y - 12, 255, 42)
        sheet.text(x, y, caption, size=7)
        sheet.text(x + 4, y + 18, text, size=11, font="Courier", path=path, value=value)
    smoker = rng.random() < 0.5
    sheet.text(50, 260, "7. Do you smoke?")
    sheet.text(180, 260, "[x] Yes" if smoker else "[ ] Yes")
    sheet.text(240, 260, "[ ] No" if smoker else "[x] No")
    sheet.enter("smoker", smoker)
    return sheet


FORM_SCHEMA = {
    "type": "object",
    "properties": {
        "full_name": {"type": "string", "description": "Name of the patient"},
        "date_of_birth": {"type": "string", "format": "date"},
        "phone": {"type": "string"},
        "email": {"type": "string", "format": "email"},
        "physician": {"type": "string", "description": "Primary physician of the patient"},
        "policy_number": {"type": "string"},
        "smoker": {"type": "boolean", "description": "Whether the patient smokes"},
        "insurance_group": {"type": ["string", "null"], "description": "Insurance group number"},
    },
}


def utility(rng: random.Random) -> Sheet:
    sheet = Sheet()
    used = rng.randint(120, 900)
    due, amount = date(2026, 10, rng.randint(5, 28)), round(used * 0.31, 2)
    sheet.text(50, 55, "Cedar Valley Power Co.", size=17, bold=True, path="provider_name")
    sheet.text(380, 50, "Account number", size=8)
    sheet.text(
        380,
        64,
        f"{rng.randint(100, 999)}-{rng.randint(10000, 99999)}-{rng.randint(0, 9)}",
        path="account_number",
    )
    sheet.text(50, 120, "Service address: 915 Juniper Court, Elk Prairie, OR 97000", size=9)
    sheet.frame(350, 90, 200, 60)
    sheet.text(360, 110, "Amount due")
    sheet.text(
        540, 110, f"${amount:,.2f}", bold=True, size=12, align="right", path="amount_due", value=amount
    )
    sheet.text(360, 135, "Due date")
    sheet.text(540, 135, due.strftime("%b %d, %Y"), align="right", path="due_date", value=due.isoformat())
    sheet.text(50, 200, "Your electricity use", bold=True)
    sheet.text(50, 218, "Meter number")
    sheet.text(200, 218, f"M{rng.randint(100000, 999999)}", path="meter_number")
    sheet.text(50, 234, "Energy used this month")
    sheet.text(sheet.text(200, 234, f"{used}", path="usage_kwh", value=used) + 3, 234, "kWh")
    sheet.text(50, 700, "Questions? Call 555-0134 or write to help@cedarvalley.example", size=8)
    return sheet


UTILITY_SCHEMA = {
    "type": "object",
    "properties": {
        "provider_name": {"type": "string", "description": "Name of the utility company"},
        "account_number": {"type": "string"},
        "amount_due": {"type": "number"},
        "due_date": {"type": "string", "format": "date"},
        "meter_number": {"type": "string"},
        "usage_kwh": {"type": "number", "description": "Energy used, in kWh"},
    },
}

OTHERS: tuple[tuple[str, Callable[[random.Random], Sheet], dict[str, Any]], ...] = (
    ("payslips", payslip, PAYSLIP_SCHEMA),
    ("statements", statement, STATEMENT_SCHEMA),
    ("forms", form, FORM_SCHEMA),
    ("utility-bills", utility, UTILITY_SCHEMA),
)
DATES = ("date", "period", "due")


def made(seed: int) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Every document of the set as (case, PDF)."""
    for language in LANGUAGES:
        for layout in range(3):
            rng = random.Random(f"{seed}-{language.code}-{layout}")
            name = f"invoice-{language.code}-{layout}"
            yield case(name, f"invoices-{language.code}", INVOICE_SCHEMA, invoice(rng, language, layout))
    for source, make, schema in OTHERS:
        for n in range(2):
            yield case(f"{source}-{n}", source, schema, make(random.Random(f"{seed}-{source}-{n}")))


def case(name: str, source: str, schema: dict[str, Any], sheet: Sheet) -> tuple[dict[str, Any], bytes]:
    match = dict(MATCH)
    for path in schema["properties"]:
        if path.startswith(DATES) or path.endswith(("_date", "_start", "_end", "_of_birth")):
            match[path] = "date-iso"
        elif path.endswith(("number", "_id", "phone", "email")):
            match[path] = "id"
    match["transactions[].date"] = "date-iso"
    return {
        "id": name, "source": source, "file": f"{name}.pdf", "pages": sheet.page, "schema": schema,
        "truth": sheet.truth, "match": match, "truth_boxes": sheet.boxes,
    }, sheet.pdf()  # fmt: skip
