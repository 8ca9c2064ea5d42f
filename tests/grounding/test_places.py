"""Spans become boxes: one for each line, in shares of the page as a viewer shows it."""

import pytest

from paperclerk.domain.document import Page, PageStatus, Word
from paperclerk.domain.geometry import Box
from paperclerk.domain.result import Span, WordPart
from paperclerk.grounding.places import displayed_fraction, places_of

PAGE = Page(
    index=3,
    width=200,
    height=100,
    status=PageStatus.OK,
    words=(
        Word("Total:42.00", Box(20, 10, 130, 20), score=0.8),
        Word("EUR", Box(134, 11, 164, 21), score=1.0),
        Word("Main", Box(20, 40, 60, 50)),
        Word("Street", Box(20, 54, 80, 64)),
    ),
)


def span(*parts: WordPart) -> Span:
    return Span(3, parts)


def test_words_of_one_line_share_a_box():
    [place] = places_of([span(WordPart(0), WordPart(1))], {3: PAGE})
    assert place.page == 3
    assert place.content == "Total:42.00 EUR"
    assert place.fraction == pytest.approx((0.1, 0.1, 0.72, 0.11))
    assert place.score == pytest.approx(0.9)


def test_a_part_of_a_word_gets_its_share_of_the_box():
    [place] = places_of([span(WordPart(0, 6))], {3: PAGE})
    assert place.content == "42.00"
    assert place.fraction == pytest.approx((0.4, 0.1, 0.25, 0.1))


def test_each_line_gets_a_box_of_its_own():
    places = places_of([span(WordPart(2), WordPart(3))], {3: PAGE})
    assert [p.content for p in places] == ["Main", "Street"]


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        (0, (0.1, 0.2, 0.3, 0.1)),
        (90, (0.2, 0.6, 0.1, 0.3)),
        (180, (0.6, 0.7, 0.3, 0.1)),
        (270, (0.7, 0.1, 0.1, 0.3)),
    ],
)
def test_a_turned_page_gives_boxes_as_a_viewer_shows_it(turn, expected):
    page = Page(index=0, width=200, height=100, status=PageStatus.OK, turn=turn)
    assert displayed_fraction(Box(20, 20, 80, 30), page) == pytest.approx(expected)


def test_turning_a_picture_agrees_with_the_formula():
    """The same turn done with pixels: a mark on the displayed page, turned clockwise, found in the upright one."""
    from PIL import Image

    shown = Image.new("L", (100, 60), 0)
    shown.paste(255, (10, 20, 30, 25))
    for turn in (90, 180, 270):
        upright = shown.rotate(-turn, expand=True)
        page = Page(index=0, width=upright.width, height=upright.height, status=PageStatus.OK, turn=turn)
        box = Box(*map(float, upright.getbbox()))
        assert displayed_fraction(box, page) == pytest.approx((0.1, 20 / 60, 0.2, 5 / 60)), turn


def test_boxes_never_leave_the_page():
    page = Page(index=0, width=100, height=100, status=PageStatus.OK)
    assert displayed_fraction(Box(-5, -5, 120, 50), page) == (0, 0, 1, 0.5)
