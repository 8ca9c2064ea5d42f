"""A page as Markdown, for `document.markdown`. Called by `pagewise`.

    {"pages": [{"content", "tables", "figures", "metadata": {"page_number"}}, ...]}

The shape is that of `agents.markdown.SCHEMA`; what each part holds: docs/markdown.md. Linear in the words.
"""

from __future__ import annotations

from collections.abc import Sequence

from paperclerk.domain.document import Page
from paperclerk.domain.result import Leaf, Span, Tree, WordPart
from paperclerk.engines.markdown.blocks import Block, blocks_of
from paperclerk.engines.markdown.headings import Headings
from paperclerk.engines.markdown.leaves import computed
from paperclerk.engines.markdown.seen import Seen
from paperclerk.engines.markdown.tables import table_tree, words_in
from paperclerk.engines.markdown.text import figure_of, markdown_of


def markdown_page(seen: Seen, headings: Headings) -> Tree:
    """The entry of a page in the reply."""
    page, level, tables = seen.page, seen.level, seen.tables
    blocks = blocks_of(level, [words_in(table) for table in tables])
    figures = [text for block in blocks if (text := figure_of(block)) is not None]
    return {
        "content": _content(page, blocks, headings),
        "tables": [table_tree(table, page, _above(blocks, n)) for n, table in enumerate(tables)],
        "figures": [
            {"id": computed(n), "title": computed(title), "caption": computed(caption)}
            for n, (title, caption) in enumerate(figures)
        ],
        "metadata": {"page_number": computed(page.index)},
    }


def _content(page: Page, blocks: Sequence[Block], headings: Headings) -> Leaf:
    """The page's text. A table or figure is a placeholder, which the client replaces."""
    parts, figures = [], 0
    for block in blocks:
        if block.table is not None:
            parts.append(f'<Table id="tb-{block.table}"/>')
            continue
        if figure_of(block) is not None:
            parts.append(f'<Figure id="fg-{figures}"/>')
            figures += 1
        parts.append(markdown_of(block, headings.level_of(block)))
    span = Span(page.index, tuple(WordPart(i) for i in range(len(page.words))))
    score = min((w.score for w in page.words), default=1.0)
    return Leaf("\n\n".join(parts), (span,) if page.words else (), score, inferred=not page.words)


def _above(blocks: Sequence[Block], table: int) -> Block | None:
    """The block before a table."""
    at = next((i for i, block in enumerate(blocks) if block.table == table), 0)
    return blocks[at - 1] if at > 0 else None
