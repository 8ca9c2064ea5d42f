"""Arrays of scalars: after a label, under a heading, or of the wanted kind anywhere. Called by `arrays`."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import replace

from paperclerk.domain.result import Leaf, Tree
from paperclerk.engines.embedded.lists.sections import Section, match, sections_for
from paperclerk.engines.embedded.page import values
from paperclerk.engines.embedded.page.values import MarkKind
from paperclerk.engines.embedded.tables.cells import Text, has_letters, leaf_for, text_of
from paperclerk.engines.embedded.tables.roles import fold, stems, words_of
from paperclerk.engines.embedded.tables.shapes import empty
from paperclerk.engines.embedded.tables.strips import Piece, Strip
from paperclerk.engines.embedded.words.vocabulary import words
from paperclerk.printed.locale import Locale
from paperclerk.schemas.compiled import Field

_BULLET = re.compile(r"^(?:[•·▪■●○◦‣⁃∙*–—-]|\(?\d{1,2}[.)])$")
_SPLIT = re.compile(r"\s*[,;•·|]\s+|\s+[•·|]\s*|;\s*")
_NAMES = frozenset(
    words(
        "name skill language tool technology title sprache kenntnis langue competence idioma competencia lingua taal"
    )
)
_RANKS = frozenset(words("level proficiency fluency niveau stufe nivel livello grado")) | {
    "proficiency level",
    "skill level",
}
_RANKED = re.compile(r"(?P<name>[^:()–—]+?)\s*(?:[–—:]|\s-\s|\()\s*(?P<rank>[^()]+?)\)?")
MOST_NAME_WORDS = 8
MAX_ELEMENTS = 400
MAX_LINES = 60  # under a heading: more is a chapter, not a list
MAX_WORDS = 14  # of the median element: longer ones are running text, not a list


def scalars(
    array: Field, pages: Sequence[Sequence[Strip]], sections: Sequence[Section], locale: Locale
) -> list[Leaf]:
    """The elements of an array of scalars, in printed order; none where nothing announces them."""
    element = array.items
    assert element is not None
    kind = _mark_kind(array, element)
    if kind is not None:
        return _marks(kind, pages, locale)
    if element.kind not in ("string", "any", "enum", "number", "integer"):
        return []
    texts = _after_label(array, pages) or _under_heading(array, sections) or _led_in(array, pages)
    if _PEOPLE & set(words_of(array.name).split()):
        texts = [_person(t) for t in texts]
    found = [leaf_for(element, t, locale, 0.65) for t in texts[:MAX_ELEMENTS]]
    return [leaf for leaf in found if leaf.value is not None]


_PEOPLE = frozenset(
    words(
        "attendees attendee participants members people persons names apologies absentees trustees directors "
        "officers present"
    )
)


def _person(text: Text) -> Text:
    """A name without what stands in brackets behind it: `Joyce Abbot (Chair)`."""
    at = next((i for i, p in enumerate(text.pieces) if p.text.startswith("(")), 0)
    return Text(text.pieces[:at]) if at else text


def named_things(
    array: Field, element: Field, pages: Sequence[Sequence[Strip]], sections: Sequence[Section]
) -> list[dict[str, Tree]]:
    """Objects that are little more than a name, such as skills and languages (`Spanish - fluent`): listed behind a
    label, behind the first word of their array's name in the section of the enclosing object, or under a heading."""
    name = next((c for c in element.children if c.kind == "string" and words_of(c.name) in _NAMES), None)
    if name is None:
        return []
    rank = next((c for c in element.children if c.kind == "string" and words_of(c.name) in _RANKS), None)
    rows = []
    for text in (
        _after_label(array, pages) or _in_section_of_owner(array, sections) or _under_heading(array, sections)
    ):
        if len(text.words) > MOST_NAME_WORDS:
            return []
        row = {c.name: empty(c) for c in element.children}
        match = _RANKED.fullmatch(text.text.rstrip(" ,;.")) if rank is not None else None
        if rank is not None and match:
            row[rank.name] = text.leaf(match["rank"], *match.span("rank"), 0.6)
        start, end = match.span("name") if match else (0, len(text.text))
        row[name.name] = text.leaf(text.text[start:end].rstrip(" ,;."), start, end, 0.65)
        rows.append(row)
    return rows


