"""Makes the bundled samples: `samples/invoice.pdf` (digital) and `samples/receipt.png` (a scan), with the boxes
of what is printed on them beside (`samples/*.truth.json`). Companies, people and numbers are invented.

    .venv/bin/python scripts/make_samples.py
"""

from __future__ import annotations

import io
import json
import math
import random
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
from PIL import Image, ImageFilter
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
SCAN_DPI = 170
SCAN_TILT_DEGREES = 0.6


class Sheet:
    """A page that remembers where each named value was printed, as x, y, w, h in page fractions."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.file = io.BytesIO()
        self.canvas = Canvas(self.file, pagesize=(width, height), invariant=1)
        self.truth: dict[str, dict[str, object]] = {}

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 10,
        font: str = "Helvetica",
        name: str | None = None,
        value: object = None,
        align: str = "left",
    ) -> None:
        """Prints `text` with its baseline `y` below the top edge; `name` records its place in the truth."""
        length = stringWidth(text, font, size)
        left = {"left": x, "right": x - length, "centre": x - length / 2}[align]
        self.canvas.setFont(font, size)
        self.canvas.drawString(left, self.height - y, text)
        if name:
            box = (
                left / self.width,
                (y - size * 0.75) / self.height,
                length / self.width,
                size * 0.95 / self.height,
            )
            self.truth[name] = {
                "value": text if value is None else value,
                "text": text,
                "xywh": [round(v, 5) for v in box],
            }

    def rule(self, x0: float, y: float, x1: float) -> None:
        self.canvas.line(x0, self.height - y, x1, self.height - y)

    def pdf(self) -> bytes:
        self.canvas.save()
        return self.file.getvalue()


def invoice() -> Sheet:
    sheet = Sheet(595, 842)
    bold = "Helvetica-Bold"
    sheet.canvas.setTitle("Invoice")
    sheet.text(50, 70, "Harbour & Pine Joinery Ltd", size=18, font=bold, name="issuer_name")
    sheet.text(50, 88, "14 Quayside Lane, Whitmouth WM3 4TR, United Kingdom", size=9)
    sheet.text(50, 101, "VAT No: GB 294 1837 55", size=9)
    sheet.text(545, 70, "INVOICE", size=22, font=bold, align="right")
    for i, (label, name, text, value) in enumerate(
        (
            ("Invoice number", "invoice_id", "HPJ-20418", None),
            ("Invoice date", "invoice_issue_date", "14 March 2026", "2026-03-14"),
            ("Due date", "invoice_due_date", "13 April 2026", "2026-04-13"),
            ("Order number", "order_id", "PO-77310", None),
        )
    ):
        y = 150 + 16 * i
        sheet.text(350, y, label)
        sheet.text(545, y, text, name=name, value=value, align="right")
    sheet.text(50, 150, "Bill to", size=9, font=bold)
    sheet.text(50, 166, "Larkfield Primary School", size=11, name="customer_name")
    sheet.text(50, 180, "2 Orchard Road")
    sheet.text(50, 193, "Larkfield LF9 1AB")
    columns = (50, 360, 455, 545)
    for x, head, align in zip(
        columns,
        ("Description", "Quantity", "Unit price", "Amount"),
        ("left", "right", "right", "right"),
        strict=True,
    ):
        sheet.text(x, 260, head, font=bold, align=align)
    sheet.rule(50, 266, 545)
    rows = (
        ("Oak reading bench, 1.8 m", 4, 312.50),
        ("Bookcase, birch plywood", 6, 189.00),
        ("Delivery and fitting", 1, 240.00),
    )
    total = 0.0
    for i, (what, count, price) in enumerate(rows):
        y, amount = 284 + 20 * i, count * price
        total += amount
        sheet.text(columns[0], y, what, name=f"items[{i}].description")
        sheet.text(columns[1], y, str(count), name=f"items[{i}].quantity", value=count, align="right")
        sheet.text(columns[2], y, f"{price:,.2f}", name=f"items[{i}].unit_price", value=price, align="right")
        sheet.text(
            columns[3], y, f"{amount:,.2f}", name=f"items[{i}].total_price", value=amount, align="right"
        )
    tax = round(total * 0.2, 2)
    sheet.rule(360, 345, 545)
    sums = (
        ("Subtotal", "subtotal", total),
        ("VAT 20%", "tax_amount", tax),
        ("Total GBP", "total_amount", total + tax),
    )
    for i, (label, name, amount) in enumerate(sums):
        y, font = 362 + 18 * i, bold if i == 2 else "Helvetica"
        sheet.text(455, y, label, font=font, align="right")
        sheet.text(545, y, f"{amount:,.2f}", font=font, name=name, value=amount, align="right")
    sheet.text(50, 470, "Payment terms: 30 days net. Please quote the invoice number.", size=9)
    sheet.text(50, 484, "Bank: Whitmouth Mutual   IBAN: GB33 BUKB 2020 1555 5555 55", size=9)
    sheet.text(297, 800, "Thank you for your order", size=9, align="centre")
    return sheet


def receipt() -> Sheet:
    sheet = Sheet(226, 420)  # an 80 mm roll
    font, middle = "Courier", 113.0
    sheet.text(
        middle, 30, "THE COPPER KETTLE", size=13, font="Courier-Bold", align="centre", name="merchant_name"
    )
    sheet.text(middle, 46, "27 Millbrook Street", size=9, font=font, align="centre")
    sheet.text(middle, 58, "Easthaven EH2 7QP", size=9, font=font, align="centre")
    sheet.text(middle, 70, "Tel 01632 960 417", size=9, font=font, align="centre")
    sheet.text(15, 96, "Receipt No: 004517", size=9, font=font)
    sheet.text(15, 110, "Date: 09/05/2026 13:42", size=9, font=font)
    sheet.rule(15, 118, 211)
    total = 0.0
    for i, (what, amount) in enumerate(
        (("Leek and potato soup", 6.5), ("Cheese toastie", 7.2), ("Pot of tea", 3.4), ("Carrot cake", 4.25))
    ):
        y = 136 + 16 * i
        total += amount
        sheet.text(15, y, what, size=9, font=font, name=f"items[{i}].description")
        sheet.text(
            211,
            y,
            f"{amount:.2f}",
            size=9,
            font=font,
            align="right",
            name=f"items[{i}].total_price",
            value=amount,
        )
    sheet.rule(15, 194, 211)
    sheet.text(15, 214, "TOTAL GBP", size=12, font="Courier-Bold")
    sheet.text(
        211,
        214,
        f"{total:.2f}",
        size=12,
        font="Courier-Bold",
        align="right",
        name="total",
        value=round(total, 2),
    )
    sheet.text(15, 236, "CASH", size=9, font=font)
    sheet.text(211, 236, "25.00", size=9, font=font, align="right")
    sheet.text(15, 250, "CHANGE", size=9, font=font)
    sheet.text(211, 250, f"{25 - total:.2f}", size=9, font=font, align="right")
    sheet.text(middle, 290, "Thank you, see you soon", size=9, font=font, align="centre")
    return sheet


def scan(pdf: bytes) -> bytes:
    """The page as a flatbed gives it: grey, tilted a little, soft, with paper grain and specks."""
    document = pdfium.PdfDocument(pdf)
    grey = document[0].render(scale=SCAN_DPI / 72).to_pil().convert("L")
    document.close()
    tilted = grey.rotate(SCAN_TILT_DEGREES, Image.Resampling.BICUBIC, fillcolor=255)
    soft = tilted.filter(ImageFilter.GaussianBlur(0.6))
    rng = np.random.default_rng(7)
    pixels = np.asarray(soft, dtype=np.float32) * 0.88 + 18
    pixels += rng.normal(0, 5, pixels.shape)
    picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    dots = random.Random(7)
    for _ in range(60):
        picture.putpixel((dots.randrange(picture.width), dots.randrange(picture.height)), 90)
    out = io.BytesIO()
    picture.save(out, "PNG", dpi=(SCAN_DPI, SCAN_DPI))
    return out.getvalue()


def tilted(sheet: Sheet) -> dict[str, dict[str, object]]:
    """The truth of a sheet after `scan` has tilted it: each box moves with its centre."""
    angle, cx, cy = math.radians(SCAN_TILT_DEGREES), sheet.width / 2, sheet.height / 2
    moved = {}
    for name, entry in sheet.truth.items():
        x, y, w, h = entry["xywh"]  # type: ignore[misc]
        dx, dy = (x + w / 2) * sheet.width - cx, (y + h / 2) * sheet.height - cy
        x = (cx + dx * math.cos(angle) + dy * math.sin(angle)) / sheet.width - w / 2
        y = (cy - dx * math.sin(angle) + dy * math.cos(angle)) / sheet.height - h / 2
        moved[name] = {**entry, "xywh": [round(v, 5) for v in (x, y, w, h)]}
    return moved


def main() -> None:
    SAMPLES.mkdir(exist_ok=True)
    made = {"invoice": invoice(), "receipt": receipt()}
    for name, sheet in made.items():
        pdf = sheet.pdf()
        if name == "invoice":
            (SAMPLES / "invoice.pdf").write_bytes(pdf)
        else:
            (SAMPLES / "receipt.png").write_bytes(scan(pdf))
        truth = tilted(sheet) if name == "receipt" else sheet.truth
        text = json.dumps(truth, indent=1, ensure_ascii=False)
        (SAMPLES / f"{name}.truth.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
