"""Arrays of objects that are no tables: repeated entries under a heading, as in a résumé or a list of works.
Called by `arrays`.

An entry begins where a line with a date (or the line over it) stands after details or a wider gap. Its dates
go to the date properties, its first lines to those that name things, the rest to a description.
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from paperclerk.domain.result import ABSENT, Leaf, Tree
from paperclerk.engines.embedded.lists.enumerations import bulleted, points
from paperclerk.engines.embedded.lists.sections import Section, sections_for
from paperclerk.engines.embedded.tables.cells import Text, has_letters, text_of
from paperclerk.engines.embedded.tables.roles import fold, words_of
from paperclerk.engines.embedded.tables.shapes import empty
from paperclerk.engines.embedded.tables.strips import Piece, Strip
from paperclerk.engines.embedded.words.vocabulary import phrases, words
from paperclerk.printed.dates import first_day
from paperclerk.schemas.compiled import Field

_MONTH = (
    r"(?:jan|feb|fev|mar|mär|apr|avr|abr|may|mai|mag|jun|jui|giu|jul|lug|aug|aou|ago|sep|set|oct|okt|ott|out|nov|dec|dez"
    r"|dic|déc)"
    r"[a-zéûä]*\.?"
)
_POINT = (
    rf"(?:(?:\d{{1,2}}[./])?\d{{1,2}}[./](?:19|20)\d\d|{_MONTH}\s+(?:\d{{1,2}},?\s+)?(?:19|20)\d\d"
    r"|(?:19|20)\d\d(?:-\d\d(?!\d))?)"
)
_NOW = r"(?:present|now|current|today|ongoing|heute|aktuell|aujourd'hui|présent|actualidad|presente|oggi|heden|atual)"
DATES = re.compile(
    rf"(?P<first>{_POINT})"
    rf"(?:\s*(?:[-–—]|to|bis|until|à|a|al|tot|até)\s*(?P<last>{_POINT}|{_NOW}))?",
    re.I,
)
_BREAK = re.compile(r"\s+[-–—|•·@]\s+|,\s+|\s+(?:at|bei|chez|en)\s+")
_HOUSE = re.compile(
    r"\b(?:universi\w*|college|school|institut\w*|academy|hospital|cent(?:er|re)|group|gmbh|ag|inc|ltd|llc|corp\w*|company|bank|"
    r"holdings?|partners?|solutions|systems|digital|labs?|foundation|ministry|department|hochschule|scuola|école|escuela|clinic|"
    r"council|s\.?a\.?|s\.?p\.?a|b\.?v|consulting|services|agency|association)\b",
    re.I,
)
_START = frozenset(words("start from begin beginning since von seit debut du inicio desde inizio dal van"))
_END = frozenset(words("end to until finish bis fin au hasta fine al tot einde graduation completion"))
_WHERE = frozenset(
    words(
        "employer company institution organization organisation school university issuer publisher venue firma "
        "arbeitgeber unternehmen schule hochschule einrichtung entreprise employeur societe etablissement ecole "
        "empresa centro institucion escuela azienda datore istituto scuola werkgever bedrijf instelling empregador "
        "escola"
    )
)
_WHAT = frozenset(
    words(
        "title position role job degree qualification name project certification award study taetigkeit tatigkeit "
        "funktion stelle rolle abschluss studiengang poste fonction intitule diplome puesto cargo titulo titulacion "
        "ruolo mansione titolo qualifica functie opleiding diploma funcao curso"
    )
)
_WHEN = frozenset(
    words(
        "date year period dates duration jahr datum zeitraum annee periode anio ano fecha periodo anno data jaar"
    )
)
_EXPIRY = frozenset(words("expiration expiry expires expire valid"))
_MORE = frozenset(
    words(
        "description details summary responsibilities highlights content achievements notes text duties tasks "
        "bullets accomplishments"
    )
)


@dataclass(frozen=True)
class Entry:
    """Lines of one entry: those of its head, and the details under them."""

    head: tuple[Strip, ...]
    details: tuple[Strip, ...]


def entry_rows(array: Field, element: Field, sections: Sequence[Section]) -> list[dict[str, Tree]]:
    """One object for each entry of the sections that the array is about; none where no heading announces it."""
    rows = []
    works = phrases("heading")["citations"]
    for section in sections_for(array, sections):
        if fold(section.heading.text) in works:
            continue  # works cited run on as prose: authors, title and venue are not told apart
        for entry in entries_of(section.lines):
            row = _row(element, entry)
            given = [v for v in row.values() if isinstance(v, Leaf) and v.value is not None]
            told = any(isinstance(v.value, str) and not DATES.fullmatch(v.value) for v in given)
            if told and len(given) >= min(2, len(row)):
                rows.append(row)
    return rows


def entries_of(lines: Sequence[Strip]) -> list[Entry]:
    """Cuts the lines of a section into entries at their dates; without dates, at wider gaps."""
    dated = [i for i, s in enumerate(lines) if _date_line(s)]
    starts = [_start(lines, i, dated[k - 1] + 1 if k else 0) for k, i in enumerate(dated)]
    if not starts:
        starts = [0, *_wide_gaps(lines)] if lines else []
    found = []
    for k, start in enumerate(starts):
        end = starts[k + 1] if k + 1 < len(starts) else len(lines)
        head_end = next((i + 1 for i in dated if start <= i < end), start + 1)
        found.append(Entry(tuple(lines[start:head_end]), tuple(lines[head_end:end])))
    return found


def _date_line(strip: Strip) -> bool:
    """Whether a line is a date or a range, or ends or begins with one: not a sentence that mentions a year."""
    text = strip.text.strip()
    found = list(DATES.finditer(text))
    if not found or len(text.split()) > 16:
        return False
    best = max(found, key=lambda m: m.end() - m.start())
    rest = text[: best.start()] + text[best.end() :]
    at_edge = best.start() <= 2 or best.end() >= len(text) - 2
    return at_edge and (
        best["last"] is not None
        or not has_letters(rest, 3)
        or len(strip.pieces) > 1
        or len(rest.split()) <= 8
    )


def _start(lines: Sequence[Strip], at: int, least: int) -> int:
    """The first line of the head of which line `at` holds the dates."""
    start = at
    own = DATES.sub("", lines[at].text)
    need = not has_letters(own, 4)
    left = min(s.box.x0 for s in lines)
    while start > least:
        above, here = lines[start - 1], lines[start]
        gap = here.box.y0 - above.box.y1
        if (
            above.page is not here.page
            or gap > 1.2 * here.size
            or above.box.x0 > left + 6
            or len(above.words) > 14
        ):
            break
        if not need:
            break
        start -= 1
        need = above.text.strip()[:1].islower() or (start > least and _runs_on(lines[start - 1], above, left))
    return start


def _runs_on(above: Strip, here: Strip, left: float) -> bool:
    """Whether a head goes over two lines: close together, and closer than to what stands before."""
    return above.box.x0 <= left + 3 and here.box.y0 - above.box.y1 < 0.25 * here.size and len(here.words) <= 3


def _wide_gaps(lines: Sequence[Strip]) -> list[int]:
    gaps = [b.box.y0 - a.box.y1 if a.page is b.page else 0.0 for a, b in itertools.pairwise(lines)]
    if not gaps:
        return []
    usual = statistics.median(gaps)
    size = statistics.median(s.size for s in lines)
    return [i + 1 for i, g in enumerate(gaps) if g > usual + 0.4 * size]


def _row(element: Field, entry: Entry) -> dict[str, Tree]:
    row: dict[str, Tree] = {c.name: empty(c) for c in element.children}
    entry = _with_second_line(entry, element)
    dates, rest = _dates(entry)
    parts = _parts(rest)
    for child in element.children:
        if child.kind == "array" and child.items is not None and set(words_of(child.name).split()) & _MORE:
            row[child.name] = _told(child.items, entry.details)
    named = [c for c in element.children if c.is_scalar]
    for child in named:
        names = set(words_of(child.name).split())
        if names & _START and _is_date(names, child):
            row[child.name] = _in_format(dates[0], child)
        elif names & _END and _is_date(names, child):
            row[child.name] = ABSENT if _is_now(dates[1]) else _in_format(dates[1], child)
        elif names & _EXPIRY:
            row[child.name] = ABSENT if _is_now(dates[1]) else dates[1]
        elif names & _WHEN:
            row[child.name] = (
                _in_format(dates[0], child)
                if child.format == "date"
                else dates[2]
                if child.kind == "string" or child.kind == "any"
                else _year(dates[0], child)
            )
        elif child.kind == "boolean" and names & {"current", "present", "ongoing"}:
            row[child.name] = _current(dates)
        elif names & _MORE and entry.details:
            text = text_of(p for s in entry.details for p in s.pieces)
            row[child.name] = text.leaf(text.text, sure=0.6)
    where = next((c for c in named if set(words_of(c.name).split()) & _WHERE), None)
    what = next((c for c in named if set(words_of(c.name).split()) & _WHAT and c is not where), None)
    _name_parts(row, parts, what, where)
    place = next((c for c in named if set(words_of(c.name).split()) & _LOCATION), None)
    if place is not None and where is not None and row[place.name] is ABSENT:
        _place_apart(row, parts, where, place)
    return row


_LOCATION = frozenset(words("location city place town"))
_FORM = re.compile(r"(?:inc|ltd|llc|llp|gmbh|ag|corp|s\.?a|plc|pty)\b", re.I)


def _place_apart(row: dict[str, Tree], parts: Sequence[Text], where: Field, place: Field) -> None:
    """Cuts the town off an employer or a school: `Brasserie Nord, Lille, France`."""
    said = row[where.name]
    text = next((p for p in parts if isinstance(said, Leaf) and p.text.strip(" ,;:|-–—") == said.value), None)
    cut = (
        next((m for m in re.finditer(r",\s+", text.text) if not _FORM.match(text.text, m.end())), None)
        if text
        else None
    )
    if text is not None and cut is not None and len(text.text[cut.end() :].split()) <= MOST_TOWN:
        row[where.name] = _text_leaf(_cut(text, 0, cut.start()))
        row[place.name] = _text_leaf(_cut(text, cut.end(), len(text.text)))


MOST_TOWN = 4  # words


def _with_second_line(entry: Entry, element: Field) -> Entry:
    """The entry with the line under its dates in its head, where the head names one thing and the schema asks for
    two: the employer, or the degree."""
    asked = {w for c in element.children if c.kind == "string" for w in words_of(c.name).split()}
    named = [s for s in entry.head if has_letters(DATES.sub("", s.text), 3)]
    if len(named) != 1 or not entry.details or not (asked & _WHERE and asked & _WHAT):
        return entry
    rest = _dates(entry)[1]
    if rest and len(_parts(rest[:1])) > 1:
        return entry
    line = entry.details[0]
    text = line.text.strip()
    if bulleted(line.pieces[0]) or len(text.split()) > 8 or text.endswith("."):
        return entry
    return Entry((*entry.head, line), entry.details[1:])


def _told(element: Field, details: Sequence[Strip]) -> list[Tree]:
    """The points under an entry, one an element."""
    if element.kind not in ("string", "any"):
        return []
    texts = [text_of(group) for group in points(details)]
    return [t.leaf(t.text, sure=0.6) for t in texts if has_letters(t.text, 3)]


def _is_date(names: set[str], child: Field) -> bool:
    return (
        bool(names & {"date", "year", "month", "time"})
        or names <= (_START | _END)
        or child.format in ("date", "date-time")
    )


def _dates(entry: Entry) -> tuple[tuple[Leaf, Leaf, Leaf], list[list[Piece]]]:
    """First day, last day and both together, as printed; and the head without them."""
    none = (ABSENT, ABSENT, ABSENT)
    rest: list[list[Piece]] = []
    dates = none
    for strip in entry.head:
        text = text_of(strip.pieces)
        found = max(DATES.finditer(text.text), key=lambda m: m.end() - m.start(), default=None)
        if found is None or dates is not none:
            rest.append(list(strip.pieces))
            continue
        first = text.leaf(found["first"], *found.span("first"), 0.65)
        last = text.leaf(found["last"], *found.span("last"), 0.65) if found["last"] else ABSENT
        dates = (first, last, text.leaf(found.group(), *found.span(), 0.65))
        kept = _without(text, found.start(), found.end())
        if kept:
            rest.append(kept)
    return dates, rest


def _without(text: Text, start: int, end: int) -> list[Piece]:
    """The words of a text that lie outside some characters."""
    at, kept = 0, []
    for page, w in text.words:
        size = len(page.words[w].text)
        if at + size <= start or at >= end:
            kept.append(Piece(page, (w,)))
        at += size + 1
    return kept if has_letters(" ".join(p.text for p in kept), 3) else []


def _current(dates: Sequence[Leaf]) -> Leaf:
    last = dates[1]
    if last.value is None:
        return ABSENT
    return Leaf(_is_now(last), last.spans, 0.65)


def _is_now(date: Leaf) -> bool:
    """`Present` ends no entry: it has no last day."""
    return re.fullmatch(_NOW, str(date.value or ""), re.I) is not None


def _in_format(date: Leaf, field: Field) -> Leaf:
    """A printed month as the date that the schema's format asks for: its first day, marked as inferred."""
    text = str(date.value or "")
    if field.format != "date" or not text:
        return date
    day = first_day(text)
    return Leaf(day.isoformat(), date.spans, date.score, inferred=True) if day else date


