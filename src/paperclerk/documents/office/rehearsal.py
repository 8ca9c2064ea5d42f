"""A small file of each office kind, and every text encoding, for a zygote to load. Called by `rehearsal`."""

from __future__ import annotations

import codecs
import io
import zipfile
from collections.abc import Iterator
from encodings import aliases

_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_MAIL = b"""From: =?iso-8859-1?q?Ann_B=F6ll?= <ann@example.org>
To: bo@example.org
Date: Fri, 14 Mar 2025 09:00:00 +0000
Subject: =?utf-8?b?d29yZA==?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<p>word</p>
--b
Content-Type: message/rfc822

From: bo@example.org
Date: Fri, 14 Mar 2025 09:00:00 +0000

word
--b
Content-Type: text/csv; name*=utf-8''a.csv
Content-Disposition: attachment
Content-Transfer-Encoding: base64

YSxiLGMKMSwyLDMK
--b--
"""


def documents() -> Iterator[bytes]:
    """Office files with a word in each."""
    for name in sorted(set(aliases.aliases.values())):
        try:
            codecs.lookup(name)
        except LookupError:
            pass  # of another system
    yield package(
        "word/document.xml", f'<document xmlns="{_WORD}"><body><p><r><t>word</t></r></p></body></document>'
    )
    yield _workbook()
    yield _presentation()
    yield b"<html><body><h1>word</h1><table><tr><th>a</th></tr></table></body></html>"
    yield b"# word\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    yield b"word\n"
    yield _MAIL


def package(main: str, xml: str, parts: dict[str, str] | None = None) -> bytes:
    """An archive with that main part and others."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        link = f'<Relationship Id="r" Type="{_DOCUMENT}/officeDocument" Target="{main}"/>'
        archive.writestr("_rels/.rels", f'<Relationships xmlns="{_PACKAGE}">{link}</Relationships>')
        archive.writestr(main, xml)
        for name, content in (parts or {}).items():
            archive.writestr(name, content)
    return out.getvalue()


def _workbook() -> bytes:
    cells = "<sheetData><row><c><v>1.5</v></c></row></sheetData>"
    link = f'<Relationship Id="s" Type="{_DOCUMENT}/worksheet" Target="sheet.xml"/>'
    return package(
        "xl/workbook.xml",
        f'<workbook xmlns="{_SHEET}" xmlns:r="{_DOCUMENT}"><sheets><sheet name="a" r:id="s"/></sheets></workbook>',
        {
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{link}</Relationships>',
            "xl/sheet.xml": f'<worksheet xmlns="{_SHEET}">{cells}</worksheet>',
        },
    )


def _presentation() -> bytes:
    from pptx import Presentation

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "word"
    slide.shapes.add_table(1, 2, 0, 0, 914400, 914400).table.cell(0, 0).text = "word"
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()
