"""Where one document of a bundle ends and the next begins. Called by `extraction.packets.packet`.

Each page is judged against the document so far by evidence that adds up, as log-odds: above zero it begins another.
The weights are set by hand and say how much a kind of evidence is believed; docs/agents.md has what they achieve.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from paperclerk.domain.document import Page
from paperclerk.extraction.packets.marks import DAYS, NUMBERS, PARTIES, Marks, marks_of

HEADER = 0.45  # the upper share of a page whose lines are compared
SAME_FORM = 0.35  # share of the lines that two copies of a form have in common, at least
NEAR = 0.012  # lines that start within this share of the page stand at the same place


@dataclass(frozen=True)
class Clue:
    """One piece of evidence. `weight` above zero: a document begins here."""

    weight: float
    why: str


@dataclass(frozen=True)
class Part:
    """Pages of one document, and why it was taken to begin where it does."""

    pages: tuple[Page, ...]
    clues: tuple[Clue, ...] = ()


def split(pages: Sequence[Page]) -> tuple[Part, ...]:
    """The documents in `pages`, in order; together they hold every page. A blank page belongs to the one before."""
    parts: list[Part] = []
    current: list[Marks] = []
    begun: tuple[Clue, ...] = ()
    for marks in map(marks_of, pages):
        written = [m for m in current if not m.is_blank]
        if written and not marks.is_blank:
            clues = tuple(clues_between(written, marks))
            if sum(clue.weight for clue in clues) > 0:
                parts.append(Part(tuple(m.page for m in current), begun))
                current, begun = [], clues
        current.append(marks)
    if current:
        parts.append(Part(tuple(m.page for m in current), begun))
    return tuple(parts)


def clues_between(document: Sequence[Marks], new: Marks) -> Iterator[Clue]:
    """What speaks for and against `new` beginning a document after the pages of `document`."""
    last = document[-1]
    yield from _numbering(last, new)
    yield from _values(document, new)
    if again := _again(document, new):
        yield again  # and what two copies of a form have in common says nothing
    else:
        yield from _same_places(document[0], last, new)
        yield from _wording(last, new)
    yield from _paper(last, new)
    yield from _type(last, new)
    yield from _flow(last, new)


def _numbering(last: Marks, new: Marks) -> Iterator[Clue]:
    if new.number is not None:
        yield _after(last, *new.number)
    elif last.number is not None:
        number, count = last.number
        if count == number:
            yield Clue(4.0, f"page {number} of {count} came before")
        elif count is not None:
            yield Clue(-2.5, f"page {number} of {count} came before")
    if new.number is None or last.number is None:
        if any((around, number + 1) in new.bare for around, number in last.bare):
            yield Clue(-3.0, "the page numbers follow")
        elif any(number == 1 for _, number in new.bare):
            yield Clue(2.0, "it is page 1")


def _after(last: Marks, number: int, count: int | None) -> Clue:
    before, counted = last.number or (None, None)
    if number == 1:
        return Clue(12.0, "it is page 1")
    if before is None:
        return Clue(-2.5 if number == 2 else 0.0, f"it is page {number}")
    if number == before + 1 and count == counted:
        return Clue(-8.0 if count else -4.0, f"page {number} follows page {before}")
    if count is not None and count == counted and number > before:
        return Clue(-3.0, f"page {number} of {count} comes after page {before}")
    if number == before + 1:
        return Clue(-2.0, f"page {number} follows page {before}")
    return Clue(4.0, f"page {number} does not follow page {before}")


def _values(document: Sequence[Marks], new: Marks) -> Iterator[Clue]:
    """Labelled values: the same again, or others."""
    known = _known(document)
    unnamed = not any(name in new.labelled for name in (*NUMBERS, *PARTIES))
    for family in (
        Family(NUMBERS, 4.0, 4.0, 4.0),
        Family(DAYS, 0.5, 1.5, 2.0),
        Family(PARTIES, 0.5, 2.0, 4.0),
    ):
        same, others = _compared(family.names, known, new)
        if same:
            yield Clue(-min(family.same * len(same), max(family.same, 1.0)), f"the same {_said(same)}")
        # A document may well print another number of a kind, or on a later page any day; its own number twice is
        # no accident.
        if others and not (same and family.names is NUMBERS) and not (unnamed and family.names is DAYS):
            yield Clue(min(family.other * len(others), family.most), f"another {_said(others)}")
    if unnamed:
        named = any(name in known for name in (*NUMBERS, *PARTIES))
        yield Clue(-1.5 if named else -0.5, "it names no number and no party")
    elif not set(new.labelled) & set(known):
        yield Clue(min(0.5 * len(new.labelled), 2.0), f"it names {_said(list(new.labelled))}")


@dataclass(frozen=True)
class Family:
    """Labelled values that weigh alike: one that stands there again, one that differs, and all that differ."""

    names: tuple[str, ...]
    same: float
    other: float
    most: float


def _known(document: Sequence[Marks]) -> dict[str, set[str]]:
    known: dict[str, set[str]] = {}
    for marks in document:
        for name, value in marks.labelled.items():
            known.setdefault(name, set()).add(value)
    return known


def _compared(names: Sequence[str], known: Mapping[str, set[str]], new: Marks) -> tuple[list[str], list[str]]:
    """Which of the values are those of the document so far, and which are not."""
    same: list[str] = []
    others: list[str] = []
    for name in names:
        if name in known and name in new.labelled:
            alike = max(fuzz.ratio(new.labelled[name], value) for value in known[name])
            (same if alike >= 85 else others).append(name)
    return same, others


def _again(document: Sequence[Marks], new: Marks) -> Clue | None:
    """The same form as the one that the document begins with, filled in anew."""
    first, last = document[0], document[-1]
    known = _known(document)
    if _compared(NUMBERS, known, new)[0] or first.likeness(new) < SAME_FORM:
        return None
    if first is not last and first.likeness(last) < SAME_FORM:
        return Clue(4.0, "it looks like the first page")
    if any(_compared(names, known, new)[1] for names in (NUMBERS, DAYS, PARTIES)):
        return Clue(3.0, "it looks like the first page, with other values")
    return None


def _same_places(first: Marks, last: Marks, new: Marks) -> Iterator[Clue]:
    """The lines of the upper part that stand where lines of an earlier page stand: the head repeated, or the same
    form filled in anew."""
    best: Clue | None = None
    for other in (last, first) if first is not last else (last,):
        met = list(_meetings(other, new))
        if len(met) < 4:
            continue
        equal = sum(fuzz.ratio(a, b) >= 90 for a, b in met) / len(met)
        if equal >= 0.8:
            clue = Clue(-3.0 * equal, "the head of the page before is repeated")
        elif len(met) >= 8 and equal >= 0.25:
            clue = Clue(3.0, "the same form with other values")
        else:
            continue
        if best is None or clue.weight < best.weight:
            best = clue
    if best is not None:
        yield best


def _meetings(other: Marks, new: Marks) -> Iterator[tuple[str, str]]:
    for line in new.lines:
        if line.y > HEADER:
            continue
        for known in other.lines:
            if abs(known.y - line.y) < NEAR and abs(known.x - line.x) < NEAR:
                yield known.text, line.text
                break


def _paper(last: Marks, new: Marks) -> Iterator[Clue]:
    a, b = last.page, new.page
    if (a.width > a.height) != (b.width > b.height):
        yield Clue(0.5, "the paper is turned")
    elif abs(a.width / a.height - b.width / b.height) > 0.02 or abs(a.width - b.width) > 0.02 * a.width:
        yield Clue(3.0, "the paper has another size")
    if a.origin is not b.origin:
        yield Clue(2.5, "one is a scan and the other is not")


def _type(last: Marks, new: Marks) -> Iterator[Clue]:
    """The sizes that the pages are printed in."""
    if not last.sizes or not new.sizes:
        return
    total, count = last.sizes.total(), new.sizes.total()
    alike = sum(min(n / total, new.sizes[size] / count) for size, n in last.sizes.items())
    if alike < 0.05:
        yield Clue(3.0, "printed in other sizes")
    elif alike < 0.25:
        yield Clue(1.5, "printed in other sizes")
    elif alike > 0.5:
        yield Clue(-2.0 if alike > 0.7 else -1.0, "printed in the same sizes")


def _wording(last: Marks, new: Marks) -> Iterator[Clue]:
    if min(last.words.total(), new.words.total()) < 15:
        return
    alike = _cosine(last, new)
    if alike < 0.1:
        yield Clue(4.0 if alike < 0.04 else 1.0, "other words")
    elif alike > 0.2:
        yield Clue(-3.0 if alike > 0.6 else -2.0 if alike > 0.4 else -1.0, "the same words")


def _cosine(a: Marks, b: Marks) -> float:
    joint = sum(math.sqrt(n * b.words[word]) for word, n in a.words.items() if word in b.words)
    return joint / math.sqrt(a.words.total() * b.words.total())


def _flow(last: Marks, new: Marks) -> Iterator[Clue]:
    if new.title is not None and new.title != last.title:
        yield Clue(1.5, "it has a title")
    if new.continued:
        yield Clue(-5.0, "it says that it continues")
    body = [line for line in new.lines if 0.06 < line.y < 0.94]
    before = [line for line in last.lines if 0.06 < line.y < 0.94]
    if not body or not before:
        return
    top, bottom = min(body, key=lambda line: line.y), max(before, key=lambda line: line.y)
    if top.text[:1].islower() and len(top.text) > 25:
        yield Clue(-1.0, "a sentence goes on")
    if bottom.y < 0.55:
        yield Clue(1.0, "the page before ends early")


def _said(names: Sequence[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)
