"""Parties of a contract in running text, and who signs it. Called by `unlabelled` and the engine.

A contract says who is meant by a word: `Ashgrove plc, of 1 Canal Wharf, Leeds (the "Client")`, `nachstehend
Vermieterin genannt`. The clause before that word holds the name, and after it the address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace

from paperclerk.domain.result import ABSENT, Leaf, Span, Tree
from paperclerk.engines.embedded.asked.profile import profile
from paperclerk.engines.embedded.fields.readings import readings
from paperclerk.engines.embedded.fields.slots import Slot
from paperclerk.engines.embedded.page.addresses import address_likeness
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.labels import Label
from paperclerk.engines.embedded.page.layout import Row, Segment
from paperclerk.engines.embedded.page.names import has_legal_form
from paperclerk.engines.embedded.words import phrases
from paperclerk.schemas.compiled import Field

_DEFINED = re.compile(
    r"\((?:[^()\"“”„]{0,40})[\"“”„'‘](?P<said>[^()\"“”„'’]{3,40})[\"“”'’][^()]{0,20}\)|"
    r"(?:nachstehend|nachfolgend|im Folgenden|hereinafter|ci-après|en adelante|di seguito|hierna|doravante)"
    r"(?: referred to as| called| als| dénommée?| denominad[oa]| denominat[oa]| te noemen)?:?(?: ?[\"“„'‘«])?"
    r"(?: ?(?:the|der|die|le|la|el)\b)? ?[\"“„'‘«]?(?P<bare>[^\W\d_]{4,30})",
    re.I,
)
_JOINS = re.compile(
    r"(?:\b(?:between|among|and|by|with|from|zwischen|und|entre|et|tra|fra|tussen|en|y|e)\b:?|\(\d\)|\b(?:19|20)\d\d,|[;:]|"
    r"\b(?:part|parte|Seite|kant),)\s+(?=[^\W\da-z])"
)
_BEGINS_WITH_JOIN = re.compile(r"(?:ET|AND|UND|E|EN|Y)\s+")
_ENDS_IN_JOIN = re.compile(
    r"(?:^|\W)(?:between|and|zwischen|und|entre|et|tra|fra|tussen|(?<!domicilio )en|y|e)"
    r"(?: (?:the|der|dem|den|la|le|il|el|de))?\W*$|[:;]\s*$",
    re.I,
)
_NAME_ENDS = re.compile(r",\s|\s\(|\s+(?:whose|having|with|of|residing|wohnhaft|geboren|demeurant|née?)\b|$")
_OWN_FORM = re.compile(r"[\w.]+ (?:au|con|mit) (?:un )?[ck]apital", re.I)  # no part of the name before it
_TITLE = re.compile(
    r"(?:(?:et )?la société|the company|(?:die )?firma|la sociedad|la società|monsieur|madame|mademoiselle|herrn?|"
    r"frau|mrs?\.?|ms\.?|se[nñ]ora?|signora?|sig\.|d\.?ª|d\.|dña\.) +",
    re.I,
)
_FORM = re.compile(
    r"(?:inc|incorporated|llc|l\.l\.c|llp|lp|l\.p|ltd|limited|plc|corp|corporation|gmbh|ag|s\.?a|s\.?a\.?s|s\.?r\.?l|s\.?l|"
    r"b\.?v|n\.?v|p\.?c)\b",
    re.I,
)
_LIVES = re.compile(r"(?:\b(?:at|of|in)\b|,)\s+(?=[^\W\da-z]|\d)")
_CLAUSE_ROWS = 6  # how far above the word that stands for a party its clause may begin
_ENDS_AT = (
    r"(?=,?\s+(?:(?:and |et |und )?(?:immatricul|regist|represent|repr[ée]sent|vertret|rappresent|inscri|eingetragen|"
    r"identif|acting|agissant|hereinafter|vertegenw)|d'une part|\()|[\s,(–-]*$)"
)
_ENDS = re.compile(_ENDS_AT, re.I)
_TOLD = {
    "form": (
        re.compile(
            r",\s(?:(?P<it>[A-Z][\w.]{1,6}) (?:au|con|mit) (?:un )?[ck]apital|"
            r"(?P<or>(?:an?|eine?|une?|una) [^,()]{5,60}?)(?=,|\s\(|\s+(?:with|having|whose|of)\b|\s*$))"
        ),
        phrases.word_set("forme form rechtsform forma entity"),
    ),
    "capital": (
        re.compile(r"\b[ck]apital (?:social )?(?:de|von|di|of) (?:€ ?|EUR )?(?P<it>\d[\d .,'’]*\d)", re.I),
        phrases.word_set("capital stammkapital capitale"),
    ),
    "seat": (
        re.compile(
            r"(?:si[èe]ge(?: social)?(?: est)?(?: situ[ée]e?| sise?| [ée]tablie?)?(?: [àa]u?)?|demeurant(?: [àa]u?)?|"
            r"(?:offices?|business|address)(?: is)?(?: located)? at|residing at|(?:mit )?Sitz in|wohnhaft(?: in)?|"
            r"con sede(?: legale)? (?:in|a)|(?:con )?domicilio(?: social)? en|gevestigd te)\s+(?P<it>[^()]{6,120}?)"
            + _ENDS_AT,
            re.I,
        ),
        phrases.word_set("siege seat office domicile sitz domicilio sede address adresse anschrift indirizzo adre"),
    ),
    "register": (
        re.compile(
            r"(?:immatricul|regist|eingetragen|inscri|\bRCS\b)[^()]{0,60}?(?:num[ée]ro|number|no\.?|n[°º]|Nr\.?|HRB)\s"
            r"(?P<it>\d[\d .]*\d)",
            re.I,
        ),
        phrases.word_set("siren siret rcs registration register hrb kvk company"),
    ),
    "person": (
        re.compile(
            r"(?:represented(?: herein)? by|repr[ée]sent[ée]e? par|vertreten durch|representad[oa] por|"
            r"rappresentat[oa] da|vertegenwoordigd door)"
            r"(?: (?:(?:its|ihren?|den|die|the|sa|son|le|la|su|el|il) )?[^,()]{3,40}?,?)?\s"
            r"(?:(?:Monsieur|Madame|M\.|Mme|Mrs?\.?|Ms\.?|Herrn?|Frau|Dr\.?|D\.|Dña\.|Sig\.(?:ra)?|Sra?\.) )?"
            r"(?P<it>[A-ZÀ-Ý][^\W\d_]+(?:[ -][A-ZÀ-Ý][^\W\d_]*\.?){1,3})"
        ),
        phrases.word_set("representant representative representante vertreter vertreten rappresentante represented"),
    ),
    "capacity": (
        re.compile(
            r"(?:en (?:sa |son )?qualit[ée] de|in (?:his|her|its|their) capacity as|en calidad de|in qualità di|"
            r"in (?:seiner|ihrer) Eigenschaft als)(?: its)?\s(?P<it>[^\W\d_][^,();]{2,40}?)(?=\s*[,();]|\s*$)",
            re.I,
        ),
        phrases.word_set("qualite capacity function position title funktion fonction cualidad calidad qualita"),
    ),
}  # fmt: skip
_NUMBER_BEHIND = re.compile(
    r"\b(?P<word>[^\W\d_]{2,15})\s(?:(?:no|nr|n)?[.º°]+\s?)?(?P<it>[A-Z]{0,3}[-.]?\d[\w.-]*\w)", re.I
)
_NTH = {"a": 0, "1": 0, "one": 0, "first": 0, "b": 1, "2": 1, "two": 1, "second": 1}
_NAMES, _ROLES, _ADDRESSES = (
    phrases.word_set("name party company"),
    phrases.word_set("role capacity type designation"),
    phrases.word_set("address location office"),
)
_PLACES = phrases.word_set("title position date capacity")
SURE = 0.8
PAGES = 2  # how far into a document its parties are named


@dataclass(frozen=True, slots=True)
class Stretch:
    """Characters `start:end` of a row, and `more` of the rows below that they go on in."""

    row: Row
    start: int
    end: int
    more: tuple[Stretch, ...] = ()

    @property
    def text(self) -> str:
        here = self.row.text[self.start : self.end].replace("\t", " ")
        return " ".join((here, *(m.text for m in self.more)))

    @property
    def span(self) -> Span:
        own = self.row.span(self.start, self.end)
        return Span(own.page, (*own.parts, *(p for m in self.more for p in m.span.parts)))

    def leaf(self, score: float) -> Leaf:
        return Leaf(self.text, (self.span,), score)

    def cut(self, start: int, end: int) -> Stretch:
        """Characters `start:end` of its text."""
        pieces = []
        at = 0
        for piece in (replace(self, more=()), *self.more):
            size = piece.end - piece.start
            first, last = max(0, start - at), min(size, end - at)
            if first < last:
                pieces.append(Stretch(piece.row, piece.start + first, piece.start + last))
            at += size + 1
        return replace(pieces[0], more=tuple(pieces[1:]))


@dataclass(frozen=True, slots=True)
class Named:
    """A party: its name, the word that stands for it, its address where the clause has one, and all its clause."""

    name: Stretch
    term: Stretch
    address: Stretch | None
    clause: Stretch

    def told(self, words: Set[str]) -> Stretch | None:
        """What the clause says that is called so: its legal form, capital, seat and register, who acts for it."""
        for pattern, called in _TOLD.values():
            if words & called and (match := pattern.search(self.clause.text)):
                return self.clause.cut(*match.span(match.lastgroup or "it"))
        return self._numbered(words)

    def _numbered(self, words: Set[str]) -> Stretch | None:
        """The number behind one of these words: `con DNI 12.408.773-K`."""
        for match in _NUMBER_BEHIND.finditer(self.clause.text):
            if phrases.stem(match["word"].casefold()) in words:
                return self.clause.cut(*match.span("it"))
        return None

    def called(self, words: Set[str]) -> bool:
        """Whether the word that stands for it is one of these, or a form of it (Vermieter, Vermieterin)."""
        return any(
            s == w or (len(w) > 4 and s.startswith(w)) for s in phrases.stems(self.term.text) for w in words
        )


def named_parties(facts: Facts) -> tuple[Named, ...]:
    """The parties that the first pages name, in order."""
    rows = [r for r in facts.rows if r.page < PAGES]
    return tuple(p for i, row in enumerate(rows) for p in _named(rows, i, row))


def _named(rows: Sequence[Row], at: int, row: Row) -> Iterator[Named]:
    if "(" not in row.text and " " not in row.text.strip():
        return
    for match in _DEFINED.finditer(row.text):
        start = _clause(rows, at, match.start())
        if start is None:
            continue
        clause = _through(rows, *start, at, match.start())
        if clause is None:
            continue
        if _SENTENCE.search(clause.text) and (named := _firm(rows, at, match.start())):
            clause = _through(rows, *named, at, match.start()) or clause  # another sentence begins in between
        if title := _TITLE.match(clause.text):
            clause = clause.cut(title.end(), len(clause.text))
        if title := _TITLE.match(clause.text):  # the company; Mr
            clause = clause.cut(title.end(), len(clause.text))
        name = clause.text[: _name_end(clause.text)].rstrip(" ,-–(")
        said = match["said"] or match["bare"]
        itself = name.casefold().endswith(said.casefold()) and not has_legal_form(name)
        dated = {"date", "day", "datum"} & set(phrases.tokens(said))  # the "Effective Date"
        if (
            2 < len(name) < 80 and name[0].isupper() and not itself and not dated
        ):  # This Agreement (the "Agreement")
            term = Stretch(row, *match.span("said" if match["said"] else "bare"))
            yield Named(clause.cut(0, len(name)), term, _address(clause, len(name)), clause)


def _through(rows: Sequence[Row], line: Row, begin: int, last: int, stop: int) -> Stretch | None:
    """The text from `begin` of a row to `stop` of the row `last`."""
    lines = [r for r in rows[: last + 1] if r.page == line.page and r.index >= line.index]
    pieces = [Stretch(r, begin if r is line else 0, stop if r is rows[last] else len(r.text)) for r in lines]
    filled = [p for p in pieces if p.start < p.end]
    return replace(filled[0], more=tuple(filled[1:])) if filled else None


def _name_end(clause: str) -> int:
    """Where the name ends that a clause begins with: a comma before a legal form ends none (`Halden, Inc., a`)."""
    found = (
        m
        for m in _NAME_ENDS.finditer(clause)
        if not (m[0][:1] == "," and _FORM.match(clause, m.end()) and not _OWN_FORM.match(clause, m.end()))
    )
    return next((m.start() for m in found), len(clause))


def _clause(rows: Sequence[Row], at: int, before: int) -> tuple[Row, int] | None:
    """Where the clause that a defining word ends begins: behind the word that joins the parties."""
    for back in range(_CLAUSE_ROWS):
        if back > at or rows[at - back].page != rows[at].page:
            return None
        row = rows[at - back]
        limit = before if back == 0 else len(row.text)
        if back and (earlier := [m.end() for m in _DEFINED.finditer(row.text)]):
            found = [m.end() for m in _JOINS.finditer(row.text, earlier[-1])]
            return (row, found[-1]) if found else _firm(rows, at, before)
        if begun := _BEGINS_WITH_JOIN.match(row.text):
            return row, begun.end()
        found = [m.end() for m in _JOINS.finditer(row.text, 0, limit)]
        if found:
            return row, found[-1]
        over = rows[at - back - 1] if at > back else None
        if row.text[:limit].strip(" -–(") and (over is None or _ENDS_IN_JOIN.search(over.text)):
            lead = len(row.text) - len(row.text.lstrip(" -–("))
            return row, lead
    return _firm(rows, at, before)


_SENTENCE = re.compile(r"[^\W\d]{3}[.!?] +[A-Z]|\d{4}\. +[A-Z]")
_FIRM = re.compile(
    r"(?:[A-ZÀ-Ý0-9][\w&.'’-]*,? (?:(?:and|of|&|de|und|et|y) )?){1,6}(?:Inc|LLC|L\.L\.C|LLP|LP|Ltd|"
    r"Limited|plc|PLC|Corp|Corporation|GmbH|AG|KG|SE|SAS|SARL|SA|S\.A|S\.r\.l|SpA|S\.p\.A|S\.L|SL|B\.V|BV|NV|Co)\b"
)


def _firm(rows: Sequence[Row], at: int, before: int) -> tuple[Row, int] | None:
    """Where the last firm is named before a defining word, in whatever words: `On one side stands Bloom Ltd`."""
    for row in (rows[at], *rows[max(0, at - 1) : at]):
        found = list(_FIRM.finditer(row.text, 0, before if row is rows[at] else len(row.text)))
        if found and row.page == rows[at].page:
            return row, found[-1].start()
    return None


def _address(clause: Stretch, start: int) -> Stretch | None:
    seat = _TOLD["seat"][0].search(clause.text, start)
    if seat and address_likeness(seat["it"]) >= 0.5:
        return clause.cut(*seat.span("it"))
    for match in _LIVES.finditer(clause.text, start):
        text = clause.text[match.end() :]
        if end := _ENDS.search(text):
            text = text[: end.start()].rstrip(" ,(-–")
        if address_likeness(text) >= 0.5:
            return clause.cut(match.end(), match.end() + len(text))
    return None


def nth(field: Field) -> int | None:
    """Which party a property of `party_a`, `second_party` means, from 0."""
    for step in (field.name, *reversed(field.path[:-1])):
        words = phrases.tokens(phrases.name_words(step))
        if words[:-1] and {"party", "signatory", "signer"} & set(words):
            return next((_NTH[w] for w in words if w in _NTH), None)
    return None


def rows(facts: Facts, array: Field) -> list[Tree]:
    """The elements of an array of parties or of who signs; empty for any other."""
    about = set(phrases.stems(phrases.name_words(array.name)))
    element = array.items
    if element is None:
        return []
    if about & {"party", "parti"} and element.kind in ("string", "object"):
        named = named_parties(facts)
        return [p.name.leaf(0.7) if element.kind == "string" else _party(element, p) for p in named]
    if element.kind == "object" and about & {"signatory", "signature", "signer"}:
        names = _signed(facts)
        return [_signer(facts, element, names, label) for label in names] or signed_rows(facts, element)
    return []


_BY = re.compile(r"(?:By|Signed|Name|Per|Par|Por|Durch)\s?:\s+(?P<it>.*)")
_PERSON = re.compile(
    r"(?:(?:Dr|Prof|Mrs?|Ms|Herrn?|Frau|Sra?|Ing)\.? )*"
    r"[A-ZÀ-Ý][^\W\d_]*\.?(?:[ -](?:[A-ZÀ-Ý]\.|[A-ZÀ-Ý][^\W\d_]+)){1,3}"
)
_SIGNS = (
    phrases.word_set("name signatory"),
    phrases.word_set("title role position capacity function"),
    phrases.word_set("party company organization entity on behalf for"),
)
POST = 6  # words of a title at most


def signed_rows(facts: Facts, element: Field) -> list[Tree]:
    """Who signs, as name and what they are: `By: A. Reed` over a title, or a name on a line over its title."""
    asked = {
        c.name: set(phrases.stems(phrases.name_words(c.name))) for c in element.children if c.kind == "string"
    }
    if not any(said & _SIGNS[0] for said in asked.values()):
        return []
    found: list[Tree] = []
    for segment in facts.layout.segments():
        parts = _signing(facts, segment)
        if parts is None:
            continue
        tree: dict[str, Tree] = {c.name: ABSENT for c in element.children}
        for name, said in asked.items():
            part = next((p for p, words in zip(parts, _SIGNS, strict=True) if said & words), None)
            tree[name] = part.leaf(0.65) if part is not None else ABSENT
        found.append(tree)
    return found


def officers(facts: Facts, array: Field) -> list[Tree]:
    """The elements of an array of people with names and titles, from those who sign; empty for any other array."""
    element = array.items
    if element is None or element.kind != "object" or len(element.children) != 2:
        return []
    said = [set(phrases.stems(phrases.name_words(c.name))) for c in element.children]
    wanted = all(any(s & words for s in said) for words in _SIGNS[:2])
    return signed_rows(facts, element) if wanted else []


def _signing(facts: Facts, segment: Segment) -> tuple[Stretch, Stretch | None, Stretch | None] | None:
    """The name, title and firm of a signature whose name stands in `segment`."""
    match = _BY.fullmatch(segment.text)
    begin = segment.start + (match.start("it") if match else 0)
    row = facts.layout.row_of(segment)
    if not _PERSON.fullmatch(row.text[begin : segment.end]):
        return None
    page = facts.layout.pages[segment.page]
    below = page.below(segment)[:1]
    near = [s for s in below if s.box.y0 - segment.box.y1 < 2 * segment.size and _is_post(s)]
    ruled = any(
        r.height < 3 and r.overlap_x(segment.box) > 0.5 * segment.box.width
        and segment.box.y0 - segment.size < r.cy < segment.box.y1 + segment.size
        for r in page.page.rules
    )  # fmt: skip
    if not match and not (ruled and near):
        return None
    over = [s for s in page.above(segment) if has_legal_form(s.text) and len(s.words) <= POST]
    name, *others = (
        Stretch(facts.layout.row_of(s), b, s.end) if s is not None else None
        for s, b in ((segment, begin), *((x[0], x[0].start) if x else (None, 0) for x in (near, over)))
    )
    return (name, others[0], others[1]) if name is not None else None


def _is_post(segment: Segment) -> bool:
    text = segment.text
    return len(segment.words) <= POST and text[:1].isupper() and not any(c in ":.0123456789" for c in text)


def _party(element: Field, party: Named) -> Tree:
    tree: dict[str, Tree] = {}
    for child in element.children:
        said = set(phrases.stems(phrases.name_words(child.name)))
        part = (
            party.term if said & _ROLES or "short" in said else party.name if said & _NAMES
            else party.address if said & _ADDRESSES else None
        )  # fmt: skip
        tree[child.name] = part.leaf(0.7) if part is not None and child.kind == "string" else ABSENT
    return tree


def _signed(facts: Facts) -> list[Label]:
    """The labels "Name" of a document that stand over or under one for a title or a date: signatures."""
    names = [x for x in facts.labels if x.colon and x.concepts.get("person_name", 0.0) >= 0.95]
    return [x for x in names if any(_beside(x, y) for y in facts.labels if set(y.stems) & _PLACES)]


def _beside(name: Label, other: Label) -> bool:
    return (
        name.row.page == other.row.page
        and 0 < abs(other.row.index - name.row.index) <= 3
        and abs(other.segment.box.x0 - name.segment.box.x0) < name.segment.size
    )


def _signer(facts: Facts, element: Field, names: Sequence[Label], name: Label) -> Tree:
    tree: dict[str, Tree] = {}
    for child in element.children:
        said = set(phrases.stems(phrases.name_words(child.name)))
        label = name if said & {"name", "signatory"} else _own(facts, said, names, name)
        tree[child.name] = _behind(facts, child, label) if label is not None and child.is_scalar else ABSENT
    return tree


def _own(facts: Facts, said: set[str], names: Sequence[Label], name: Label) -> Label | None:
    """The label of a signer's title or date: over or under the name, as with the first who signs."""

    def near(who: Label, *, over: bool) -> list[Label]:
        found = [x for x in facts.labels if said & set(x.stems) and _beside(who, x)]
        return [x for x in found if (x.row.index < who.row.index) is over]

    over = near(name, over=bool(near(names[0], over=True)))
    return min(over, key=lambda x: abs(x.row.index - name.row.index), default=None)


def signature(facts: Facts, place: int, words: Set[str]) -> Stretch | None:
    """The name of who signs at a place, from 0, or what else is asked of them: their title, the date."""
    names = _signed(facts)
    if place >= len(names):
        return None
    other = set(words) & _PLACES
    label = _own(facts, other, names, names[place]) if other else names[place]
    start = label.end if label is not None else 0
    while label is not None and start < label.segment.end and label.row.text[start] in " :":
        start += 1
    return (
        Stretch(label.row, start, label.segment.end)
        if label is not None and start < label.segment.end
        else None
    )


def _behind(facts: Facts, child: Field, label: Label) -> Leaf:
    start = label.end
    while start < label.segment.end and label.row.text[start] in " :":
        start += 1
    end = label.segment.end
    if not any(c.isalnum() for c in label.row.text[start:end]):
        return ABSENT
    if child.kind == "string" and child.format is None:
        return Stretch(label.row, start, end).leaf(SURE)
    slot = Slot(label.row, start, end, "same", 0, 0.0)
    read = next(readings(facts, profile(child), slot), None)
    return Leaf(read[0], read[1], SURE) if read is not None and read[0] is not None else ABSENT
