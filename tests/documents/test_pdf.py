"""Text layers of PDFs: words, places, turns, lines, and which pages want OCR."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas
from tests.documents import made
from tests.documents.conftest import Read, line_texts, text_of

from paperclerk.documents.letters import normalise
from paperclerk.documents.process import ProcessReader
from paperclerk.documents.reader import ReadingLimits, ReadOptions
from paperclerk.domain.document import PageStatus, TextOrigin
from paperclerk.domain.errors import DocumentError, DocumentTooLarge, InvalidRequest, PasswordRequired


def test_words_and_places(read: Read) -> None:
    document = read(made.pdf(made.lines()))
    assert (document.info.kind, document.info.page_count) == ("pdf", 1)
    (page,) = document.pages
    assert (page.status, page.origin, page.turn) == (PageStatus.OK, TextOrigin.TEXT_LAYER, 0)
    assert (page.width, page.height) == made.A4
    assert line_texts(page) == list(made.LETTER)
    first = page.words[0]
    assert first.text == "Northfield" and first.score == 1.0 and not first.bold
    # drawn at x 72, baseline 770 from below; Helvetica 12
    assert first.box.x0 == pytest.approx(72, abs=1)
    assert first.box.y0 < 842 - 770 - 8 < 842 - 770 <= first.box.y1 < 842 - 770 + 5
    assert 9 < first.size < 15


def test_a_long_code_is_one_word_with_all_its_characters(read: Read) -> None:
    code = "".join(str(n % 10) + "x" for n in range(150))
    (page,) = read(made.pdf(made.lines([code], x=10, font=3))).pages
    assert [word.text for word in page.words] == [code]


def test_a_path_and_bytes_read_alike(reader: ProcessReader, read: Read, tmp_path: Path) -> None:
    data = made.pdf(made.lines())
    file = tmp_path / "name.tiff"
    file.write_bytes(data)
    with reader.open(file, ReadOptions()) as reading:
        assert [p.words for p in reading] == [p.words for p in read(data).pages]


def test_bold_and_characters_beyond_ascii(read: Read) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold", 20)
        canvas.drawString(72, 700, "Zürich café 12,50 €")

    (page,) = read(made.pdf(draw)).pages
    assert [w.text for w in page.words] == ["Zürich", "café", "12,50", "€"]
    assert all(w.bold for w in page.words)


def test_ligatures_soft_hyphens_and_zero_width_marks() -> None:
    assert normalise("e\ufb03cient") == "efficient"
    assert normalise("Ａ１") == "A1"
    assert normalise("m²") == "m²"  # not what ligatures are: kept
    assert normalise("10½") == "10½"


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_rotate_entry_shows_in_the_displayed_frame(read: Read, turn: int) -> None:
    """Text that is drawn sideways and displayed upright by /Rotate is upright, with turn 0."""
    matrices = {90: b"0 1 -1 0 500 100", 180: b"-1 0 0 -1 500 700", 270: b"0 -1 1 0 100 700"}
    content = b"BT %s Tm /F1 14 Tf (Upright words here) Tj ET" % matrices[turn]
    data = made.one_page(content, b"/MediaBox[0 0 595 842]/Rotate %d" % turn)
    (page,) = read(data).pages
    assert page.turn == 0
    assert (page.width, page.height) == ((842, 595) if turn % 180 else (595, 842))
    assert line_texts(page) == ["Upright words here"]
    box = page.words[0].box
    assert box.width > 2 * box.height
    start = {90: (100, 500), 180: (595 - 500, 700), 270: (842 - 700, 595 - 100)}[turn]
    assert (box.x0, box.y1) == (pytest.approx(start[0], abs=3), pytest.approx(start[1], abs=5))


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_sideways_text_layer_is_turned_upright(read: Read, turn: int) -> None:
    """Text that is displayed sideways: the page is turned, `turn` says how."""
    # the text runs clockwise by (360 - turn) as displayed, so turning by `turn` makes it upright
    matrices = {90: b"0 1 -1 0 300 100", 180: b"-1 0 0 -1 500 700", 270: b"0 -1 1 0 300 700"}
    content = b"BT %s Tm /F1 14 Tf (Sideways words here) Tj 0 -20 Td (and below) Tj ET" % matrices[turn]
    (page,) = read(made.one_page(content)).pages
    assert page.turn == turn
    assert (page.width, page.height) == ((842, 595) if turn % 180 else (595, 842))
    assert line_texts(page) == ["Sideways words here", "and below"]
    assert page.words[0].box.width > 2 * page.words[0].box.height
    box = page.words[0].box
    start = {90: (100, 300), 180: (595 - 500, 700), 270: (842 - 700, 595 - 300)}[turn]
    assert (box.x0, box.y1) == (pytest.approx(start[0], abs=3), pytest.approx(start[1], abs=5))


def test_crop_box_moves_the_origin(read: Read) -> None:
    content = b"BT /F1 12 Tf 150 250 Td (Inside) Tj ET BT /F1 12 Tf 10 10 Td (Outside) Tj ET"
    data = made.one_page(content, b"/MediaBox[0 0 595 842]/CropBox[100 200 400 600]")
    (page,) = read(data).pages
    assert (page.width, page.height) == (300, 400)
    inside = next(w for w in page.words if w.text == "Inside")
    assert inside.box.x0 == pytest.approx(50, abs=1) and inside.box.y1 == pytest.approx(350, abs=4)
    assert "Outside" not in [w.text for w in page.words]


def test_hidden_text_is_no_text(read: Read) -> None:
    content = b"BT /F1 12 Tf 72 700 Td (Seen) Tj ET BT 3 Tr /F1 12 Tf 72 600 Td (Hidden) Tj ET"
    (page,) = read(made.one_page(content)).pages
    assert [w.text for w in page.words] == ["Seen"]


def test_columns_are_read_one_after_the_other(read: Read) -> None:
    left = [f"left column line {n} with several words" for n in range(6)]
    right = [f"right column line {n} with several words" for n in range(6)]
    draw = made.both(
        made.lines(["A heading over both columns"], top=800),
        made.lines(left, x=40, top=740, step=14, font=10),
        made.lines(right, x=320, top=740, step=14, font=10),
    )
    (page,) = read(made.pdf(draw)).pages
    assert line_texts(page) == ["A heading over both columns", *left, *right]


def test_columns_of_a_paper_with_running_head_page_number_and_a_stamp_up_the_margin(read: Read) -> None:
    left = [f"left column line {n} with several words" for n in range(12)]
    right = [f"right column line {n} with several words" for n in range(12)]
    head = "A running head that stands over the right column and the gutter"

    def stamp(canvas: Canvas) -> None:
        canvas.saveState()
        canvas.rotate(90)
        canvas.setFont("Helvetica", 20)
        canvas.drawString(300, -32, "Preprint 17 May 2031")
        canvas.restoreState()

    draw = made.both(
        made.lines([head], x=240, top=800, font=8),
        made.lines(left, x=50, top=780, step=14, font=10),
        made.lines(right, x=320, top=780, step=14, font=10),
        made.lines(["7"], x=295, top=40, font=8),
        stamp,
    )
    (page,) = read(made.pdf(draw)).pages
    assert line_texts(page)[: 2 + len(left) + len(right)] == [head, *left, *right, "7"]
    assert sorted(line_texts(page)[2 + len(left) + len(right) :]) == ["17", "2031", "May", "Preprint"]


def test_a_side_bar_of_short_lines_is_read_apart_from_the_text_beside_it(read: Read) -> None:
    bar = [
        "Skills",
        "Revit",
        "Python",
        "Lisp",
        "",
        "Languages",
        "English",
        "Welsh",
        "",
        "Interests",
        "Climbing",
        "Pots",
    ]
    text = [f"what was done in year {n} and with whom it was done" for n in range(14)]
    draw = made.both(
        made.lines(bar, x=50, top=780, step=14, font=10), made.lines(text, x=220, top=780, step=17, font=10)
    )
    (page,) = read(made.pdf(draw)).pages
    assert line_texts(page) == [*filter(None, bar), *text]


def test_tables_are_read_row_by_row(read: Read) -> None:
    rows = [("Oak table", "2", "149.00"), ("Folding chair", "6", "24.50"), ("Delivery", "1", "35.00")]

    def draw(canvas: Canvas) -> None:
        for n, row in enumerate(rows):
            for x, text in zip((72, 300, 420), row, strict=True):
                canvas.drawString(x, 700 - 20 * n, text)

    (page,) = read(made.pdf(draw)).pages
    assert line_texts(page) == [cell for row in rows for cell in row]


def test_ruling_lines(read: Read) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.rect(72, 600, 200, 100)
        canvas.line(72, 650, 272, 650)
        canvas.drawString(80, 660, "in")
        canvas.drawString(90.5, 660, "out")

    (page,) = read(made.pdf(draw)).pages
    assert len(page.rules) == 5
    for x0, y0, x1, y1 in [
        (72, 142, 272, 142),
        (72, 192, 272, 192),
        (72, 242, 272, 242),
        (72, 142, 72, 242),
        (272, 142, 272, 242),
    ]:
        sides = [pytest.approx(side, abs=1.1) for side in (x0, y0, x1, y1)]
        assert [r for r in page.rules if [r.x0, r.y0, r.x1, r.y1] == sides]


def test_a_vertical_rule_ends_a_line(read: Read) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(80, 660, "label")
        canvas.drawString(112, 660, "value")
        canvas.line(109, 640, 109, 690)

    (page,) = read(made.pdf(draw)).pages
    assert line_texts(page) == ["label", "value"]


def test_form_fields_show_their_values(read: Read) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(72, 700, "Name:")
        canvas.acroForm.textfield(name="n", value="Ada Lovelace", x=150, y=690, width=200, height=24)

    (page,) = read(made.pdf(draw)).pages
    words = {w.text: w.box for w in page.words}
    assert {"Name:", "Ada", "Lovelace"} <= set(words)
    assert 150 <= words["Ada"].x0 < words["Lovelace"].x0 < 350 and 120 < words["Ada"].cy < 155


def test_a_field_without_appearance_shows_its_value_too(read: Read) -> None:
    typed = b"Typed value " * 300
    field = (
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(" + typed + b")/F 4/Rect[100 500 300 520]"
        b"/DA(/Helv 12 Tf 0 g)/P 3 0 R>>"
    )
    data = made.one_page(
        b"BT /F1 12 Tf 72 700 Td (Form) Tj ET",
        b"/MediaBox[0 0 595 842]/Annots[6 0 R]",
        _6=field,
        catalog=b"/AcroForm<</Fields[6 0 R]/NeedAppearances true/DR<</Font<</Helv 5 0 R>>>>>>",
    )
    (page,) = read(data).pages
    assert [w.text for w in page.words].count("Typed") == 300, "a long value too"


def test_pages_of_every_kind_in_one_file(read: Read) -> None:
    data = made.pdf(
        made.lines(["Digital page"]),
        made.picture_page(made.scan(["Scanned page words"])),
        lambda canvas: None,
        made.lines(["Digital again"]),
    )
    pages = read(data).pages
    assert [p.index for p in pages] == [0, 1, 2, 3]
    assert [p.status for p in pages] == [PageStatus.OK, PageStatus.OK, PageStatus.EMPTY, PageStatus.OK]
    assert [p.origin for p in pages] == [
        TextOrigin.TEXT_LAYER,
        TextOrigin.OCR,
        TextOrigin.NONE,
        TextOrigin.TEXT_LAYER,
    ]
    assert text_of(pages[1]) == "Scanned page words"


def test_a_large_picture_beside_text_is_read_too(read: Read) -> None:
    picture = made.scan(["Words in the picture", "Amount 77.10"], width=1000, height=800, font=40)
    draw = made.both(made.lines(["Words of the layer"]), made.picture_page(picture, (72, 200, 450, 360)))
    (page,) = read(made.pdf(draw)).pages
    assert page.origin is TextOrigin.MIXED
    assert {"Words of the layer", "Words in the picture", "Amount 77.10"} <= set(line_texts(page))
    amount = next(w for w in page.words if w.text == "77.10")
    assert 72 < amount.box.x0 < 522 and 282 < amount.box.cy < 642


def test_text_over_a_background_picture_needs_no_ocr(read: Read) -> None:
    background = made.picture_page(Image.new("RGB", (100, 140), "#eef"))
    (page,) = read(made.pdf(made.both(background, made.lines()))).pages
    assert page.origin is TextOrigin.TEXT_LAYER


def test_a_text_layer_of_unmapped_glyphs_is_replaced_by_ocr(read: Read) -> None:
    """Type 3 glyphs without names that mean anything: painted as a picture, read from the picture."""
    codes = bytes(range(1, 21)) * 2
    layer = b"BT 3 Tr /F1 10 Tf 72 100 Td <%s> Tj ET" % codes.hex().encode()
    picture = made.encoded(made.scan(["Readable by eye"], width=900, height=300, font=60), "JPEG")
    content = b"q 400 0 0 133 72 500 cm /I1 Do Q " + layer.replace(b"3 Tr", b"0 Tr")
    image = b"<</Type/XObject/Subtype/Image/Width 900/Height 300/ColorSpace/DeviceRGB/BitsPerComponent 8"
    image += b"/Filter/DCTDecode/Length %d>>stream\n%s\nendstream" % (len(picture), picture)
    data = made.one_page(
        content,
        b"/MediaBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>/XObject<</I1 7 0 R>>>>",
        _7=image,
    ).replace(b"/Resources<</Font<</F1 5 0 R>>>>/MediaBox", b"/MediaBox")
    (page,) = read(data).pages
    assert page.origin is TextOrigin.OCR
    assert "Readable by eye" in line_texts(page)


def test_asked_pages_only(read: Read) -> None:
    data = made.pdf(*(made.lines([f"Page {n}"]) for n in range(5)))
    pages = read(data, pages=(3, 1)).pages
    assert [p.status.value for p in pages] == ["skipped", "ok", "skipped", "ok", "skipped"]
    assert pages[0].reason and text_of(pages[3]) == "Page 3"


@pytest.mark.parametrize("outside", [(5,), (-1,), (0, 99)])
def test_pages_outside_the_document(read: Read, outside: tuple[int, ...]) -> None:
    with pytest.raises(InvalidRequest, match="outside the document, which has 2 pages"):
        read(made.pdf(made.lines(), made.lines()), pages=outside)


def test_encrypted(read: Read) -> None:
    with pytest.raises(PasswordRequired) as caught:
        read(made.pdf(made.lines(), password="secret"))
    assert caught.value.code == "password_required"
    assert text_of(read(made.pdf(made.lines(["Open to all"]), password="")).pages[0]) == "Open to all"


def test_broken(read: Read) -> None:
    whole = made.pdf(*(made.lines() for _ in range(3)))
    for data in (whole[:20], b"%PDF-1.7\n", b"%PDF-1.7\n" + b"\x00\xff" * 400):
        with pytest.raises(DocumentError) as caught:
            read(data)
        assert caught.value.code == "invalid_document" and "again" in caught.value.message
    assert line_texts(read(whole.replace(b"startxref", b"startxxxx")).pages[2]) == list(made.LETTER)


def test_no_pages(read: Read) -> None:
    data = made.raw_pdf({1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[]/Count 0>>"})
    with pytest.raises(DocumentError):
        read(data)


def test_one_bad_page_does_not_end_the_others(read: Read) -> None:
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>"
    content = b"BT /F1 12 Tf 72 700 Td (Fine page) Tj ET"
    data = made.raw_pdf(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R 9 0 R 6 0 R]/Count 3>>",
            3: page,
            4: b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
            5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            6: page,
        }
    )
    pages = read(data).pages
    assert [p.status.value for p in pages] == ["ok", "failed", "ok"]
    assert "Page 1" in (pages[1].reason or "")


def test_too_many_pages(read: Read) -> None:
    data = made.pdf(*(made.lines(["x"]) for _ in range(4)))
    limits = ReadingLimits(max_pages=3)
    with pytest.raises(DocumentTooLarge) as caught:
        read(data, limits=limits)
    assert caught.value.code == "too_many_pages"
    assert len(read(data, limits=limits, pages=(0, 1, 2)).pages) == 4
    assert len(read(data, limits=ReadingLimits(max_pages=4)).pages) == 4


def test_too_many_bytes(read: Read) -> None:
    data = made.pdf(made.lines())
    with pytest.raises(DocumentTooLarge) as caught:
        read(data, limits=ReadingLimits(max_bytes=len(data) - 1))
    assert caught.value.code == "document_too_large"
    assert read(data, limits=ReadingLimits(max_bytes=len(data))).pages
