"""The index over words: rows, blocks, neighbours, and offsets that turn back into words and boxes."""

from __future__ import annotations

from tests.engines.pages_made import CHAR, page

from paperclerk.domain.result import WordPart
from paperclerk.engines.embedded.page.layout import COLUMN_MARK, Layout

TEXT = """
Bill to:              Date: 12/03/2024
Oak & Sons Ltd        Total: €45.00
4 Mill Lane

A far away line
"""


def test_rows_hold_their_segments_divided_by_a_mark() -> None:
    layout = Layout([page(TEXT)])
    first = layout.pages[0].rows[0]
    assert first.text == f"Bill to:{COLUMN_MARK}Date: 12/03/2024"
    assert [s.text for s in first.segments] == ["Bill to:", "Date: 12/03/2024"]


def test_offsets_turn_back_into_words_and_parts_of_words() -> None:
    made = page(TEXT)
    row = Layout([made]).pages[0].rows[1]
    start = row.text.index("45.00")
    (part,) = row.parts(start, start + 5)
    word = made.words[part.index]
    assert word.text == "€45.00"
    assert part == WordPart(part.index, 1, None)
    box = row.box_of(start, start + 5)
    assert (box.x0, box.x1) == (word.box.x0 + CHAR, word.box.x1)


def test_neighbours() -> None:
    layout = Layout([page(TEXT)]).pages[0]
    by_text = {s.text: s for s in layout.segments}
    name = by_text["Oak & Sons Ltd"]
    assert layout.above(name)[0].text == "Bill to:"
    assert layout.below(name)[0].text == "4 Mill Lane"
    assert layout.right_of(name) is by_text["Total: €45.00"]


def test_blocks_end_at_a_gap() -> None:
    layout = Layout([page(TEXT)]).pages[0]
    texts = {b.text for b in layout.blocks}
    assert "Bill to:\nOak & Sons Ltd\n4 Mill Lane" in texts
    assert "A far away line" in texts
