"""Office files, mail, web pages and text as virtual pages: what is on them, where, and what is left out."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from docx.enum.text import WD_BREAK
from docx.oxml import OxmlElement
from lxml import etree
from PIL import Image
from pptx import Presentation
from tests.documents import made, office_made
from tests.documents.conftest import Read, line_texts, text_of

import paperclerk
from paperclerk.documents.process import ProcessReader
from paperclerk.domain.document import Document, PageStatus, TextOrigin
from paperclerk.domain.errors import DocumentError, PasswordRequired, UnsupportedDocument

INVOICE = {
    "type": "object",
    "properties": {
        "invoice_id": {"type": "string"},
        "invoice_date": {"type": "string", "format": "date"},
        "total": {"type": "number", "description": "total due"},
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
PICTURE = made.encoded(made.scan(), "PNG")
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


@pytest.mark.parametrize("data", [office_made.word(), office_made.workbook(), office_made.web_page()])
def test_the_same_invoice_gives_the_same_values(data: bytes) -> None:
    response = paperclerk.execute(data, schema=INVOICE).response
    assert response["invoice_id"] == "HPJ-20418"
    assert response["invoice_date"] == "2025-03-14"
    assert response["total"] == 1626
    assert [tuple(item.values()) for item in response["items"]] == [
        (name, float(quantity), float(price), float(amount))
        for name, quantity, price, amount in office_made.ROWS[1:]
    ]


@pytest.mark.parametrize(
    "data",
    [office_made.word(), office_made.workbook(), office_made.web_page(), office_made.mail(), b"two words"],
)
def test_every_word_has_ink_under_its_box(read: Read, reader: ProcessReader, data: bytes) -> None:
    page = read(data).pages[0]
    with Image.open(io.BytesIO(reader.render(data, 0, max_side=1600))) as drawn:
        ink = np.asarray(drawn.convert("L")) < 140
    scale = 1600 / max(page.width, page.height)
    for word in page.words:
        x0, y0, x1, y1 = (round(v * scale) for v in (word.box.x0, word.box.y0, word.box.x1, word.box.y1))
        assert ink[y0:y1, x0:x1].any(), word
        assert 0 <= word.box.x0 < word.box.x1 <= page.width and 0 <= word.box.y0 < word.box.y1 <= page.height
    assert page.origin is TextOrigin.TEXT_LAYER and page.status is PageStatus.OK


def test_word_shows_what_word_shows(read: Read) -> None:
    def change(document: object) -> None:
        document.sections[0].header.paragraphs[0].text = "A header"
        document.sections[0].footer.paragraphs[0].text = "A footer"
        document.add_paragraph().add_run("hidden words").font.hidden = True
        deleted = OxmlElement("w:del")
        deleted.append(document.add_paragraph("deleted words").runs[0]._r)
        document.paragraphs[-1]._p.append(deleted)
        field = document.add_paragraph().add_run()
        code = OxmlElement("w:instrText")
        code.text = 'INCLUDETEXT "file:///etc/passwd"'
        field._r.append(code)
        document.add_paragraph("first point", style="List Number")
        document.add_paragraph("second point", style="List Number")
        control = OxmlElement("w:sdt")
        content = OxmlElement("w:sdtContent")
        content.append(document.add_paragraph("in a control")._p)
        control.append(content)
        document.element.body.insert(-1, control)
        document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
        outer = document.add_table(rows=1, cols=2)
        outer.cell(0, 0).text = "left"
        outer.cell(0, 1).add_table(rows=1, cols=1).cell(0, 0).text = "nested"

    first, second = read(office_made.word(change)).pages
    assert line_texts(first)[0] == "A header" and line_texts(first)[-1] == "A footer"
    assert {"1. first point", "2. second point", "in a control"} <= set(line_texts(first))
    assert {"A header", "left", "nested", "A footer"} == set(line_texts(second))
    assert not {"hidden", "deleted", "INCLUDETEXT"} & set(text_of(first).split())


def test_a_text_box_and_a_picture_of_words_in_word(read: Read) -> None:
    def change(document: object) -> None:
        document.add_page_break()
        document.add_picture(io.BytesIO(PICTURE), width=5_000_000)
        run = document.add_paragraph().add_run()
        box = OxmlElement("w:pict")
        content = OxmlElement("w:txbxContent")
        content.append(document.add_paragraph("boxed words")._p)
        box.append(content)
        run._r.append(box)

    page = read(office_made.word(change)).pages[1]
    assert page.origin is TextOrigin.MIXED
    assert "boxed words" in line_texts(page) and "NS-20418" in text_of(page)


def test_cells_of_a_sheet_have_their_references(read: Read) -> None:
    result = paperclerk.execute(office_made.workbook(), schema=INVOICE, config={"grounding": True})
    box = result.json()["invoice_id_metadata"]["bboxes"][0]
    assert (box["content"], box["cell"]) == ("HPJ-20418", "Invoice!B3")
    assert result.json()["items"][1]["amount_metadata"]["bboxes"][0]["cell"] == "Invoice!D8"

    document = read(office_made.workbook())
    assert len(document.pages) == 1 and "nobody" not in text_of(document.pages[0])
    cells = {cell.name: cell.box for cell in document.pages[0].cells}
    words = {word.text: word.box for word in document.pages[0].words}
    assert {"14", "1,240.00", "£1,626.00"} <= words.keys()
    held = cells["Invoice!D11"]
    assert held.x0 <= words["£1,626.00"].x0 and words["£1,626.00"].x1 <= held.x1


def test_slides_are_pages(read: Read) -> None:
    first, second = read(office_made.slides(PICTURE)).pages
    assert (first.width, first.height) == (720, 540)
    assert line_texts(first)[:2] == ["Invoice HPJ-20418", "Harbour & Pine"]
    assert {"Oak reading bench", "1240.00"} <= set(line_texts(first)) and len(first.rules) == 10
    assert second.origin is TextOrigin.OCR and "NS-20418" in text_of(second)


def test_a_web_page_is_its_own_bytes_only(read: Read) -> None:
    lines = line_texts(read(office_made.web_page()).pages[0])
    assert lines[:3] == [
        "Harbour & Pine Joinery Ltd",
        "Invoice number: HPJ-20418",
        "Invoice date: 14 March 2025",
    ]
    assert "Logo" in lines and not {"scripted", "hidden", "root"} & set(" ".join(lines).split())


def test_attachments_are_further_pages(read: Read) -> None:
    inner = office_made.mail(("inside.pdf", made.pdf(made.lines())))
    data = office_made.mail(
        ("invoice.docx", office_made.word()),
        ("scan.png", PICTURE),
        ("inner.eml", inner),
        ("x.zip", b"PK\3\4zip"),
    )
    document = read(data)
    assert document.info.title == "Invoice HPJ-20418" and document.info.media_type == "message/rfc822"
    head, word, scan, message, pdf = document.pages
    assert [page.index for page in document.pages] == [0, 1, 2, 3, 4]
    assert line_texts(head)[:2] == ["From: Ann Böll <ann@example.org>", "To: bo@example.org"]
    assert "Dear Bo, please find our invoice." in line_texts(head) and "plain" not in text_of(head)
    assert "Attachment: inner.eml (2 pages)" in line_texts(head)
    assert "x.zip (not read: This is a ZIP archive" in text_of(head)
    assert "HPJ-20418" in text_of(word) and "NS-20418" in text_of(pdf)
    assert scan.origin is TextOrigin.OCR and "NS-20418" in text_of(scan)
    assert "Attachment: inside.pdf (1 page)" in line_texts(message)


def test_messages_in_messages_end_somewhere(read: Read) -> None:
    data = office_made.mail()
    for _ in range(6):
        data = office_made.mail(("deeper.eml", data))
    pages = read(data).pages
    assert len(pages) == 4 and "too deep" in text_of(pages[-1])


def test_an_outlook_message(read: Read) -> None:
    noon = (datetime(2025, 3, 14, 12, tzinfo=UTC) - datetime(1601, 1, 1, tzinfo=UTC)) // timedelta(
        microseconds=1
    )
    data = office_made.ole(
        {
            "__properties_version1.0": bytes(32) + struct.pack("<HHIQ", 0x40, 0x39, 6, 10 * noon),
            "__substg1.0_0037001F": "Invoice HPJ-20418".encode("utf-16-le"),
            "__substg1.0_0C1A001F": "Ann Böll".encode("utf-16-le"),
            "__substg1.0_5D01001F": "ann@example.org".encode("utf-16-le"),
            "__substg1.0_1000001F": "Dear Bo,\r\nsee below.".encode("utf-16-le"),
            "__attach_version1.0_#00000000/__substg1.0_37010102": office_made.web_page().ljust(4096),
            "__attach_version1.0_#00000000/__substg1.0_3707001F": "invoice.html".encode("utf-16-le"),
        }
    )
    document = read(data)
    assert document.info.media_type == "application/vnd.ms-outlook"
    assert line_texts(document.pages[0]) == [
        "From: Ann Böll <ann@example.org>",
        "Date: Fri, 14 Mar 2025 12:00 UTC",
        "Subject: Invoice HPJ-20418",
        "Attachment: invoice.html (1 page)",
        "Dear Bo,",
        "see below.",
    ]
    assert "HPJ-20418" in text_of(document.pages[1])


@pytest.mark.parametrize(
    ("stream", "advice"),
    [("WordDocument", "DOCX or PDF"), ("Workbook", "XLSX or PDF"), ("PowerPoint Document", "PPTX or PDF")],
)
def test_old_office_files_are_told_what_to_become(read: Read, stream: str, advice: str) -> None:
    with pytest.raises(UnsupportedDocument, match=f"Save it as {advice}"):
        read(office_made.ole({stream: b"x"}))


def test_encrypted_office_files(read: Read) -> None:
    with pytest.raises(PasswordRequired):
        read(office_made.ole({"EncryptedPackage": b"x", "EncryptionInfo": b"x"}))


def test_text_keeps_its_columns(read: Read) -> None:
    rows = "\n".join(f"{name:24}{quantity:>10}{amount:>12}" for name, quantity, _, amount in office_made.ROWS)
    document = read(f"Harbour & Pine\n\n{rows}\n\f\nsecond page: größer\n".encode())
    first, second = document.pages
    assert document.info.media_type == "text/plain"
    ends = {word.text: word.box.x1 for word in first.words}
    assert ends["1240.00"] == ends["291.00"] == ends["95.00"]
    assert line_texts(second) == ["second page: größer"]
    assert read("größer\n".encode("utf-16")).pages[0].words[0].text == "größer"
    assert read("größer als das\n".encode("cp1252")).pages[0].words[0].text == "größer"


def test_markdown_and_delimited_values(read: Read) -> None:
    table = "\n".join(
        f"| {' | '.join(row)} |" + ("\n|---|---|---|---|" if not n else "")
        for n, row in enumerate(office_made.ROWS)
    )
    markdown = read(f"# A heading\n\nSome **bold** text.\n\n{table}\n".encode())
    assert markdown.info.media_type == "text/markdown"
    page = markdown.pages[0]
    assert line_texts(page)[:2] == ["A heading", "Some bold text."] and len(page.rules) == 10
    assert [word.bold for word in page.words if word.text in ("bold", "text.")] == [True, False]

    values = read("\n".join(";".join(row) for row in office_made.ROWS).encode())
    assert values.info.media_type == "text/csv"
    assert {cell.name for cell in values.pages[0].cells} >= {"A1", "D4"} and len(values.pages[0].cells) == 16


@pytest.mark.parametrize("odd", ["\u2028", "\u2029", "\x85", "\f"])
def test_only_line_ends_end_a_row_of_values(read: Read, odd: str) -> None:
    page = read(f"Name;Note;Amount\nA;one{odd}two;5.00\nB;x;6.00\n".encode()).pages[0]
    assert text_of(page).split() == ["Name", "Note", "Amount", "A", "one", "two", "5.00", "B", "x", "6.00"]
    assert {cell.name for cell in page.cells} == {f"{column}{row}" for column in "ABC" for row in (1, 2, 3)}


def test_values_with_a_quote_that_has_no_end_are_text(read: Read) -> None:
    document = read(b'Name;Note;Amount\nA;x;1.00\n"B;x;2.00\nC;x;3.00\n' + b"D;x;4.00\n" * 9)
    assert document.info.media_type == "text/plain" and line_texts(document.pages[0])[3] == "C;x;3.00"
    closed = read(b'Name;Note;Amount\nA;x;1.00\nB;"two\nlines";"2.00"')
    assert closed.info.media_type == "text/csv" and len(closed.pages[0].cells) == 9


def test_what_a_page_of_the_web_shows_apart_is_apart(read: Read) -> None:
    page = read(
        b"<html><body><span style='display:block'>Total</span><span style='display:block'>100</span>"
        b"<label>Name</label><input value='Bob'><label>City</label><input value='Rome'>"
        b"<table border=1><tbody style='display:none'><tr><td>unseen</td></tr></tbody><tr><td>seen</td></tr>"
        b"</table></body></html>"
    ).pages[0]
    assert line_texts(page) == ["Total", "100", "Name Bob City Rome", "seen"]


def test_a_page_of_the_web_that_is_nested_too_deeply_is_refused(read: Read) -> None:
    with pytest.raises(DocumentError, match="nested too deeply"):
        read(b"<html><body>" + b"<div>" * 300 + b"deep" + b"</div>" * 300 + b"<p>after</body></html>")


def _slide(change: Callable[[Any], None]) -> bytes:
    deck = Presentation()
    change(deck.slides.add_slide(deck.slide_layouts[8]))
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def test_line_ends_and_fields_of_slides(read: Read) -> None:
    def change(slide: Any) -> None:
        line = slide.shapes.title.text_frame.paragraphs[0]
        line.add_run().text = "Total"
        line.add_line_break()
        line.add_run().text = "100"
        field = etree.SubElement(line._p, f"{DRAWING}fld", id="{B1}", type="datetime1")
        etree.SubElement(field, f"{DRAWING}t").text = " 14.03.2024"

    assert text_of(read(_slide(change)).pages[0]).split() == ["Total", "100", "14.03.2024"]


def test_shapes_of_slides_that_are_out_of_the_ordinary(read: Read) -> None:
    """A picture in a placeholder, one behind a link, a shape without a form, one for newer programs."""

    def change(slide: Any) -> None:
        slide.shapes.title.text = "Title"
        slide.placeholders[1].insert_picture(io.BytesIO(PICTURE))
        linked = slide.shapes.add_picture(io.BytesIO(PICTURE), 0, 0)._element.find(f".//{DRAWING}blip")
        for name in [name for name in linked.attrib if name.endswith("embed")]:
            linked.set(name.replace("embed", "link"), linked.attrib.pop(name))
        formless, newer = (slide.shapes.add_shape(1, 0, n * 10**6, 4 * 10**6, 10**6) for n in (4, 5))
        formless.text_frame.text, newer.text_frame.text = "formless", "newer"
        properties = formless._element.spPr
        properties.remove(properties.find(f"{DRAWING}prstGeom"))
        compatible = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
        wrapped = etree.Element(f"{compatible}AlternateContent")
        newer._element.addprevious(wrapped)
        etree.SubElement(wrapped, f"{compatible}Choice", Requires="a14").append(newer._element)

    page = read(_slide(change)).pages[0]
    words = {word.text for word in page.words}
    assert {"Title", "formless", "newer"} <= words and len(words) > 3, "the picture is read too"


def test_heic_and_avif(read: Read) -> None:
    heic = read((Path(__file__).parent / "word.heic").read_bytes())
    assert heic.info.media_type == "image/heic" and text_of(heic.pages[0]) == "word 1.00"
    avif = read(made.encoded(made.scan(), "AVIF"))
    assert avif.info.media_type == "image/avif" and "NS-20418" in text_of(avif.pages[0])


def test_a_long_document_runs_over_pages(read: Read) -> None:
    def change(document: object) -> None:
        table = document.add_table(rows=0, cols=2)
        for n in range(120):
            cells = table.add_row().cells
            cells[0].text, cells[1].text = f"row {n}", "word " * 40

    document: Document = read(office_made.word(change))
    words = [word.text for page in document.pages for word in page.words]
    assert len(document.pages) > 5 and words.count("word") == 120 * 40
    assert all(page.height < 900 for page in document.pages)


def test_a_presentation_without_slides(read: Read) -> None:
    out = io.BytesIO()
    Presentation().save(out)
    with pytest.raises(DocumentError, match="no slides"):
        read(out.getvalue())


def test_a_formula_that_was_never_calculated_is_no_empty_cell(read: Read) -> None:
    book = openpyxl.Workbook()
    for row in (["Item", "Amount"], ["Bench", 14.5], ["Total", "=SUM(B2:B2)*1.2"]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    assert text_of(read(out.getvalue()).pages[0]).split() == [
        "Item",
        "Amount",
        "Bench",
        "14.5",
        "Total",
        "=?",
    ]
