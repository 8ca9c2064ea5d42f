"""What stands where on a page, for `document.layout-detection`. Called by `pagewise`.

    {"pages": [{"page_number", "elements": [{"type", "content", "bbox": {"xywh"}}, ...]}, ...]}

The shape is that of `agents.layout.SCHEMA`; the elements are the blocks of `document.markdown`, in reading order.
"""

from __future__ import annotations

from paperclerk.domain.document import Page
from paperclerk.domain.result import Leaf, Span, Tree, WordPart
from paperclerk.engines.markdown.blocks import Block, blocks_of
from paperclerk.engines.markdown.headings import Headings
from paperclerk.engines.markdown.leaves import computed
from paperclerk.engines.markdown.seen import Seen
from paperclerk.engines.markdown.tables import bbox, table_tree, words_in
from paperclerk.engines.markdown.text import figure_of


def layout_page(seen: Seen, headings: Headings) -> Tree:
    """The entry of a page in the reply. The text of an element points at its words."""
    page, level, tables = seen.page, seen.level, seen.tables
    index = {id(word): i for i, word in enumerate(level.words)}
    elements: list[Tree] = []
    for block in blocks_of(level, [words_in(table) for table in tables]):
        if block.table is None:
            elements.append(_element(page, block, _kind(block, headings), index))
        else:
            table = table_tree(tables[block.table], page, None)
            assert isinstance(table, dict)
            elements.append({"type": computed("table"), "content": table["content"], "bbox": table["bbox"]})
    return {"page_number": computed(page.index), "elements": elements}


def _element(page: Page, block: Block, kind: str, index: dict[int, int]) -> Tree:
    words = [word for row in block.rows for word in row.words]
    span = Span(page.index, tuple(WordPart(index[id(word)]) for word in words))
    text = "\n".join(row.text for row in block.rows)
    content = Leaf(text, (span,), min(word.score for word in words))
    return {"type": computed(kind), "content": content, "bbox": bbox(block.box, page)}


def _kind(block: Block, headings: Headings) -> str:
    if figure_of(block) is not None:
        return "caption"
    level = headings.level_of(block)
    if level is not None:
        return "title" if level == 1 else "heading"
    return "list_item" if block.is_item else "text"
