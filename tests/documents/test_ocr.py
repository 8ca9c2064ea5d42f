"""Looking for lines of text on pictures.

The networks change how their thread counts, so they have a thread of their own here.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from paperclerk.documents.marks import Marks
from paperclerk.documents.ocr import Networks, OcrReader, prepared
from paperclerk.documents.pages import EFFORTS, Pixels
from paperclerk.documents.strips import Ink, Piece, Text, cut_out, doubtful_pieces, rejoined


@dataclass(frozen=True)
class Ocr:
    thread: ThreadPoolExecutor
    networks: Networks


@pytest.fixture(scope="module")
def ocr() -> Iterator[Ocr]:
    with ThreadPoolExecutor(1) as thread:
        yield Ocr(thread, thread.submit(Networks).result())


@pytest.mark.parametrize("count", [1, 4, 20])
def test_a_page_that_is_mostly_blank_has_its_lines(ocr: Ocr, count: int) -> None:
    """A blank part by itself is noise to the network, which weighs the whole picture into every pixel."""
    picture = Image.new("RGB", (900, 1280), "white")
    pen = ImageDraw.Draw(picture)
    for number in range(count):
        text = f"Line {number} of the page, 1,{number:02} EUR"
        pen.text((60, 40 + 60 * number), text, "black", ImageFont.load_default(28))
    found = ocr.thread.submit(ocr.networks.detectors["small"].find, np.asarray(picture), 1280).result()
    assert len(found) == count
    assert np.abs(np.sort(found.mean(axis=1)[:, 1]) - (55 + 60 * np.arange(count))).max() < 8


@pytest.mark.parametrize("turned", [0, 1])
def test_large_letters_are_looked_for_at_a_smaller_size(ocr: Ocr, turned: int) -> None:
    for size, expected in ((14, 1280), (30, 832), (60, 640)):
        picture = Image.new("RGB", (900, 1280), "white")
        pen = ImageDraw.Draw(picture)
        for row in range(60, 1200, 2 * size):
            pen.text((40, row), "SUM 12,34 EUR HE", "black", ImageFont.load_default(size))
        pixels = np.ascontiguousarray(np.rot90(np.asarray(picture), turned))
        height = Marks.of(pixels).letter_height
        assert height == pytest.approx(0.68 * size, rel=0.1)
        side = EFFORTS["lo"].side_for(height, *pixels.shape[1::-1])
        assert side == pytest.approx(expected, rel=0.1)
        found = ocr.thread.submit(ocr.networks.detectors["tiny"].find, pixels, side).result()
        assert len(found) == len(range(60, 1200, 2 * size))
        assert EFFORTS["auto"].side_for(height, *pixels.shape[1::-1]) == 1280


def test_of_a_small_picture_the_size_it_has_is_what_gets_smaller() -> None:
    assert EFFORTS["lo"].side_for(0.0, 500, 800) == 800  # nothing told of its letters
    assert EFFORTS["lo"].side_for(2 * EFFORTS["lo"].letters, 500, 800) == 400


def test_a_straight_line_is_cut_out_as_it_is() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    straight = np.array([[20, 10], [100, 10], [100, 40], [20, 40]], np.float32)
    askew = straight + np.array([[0, 0], [0, 1], [0, 0], [0, 0]], np.float32)
    assert (cut_out(picture, straight) == picture[10:40, 20:100]).all()
    assert (
        cut_out(picture, askew).shape == (30, 80, 3)
        and (cut_out(picture, askew) != picture[10:40, 20:100]).any()
    )
    assert cut_out(picture, np.roll(straight, 1, axis=0)).shape == (80, 30, 3)


def test_only_long_lines_are_made_narrower() -> None:
    widths = [prepared(np.zeros((48, width, 3), np.uint8), 0.9)[0].shape[3] for width in (100, 170, 400)]
    assert widths == [160, 160, 360]


def test_what_ink_says_of_a_strip() -> None:
    strip = np.full((16, 20, 3), 255, np.uint8)
    strip[:, 2:4] = strip[:, 9:12] = strip[:, 18:20] = 0
    for look in (strip, 255 - strip):  # white on black is read too
        ink = Ink.of(look)
        assert ink.marks == 3
        assert ink.widest_white(3, 10) == (6, 5)
        assert ink.widest_white(0, 20) == (15, 6)
        assert ink.widest_white(7, 20) == (15, 6)
        assert ink.widest_white(2, 4) == (3, 0)  # none


def test_lines_that_are_surely_read_tell_which_way_up_a_page_is(ocr: Ocr) -> None:
    picture = Image.new("RGB", (700, 500), "white")
    pen = ImageDraw.Draw(picture)
    for number in range(5):
        pen.text(
            (60, 40 + 80 * number), f"Rechnung vom {number + 10}.03.2026", "black", ImageFont.load_default(34)
        )
    asked: list[int] = []

    def upside_down(strips: list[Pixels]) -> float:
        asked.append(len(strips))
        return ocr.networks.upside_down(strips)

    networks = SimpleNamespace(
        detectors=ocr.networks.detectors,
        recognisers=ocr.networks.recognisers,
        second_look=ocr.networks.second_look,
        upside_down=upside_down,
    )
    for turned, questions in ((0, 0), (2, 1)):
        asked.clear()
        pixels = np.ascontiguousarray(np.rot90(np.asarray(picture), turned))
        reader = OcrReader(networks, threads=1)  # type: ignore[arg-type]
        found = ocr.thread.submit(reader.read, pixels, EFFORTS["auto"]).result()
        assert (len(asked), found.turn) == (questions, 90 * turned)
        assert [w.text for w in found.words].count("Rechnung") == 5


def test_numbers_too_small_to_count_are_zero(ocr: Ocr) -> None:
    """Else the processor takes a hundred times as long for them, half of all the time of a page."""
    assert ocr.thread.submit(lambda: np.float32(1e-40) * np.float32(1)).result() == 0
    assert np.float32(1e-40) * np.float32(1) > 0


def test_the_recogniser_in_bytes_reads_as_the_one_it_is_made_from(ocr: Ocr) -> None:
    """On lines as the networks know them; docs/accuracy.md has what it makes of receipts."""
    made, source = ocr.networks.second_look, ocr.networks.recognisers["small"]
    for text in ("Total 1,204.50 EUR", "Tel. 030/1234-56", "Rechnung vom 14.03.2026"):
        in_bytes, exact = (ocr.thread.submit(r.read, _line(text)).result() for r in (made, source))
        assert in_bytes.characters == exact.characters == text
        assert np.abs(in_bytes.centres - exact.centres).max() < 0.02
        assert np.abs(in_bytes.scores - exact.scores).max() < 0.05


def test_the_recogniser_in_bytes_has_the_letters_of_the_one_whose_lines_it_reads_again(ocr: Ocr) -> None:
    if ocr.networks.second_look is ocr.networks.recognisers["small"]:
        pytest.skip("this processor does not multiply bytes")
    first, again = (set(r._letters) for r in (ocr.networks.recognisers["tiny"], ocr.networks.second_look))
    assert again == first < set(ocr.networks.recognisers["small"]._letters)


def test_the_most_doubtful_lines_are_read_again_by_the_small_network() -> None:
    effort = replace(EFFORTS["lo"], second_looks=2)
    first, again = _Reads("first", [0.9, 0.3, 0.6, 0.1]), _Reads("again", [0.9, 0.9])
    networks: Any = SimpleNamespace(
        detectors={"tiny": SimpleNamespace(find=lambda picture, side: _rows(4))},
        recognisers={"tiny": first},
        second_look=again,
        upside_down=lambda strips: 0.0,
    )
    text = OcrReader(networks, 1).read(np.full((200, 200, 3), 255, np.uint8), effort)
    assert [word.text for word in text.words] == ["first", "again", "first", "again"]


def test_of_a_long_line_only_the_doubtful_words_are_read_again() -> None:
    """Each word is a bar of ink 60 wide, and 40 of white follow; a letter stands at each tenth of a bar."""
    strip = np.full((48, 1000, 3), 255, np.uint8)
    for x in range(0, 1000, 100):
        strip[8:40, x + 20 : x + 80] = 0
    words = [f"{number}word" for number in range(10)]
    centres = [(100 * n + 30 + 10 * i) / 1000 for n in range(10) for i in range(6)][:-1]
    scores = np.ones(59)
    scores[6 * 7 + 2] = 0.3  # of the eighth word
    line = Text(" ".join(words), np.array(centres), scores)
    (piece,) = doubtful_pieces(line, Ink.of(strip), 48, 0.65)
    assert line.characters[piece.start : piece.end] == "7word 8word"  # one word alone would be padded
    assert (piece.left, piece.right) == (700, 900)
    again = Text("7WORD", np.linspace(0.1, 0.4, 5), np.full(5, 0.9))
    joined = rejoined(line, [piece], [again], 1000)
    assert joined.characters == " ".join([*words[:7], "7WORD", words[9]])
    assert (np.diff(joined.centres) > 0).all() and joined.least == 0.9
    line.scores[::7] = 0.3  # doubtful nearly everywhere
    assert doubtful_pieces(line, Ink.of(strip), 48, 0.65) == [Piece(0, 59, 0, 1000)]


class _Reads:
    """Reads a word of five letters each time, the last of which has the next score of the list."""

    def __init__(self, text: str, scores: list[float]) -> None:
        self._text, self._scores = text, iter(scores)

    def read(self, _strip: Pixels) -> Text:
        scores = np.array([1, 1, 1, 1, next(self._scores)])
        return Text(self._text, np.linspace(0.1, 0.9, 5), scores)


def _line(text: str) -> Pixels:
    font = ImageFont.load_default(30)
    picture = Image.new("RGB", (20 + int(font.getlength(text)), 48), "white")
    ImageDraw.Draw(picture).text((10, 6), text, "black", font)
    return np.asarray(picture)


def _rows(count: int) -> Any:
    """Lines under each other."""
    row = np.array([[10, 0], [150, 0], [150, 20], [10, 20]], np.float32)
    return np.stack([row + np.array([0, 40 * number]) for number in range(count)])
