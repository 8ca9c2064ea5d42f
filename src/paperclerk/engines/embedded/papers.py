"""Scientific papers: who wrote them and where they work, and the works they cite. Called by `items`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from paperclerk.domain.result import ABSENT, Leaf, Tree
from paperclerk.engines.embedded.cells import Text, leaf_for, text_of
from paperclerk.engines.embedded.roles import fold, words_of
from paperclerk.engines.embedded.sections import Section
from paperclerk.engines.embedded.shapes import empty
from paperclerk.engines.embedded.strips import Strip
from paperclerk.engines.embedded.vocabulary import phrases, words
from paperclerk.printed.locale import Locale
from paperclerk.schemas.compiled import Field

SURE = 0.7
CITED = 0.6
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
_AUTHORS = frozenset(words("author authors autoren auteurs autores autori"))
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
    if element is None or not _AUTHORS & set(words_of(array.name).split()) or not pages:
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
            elif "name" in said or said & _AUTHORS:
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
    last = fold(author.text.text[author.start : author.end]).split()[-1]
    for strip in below:
        text = text_of(strip.pieces)
        for match in _MAIL.finditer(text.text):
            if last in fold(match.group()).replace(" ", "") or alone:
                return text.leaf(match.group(), *match.span(), SURE)
    return ABSENT


_CITED_NUMBER = re.compile(r"\s*(?:\[\d{1,3}\]|\d{1,3}[.)])\s+")
_YEAR = re.compile(r"\(?\b(?P<year>(?:19|20)\d\d)[a-z]?\b\)?")
_QUOTED = re.compile(r"[\"“„](?P<title>[^\"”“]{8,}?),?[\"”]")
_SENTENCE = re.compile(r"(?<![A-Z])(?<!et al)[.:?]\s+(?=[A-ZÀ-Ý])")


def cited_rows(array: Field, sections: Sequence[Section], locale: Locale) -> list[Tree]:
    """One element for each work in the list of works cited: whole, or cut into authors, title, venue and year."""
    element = array.items
    known = phrases("heading")["citations"]
    if element is None or words_of(array.name) not in known | {"citations", "cited works"}:
        return []
    rows: list[Tree] = []
    for section in sections:
        if fold(section.heading.text) in known:
            for text in _works(section.lines):
                rows.append(
                    text.leaf(text.text, sure=CITED) if element.kind == "string" else _work(element, text)
                )
    return rows


def _works(lines: Sequence[Strip]) -> Iterator[Text]:
    """The lines of a list of works, one text a work: a number begins each, or lines that hang from the left edge."""
    numbered = [bool(_CITED_NUMBER.match(s.text)) for s in lines]
    left = min((s.box.x0 for s in lines), default=0.0)
    begins = numbered if sum(numbered) > 1 else [s.box.x0 < left + 3 for s in lines]
    held: list[Strip] = []
    for strip, first in zip(lines, begins, strict=True):
        if first and held:
            yield text_of(p for s in held for p in s.pieces)
            held = []
        if first or held:
            held.append(strip)
    if held:
        yield text_of(p for s in held for p in s.pieces)


def _work(element: Field, text: Text) -> dict[str, Tree]:
    parts = _parts_of(text.text)
    row: dict[str, Tree] = {c.name: empty(c) for c in element.children}
    for child in element.children:
        said = set(words_of(child.name).split())
        key = next((k for k, names in _CITE.items() if said & names), None)
        if key is None or key not in parts:
            continue
        start, end = parts[key]
        value = text.text[start:end]
        if child.kind in ("integer", "number"):
            row[child.name] = text.leaf(int(value), start, end, CITED) if value.isdigit() else ABSENT
        elif child.is_scalar:
            row[child.name] = text.leaf(value, start, end, CITED)
    return row


_CITE = {
    "authors": _AUTHORS,
    "title": frozenset({"title", "titel", "titre", "titulo"}),
    "venue": frozenset(words("venue journal source publication publisher book conference container")),
    "year": frozenset({"year", "date", "jahr", "annee"}),
    "doi": frozenset({"doi"}),
}


def _parts_of(text: str) -> dict[str, tuple[int, int]]:
    """Where the parts of a citation stand, in any of the usual orders."""
    found: dict[str, tuple[int, int]] = {}
    start = match.end() if (match := _CITED_NUMBER.match(text)) else 0
    end = len(text)
    if doi := re.search(r"10\.\d{4,9}/\S+", text):
        found["doi"] = (doi.start(), doi.start() + len(doi.group().rstrip(".,;")))
        end = re.search(r"[\s.,;]*(?:https?://\S*|doi:?\s*)?$", text[: doi.start()]).start()  # type: ignore[union-attr]
    years = [*_YEAR.finditer(text, start, end)]
    year = next((y for y in years if y.group().startswith("(")), years[-1] if years else None)
    if year is not None:
        found["year"] = year.span("year")
    if quoted := _QUOTED.search(text, start, end):
        pieces = [(start, quoted.start()), quoted.span("title"), (quoted.end(), end)]
    elif year is not None and year.group().startswith("(") and len(text[year.end() : end]) > 30:
        rest = [m.end() for m in _SENTENCE.finditer(text, year.end() + 2, end)][:1]
        cut = rest[0] if rest else end
        pieces = [(start, year.start()), (year.end(), cut), (cut, end)]
    else:
        cuts = [m.end() for m in _SENTENCE.finditer(text, start, end)][:2]
        if len(cuts) < 2:
            return found
        pieces = [(start, cuts[0]), (cuts[0], cuts[1]), (cuts[1], end)]
    for key, (lo, hi) in zip(("authors", "title", "venue"), pieces, strict=True):
        if key == "venue" and year is not None and lo <= year.start() < hi:
            hi = year.start() if year.start() > lo + 3 else hi
        value = text[lo:hi]
        lead = len(value) - len(value.lstrip(" .,:;()"))
        kept = value.strip(" .,:;(") if key != "authors" else value.strip(" ,:;(")
        if kept:
            found[key] = (lo + lead, lo + lead + len(kept))
    return found
