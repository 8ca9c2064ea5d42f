"""A block as Markdown. Called by `engine` and `tables`."""

from __future__ import annotations

import re
from itertools import pairwise

from paperclerk.engines.markdown.blocks import Block
from paperclerk.engines.markdown.rows import BULLET, Row

HARD_BREAK = "  \n"
FULL = 0.8  # of a block's width: a row shorter than that ends where its writer wanted

_CAPTION = re.compile(r"(?i)(?:figure|fig\.?|abbildung|abb\.?|figura|afbeelding)\s*\d{1,3}(?:[.:]|\b)")
_MARKUP = re.compile(r"<(?=[A-Za-z/!?])")
_LEADING = re.compile(r"^(#{1,6}|>|\+|=+)(?=\s|$)")


def markdown_of(block: Block, level: int | None) -> str:
    """The text of a block: a heading of that level, a list item, or a paragraph.

    Rows are joined where the text runs on and kept apart where it was broken on purpose (addresses, verses).
    """
    if level is not None:
        return f"{'#' * level} {escaped(' '.join(r.text for r in block.rows))}"
    if block.is_item and BULLET.fullmatch(block.rows[0].words[0].text):
        first = Row((block.rows[0].words[1:],))
        return f"- {_joined(Block((first, *block.rows[1:])))}"
    return _LEADING.sub(r"\\\1", _joined(block))


def escaped(text: str) -> str:
    """Text that Markdown, and a client that looks for placeholders, take for nothing but text."""
    return _MARKUP.sub("&lt;", text.replace("\\", "\\\\").replace("*", "\\*").replace("`", "\\`"))


def figure_of(block: Block) -> tuple[str, str] | None:
    """Title and caption of the figure that a block is the caption of."""
    if not block.rows:
        return None
    text = " ".join(r.text for r in block.rows)
    found = _CAPTION.match(text)
    if found is None or len(text) > 500 or (len(text) > found.end() and text[found.end()] in ",;)"):
        return None
    return found[0].rstrip(".: "), text


def _joined(block: Block) -> str:
    full = [_full(row, block) for row in block.rows]
    prose = len(full) >= 3 and sum(full[:-1]) >= 0.7 * len(full[:-1])
    text = escaped(block.rows[0].text)
    for (upper, lower), filled in zip(pairwise(block.rows), full, strict=False):
        following = escaped(lower.text)
        goes_on = following[:1].islower()
        if len(upper.parts) > 1 or len(lower.parts) > 1 or not filled or not (prose or goes_on):
            text += HARD_BREAK + following
        elif text.endswith("-") and text[-2:-1].isalpha() and goes_on:
            text = text[:-1] + following
        else:
            text += " " + following
    return text


def _full(row: Row, block: Block) -> bool:
    return len(row.words) >= 3 and row.box.x1 - block.box.x0 >= FULL * block.box.width
