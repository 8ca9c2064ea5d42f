"""Documents of several pages for bundles, printed from seeded draws. Everything is invented.

Continued invoices, contracts and receipts, with and without page numbers, so that what tells them apart differs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from sheet import Sheet

FIRMS = ("Brightwell Ceramics Ltd", "Fenwick & Dale Printing", "Harrow Lane Joinery", "Osprey Marine Supply",
         "Tallis Garden Centre", "Quarry Hill Dairy")  # fmt: skip
BUYERS = ("Northbeck School", "Ashmere Town Council", "The Copper Kettle", "Lowfield Surgery", "M. Oyelaran")
GOODS = ("Glazed tiles, box of 40", "Wall bracket", "Site survey", "Gloss paper A3", "Oak board 2 m", "Cable duct",
         "Copper pipe 15 mm", "Hinge, brass", "Labour, hours", "Delivery")  # fmt: skip
CLAUSES = (
    "The Supplier shall deliver the goods in the condition that is described in Schedule A, and the Customer shall "
    "inspect them within five working days of their arrival.",
    "Neither party is liable for a delay that is caused by events which it could not reasonably have foreseen.",
    "This Agreement may be ended by either party with three months' notice in writing.",
    "All payments fall due thirty days after the date of the invoice unless the parties have agreed otherwise.",
    "The parties keep confidential whatever they learn of the other's business in the course of this Agreement.",
    "Changes to this Agreement are valid only when they are made in writing and signed by both parties.",
)
NUMBERINGS = ("Page {} of {}", "{}/{}", "{}", "")


def long_ones(seed: int) -> Iterator[tuple[str, str, bytes, int, str]]:
    """Name, group, PDF, pages, kind."""
    for n in range(8):
        rng = random.Random(f"{seed}-{n}-long")
        numbering = NUMBERINGS[n % len(NUMBERINGS)]
        for group, make in (("long-invoices", invoice), ("contracts", contract), ("receipts", receipt)):
            sheet = make(rng, numbering)
            yield (
                f"{group}-{n}",
                group,
                sheet.pdf(),
                sheet.page,
                {"long-invoices": "invoice"}.get(group, group[:-1]),
            )


def invoice(rng: random.Random, numbering: str) -> Sheet:
    sheet, firm, pages = Sheet(), rng.choice(FIRMS), rng.randint(1, 3)
    size, left = rng.choice((8.5, 9, 10, 11)), rng.choice((40, 56, 64))
    number = f"{rng.choice('ABKR')}-{rng.randint(10000, 99999)}"
    sheet.text(left, 60, firm, size=rng.choice((14, 16, 18)), bold=True)
    sheet.text(left, 78, f"{rng.randint(1, 99)} Foundry Row, Ashmere", size=size)
    sheet.text(left, 130, "INVOICE", size=20, bold=True)
    for i, (label, value) in enumerate(
        (("Invoice number", number), ("Invoice date", f"{rng.randint(1, 28):02}/0{rng.randint(1, 9)}/2024"),
         ("Bill to", rng.choice(BUYERS)))
    ):  # fmt: skip
        sheet.text(left, 160 + 16 * i, label, size=size, bold=True)
        sheet.text(left + 120, 160 + 16 * i, value, size=size)
    total, y = 0.0, 240
    for page in range(pages):
        if page:
            sheet.next_page()
            y = 60
            if rng.random() < 0.5:
                sheet.text(left, y, f"{firm}   Invoice {number}", size=size)
                y += 24
        for x, name in ((left, "Description"), (330, "Qty"), (400, "Unit price"), (520, "Amount")):
            sheet.text(x, y, name, size=size, bold=True)
        for _ in range(rng.randint(26, 30) if page < pages - 1 else rng.randint(4, 12)):
            y += 18
            count, price = rng.randint(1, 20), rng.randint(100, 9000) / 100
            total += count * price
            sheet.text(left, y, rng.choice(GOODS), size=size)
            for x, text in ((330, str(count)), (400, f"{price:.2f}"), (520, f"{count * price:.2f}")):
                sheet.text(x, y, text, size=size)
        _foot(sheet, numbering, page + 1, pages)
    sheet.text(400, y + 40, "Total due", size=size, bold=True)
    sheet.text(520, y + 40, f"{total:.2f}", size=size, bold=True)
    return sheet


def contract(rng: random.Random, numbering: str) -> Sheet:
    sheet, pages = Sheet(), rng.randint(1, 3)
    size, left = rng.choice((10, 11, 12)), rng.choice((60, 72))
    one, other = rng.sample(FIRMS, 2)
    sheet.text(
        297,
        80,
        rng.choice(("SUPPLY AGREEMENT", "SERVICE AGREEMENT", "Contract of Sale")),
        size=16,
        bold=True,
        align="centre",
    )
    sheet.text(left, 120, f"This Agreement is made on {rng.randint(1, 28)} May 2024 between {one}", size=size)
    sheet.text(left, 138, f'(the "Supplier") and {other} (the "Customer").', size=size)
    y, clause = 180, 0
    for page in range(pages):
        if page:
            sheet.next_page()
            y = 80
        while y < (740 if page < pages - 1 else 440):
            clause += 1
            words = f"{clause}. {rng.choice(CLAUSES)}".split()
            for start in range(0, len(words), 13):
                sheet.text(left, y, " ".join(words[start : start + 13]), size=size)
                y += size + 5
            y += 10
        _foot(sheet, numbering, page + 1, pages)
    sheet.text(
        left,
        y + 60,
        "Signed for the Supplier  ________________    Signed for the Customer  ________________",
        size=size,
    )
    return sheet


def receipt(rng: random.Random, numbering: str) -> Sheet:
    sheet = Sheet(width=220, height=rng.randint(420, 560))
    sheet.text(110, 40, rng.choice(FIRMS), size=11, bold=True, align="centre", font="Courier")
    sheet.text(
        110,
        60,
        f"{rng.randint(1, 28):02}/0{rng.randint(1, 9)}/2024 {rng.randint(8, 19)}:{rng.randint(10, 59)}",
        size=8,
        align="centre",
        font="Courier",
    )
    y, total = 90, 0.0
    for _ in range(rng.randint(3, 9)):
        price = rng.randint(80, 4000) / 100
        total += price
        sheet.text(15, y, rng.choice(GOODS)[:18], size=8, font="Courier")
        sheet.text(200, y, f"{price:.2f}", size=8, align="right", font="Courier")
        y += 14
    for label, value in (("TOTAL", total), ("CASH", total + 5), ("CHANGE", 5.0)):
        y += 16
        sheet.text(15, y, label, size=9, bold=True, font="Courier")
        sheet.text(200, y, f"{value:.2f}", size=9, align="right", font="Courier")
    sheet.text(110, y + 30, "Thank you", size=8, align="centre", font="Courier")
    return sheet


def _foot(sheet: Sheet, numbering: str, page: int, pages: int) -> None:
    if numbering:
        sheet.text(297, 815, numbering.format(page, pages), size=8, align="centre")
