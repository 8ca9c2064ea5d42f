"""The works that a paper or a book cites, one element each: whole, or cut into authors, title, venue and year.

Called by `arrays`. A list of works has one style throughout, but each style puts year and marks elsewhere, so an
entry is cut by what its parts are: a run of names first, then the title up to its full stop, the venue behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from paperclerk.domain.result import ABSENT, Leaf, Tree
from paperclerk.engines.embedded.lists.papers import AUTHORS
from paperclerk.engines.embedded.lists.sections import Section
from paperclerk.engines.embedded.tables.cells import Text, text_of
from paperclerk.engines.embedded.tables.roles import fold, words_of
from paperclerk.engines.embedded.tables.shapes import empty
from paperclerk.engines.embedded.tables.strips import Strip
from paperclerk.engines.embedded.words.vocabulary import phrases, words
from paperclerk.schemas.compiled import Field

CITED = 0.6
_NUMBER = re.compile(r"\s*(?:\[\w{1,20}\+?\]|\d{1,3}[.)])(?:\s+\[\w{1,20}\])?\s+")  # [3], 12., 5. [Ng2002]
_PARTICLE = r"(?:(?:[Vv]an|[Vv]on|[Dd]e|[Dd]er|[Dd]en|[Dd]a|[Dd]i|[Dd]el|[Ll]a|[Ll]e|[Ee]l|al|bin|ten|zu) )*"
_WORD = r"[A-ZÀ-Ý][\w'’‐-]*[^\W\d_]"  # "Floren- cia" is cut at a line's end
_BROKEN = rf"{_WORD}(?:- [a-zà-ÿ]+)?"
_INITIALS = r"[A-ZÀ-Ý]\.(?:[ ‐-]?[A-ZÀ-Ý]\.)*"
_NAME = re.compile(
    rf"{_PARTICLE}{_BROKEN}(?: {_BROKEN})?, {_INITIALS}"  # Lewis-Beck, M.
    rf"|{_INITIALS} {_PARTICLE}{_BROKEN}(?: {_BROKEN})?"  # A. J. Smola
    rf"|{_BROKEN}(?: (?:{_INITIALS}|{_BROKEN}|{_PARTICLE}{_BROKEN})){{1,3}}"  # Kevin Chen-Chuan Chang
)
_NEXT = re.compile(r"\s*[,;]?\s+(?:and|und|et|y|&)\s+(?!al\b)|\s*[,;]\s+")
_OTHERS = re.compile(r"[,;]?\s+(?:et al|u\. ?a|and others)\b\.?")
_EDITED = re.compile(r"\s*\((?:eds?|hrsg|dir)s?\.?\)", re.I)
_YEAR = re.compile(r"(?<![\d–‐:./-])(?P<year>(?:18|19|20)\d\d)[a-z]?(?![\d–‐-]|\.\d)")
_YEAR_NEXT = re.compile(rf"[\s.,:]*\(?{_YEAR.pattern}\)?[.,:]?\s+")
_QUOTED = re.compile(r"[\"“„](?P<title>[^\"”“]{8,}?),?[\"”]")
_STOP = re.compile(r"(?<![A-ZÀ-Ý])(?<!et al)[.?!]\s+(?=[A-ZÀ-Ýa-z\d])")
_SHORT = re.compile(
    r"(?:\b(?:Proc|Trans|Intl?|Conf|Comput|Symp|J|Vol|No|Ed|Rev|Univ|Ann|Am|Phys|Lett|Recogn)|\W\w)$"
)
_VENUE = re.compile(
    r"[\s,]+(?=(?:In:? (?=[A-ZÀ-Ý])|Proc\b|Proceedings\b|IEEE\b|ACM\b|Journal\b|J\. |Lecture Notes\b|Advances in\b|"
    r"arXiv\b|Annals\b|(?:International|Intl\.?) (?:Conf|Journal|J\.)|Trans(?:actions)?\b\.?|Ph\.? ?D\.? thesis|"
    r"Technical Report\b))"
)
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_BEFORE_DOI = re.compile(r"[\s.,;]*(?:https?://\S*|doi:?\s*)?$", re.I)
_ARXIV = re.compile(r"arXiv:\d{4}\.\d{4,5}", re.I)
_HYPHEN = re.compile(r"(?<=[a-zà-ÿ])- (?=[a-zà-ÿ])")  # of a word cut at a line's end
_DASH = re.compile(r"(?<=[^\W\d])- (?=[A-ZÀ-Ý])")
_FIELDS = {
    "authors": AUTHORS,
    "title": frozenset({"title", "titel", "titre", "titulo"}),
    "venue": frozenset(words("venue journal source publication publisher book conference container")),
    "year": frozenset({"year", "date", "jahr", "annee"}),
    "id": frozenset({"doi", "id", "ids"}),
}

Part = tuple[int, int]  # characters of an entry


def cited_rows(array: Field, sections: Sequence[Section]) -> list[Tree]:
    """One element for each work in the list of works cited; none where the array asks for something else."""
    element = array.items
    known = phrases("heading")["citations"]
    if element is None or words_of(array.name) not in known | {"citations", "cited works"}:
        return []
    works = [
        text for section in sections if fold(section.heading.text) in known for text in _works(section.lines)
    ]
    if element.kind == "string":
        return [text.leaf(text.text, sure=CITED) for text in works]
    return [_work(element, text) for text in works]


def _works(lines: Sequence[Strip]) -> Iterator[Text]:
    """The lines of a list of works, one text a work: a number begins each, or lines that hang from the left edge."""
    numbered = [bool(_NUMBER.match(s.text)) for s in lines]
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
    parts, names = parts_of(text.text)
    row: dict[str, Tree] = {c.name: empty(c) for c in element.children}
    for child in element.children:
        said = set(words_of(child.name).split())
        key = next((k for k, called in _FIELDS.items() if said & called), None)
        if key == "authors" and child.kind == "array" and child.items is not None:
            row[child.name] = [_author(child.items, text, name) for name in names]
        elif key in parts and child.is_scalar:
            row[child.name] = _leaf(child, text, parts[key])
    return row


def _author(element: Field, text: Text, name: Part) -> Tree:
    if element.is_scalar:
        return _leaf(element, text, name)
    row: dict[str, Tree] = {c.name: empty(c) for c in element.children}
    for child in element.children:
        if child.is_scalar and set(words_of(child.name).split()) & ({"name"} | AUTHORS):
            row[child.name] = _leaf(child, text, name)
    return row


def _leaf(field: Field, text: Text, part: Part) -> Leaf:
    start, end = part
    value = _DASH.sub("-", _HYPHEN.sub("", text.text[start:end]))
    if field.kind in ("integer", "number"):
        return text.leaf(int(value), start, end, CITED) if value.isdigit() else ABSENT
    return text.leaf(value, start, end, CITED)


def parts_of(text: str) -> tuple[dict[str, Part], list[Part]]:
    """Where the parts of an entry stand, in any of the usual orders, and each author's name."""
    found: dict[str, Part] = {}
    start = match.end() if (match := _NUMBER.match(text)) else 0
    end = len(text)
    if doi := _DOI.search(text):
        found["id"] = _trimmed(text, *doi.span(), ".,;")
        before = _BEFORE_DOI.search(text[: doi.start()])
        end = before.start() if before else doi.start()
    elif arxiv := _ARXIV.search(text):
        found["id"] = arxiv.span()
    names = _names(text, start)
    year = _year(text, start, end)
    if year is not None:
        found["year"] = year.span("year")
    if quoted := _QUOTED.search(text, start, end):
        pieces = [(start, quoted.start()), quoted.span("title"), (quoted.end(), end)]
    else:
        split = _authors_end(text, start, names, year)
        if split is None:
            return found, []
        title = split[1]
        stop = _title_end(text, title, end)
        pieces = [(start, split[0]), (title, stop), (stop, end)]
    names = [n for n in names if n[1] <= pieces[0][1]]
    for key, (lo, hi) in zip(("authors", "title", "venue"), pieces, strict=True):
        if key == "venue" and year is not None and lo <= year.start() < hi:
            hi = year.start()
        part = _trimmed(text, lo, hi, " ,:;(" if key == "authors" else " .,:;(")
        if part[0] < part[1]:
            found[key] = part
    return found, names


