"""Archives that lie, swell or point elsewhere are refused before anything in them is read."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from tests.documents import office_made
from tests.documents.conftest import Read, text_of

from paperclerk.domain.errors import DocumentError, DocumentTooLarge

HELLO = office_made.bare_word("<w:p><w:r><w:t>hello</w:t></w:r></w:p>")


def _twice() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file, pytest.warns(UserWarning, match="Duplicate"):
        for name, data in (*HELLO.items(), ("word/document.xml", "<other/>")):
            file.writestr(name, data)
    return out.getvalue()


def _contradicting() -> bytes:
    """The header before a member gives it another name than the directory at the end."""
    data = office_made.archive(HELLO)
    return data.replace(b"word/document.xml", b"word/innocent.xml", 1)


def _overlapping() -> bytes:
    """Two members of the directory share one place."""
    data = bytearray(office_made.archive({**HELLO, "a": "x" * 50, "b": "x" * 50}, method=zipfile.ZIP_STORED))
    last = data.rindex(b"PK\1\2")
    struct.pack_into("<I", data, last + 42, data.index(b"PK\3\4", data.index(b"xxxx") - 60))
    return bytes(data)


def _linked() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in HELLO.items():
            file.writestr(name, data)
        link = zipfile.ZipInfo("word/link.xml")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
    return out.getvalue()


def _with(**parts: bytes | str) -> bytes:
    return office_made.archive({**HELLO, **parts})


DOCTYPE = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


def test_the_archive_that_the_others_are_made_of_is_read(read: Read) -> None:
    assert text_of(read(office_made.archive(HELLO)).pages[0]) == "hello"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (_twice(), "holds a part twice"),
        (_with(**{"WORD/document.xml": "<x/>"}), "holds a part twice"),
        (_with(**{"../../tmp/x.xml": "<x/>"}), "unsafe name"),
        (_with(**{"word\\..\\x.xml": "<x/>"}), "unsafe name"),
        (_with(**{"C:/x.xml": "<x/>"}), "unsafe name"),
        (_linked(), "unsafe name"),
        (_contradicting(), "contradicts itself"),
        (_overlapping(), "contradicts itself"),
        (office_made.archive(HELLO)[:-60], "damaged or cut off"),
        (office_made.archive(office_made.bare_word("", before=DOCTYPE)), "XML entities"),
        (_with(**{"word/other.xml": DOCTYPE + "<x/>"}), "XML entities"),
        (_with(**{"word/other.xml": (DOCTYPE + "<x/>").encode("utf-16")}), "XML entities"),
        (office_made.archive(office_made.bare_word("<w:p>" * 3000 + "</w:p>" * 3000)), "XML cannot be read"),
        (office_made.archive({**HELLO, "_rels/.rels": "<Relationships/>"}), "holds no document"),
    ],
)
def test_what_is_wrong_is_refused(read: Read, data: bytes, what: str) -> None:
    with pytest.raises(DocumentError, match=what):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        _with(**{"word/media/image1.png": bytes(30_000_000)}),
        office_made.archive(office_made.bare_word(" " * 20_000_000)),
        office_made.archive({**HELLO, **{f"word/{n}.xml": "<x/>" for n in range(5001)}}),
    ],
)
def test_what_swells_is_refused(read: Read, data: bytes) -> None:
    with pytest.raises(DocumentTooLarge):
        read(data)


def test_a_claimed_size_does_not_make_a_sheet_large(read: Read) -> None:
    book = office_made.workbook()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                data = data.replace(b'ref="A1:D12"', b'ref="A1:XFD1048576"')
                data = data.replace(
                    b"</sheetData>", b'</sheetData><mergeCells><mergeCell ref="F1:XFD99999"/></mergeCells>'
                )
            new.writestr(name, data)
    assert len(read(out.getvalue()).pages) == 1


def test_too_many_cells(read: Read) -> None:
    with pytest.raises(DocumentTooLarge) as caught:
        read("".join("a;b;c;d;e;f;g;h;i;j\n" for _ in range(10_500)).encode())
    assert caught.value.code == "too_many_cells"