def _in_section_of_owner(array: Field, sections: Sequence[Section]) -> list[Text]:
    """`Databases: ...` under "Skills", for `technical_skills.databases`."""
    if len(array.path) < 2:
        return []
    wanted = stems(words_of(array.name))
    for section in sections_for(replace(array, name=array.path[-2], title=""), sections):
        for line in section.lines:
            for piece in line.pieces:
                label, colon, rest = piece.text.partition(":")
                said = stems(fold(label))
                if colon and rest.strip() and said and (said <= wanted or wanted <= said):
                    return divided([Piece(piece.page, piece.words[len(label.split()) :])])
    return []


def _mark_kind(array: Field, element: Field) -> MarkKind | None:
    """What can be told by its form alone: addresses of mail and web, telephone numbers, IBANs."""
    words = set(words_of(array.name).split())
    if element.format == "email" or words & {"email", "emails", "mails"}:
        return "email"
    if element.format in ("uri", "url", "iri") or words & {"links", "urls", "websites", "url", "link"}:
        return "uri"
    if words & {"phone", "phones", "telephones", "telephone", "mobiles"}:
        return "phone"
    return "iban" if words & {"iban", "ibans"} else None


def _marks(kind: MarkKind, pages: Sequence[Sequence[Strip]], locale: Locale) -> list[Leaf]:
    seen: set[str] = set()
    found: list[Leaf] = []
    for piece in (p for strips in pages[:3] for s in strips for p in s.pieces):
        text = text_of([piece])
        for mark in values.read(text.text, locale).marks_of(kind):
            if mark.value not in seen and (kind != "phone" or _rings(mark.value)):
                seen.add(mark.value)
                found.append(text.leaf(mark.value, mark.start, mark.end, 0.85))
    return found[:MAX_ELEMENTS]


def _rings(number: str) -> bool:
    """Whether digits are enough for a telephone: two years or page numbers are not."""
    return sum(c.isdigit() for c in number) >= 9 or number.startswith(("+", "00"))


def _after_label(array: Field, pages: Sequence[Sequence[Strip]]) -> list[Text]:
    """`Keywords: one, two` with the lines that go on below, up to a gap or another label."""
    for strips in pages:
        for i, strip in enumerate(strips):
            if len(strip.pieces) == 2 and match(array, strip.pieces[0].text) >= BESIDE:
                return divided([strip.pieces[1], *_goes_on(strip.pieces[1], strips[i + 1 : i + 6])])
            for piece in strip.pieces:
                label, colon, rest = piece.text.partition(":")
                if not colon or len(label.split()) > 4 or match(array, label) < LABELLED:
                    continue
                if not rest.strip():
                    right = next((p for p in strip.pieces if p.box.x0 > piece.box.x1), None)
                    return (
                        divided([right, *_goes_on(right, strips[i + 1 : i + 6])]) if right is not None else []
                    )
                behind = piece.words[len(label.split()) :]
                body = [Piece(piece.page, behind)] if behind else []
                return divided([*body, *_goes_on(piece, strips[i + 1 : i + 6])])
    return []


LABELLED = 0.85
BESIDE = 0.99  # of a label without a colon, in a column of labels


def _goes_on(piece: Piece, below: Sequence[Strip]) -> list[Piece]:
    found: list[Piece] = []
    last = piece
    for strip in below:
        under = [p for p in strip.pieces if abs(p.box.x0 - piece.box.x0) < 2 * piece.box.height]
        if not under or under[0].box.y0 - last.box.y1 > 0.6 * last.box.height or ":" in strip.text:
            break
        if last.box.width < 0.7 * piece.box.width:
            break
        found.append(under[0])
        last = under[0]
    return found


def _led_in(array: Field, pages: Sequence[Sequence[Strip]]) -> list[Text]:
    """The points of a list under words that speak of what the array holds: `for these reasons:`."""
    own = {s for s in stems(words_of(array.name)) if len(s) >= SPOKEN}
    for strips in pages if own else ():
        for i, strip in enumerate(strips):
            marked = bulleted(strip.pieces[0])
            if not marked or i == 0 or bulleted(strips[i - 1].pieces[0]):
                continue
            lead = strips[i - 1].text
            lead = f"{strips[i - 2].text} {lead}" if i > 1 and lead[:1].islower() else lead
            said = stems(fold(lead))
            if any(s[:SPOKEN] == w[:SPOKEN] for s in said for w in own):
                left = strip.box.x0
                end = next(
                    (k for k in range(i + 1, len(strips)) if not _in_list(strips[k - 1], strips[k], left)),
                    len(strips),
                )
                found = points(strips[i:end])
                if len(found) > 1 or lead.rstrip().endswith(":"):
                    return [text_of(p) for p in found]
    return []


SPOKEN = 6  # letters that a word of the lead shares with one of the name


