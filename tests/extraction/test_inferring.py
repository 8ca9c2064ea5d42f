"""A schema inferred from a document: its labels, its tables, and that reading by it gives the values back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.platypus import Flowable, Paragraph, Spacer, Table
from tests.documents_made import make_png
from tests.markdown.documents import PLAIN, PROSE, RULED, pdf_of

import paperclerk
from paperclerk.agents.describe import schema_digest
from paperclerk.documents.reader import ReadOptions
from paperclerk.domain.errors import DocumentError
from paperclerk.engines.engine import Context
from paperclerk.engines.inference import slug
from paperclerk.extraction.inferring import InferenceEngine
from paperclerk.extraction.reply import plain
from paperclerk.library import default_reader
from paperclerk.schemas.check import check_schema
from paperclerk.schemas.compile import compile_schema

WORDS = getSampleStyleSheet()
PAIRS = (
    ("Order number:", "QX-7781"),
    ("Order date:", "2026-03-09"),
    ("Contact e-mail:", "buying@example.org"),
    ("Number of pallets:", "12"),
    ("Grand total:", "EUR 1,204.50"),
)
GOODS = (
    ("Article", "Quantity", "Unit price", "Amount"),
    ("Copper pipe 15 mm", "40", "11.20", "448.00"),
    ("Ball valve", "25", "18.90", "472.50"),
    ("Mounting rail", "16", "17.75", "284.00"),
)


def order(title: str = "Purchase order") -> bytes:
    story: Sequence[Flowable] = [
        Paragraph(title, WORDS["Title"]),
        Table([list(pair) for pair in PAIRS], colWidths=[150, 200], hAlign="LEFT"),
        Spacer(1, 24),
        Table([list(row) for row in GOODS], colWidths=[160, 70, 80, 80], style=RULED),
    ]
    return pdf_of(story)


def test_labels_and_tables_become_fields() -> None:
    told = paperclerk.execute(order(), agent="document.schema").response
    schema = told["json_schema"]
    assert check_schema(schema) and schema["title"] == "PurchaseOrder"
    fields = schema["properties"]
    assert list(fields) == [
        "order_number",
        "order_date",
        "contact_e_mail",
        "number_of_pallets",
        "grand_total",
        "items",
    ]
    assert [fields[n].get("format", fields[n]["type"]) for n in list(fields)[:5]] == [
        "string",
        "date",
        "email",
        "integer",
        "number",
    ]
    assert {n: f["type"] for n, f in fields["items"]["items"]["properties"].items()} == {
        "article": "string",
        "quantity": "number",
        "unit_price": "number",
        "amount": "number",
    }
    assert told["gql_stmt"].startswith("{ order_number order_date ")


def test_reading_by_the_inferred_schema_gives_the_values_back() -> None:
    schema = paperclerk.execute(order(), agent="document.schema").response["json_schema"]
    values = paperclerk.execute(order(), schema=schema).response
    assert values["order_number"] == "QX-7781" and values["order_date"] == "2026-03-09"
    assert values["contact_e_mail"] == "buying@example.org"
    assert values["number_of_pallets"] == 12 and values["grand_total"] == 1204.5
    assert [item["article"] for item in values["items"]] == [row[0] for row in GOODS[1:]]
    assert [item["amount"] for item in values["items"]] == [448.0, 472.5, 284.0]


def test_it_is_named_by_kind_and_day() -> None:
    with default_reader().open(order(), ReadOptions()) as reading:
        pages = list(reading)
    engine = InferenceEngine(today=lambda: date(2026, 4, 1))
    told = plain(engine.extract(pages, compile_schema({}), Context()))
    assert told["domain"] == "custom.document.purchase-order-20260401"
    assert told["schema_version"] == "20260401" and told["description"] == "Auto-generated schema"
    assert told["schema_hash"] == schema_digest(told["json_schema"])


@pytest.mark.parametrize(
    ("title", "kind"), [("Rechnung", "invoice"), ("Delivery note", "delivery-note"), ("Harbour", "document")]
)
def test_the_kind_comes_from_the_title(title: str, kind: str) -> None:
    told = paperclerk.execute(order(title), agent="document.schema").response
    assert told["domain"].startswith(f"custom.document.{kind}-2")


def test_a_scan() -> None:
    told = paperclerk.execute(make_png(), agent="document.schema").response
    assert told["json_schema"]["properties"]["invoice_number"]["type"] == "string"
    assert told["json_schema"]["properties"]["total"]["type"] == "number"


def test_prose_names_no_fields() -> None:
    prose = pdf_of([Paragraph(PROSE, ParagraphStyle("p", parent=PLAIN)) for _ in range(3)])
    with pytest.raises(DocumentError) as caught:
        paperclerk.execute(prose, agent="document.schema")
    assert caught.value.code == "nothing_to_infer"


@pytest.mark.parametrize(
    ("label", "name"),
    [("Invoice No.", "invoice_no"), ("Größe (m²):", "grosse_m2"), ("№ 5", "no_5"), ("—", ""), ("42", "")],
)
def test_slugs(label: str, name: str) -> None:
    assert slug(label) == name


def statement() -> bytes:
    pairs = [
        ["Account holder", "Ms Ida Brandt", "Statement period", "1 May 2026 to 31 May 2026"],
        ["Account number", "20417765", "Sort code", "40-12-09"],
        ["Opening balance", "1,843.17", "Closing balance", "2,110.92"],
    ]
    head = ["Date", "Details", "Paid out", "Paid in", "Balance"]
    rows = [
        [
            f"{n % 28 + 1:02d} May 2026",
            f"CARD PURCHASE {n}",
            "" if n % 3 else "12.50",
            "20.00" if n % 3 else "",
            "1,900.00",
        ]
        for n in range(50)
    ]
    return pdf_of(
        [
            Paragraph("Bank statement", WORDS["Title"]),
            Table(pairs, colWidths=[90, 130, 90, 140], hAlign="LEFT"),
            Table([head, *rows], colWidths=[80, 190, 60, 60, 70], hAlign="LEFT"),
        ]
    )


def test_a_statement_has_its_labels_and_one_table_of_movements() -> None:
    told = paperclerk.execute(statement(), agent="document.schema").response
    fields = told["json_schema"]["properties"]
    assert told["domain"].startswith("custom.document.bank-statement-")
    assert list(fields) == [
        *("account_holder", "statement_period", "account_number", "sort_code"),
        *("opening_balance", "closing_balance", "transactions"),
    ]
    columns = fields["transactions"]["items"]["properties"]
    assert [field.get("format", field["type"]) for field in columns.values()] == [
        *("date", "string", "number", "number", "number")
    ]
    again = paperclerk.execute(statement(), schema=told["json_schema"]).response
    assert (again["sort_code"], again["opening_balance"], len(again["transactions"])) == (
        "40-12-09",
        1843.17,
        50,
    )
    assert again["transactions"][1] == {
        "date": "2026-05-02",
        "details": "CARD PURCHASE 1",
        "paid_out": None,
        "paid_in": 20.0,
        "balance": 1900.0,
    }
