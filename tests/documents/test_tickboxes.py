"""Boxes to tick, on scans and drawn in PDFs."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen.canvas import Canvas
from tests.documents import made

import paperclerk
from paperclerk.documents.marks import Marks
from paperclerk.documents.tickboxes import with_boxes
from paperclerk.domain.document import Word
from paperclerk.domain.geometry import Box

Tick = Callable[[Canvas, float, float], None]
CHOICES = (("Adult", False), ("Family", True), ("Student", False))
HOBBIES = (("Swimming", True), ("Tennis", False), ("Rowing", True))
SCHEMA = {
    "type": "object",
    "properties": {
        "membership_type": {"enum": ["Adult", "Family", "Student"]},
        "interests": {"type": "array", "items": {"enum": ["Swimming", "Tennis", "Rowing"]}},
        "agrees_to_rules": {"type": "boolean"},
        "insured": {"type": "boolean"},
    },
}


def crossed(canvas: Canvas, x: float, y: float) -> None:
    canvas.line(x + 2, y + 2, x + 8, y + 8)
    canvas.line(x + 2, y + 8, x + 8, y + 2)


def with_a_letter(canvas: Canvas, x: float, y: float) -> None:
    canvas.drawString(x + 2, y + 1, "X")


def with_a_tick(canvas: Canvas, x: float, y: float) -> None:
    canvas.setFont("ZapfDingbats", 9)
    canvas.drawString(x + 1, y + 2, "✔")
    canvas.setFont("Helvetica", 12)


def filled(canvas: Canvas, x: float, y: float) -> None:
    canvas.rect(x + 2, y + 2, 6, 6, stroke=0, fill=1)


def drawn(tick: Tick = crossed) -> bytes:
    def draw(canvas: Canvas) -> None:
        def box(x: float, y: float, ticked: bool, text: str) -> None:
            canvas.rect(x, y, 10, 10)
            if ticked:
                tick(canvas, x, y)
            canvas.drawString(x + 16, y + 1, text)

        canvas.drawString(60, 780, "Riverside club: application")
        for row, options in enumerate((CHOICES, HOBBIES)):
            for column, (text, ticked) in enumerate(options):
                box(60 + 120 * column, 740 - 30 * row, ticked, text)
        box(60, 660, True, "I agree to the rules of the club")
        box(60, 640, True, "The applicant is insured.")
        box(240, 640, False, "The applicant has had these accidents:")
        for n, letter in enumerate("KD 07"):  # a comb, and the cells of a table: no boxes to tick
            canvas.rect(60 + 12 * n, 620, 12, 12)
            canvas.drawString(63 + 12 * n, 622, letter)
            canvas.rect(60, 580 - 12 * n, 12, 12)
            canvas.rect(72, 580 - 12 * n, 90, 12)

    return made.pdf(draw)


def scanned() -> bytes:
    picture = Image.new("RGB", (1240, 700), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(26)

    def box(x: int, y: int, ticked: bool, text: str) -> None:
        pen.rectangle((x, y, x + 28, y + 28), outline=(40, 40, 40), width=3)
        if ticked:
            pen.line((x + 6, y + 6, x + 22, y + 22), fill=(30, 30, 120), width=4)
            pen.line((x + 6, y + 22, x + 22, y + 6), fill=(30, 30, 120), width=4)
        pen.text((x + 44, y - 2), text, fill="black", font=font)

    pen.text((100, 60), "Riverside club: application", fill="black", font=font)
    for row, options in enumerate((CHOICES, HOBBIES)):
        for column, (text, ticked) in enumerate(options):
            box(100 + 300 * column, 160 + 90 * row, ticked, text)
    box(100, 340, True, "I agree to the rules of the club")
    box(100, 390, True, "The applicant is insured.")
    box(540, 390, False, "The applicant has had these accidents:")
    for n, letter in enumerate("KD407"):  # a comb: no boxes to tick
        pen.rectangle((100 + 40 * n, 440, 136 + 40 * n, 476), outline="black", width=2)
        pen.text((110 + 40 * n, 442), letter, fill="black", font=font)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("tick", [crossed, with_a_letter, with_a_tick, filled, None])
def test_what_is_ticked_is_the_answer(tick: Tick | None) -> None:
    result = paperclerk.execute(drawn(tick) if tick else scanned(), schema=SCHEMA)
    assert result.response == {
        "membership_type": "Family",
        "interests": ["Swimming", "Rowing"],
        "agrees_to_rules": True,
        "insured": True,
    }


@pytest.mark.parametrize("document", [drawn, scanned])
def test_boxes_show_in_the_markdown(document: Callable[[], bytes]) -> None:
    (page,) = paperclerk.execute(document(), agent="document.markdown").response["pages"]
    content = page["content"]
    for text in ("☐ Adult", "☒ Family", "☒ Swimming", "☐ Tennis", "☒ I agree to the rules"):
        assert text in content
    assert content.count("☐") + content.count("☒") == 9


def test_no_letter_and_no_white_letter_on_black_is_a_box() -> None:
    picture = Image.new("RGB", (1240, 400), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(40)
    pen.text((100, 40), "DOOR CODE 0800 OBOE", fill="black", font=font)
    pen.rectangle((80, 120, 1100, 200), fill="black")
    pen.text((100, 130), "DOOR CODE 0800 OBOE", fill="white", font=font)
    out = io.BytesIO()
    picture.save(out, "PNG")
    (page,) = paperclerk.execute(out.getvalue(), agent="document.markdown").response["pages"]
    assert "DOOR CODE" in page["content"] and not set("☐☒") & set(page["content"])


def test_squared_paper_has_no_boxes_and_takes_no_longer() -> None:
    picture = np.full((2000, 1400, 3), 255, np.uint8)
    for y in range(10, 1980, 36):
        for x in range(10, 1380, 40):
            cv2.rectangle(picture, (x, y), (x + 22, y + 22), (0, 0, 0), 2)
    word = Word("Total", Box(600, 900, 680, 924), 0.9, 24.0)
    assert with_boxes([word], Marks.of(picture)) == (word,)
