"""Office files, mail and the archives inside them that these tests make for themselves."""

from __future__ import annotations

import datetime
import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any

import docx
import openpyxl
from openpyxl.styles import Font
from pptx import Presentation
from pptx.util import Inches

ROWS = (
    ("Description", "Quantity", "Unit price", "Amount"),
    ("Oak reading bench", "4", "310.00", "1240.00"),
    ("Side table, ash", "2", "145.50", "291.00"),
    ("Delivery and fitting", "1", "95.00", "95.00"),
)


def word(change: Callable[[Any], None] = lambda document: None) -> bytes:
    """An invoice as DOCX; `change` may add to it."""
    document = docx.Document()
    document.add_heading("Harbour & Pine Joinery Ltd", 1)
    document.add_paragraph("Invoice number:\tHPJ-20418")
    document.add_paragraph("Invoice date:\t14 March 2025")
    table = document.add_table(rows=0, cols=4)
    table.style = "Table Grid"
    for row in ROWS:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.add_paragraph("Total due (GBP):\t1626.00")
    change(document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def workbook() -> bytes:
    """The same invoice as XLSX, with a hidden sheet, a hidden row and formats."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Invoice"
    sheet["A1"] = "Harbour & Pine Joinery Ltd"
    sheet["A1"].font = Font(bold=True, size=16)
    sheet["A3"], sheet["B3"] = "Invoice number", "HPJ-20418"
    sheet["A4"], sheet["B4"] = "Invoice date", datetime.date(2025, 3, 14)
    sheet["B4"].number_format = "d mmmm yyyy"
    for row, values in enumerate(ROWS, 6):
        for column, value in enumerate(values, 1):
            is_number = row > 6 and column > 1
            sheet.cell(row, column, float(value) if is_number else value)
            if column > 2:
                sheet.cell(row, column).number_format = "#,##0.00"
    sheet["C11"], sheet["D11"] = "Total due", 1626
    sheet["D11"].number_format = "£#,##0.00"
    sheet["A12"] = "nobody sees this row"
    sheet.row_dimensions[12].hidden = True
    book.create_sheet("Secret")["A1"] = "nobody sees this sheet"
    book["Secret"].sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def slides(picture: bytes) -> bytes:
    """Two slides: a title, a text box in a group and a table; a picture alone."""
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Invoice HPJ-20418"
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(
        Inches(0.5), Inches(1.6), Inches(6), Inches(0.6)
    ).text_frame.text = "Harbour & Pine"
    table = slide.shapes.add_table(4, 4, Inches(0.5), Inches(3), Inches(9), Inches(2)).table
    for row, values in enumerate(ROWS):
        for column, value in enumerate(values):
            table.cell(row, column).text = value
    deck.slides.add_slide(deck.slide_layouts[6]).shapes.add_picture(io.BytesIO(picture), 0, 0, Inches(8))
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def web_page() -> bytes:
    """The same invoice as HTML, with things that no browser shows or that would have to be fetched."""
    rows = "".join(
        "<tr>" + "".join(f"<{'td' if n else 'th'}>{text}</{'td' if n else 'th'}>" for text in row) + "</tr>"
        for n, row in enumerate(ROWS)
    )
    return f"""<!DOCTYPE html><html><head><title>t</title><script>document.write("scripted")</script></head><body>
<h1>Harbour &amp; Pine Joinery Ltd</h1><p>Invoice number: <b>HPJ-</b>20418<br>Invoice date: 14 March 2025</p>
<p style="display: none">hidden words</p><iframe src="file:///etc/passwd"></iframe>
<img src="http://127.0.0.1:9/logo.png" alt="Logo"><table>{rows}</table><p>Total due: GBP 1626.00</p></body></html>
""".encode()


def mail(*attachments: tuple[str, bytes]) -> bytes:
    """A message with a plain and an HTML body and those files."""
    message = EmailMessage()
    message["From"], message["To"] = "Ann Böll <ann@example.org>", "bo@example.org"
    message["Subject"], message["Date"] = "Invoice HPJ-20418", "Fri, 14 Mar 2025 09:00:00 +0000"
    message.set_content("plain body\n")
    message.add_alternative("<p>Dear Bo, please find our <b>invoice</b>.</p>", subtype="html")
    for name, data in attachments:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def archive(parts: Mapping[str, bytes | str], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return out.getvalue()


def bare_word(body: str, *, before: str = "") -> dict[str, str | bytes]:
    """The parts of the smallest DOCX."""
    types = "http://schemas.openxmlformats.org"
    kind = f"{types}/officeDocument/2006/relationships/officeDocument"
    link = f'<Relationship Id="a" Type="{kind}" Target="word/document.xml"/>'
    return {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships xmlns="{types}/package/2006/relationships">{link}</Relationships>',
        "word/document.xml": f'{before}<w:document xmlns:w="{types}/wordprocessingml/2006/main"><w:body>{body}'
        "</w:body></w:document>",
    }


def ole(streams: Mapping[str, bytes]) -> bytes:
    """An OLE file with these streams, `storage/stream` one level deep at most; each padded to 4096 bytes."""
    sector, end, free = 512, 0xFFFFFFFE, 0xFFFFFFFF
    storages = sorted({name.split("/")[0] for name in streams if "/" in name})
    tops = sorted([*storages, *(name for name in streams if "/" not in name)])
    names = [*tops, *(name for name in streams if "/" in name)]
    padded = {name: data.ljust(4096, b"\0") for name, data in streams.items()}
    directory_sectors = -(-(len(names) + 1) // 4)
    data_sectors = {name: -(-len(data) // sector) for name, data in padded.items()}
    fat = [0xFFFFFFFD] + [n + 2 for n in range(directory_sectors - 1)] + [end]
    starts, body = {}, b""
    for name, data in padded.items():
        starts[name] = len(fat)
        fat += [len(fat) + n + 1 for n in range(data_sectors[name] - 1)] + [end]
        body += data.ljust(data_sectors[name] * sector, b"\0")
    assert len(fat) <= 128

    def chain(siblings: list[str]) -> int:
        return names.index(siblings[0]) + 1 if siblings else free

    def entry(name: str, kind: int, child: int, following: int, start: int, size: int) -> bytes:
        raw = name.encode("utf-16-le")
        head = raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw) + 2, kind, 1, free, following, child)
        return head + bytes(36) + struct.pack("<IQ", start, size)

    entries = entry("Root Entry", 5, chain(tops), free, end, 0)
    for name in names:
        inside = sorted(n for n in names if n.startswith(f"{name}/"))
        peers = sorted(n for n in names if n.rpartition("/")[0] == name.rpartition("/")[0])
        place = peers.index(name)
        following = names.index(peers[place + 1]) + 1 if place + 1 < len(peers) else free
        if name in padded:
            entries += entry(name.split("/")[-1], 2, free, following, starts[name], len(padded[name]))
        else:
            entries += entry(name, 1, chain(inside), following, 0, 0)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<I", 0) + struct.pack("<I", free) * 108
    table = b"".join(struct.pack("<I", n) for n in fat).ljust(sector, b"\xff")
    return header + table + entries.ljust(directory_sectors * sector, b"\0") + body