def _in_list(before: Strip, strip: Strip, left: float) -> bool:
    """Whether a line is a point of a list that begins at `left`, or goes on with one."""
    near = strip.box.y0 - before.box.y1 < 1.2 * strip.size
    return near and (bulleted(strip.pieces[0]) or strip.box.x0 > left + 2) and strip.box.x0 > left - 2


def _under_heading(array: Field, sections: Sequence[Section]) -> list[Text]:
    texts: list[Text] = []
    for section in sections_for(array, sections):
        if len(section.lines) <= MAX_LINES:
            groups = points(_listed(section.lines))
            texts += [
                t for group in groups for t in ([text_of(group)] if _are_points(groups) else divided(group))
            ]
    if len(texts) > 120 or (texts and statistics.median(len(t.words) for t in texts) > MAX_WORDS):
        return []
    return texts


def _listed(lines: Sequence[Strip]) -> Sequence[Strip]:
    """The lines of a section without those that begin at the left edge below its last bullet."""
    marked = [i for i, s in enumerate(lines) if bulleted(s.pieces[0])]
    if not marked or _BULLET_NUMBER.match(lines[marked[0]].text):
        return lines
    left = lines[marked[-1]].box.x0 + 2
    end = next((i for i in range(marked[-1] + 1, len(lines)) if lines[i].box.x0 <= left), len(lines))
    return lines[:end]


_BULLET_NUMBER = re.compile(r"\(?\d")


def _are_points(groups: Sequence[Sequence[Piece]]) -> bool:
    """Whether each line is one point: three or more, and commas in few of them."""
    commas = sum(len(divided(g)) > 1 for g in groups)
    return len(groups) >= LEAST_POINTS and 2 * commas < len(groups)


LEAST_POINTS = 3


def points(lines: Sequence[Strip]) -> list[list[Piece]]:
    """The points of a list: a bullet or a line begins each; what goes on is joined, sub-headings are left out."""
    if not lines:
        return []
    first = [s.pieces[0] for s in lines]
    listed = any(bulleted(p) for p in first)
    left = min(p.box.x0 for p in first)
    indented = sum(p.box.x0 > left + 4 for p in first)
    groups: list[list[Piece]] = []
    for strip in lines:
        head, rest = strip.pieces[0], list(strip.pieces[1:])
        if rest and bulleted(head) and all(map(bulleted, rest)):  # points side by side
            groups += [[Piece(p.page, p.words[1:])] for p in strip.pieces if p.words[1:]]
            continue
        if bulleted(head):
            inner = [Piece(head.page, head.words[1:])] if head.words[1:] else []
            groups += [[*inner, *rest]] if inner or rest else []
            continue
        goes_on = bool(groups) and (listed or _unfinished(groups[-1]))
        if goes_on and head.box.x0 > left + (4 if indented and not listed else 0):
            groups[-1] += strip.pieces
        elif indented < len(lines) / 2 or head.box.x0 > left + 4:  # else a heading among indented points
            groups.append(list(strip.pieces))
    return groups


def bulleted(piece: Piece) -> bool:
    """Whether a text begins with the mark of a list."""
    return _BULLET.match(piece.page.words[piece.words[0]].text) is not None


def _unfinished(pieces: Sequence[Piece]) -> bool:
    text = pieces[-1].text.rstrip()
    return text.endswith((",", "-", "&", "–")) or text.count("(") > text.count(")")


def divided(pieces: Sequence[Piece]) -> list[Text]:
    """One text cut at commas, semicolons and bullets, where the parts are short; else the text whole."""
    if not pieces:
        return []
    whole = text_of(pieces)
    parts = [p for p in _SPLIT.split(_outside_brackets(whole.text)) if p.strip()]
    if len(parts) < 2 or max(len(p.split()) for p in parts) > 6 or parts[-1].strip(" .").isdigit():
        return [whole]  # a year ends a name: `First aid, 2019`
    found: list[Text] = []
    current: list[Piece] = []
    depth = 0
    for page, w in whole.words:
        text = page.words[w].text
        depth += text.count("(") - text.count(")")
        mark = text in "•·|;,"
        current += [] if mark else [Piece(page, (w,))]
        if current and (mark or (depth <= 0 and text.endswith((",", ";")))):
            found.append(Text(tuple(current)))
            current = []
    if current:
        found.append(Text(tuple(current)))
    return [t for t in found if has_letters(t.text, 1) or any(c.isdigit() for c in t.text)]


def _outside_brackets(text: str) -> str:
    return re.sub(r"\([^)]*\)", lambda m: m.group().replace(",", " "), text)
