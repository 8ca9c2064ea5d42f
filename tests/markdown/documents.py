"""PDFs that the Markdown tests make for themselves."""

from __future__ import annotations

import io
from collections.abc import Sequence

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

STYLES = getSampleStyleSheet()
PLAIN = ParagraphStyle("plain", parent=STYLES["BodyText"], fontSize=10, leading=13)

PROSE = (
    "The harvest of the northern plots came in late this year, since the rains of early summer kept the "
    "ground soft for weeks and no machine could be driven over it without damage to the young rows. What "
    "was lost in weight was won in quality, and the cooperative sold nearly all of it before the winter."
)
HARVEST = (
    ("Plot", "Area", "Yield", "Share"),
    ("North", "12.5", "1,250", "41 %"),
    ("East", "8.0", "640", "21 %"),
    ("Willow bank", "9.75", "1,170", "38 %"),
)
COSTS = (
    ("Item", "2024", "2025"),
    ("Seed", "310.00", "290.50"),
    ("Fuel", "1,120.40", "1,090.00"),
    ("Repairs", "85.00", "415.25"),
)
RULED = TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black), ("ALIGN", (1, 0), (-1, -1), "RIGHT")])
BARE = TableStyle([("ALIGN", (1, 0), (-1, -1), "RIGHT"), ("LINEBELOW", (0, 0), (-1, 0), 0.7, colors.black)])
GOODS = (
    ("#", "Code", "Description", "Qty", "Unit price", "Reduction", "Amount"),
    ("1", "K2207-14", "Roof lantern small", "4", "312.40", "5%", "1,187.12"),
    ("2", "K2207-15", "Flashing kit", "12", "48.05", "5%", "547.77"),
    ("3", "S0418-02", "Sealant grey", "30", "6.90", "", "207.00"),
    ("4", "L9930-77", "Fitting (hours)", "16", "55.00", "", "880.00"),
)
LINED = TableStyle([("ALIGN", (3, 0), (-1, -1), "RIGHT"), ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.grey)])


def pdf_of(story: Sequence[Flowable]) -> bytes:
    out = io.BytesIO()
    SimpleDocTemplate(out, pagesize=A4, invariant=1).build(list(story))
    return out.getvalue()


def report() -> bytes:
    """Three pages: headings, prose, lists and a ruled table; nothing; a table without upright rules."""
    return pdf_of(
        [
            Paragraph("Report of the year", STYLES["Title"]),
            Paragraph("Weather and harvest", STYLES["Heading2"]),
            Paragraph(PROSE, PLAIN),
            Paragraph("• Drain the lower field before autumn", PLAIN),
            Paragraph("• Order seed by the end of March", PLAIN),
            Paragraph("Yields", STYLES["Heading2"]),
            Table([list(r) for r in HARVEST], colWidths=[120, 70, 70, 70], style=RULED),
            Spacer(1, 12),
            Paragraph("Figure 1: the plots as seen from the mill", PLAIN),
            PageBreak(),
            Spacer(1, 10),
            PageBreak(),
            Paragraph("Costs", STYLES["Heading2"]),
            Table([list(r) for r in COSTS], colWidths=[120, 90, 90], style=BARE),
            Spacer(1, 12),
            Paragraph('Not a table: &lt;Table id="tb-0"/&gt; and *not* emphasis.', PLAIN),
        ]
    )


def invoice() -> bytes:
    """Labels and values right above a table with narrow columns, and labels with amounts right below it."""
    head = [
        ["Order no:", "4407-B", "Date of order:", "02/03/2026"],
        ["Your reference:", "77120", "Payment due:", "02/04/2026"],
        ["Deliver to", "", "Charge to", ""],
        ["Hollin Court 9", "", "Larch Street 240", ""],
    ]
    totals = [["Net total", "\u00a32,821.89"], ["VAT @ 20%", "\u00a3564.38"], ["To pay", "\u00a33,386.27"]]
    return pdf_of(
        [
            Table(head, colWidths=[78, 146, 88, 100], rowHeights=16),
            Table([list(r) for r in GOODS], colWidths=[22, 63, 155, 33, 60, 58, 73], style=LINED),
            Spacer(1, 10),
            Table(totals, colWidths=[88, 100], hAlign="RIGHT"),
        ]
    )


def statement(style: TableStyle, *, again: bool) -> bytes:
    """One table over three pages, its heading on each or on the first only, then another on a fourth."""
    head = ["Day", "Movement", "Paid in", "Paid out"]
    rows = [
        [
            f"{n % 28 + 1:02d}.03.26",
            f"Transfer {n}",
            f"{n}.50" if style is BARE or n < 70 else "",
            f"{2 * n}.00",
        ]
        for n in range(100)
    ]
    other = [
        ["Year", "Kind", "Interest", "Fees"],
        *([str(y), "Savings", f"{y - 2000}.10", "3.00"] for y in range(2020, 2025)),
    ]
    widths = [80, 180, 90, 90]
    return pdf_of(
        [
            Paragraph("Movements", STYLES["Heading2"]),
            Table([head, *rows], colWidths=widths, style=style, repeatRows=int(again)),
            PageBreak(),
            Table(other, colWidths=widths, style=style),
        ]
    )


def form() -> bytes:
    """Labels with their values far to the right."""
    out = io.BytesIO()
    page = Canvas(out, pagesize=A4, invariant=1)
    for n, (label, value) in enumerate(
        (("Surname", "Okonkwo"), ("Occupation", "Stone mason"), ("Favourite tree", "Hornbeam"))
    ):
        page.drawString(80, 700 - 16 * n, label)
        page.drawString(240, 700 - 16 * n, value)
    page.showPage()
    page.save()
    return out.getvalue()