def _year(date: Leaf, field: Field) -> Leaf:
    found = re.search(r"(?:19|20)\d\d", str(date.value or ""))
    return (
        Leaf(int(found.group()), date.spans, date.score)
        if found and field.kind in ("integer", "number")
        else ABSENT
    )


def _parts(lines: Sequence[Sequence[Piece]]) -> list[Text]:
    """The head cut where dashes, bars, commas or a new line part what it names."""
    found: list[Text] = []
    for pieces in lines:
        text = text_of(pieces)
        cuts = [m.span() for m in _BREAK.finditer(text.text)]
        parting = [c for c in cuts if _parts_house(text.text, c)]
        after = [c for c in parting if _HOUSE.search(text.text[c[1] :])]
        cut = (after[-1] if after else None) or next(  # "Máster en Alimentos, Universitat de València"
            iter(parting), cuts[0] if cuts and "," not in text.text else None
        )
        if cut is None:
            found.append(text)
        else:
            found += [_cut(text, 0, cut[0]), _cut(text, cut[1], len(text.text))]
    return [t for t in found if t.pieces]


def _parts_house(text: str, cut: tuple[int, int]) -> bool:
    """Whether a cut leaves the name of an organisation on one side and something else on the other."""
    return bool(_HOUSE.search(text[: cut[0]])) != bool(_HOUSE.search(text[cut[1] :])) and not _HOUSE.search(
        text[: cut[0]] if text[cut[0] :].lstrip().startswith(",") else ""
    )


def _cut(text: Text, start: int, end: int) -> Text:
    at, kept = 0, []
    for page, w in text.words:
        size = len(page.words[w].text)
        if at >= start and at + size <= end + 1 and at < end:
            kept.append(Piece(page, (w,)))
        at += size + 1
    return Text(tuple(kept))


def _name_parts(row: dict[str, Tree], parts: Sequence[Text], what: Field | None, where: Field | None) -> None:
    """The part that sounds like an organisation is the place, the first other one the thing."""
    house = next((i for i, p in enumerate(parts) if _HOUSE.search(p.text)), None)
    if where is not None:
        if house is None and len(parts) > 1:
            house = 1
        if house is not None:
            row[where.name] = _text_leaf(parts[house])
    if what is not None:
        other = next((p for i, p in enumerate(parts) if where is None or i != house), None)
        if other is not None:
            row[what.name] = _text_leaf(other)


def _text_leaf(text: Text) -> Leaf:
    value = text.text.strip(" ,;:|-–—")
    at = text.text.find(value)
    return text.leaf(value, at, at + len(value), 0.55) if value else ABSENT
