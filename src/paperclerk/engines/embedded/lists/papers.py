"""Scientific papers: who wrote them and where they work. Called by `arrays`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from paperclerk.domain.result import ABSENT, Leaf, Tree
from paperclerk.engines.embedded.tables.cells import Text, leaf_for, text_of
from paperclerk.engines.embedded.tables.roles import fold, words_of
from paperclerk.engines.embedded.tables.shapes import empty
from paperclerk.engines.embedded.tables.strips import Strip
from paperclerk.engines.embedded.words.vocabulary import words
from paperclerk.printed.locale import Locale
from paperclerk.schemas.compiled import Field

SURE = 0.7
BELOW_TITLE = 8  # strips under a title that may name authors and where they work
_MARKS = r"[\d*†‡§¶#,]*"
_WORD = r"[A-ZÀ-Ý][\w'’.-]*"
_NAME = re.compile(
    rf"(?P<name>{_WORD}(?: (?:{_WORD}|van|von|de|der|den|da|di|del|la|le|el|al|bin|ten)){{1,4}})\s?(?P<mark>{_MARKS})"
)
_AND = re.compile(r"\s*(?:,\s*(?:and|und|et|&)|,|;|\band\b|\bund\b|\bet\b|\by\b|&|·|•)\s+")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PLACE = re.compile(
    r"\b(?:universit\w*|institut\w*|department|dept|faculty|school|college|laborator\w*|labs?|cent(?:er|re)|hospital|"
    r"academy|research|inc|ltd|gmbh|corporation|fakultät|hochschule|polytechnic\w*|cnrs)\b",
    re.I,
)
AUTHORS = frozenset(words("author authors autoren auteurs autores autori"))
_HOMES = frozenset(
    words("affiliation affiliations institution institute organization organisation university employer")
)


@dataclass(frozen=True)
class Author:
    """A name as printed under a title, and the mark behind it."""

    text: Text
    start: int
    end: int
    mark: str


def author_rows(array: Field, pages: Sequence[Sequence[Strip]], locale: Locale) -> list[Tree]:
    """The names under the title of the first page; none where the array asks for no authors."""
    element = array.items
    if element is None or not AUTHORS & set(words_of(array.name).split()) or not pages:
        return []
    below = _below_title(pages[0])
    authors: list[Author] = []
    for strip in below:
        found = _authors(strip)
        if not found and authors:
            break
        authors += found
    if element.kind == "string":
        return [_named(a, SURE) for a in authors]
    rows: list[Tree] = []
    for author in authors:
        row: dict[str, Tree] = {c.name: empty(c) for c in element.children}
        for child in element.children:
            said = set(words_of(child.name).split())
            if child.kind != "string":
                continue
            if said & _HOMES:
                row[child.name] = _home(child, author, below, locale)
            elif "email" in said or child.format == "email":
                row[child.name] = _mail(author, below, alone=len(authors) == 1)
            elif "name" in said or said & AUTHORS:
                row[child.name] = _named(author, SURE)
        rows.append(row)
    return rows


def _below_title(strips: Sequence[Strip]) -> list[Strip]:
    """The strips under the largest type of a page."""
    top = [s for s in strips if s.box.y0 < 0.5 * s.page.height]
    size = max((s.size for s in top), default=0.0)
    last = max((i for i, s in enumerate(top) if s.size > 0.9 * size), default=None)
    return top[last + 1 : last + 1 + BELOW_TITLE] if last is not None else []


def _authors(strip: Strip) -> list[Author]:
    """The names of a line that is a list of names, and nothing else."""
    text = text_of(strip.pieces)
    if _PLACE.search(text.text) or "@" in text.text or text.text.endswith("."):
        return []
    at, found = 0, []
    line = re.sub(r"^(?:by|von|par|por|di)\s", "", text.text, flags=re.I)
    at = len(text.text) - len(line)
    for part in _AND.split(line):
        start = text.text.find(part, at)
        match = _NAME.fullmatch(part.strip())
        if match is None:
            return []
        lead = start + len(part) - len(part.lstrip())
        name = match["name"].rstrip(".") if match["name"].endswith("..") else match["name"]
        name = name.rstrip("0123456789*†‡§¶")
        mark = part.strip()[len(name) :].strip()
        found.append(Author(text, lead, lead + len(name), mark))
        at = start + len(part)
    return found


def _named(author: Author, sure: float) -> Leaf:
    return author.text.leaf(author.text.text[author.start : author.end], author.start, author.end, sure)


def _home(field: Field, author: Author, below: Sequence[Strip], locale: Locale) -> Leaf:
    """Where an author works: the line with the author's mark in front, or the only such line."""
    homes = [s for s in below if _PLACE.search(s.text) and "@" not in s.text]
    mark = author.mark.strip(",* ")[:1]
    if not mark:
        return leaf_for(field, text_of(homes[0].pieces), locale, SURE) if len(homes) == 1 else ABSENT
    for strip in homes:
        text = text_of(strip.pieces)
        found = re.match(rf"{re.escape(mark)}\s*(?=[A-ZÀ-Ý])", text.text)
        if found:
            return text.leaf(text.text[found.end() :], found.end(), None, SURE)
    return ABSENT


def _mail(author: Author, below: Sequence[Strip], *, alone: bool) -> Leaf:
    """The address that has the last name in it, or the only one of the only author."""
    last = fold(author.text.text[author.start : author.end]).rpartition(" ")[2]
    for strip in below:
        text = text_of(strip.pieces)
        for match in _MAIL.finditer(text.text):
            if (last and last in fold(match.group()).replace(" ", "")) or alone:
                return text.leaf(match.group(), *match.span(), SURE)
    return ABSENT
