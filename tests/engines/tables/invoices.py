"""Made-up invoices and receipts of many layouts, with what they say. Used by test_generated."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.engines.tables.pages import Placed, down, page_of

from paperclerk.domain.document import Page

HEADINGS: dict[str, dict[str, list[str]]] = {
    "en": {
        "pos": ["No", "Pos"],
        "sku": ["SKU", "Item code"],
        "description": ["Description", "Item", "Product"],
        "quantity": ["Qty", "Quantity", "Hours"],
        "unit": ["Unit", "UOM"],
        "unit_price": ["Unit price", "Price", "Rate"],
        "tax": ["VAT %", "Tax"],
        "line_total": ["Amount", "Total", "Net amount"],
        "sum": ["Total"],
    },
    "de": {
        "pos": ["Pos.", "Nr."],
        "sku": ["Art.-Nr.", "Artikelnummer"],
        "description": ["Bezeichnung", "Leistung", "Artikel"],
        "quantity": ["Menge", "Anzahl"],
        "unit": ["Einheit", "ME"],
        "unit_price": ["Einzelpreis", "E-Preis"],
        "tax": ["MwSt", "USt %"],
        "line_total": ["Gesamtpreis", "Betrag", "Summe"],
        "sum": ["Gesamtbetrag"],
    },
    "fr": {
        "pos": ["N°"],
        "sku": ["Réf."],
        "description": ["Désignation", "Libellé"],
        "quantity": ["Qté", "Quantité"],
        "unit": ["Unité"],
        "unit_price": ["P.U. HT", "Prix unitaire"],
        "tax": ["TVA"],
        "line_total": ["Montant HT", "Total HT"],
        "sum": ["Total TTC"],
    },
    "es": {
        "pos": ["N.º"],
        "sku": ["Código"],
        "description": ["Concepto", "Descripción"],
        "quantity": ["Cant.", "Cantidad"],
        "unit": ["Ud."],
        "unit_price": ["Precio", "Precio unitario"],
        "tax": ["IVA"],
        "line_total": ["Importe", "Total"],
        "sum": ["TOTAL"],
    },
}
WIDTHS = {
    "pos": 25,
    "sku": 70,
    "description": 170,
    "quantity": 50,
    "unit": 50,
    "unit_price": 70,
    "tax": 45,
    "line_total": 75,
}
WORDS = (
    "steel",
    "copper",
    "oak",
    "garden",
    "office",
    "smart",
    "heavy",
    "light",
    "blue",
    "portable",
    "wall",
    "water",
    "cable",
    "lamp",
    "chair",
    "pump",
    "hose",
    "cover",
    "frame",
)


@dataclass(frozen=True)
class Made:
    """Pages, and for each item its true values."""

    pages: list[Page]
    items: list[dict[str, object]]


def invoice(seed: int) -> Made:
    """An invoice with its columns in some order, in one of four languages, over one page or several."""
    r = random.Random(seed)
    language = r.choice(list(HEADINGS))
    mark = "." if language == "en" else ","
    columns = ["description", "quantity", "unit_price", "line_total"]
    for name, before, share in (("pos", 0, 0.5), ("sku", -3, 0.4), ("unit", -2, 0.3), ("tax", -1, 0.3)):
        if r.random() < share:
            columns.insert(before if before == 0 else len(columns) + before, name)
    scale, x, edges = 495 / sum(WIDTHS[c] for c in columns), 40.0, {}
    for c in columns:
        edges[c] = (x, x + WIDTHS[c] * scale - 8)
        x += WIDTHS[c] * scale
    right = {"quantity", "unit_price", "line_total"}
    currency = r.choice(["", " €"])

    def put(column: str, text: str) -> Placed:
        return (-edges[column][1] if column in right else edges[column][0], text)

    def money(value: float) -> str:
        text = f"{value:,.2f}" + currency
        return text if mark == "." else text.translate(str.maketrans(",.", ".,"))

    head = [put(c, r.choice(HEADINGS[language][c])) for c in columns]
    gap = r.choice([4, 8, 14])
    items: list[dict[str, object]] = []
    pages: list[Page] = []
    lines: list[tuple[float, list[Placed]]] = [
        (60, [(40, "Acme Trading Ltd"), (400, "Invoice 2024-117")]),
        (150, head),
    ]
    y = 170.0
    for i in range(r.choice([1, 2, 3, 5, 8, 40])):
        if y > 730:
            lines.append((800, [(250, f"Page {len(pages) + 1}")]))
            pages.append(page_of(lines, index=len(pages)))
            lines, y = [(60, [(40, "Acme Trading Ltd")]), (90, head)], 112.0
        quantity, price = r.choice([1, 2, 3, 5, 10]), round(r.uniform(1, 900), 2)
        name = " ".join(r.choice(WORDS) for _ in range(r.randint(1, 2))).capitalize()
        total = round(quantity * price, 2)
        items.append({"description": name, "quantity": quantity, "unit_price": price, "line_total": total})
        cells = {
            "pos": str(i + 1),
            "sku": f"{r.choice('ABX')}{r.randint(1000, 99999)}",
            "description": name,
            "quantity": str(quantity),
            "unit": "pcs",
            "unit_price": money(price),
            "tax": "19 %",
            "line_total": money(total),
        }
        lines.append((y, [put(c, cells[c]) for c in columns]))
        if r.random() < 0.2:
            lines.append((y + 14, [put("description", "Lot: 44-12")]))
            y += 14
        y += 11 + gap
    whole = sum(float(str(i["line_total"])) for i in items)
    lines.append(
        (
            y + 12,
            [(edges["unit_price"][0] - 60, HEADINGS[language]["sum"][0]), put("line_total", money(whole))],
        )
    )
    pages.append(page_of(lines, index=len(pages)))
    return Made(pages, items)


GOODS = (
    "MILK",
    "BREAD",
    "RICE",
    "SUGAR",
    "COFFEE",
    "SOAP",
    "BATTERY",
    "PAINT",
    "BRUSH",
    "NOODLE",
    "CHICKEN",
    "CAKE",
    "WATER",
    "TOWEL",
    "KNIFE",
)


def receipt(seed: int) -> Made:
    """A receipt without columns: names before, over or under their amounts."""
    r = random.Random(seed)
    style = r.choice(["beside", "above", "below"])
    mark = r.choice(["", " SR", " T"])
    lines: list[list[Placed]] = [
        [(160, "SUPER MART LTD")],
        [(150, "12 MILL LANE")],
        [(100, "DATE: 12/03/2018")],
    ]
    items: list[dict[str, object]] = []
    for _ in range(r.randint(2, 8)):
        quantity, price = r.choice([1, 1, 2, 3]), round(r.uniform(0.5, 40), 2)
        total, name = round(quantity * price, 2), " ".join(r.choice(GOODS) for _ in range(r.randint(1, 2)))
        items.append({"description": name, "amount": total})
        amount = (-380.0, f"{total:.2f}{mark}")
        detail: list[Placed] = [
            (100, str(r.randint(10**6, 10**12))),
            (230, f"{quantity} x {price:.2f}"),
            amount,
        ]
        if style == "beside":
            lines.append([(100, name), amount])
        else:
            lines += [[(100, name)], detail] if style == "above" else [detail, [(100, name)]]
    whole = sum(float(str(i["amount"])) for i in items)
    lines += [[(100, "TOTAL"), (-380, f"{whole:.2f}")], [(100, "CASH"), (-380, f"{whole + 5:.2f}")]]
    lines += [[(100, "CHANGE"), (-380, "5.00")], [(140, "THANK YOU")]]
    return Made([page_of(down(60, lines, 14), score=0.97)], items)
