"""Pictures: formats, modes, turns, sizes, and what OCR makes of them."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from tests.documents import made
from tests.documents.conftest import Read, line_texts, text_of

from paperclerk.documents import office
from paperclerk.documents.process import ProcessReader
from paperclerk.documents.reader import ReadingLimits, ReadOptions
from paperclerk.domain.document import Page, PageStatus, TextOrigin
from paperclerk.domain.errors import DocumentError, DocumentTooLarge

SHORT = ("Receipt 4711", "Total 12.50")


def small_scan(**options: object) -> Image.Image:
    return made.scan(SHORT, width=700, height=460, font=44, **options)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
def test_formats(read: Read, kind: str) -> None:
    document = read(made.encoded(small_scan(), kind))
    assert (document.info.kind, document.info.page_count) == ("image", 1)
    (page,) = document.pages
    assert page.origin is TextOrigin.OCR
    assert line_texts(page) == list(SHORT)
    assert max(page.width, page.height) == 842
    assert page.height / page.width == pytest.approx(460 / 700, abs=0.01)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "RGBA", "LA", "I;16"])
def test_modes(read: Read, mode: str) -> None:
    image = small_scan()
    if mode == "I;16":
        grey = image.convert("L")
        image = Image.new("I;16", grey.size)
        image.putdata([value * 257 for value in grey.tobytes()])
    else:
        image = image.convert(mode)
    kind = "TIFF" if mode == "CMYK" else "PNG"
    assert text_of(read(made.encoded(image, kind)).pages[0]) == "\n".join(SHORT)


def test_transparent_paper_is_white(read: Read) -> None:
    image = Image.new("RGBA", (700, 460), (0, 0, 0, 0))
    ink = small_scan().convert("L").point(lambda value: 255 - value)
    image.paste((0, 0, 0, 255), mask=ink)
    assert text_of(read(made.encoded(image, "PNG")).pages[0]) == "\n".join(SHORT)


def test_camera_orientation_is_undone(read: Read) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to display
    data = made.encoded(small_scan(turn=270), "JPEG", exif=exif)
    (page,) = read(data).pages
    assert page.turn == 0 and page.width > page.height
    assert line_texts(page) == list(SHORT)


@pytest.mark.parametrize("detail", ["auto", "lo"])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_turned_scans(read: Read, turn: int, detail: str) -> None:
    (page,) = read(made.encoded(made.scan(turn=turn), "PNG"), detail=detail).pages
    assert page.turn == (360 - turn) % 360
    assert page.height > page.width  # upright A4, whichever way it came
    found = text_of(page)
    assert "Northfield" in found and "Harbour" in found and "480.00" in found
    title = next(w for w in page.words if w.text == "Northfield")
    assert title.box.y0 < 0.2 * page.height and title.box.x0 < 0.3 * page.width


@pytest.mark.parametrize("detail", ["auto", "lo"])
def test_a_page_in_letters_that_ocr_does_not_know_says_so(read: Read, detail: str) -> None:
    """With what can be read of it, the digits."""
    texts = (
        "Счёт на оплату № 4711 от 12 марта",
        "Продавец: Северная торговая компания",
        "Покупатель: Яркие огни, улица Главная",
        "Деревянный стол с четырьмя стульями",
        "Всего к оплате в течение месяца 510,00",
    )
    (page,) = read(made.encoded(_set_in_dejavu(texts), "PNG"), detail=detail).pages
    assert page.reason is not None and "letters that OCR does not know" in page.reason
    assert "510,00" in text_of(page)


@pytest.mark.parametrize("detail", ["auto", "lo"])
def test_a_page_that_is_faint_or_in_another_latin_language_does_not(read: Read, detail: str) -> None:
    texts = (
        "Faktura č. 4711 ze dne 12. března",
        "Prodávající: Severní obchodní společnost",
        "Ödenecek tutar: beş yüz on lira",
        "Zażółć gęślą jaźń, Łódź, ulica Główna 12",
        "Celkem k úhradě do třiceti dnů 510,00",
    )
    (page,) = read(made.encoded(_set_in_dejavu(texts, ink=170), "PNG"), detail=detail).pages
    assert page.reason is None and "510,00" in text_of(page)


def _set_in_dejavu(texts: tuple[str, ...], ink: int = 20) -> Image.Image:
    font = ImageFont.truetype(Path(office.__file__).parent / "fonts/DejaVuSans.ttf", 30)
    image = Image.new("L", (1000, 800), 255)
    for number, text in enumerate(texts):
        ImageDraw.Draw(image).text((80, 60 + 90 * number), text, ink, font)
    return image


@pytest.mark.parametrize("skew", [-3.0, 2.0])
def test_a_page_scanned_askew_keeps_its_rows(read: Read, skew: float) -> None:
    (page,) = read(made.encoded(made.scan(skew=skew), "PNG")).pages
    assert line_texts(page) == list(made.LETTER)


def test_pages_of_a_tiff(read: Read) -> None:
    frames = [made.scan([f"Sheet number {n}"], width=700, height=300, font=44) for n in range(3)]
    data = made.encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    document = read(data)
    assert document.info.page_count == 3
    assert [text_of(p) for p in document.pages] == [f"Sheet number {n}" for n in range(3)]
    assert [p.status.value for p in read(data, pages=(1,)).pages] == ["skipped", "ok", "skipped"]


def test_an_animation_is_one_page(read: Read) -> None:
    frames = [small_scan(), Image.new("RGB", (700, 460), "white")]
    data = made.encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read(data).info.page_count == 1


def test_blank_paper_is_empty(read: Read) -> None:
    (page,) = read(made.encoded(Image.new("RGB", (800, 600), "white"), "PNG")).pages
    assert (page.status, page.words, page.origin) == (PageStatus.EMPTY, (), TextOrigin.NONE)


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3)])
def test_odd_sizes_do_no_harm(read: Read, size: tuple[int, int]) -> None:
    (page,) = read(made.encoded(Image.new("RGB", size, "white"), "PNG")).pages
    assert page.status is PageStatus.EMPTY


def test_word_boxes_lie_on_their_ink(read: Read) -> None:
    """Draw a word far from others: its box must hold the ink and little else."""
    image = made.scan(["alpha 123.45 omega"], width=1000, height=400, font=48)
    (page,) = read(made.encoded(image, "PNG")).pages
    scale = image.width / page.width
    middle = next(w for w in page.words if w.text == "123.45").box
    dark = image.convert("L").point(lambda value: 255 if value < 128 else 0)
    left = next(w for w in page.words if w.text == "alpha").box
    right = next(w for w in page.words if w.text == "omega").box
    ink = dark.crop(
        (int((left.x1 + middle.x0) / 2 * scale), 0, int((middle.x1 + right.x0) / 2 * scale), image.height)
    ).getbbox()
    assert ink is not None
    offset = int((left.x1 + middle.x0) / 2 * scale)
    assert middle.x0 * scale == pytest.approx(ink[0] + offset, abs=8)
    assert middle.x1 * scale == pytest.approx(ink[2] + offset, abs=8)
    assert middle.y0 * scale <= ink[1] + 4 and middle.y1 * scale >= ink[3] - 4
    assert middle.height * scale < 2.2 * (ink[3] - ink[1])


def test_columns_of_a_receipt_are_separate_lines(read: Read) -> None:
    image = made.scan(["Coffee", "Cake"], width=800, height=420, font=40)
    prices = made.scan(["2.40", "3.90"], width=800, height=420, font=40)
    image.paste(prices.crop((120, 0, 420, 420)), (560, 0))
    (page,) = read(made.encoded(image, "PNG")).pages
    assert line_texts(page) == ["Coffee", "2.40", "Cake", "3.90"]


def test_damaged_images(read: Read) -> None:
    rng = random.Random(5)
    noise = Image.frombytes("RGB", (200, 200), rng.randbytes(120_000))
    for kind in ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP"):
        data = made.encoded(noise, kind)
        with pytest.raises(DocumentError) as caught:
            read(data[: len(data) // 3])
        assert caught.value.code == "invalid_document" and "again" in caught.value.message


def test_pixels_are_counted_before_they_are_unpacked(reader: ProcessReader, read: Read) -> None:
    with pytest.raises(DocumentTooLarge) as caught:
        read(made.png_header(60_000, 60_000))
    assert caught.value.code == "too_many_pixels" and "60000 x 60000" in caught.value.message
    data = made.encoded(Image.new("L", (100, 50), "white"), "PNG")
    assert read(data, limits=ReadingLimits(image_pixels=5000)).pages
    with pytest.raises(DocumentTooLarge):
        read(data, limits=ReadingLimits(image_pixels=4999))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_huge_image_is_worked_on_at_a_smaller_size(reader: ProcessReader, kind: str) -> None:
    image = made.scan(SHORT, width=7000, height=4600, font=440)  # 32 million pixels
    with reader.open(made.encoded(image, kind), ReadOptions(detail="lo")) as reading:
        (page,) = reading
    assert line_texts(page) == list(SHORT)
    assert reading.spent.peak_bytes < 600_000_000


def test_frames_are_counted_before_they_are_read(read: Read) -> None:
    frame = Image.new("1", (8, 8), 1)
    data = made.encoded(frame, "TIFF", save_all=True, append_images=[frame] * 5)
    assert read(data, limits=ReadingLimits(image_frames=6)).info.page_count == 6
    with pytest.raises(DocumentTooLarge) as caught:
        read(data, limits=ReadingLimits(image_frames=5))
    assert caught.value.code == "too_many_pages"


def test_a_tiff_whose_directories_go_in_a_circle_ends(read: Read) -> None:
    data = bytearray(made.encoded(Image.new("L", (8, 8), 255), "TIFF"))
    start = struct.unpack_from("<I", data, 4)[0]
    entries = struct.unpack_from("<H", data, start)[0]
    struct.pack_into("<I", data, start + 2 + 12 * entries, start)
    try:
        assert read(bytes(data)).info.page_count >= 1
    except DocumentError as error:
        assert error.code in {"too_many_pages", "invalid_document"}


def test_a_jpeg_of_endless_layers_is_refused_at_once(read: Read) -> None:
    data = made.encoded(small_scan(), "JPEG", progressive=True)
    assert read(data).pages
    scan = data.index(b"\xff\xda")
    with pytest.raises(DocumentError, match="too many layers"):
        read(data[:-2] + data[scan:-2] * 30 + data[-2:])


@pytest.mark.parametrize("in_pdf", [False, True])
def test_a_long_strip_is_read_to_its_end(read: Read, in_pdf: bool) -> None:
    texts = [f"Item {n} of the long receipt {n}.50" for n in range(60)]
    image = made.scan(texts, width=600, height=4200, font=22)
    if in_pdf:
        data = made.pdf(made.picture_page(image), size=(210, 1470))
    else:
        data = made.encoded(image, "PNG")
    found = line_texts(read(data).pages[0])
    assert len(set(texts) & set(found)) >= 57


def test_the_three_details_read(read: Read) -> None:
    data = made.encoded(made.scan(), "PNG")
    for detail in ("lo", "auto", "hi"):
        (page,) = read(data, detail=detail).pages
        assert "Total amount due: 480.00" in line_texts(page), detail


def test_render_gives_the_displayed_page(reader: ProcessReader) -> None:
    import io

    def drawn(data: bytes, side: int) -> Image.Image:
        return Image.open(io.BytesIO(reader.render(data, 0, max_side=side)))

    turned = made.one_page(b"0 0 100 842 re f", b"/MediaBox[0 0 595 842]/Rotate 90")
    picture = drawn(turned, 421)
    assert picture.size == (421, 298)
    assert picture.getpixel((200, 10)) == (0, 0, 0) and picture.getpixel((200, 280)) == (255, 255, 255)
    assert drawn(made.encoded(small_scan(), "PNG"), 350).size == (350, 230)


def _page(read: Read, data: bytes) -> Page:
    return read(data).pages[0]


def test_a_scan_in_a_pdf_has_boxes_in_points(read: Read) -> None:
    page = _page(read, made.pdf(made.picture_page(made.scan())))
    assert (page.width, page.height) == made.A4
    title = next(w for w in page.words if w.text == "Northfield")
    # drawn at 120 of 1240 pixels from the left, 140 of 1754 from the top
    assert title.box.x0 == pytest.approx(120 / 1240 * 595, abs=4)
    assert title.box.y0 == pytest.approx(140 / 1754 * 842, abs=8)


def test_options_are_kept_apart_between_documents(reader: ProcessReader) -> None:
    data = made.encoded(small_scan(), "PNG")
    with reader.open(data, ReadOptions()) as first, reader.open(data, ReadOptions(detail="lo")) as second:
        assert text_of(next(iter(second))) == text_of(next(iter(first)))