def _names(text: str, start: int) -> list[Part]:
    """The names that an entry begins with."""
    names: list[Part] = []
    at = start
    while match := _NAME.match(text, at):
        names.append(match.span())
        between = _NEXT.match(text, match.end())
        if between is None:
            break
        at = between.end()
    return names


def _year(text: str, start: int, end: int) -> re.Match[str] | None:
    """The year of a work: one in brackets, one between authors and title, else the last."""
    years = [*_YEAR.finditer(text, start, end)]
    bracketed = [y for y in years if text[y.start() - 1] == "(" and text[y.end() : y.end() + 1] in ")"]
    alone = [y for y in years if text[: y.start()].endswith(". ") and text[y.end() : y.end() + 2] == ". "]
    return next(iter((*bracketed, *alone)), years[-1] if years else None)


def _authors_end(text: str, start: int, names: list[Part], year: re.Match[str] | None) -> Part | None:
    """Where the authors end and where the title begins; None where neither year nor names tell."""
    end = names[-1][1] if names else start
    if others := _OTHERS.match(text, end):
        end = others.end()
    if edited := _EDITED.match(text, end):
        end = edited.end()
    if following := _YEAR_NEXT.match(text, end):
        return end, following.end()
    if (
        year is not None
        and text[: year.start()].endswith((". ", "("))
        and _YEAR_NEXT.match(text, year.start())
    ):
        early = year.start() - start < 0.6 * (len(text) - start)
        if early and not any(_STOP.finditer(text, end, year.start() - 2)):
            return year.start(), year.end() + 2  # a body or a name that reads like none, then its year
    begun = re.compile(r"[.,:]?\s+").match(text, end) if names else None
    return (end, begun.end()) if begun is not None else None


def _title_end(text: str, start: int, end: int) -> int:
    """Where a title ends: at a full stop that is none of an abbreviation, or before what opens a venue."""
    stops = [m.end() for m in _STOP.finditer(text, start, end) if not _SHORT.search(text[start : m.start()])]
    opened = [
        m.start() for m in _VENUE.finditer(text, start + 1, end) if " " in text[start : m.start()].strip()
    ]
    return min((*stops[:1], *opened[:1]), default=end)


def _trimmed(text: str, start: int, end: int, marks: str) -> Part:
    lead = len(text[start:end]) - len(text[start:end].lstrip(" .,:;()"))
    return start + lead, start + lead + len(text[start + lead : end].rstrip(marks))
