"""Pages made from text, for tests of the embedded engine: two or more blanks are a column gap."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from paperclerk.domain.document import Line, Page, PageStatus, TextOrigin, Word
from paperclerk.domain.geometry import Box, union
from paperclerk.domain.result import Leaf, Span
from paperclerk.engines.embedded.engine import EmbeddedEngine
from paperclerk.engines.engine import Context
from paperclerk.schemas.compile import compile_schema

CHAR, HEIGHT, LEADING = 6.0, 10.0, 13.0


def page(
    text: str, *, index: int = 0, origin: TextOrigin = TextOrigin.TEXT_LAYER, score: float = 1.0
) -> Page:
    """A page in a fixed-width font; an empty line is a gap."""
    words: list[Word] = []
    lines: list[Line] = []
    for n, raw in enumerate(text.strip("\n").split("\n")):
        y = 40 + n * LEADING
        for part in re.finditer(r"\S+(?: \S+)*", raw):
            members = []
            for m in re.finditer(r"\S+", part.group()):
                x = 30 + CHAR * (part.start() + m.start())
                members.append(len(words))
                words.append(Word(m.group(), Box(x, y, x + CHAR * len(m.group()), y + HEIGHT), score, HEIGHT))
            lines.append(Line(union(words[i].box for i in members), tuple(members)))
    return Page(index, 640, 900, PageStatus.OK, tuple(words), tuple(lines), (), origin)


def extract(text: str | list[Page], properties: Mapping[str, Any], prompt: str = "") -> Any:
    pages = [page(text)] if isinstance(text, str) else text
    schema = compile_schema({"type": "object", "properties": dict(properties)})
    return EmbeddedEngine().extract(pages, schema, Context(prompt=prompt))


def values(text: str | list[Page], properties: Mapping[str, Any]) -> Any:
    """The tree with plain values instead of leaves."""
    return plain(extract(text, properties))


def plain(tree: Any) -> Any:
    if isinstance(tree, Leaf):
        return tree.value
    if isinstance(tree, list):
        return [plain(t) for t in tree]
    return {k: plain(v) for k, v in tree.items()}


def words_of(pages: list[Page], spans: tuple[Span, ...]) -> str:
    """What a leaf's spans point at."""
    by_index = {p.index: p for p in pages}
    return " ".join(
        by_index[s.page].words[part.index].text[part.start : part.end] for s in spans for part in s.parts
    )


def fields(**described: str) -> dict[str, dict[str, str]]:
    """String fields by description; a leading `number:` or `date:` gives the type."""
    made = {}
    for name, description in described.items():
        kind, _, rest = description.partition(":")
        if kind in ("number", "integer", "boolean"):
            made[name] = {"type": kind, "description": rest.strip()}
        elif kind == "date":
            made[name] = {"type": "string", "format": "date", "description": rest.strip()}
        else:
            made[name] = {"type": "string", "description": description}
    return made
