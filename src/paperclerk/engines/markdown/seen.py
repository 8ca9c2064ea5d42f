"""A page with its tables, as those who tell of it take it. Made by `pagewise`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paperclerk.domain.document import Page
from paperclerk.engines.embedded.page.levelling import levelled
from paperclerk.engines.embedded.tables.continued import headed
from paperclerk.engines.embedded.tables.grid import Table, tables_of


@dataclass(frozen=True)
class Seen:
    """A page as it was read, the same levelled, and its tables in the frame of the latter."""

    page: Page
    level: Page
    tables: tuple[Table, ...]


def seen_of(pages: Sequence[Page]) -> list[Seen]:
    """The pages of a document; a table that goes on after a page's end has its headings on each."""
    level = {page.index: levelled(page) for page in pages}
    tables = headed([t for page in level.values() if page.words for t in tables_of(page)], level)
    return [Seen(page, level[page.index], tuple(t for t in tables if t.page == page.index)) for page in pages]
