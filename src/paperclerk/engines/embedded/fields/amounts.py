"""Arithmetic between amounts as evidence: net and tax make gross, paid less change. Called by `ranking`.

It raises candidates that labels gave, and proposes the total where its label is missing or misread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from paperclerk.engines.embedded.asked.profile import Profile
from paperclerk.engines.embedded.fields import forms
from paperclerk.engines.embedded.fields.candidates import Candidate
from paperclerk.engines.embedded.fields.slots import slots
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.labels import Label
from paperclerk.engines.embedded.page.layout import Row
from paperclerk.printed.numbers import Number

_CONCEPTS = (
    "gross_total",
    "net_total",
    "tax_total",
    "paid",
    "change",
    "rounding",
    "service_charge",
    "shipping",
)
_MOST = 12  # amounts a concept is followed up for
CENT = 0.011


@dataclass(frozen=True, slots=True)
class _Printed:
    """An amount of the document, and what the label in its row calls it."""

    row: Row
    number: Number
    called: frozenset[str]


def weigh(facts: Facts, profiles: Sequence[Profile], found: dict[int, list[Candidate]]) -> None:
    """Raises or proposes candidates whose amounts agree with labelled amounts elsewhere on the document."""
    money = [i for i, p in enumerate(profiles) if p.want == "money" and set(p.concepts) & set(_CONCEPTS)]
    if not money:
        return
    printed = _amounts(facts)
    sure = _confirmed(printed)
    for i in money:
        surest = max(profiles[i].concepts.values())
        wanted = {c for c, v in profiles[i].concepts.items() if v >= max(0.6, surest - 0.05)}
        found[i] = [_raised(c, wanted, sure) for c in found[i]]
        if "gross_total" in wanted:
            found[i] += _proposed(profiles[i], printed, sure["gross_total"], found[i])
            found[i] = _rounded(printed, _largest_first(found[i]))


def _amounts(facts: Facts) -> list[_Printed]:
    called: dict[tuple[int, int, int], set[str]] = defaultdict(set)
    for label in facts.labels:
        concepts = {c for c, v in label.concepts.items() if c in _CONCEPTS and v >= 0.6}
        if concepts:
            for row, number in _beside(facts, label):
                called[row.page, row.index, number.start] |= concepts
    return [
        _Printed(row, n, frozenset(called[row.page, row.index, n.start]))
        for row in facts.rows
        for n in facts.values(row).numbers
        if not n.percent and (n.decimals == 2 or n.currency)
    ]


def _beside(facts: Facts, label: Label) -> list[tuple[Row, Number]]:
    return [
        (slot.row, n)
        for slot in slots(facts, label, False)
        if slot.direction in ("same", "right")
        for n in facts.values(slot.row).numbers
        if slot.start <= n.start < slot.end
    ]


def _confirmed(printed: Sequence[_Printed]) -> dict[str, dict[float, float]]:
    """For each concept the amounts that arithmetic confirms, and how strongly."""
    by: dict[str, list[float]] = {
        c: sorted({round(abs(p.number.value), 2) for p in printed if c in p.called})[:_MOST]
        for c in _CONCEPTS
    }
    known = {round(p.number.value, 2) for p in printed}
    sure: dict[str, dict[float, float]] = {c: {} for c in _CONCEPTS}
    adjust = sorted({s * r for r in [0.0, *by["rounding"]] for s in (1, -1)})
    extra = sorted({0.0, *by["service_charge"], *by["shipping"]})

    def confirm(concept: str, value: float, strength: float) -> None:
        value = round(value, 2)
        if value in known and value:
            sure[concept][value] = max(sure[concept].get(value, 0.0), strength)

    for net, tax, more, r in product(by["net_total"], by["tax_total"], extra, adjust):
        if net and tax and round(net + tax + more + r, 2) in known:
            confirm("gross_total", net + tax + more + r, 0.12)
            confirm("net_total", net, 0.08)
            confirm("tax_total", tax, 0.12)
    for gross, net in product(by["gross_total"], by["net_total"]):
        if 0 < gross - net < 0.4 * gross and round(gross - net, 2) in known:
            confirm("gross_total", gross, 0.08)
            confirm("net_total", net, 0.08)
            confirm("tax_total", gross - net, 0.12)
    for paid, change in product(by["paid"], by["change"]):
        confirm("gross_total", paid - change, 0.14 if change else 0.06)
    return sure


def _rounded(printed: Sequence[_Printed], found: Sequence[Candidate]) -> list[Candidate]:
    """Where a total is printed, then a rounding, then what comes of both, that last one is the total."""
    by_amount = {round(c.amount, 2): c for c in sorted(found, key=lambda c: c.score) if c.amount is not None}
    steps = {round(abs(p.number.value), 2) for p in printed if "rounding" in p.called} - {0.0}
    raised = list(found)
    for i, c in enumerate(found):
        if c.amount is None or c.label < 0.3:
            continue
        for step in steps:
            for before in (round(c.amount - step, 2), round(c.amount + step, 2)):
                other = by_amount.get(before)
                if other is not None and other.place < c.place and step < 0.1:
                    raised[i] = c.with_score(max(raised[i].score, other.score + 0.02))
    return raised


def _raised(candidate: Candidate, wanted: set[str], sure: dict[str, dict[float, float]]) -> Candidate:
    if candidate.amount is None:
        return candidate
    bonus = max((sure[c].get(round(candidate.amount, 2), 0.0) for c in wanted if c in sure), default=0.0)
    return candidate.with_support(bonus) if bonus else candidate


def _proposed(
    profile: Profile, printed: Sequence[_Printed], sure: dict[float, float], found: Sequence[Candidate]
) -> list[Candidate]:
    """The total where no label gave it: what arithmetic confirms, else the largest amount of the document."""
    weak = all(c.score < 0.5 for c in found)
    given = {c.place for c in found}
    largest = max((p.number.value for p in printed if not p.called & {"paid", "change"}), default=0.0)
    proposed = []
    for p in printed:
        value = round(p.number.value, 2)
        place = (p.row.page, p.row.index, p.number.start, p.number.end)
        if place in given or p.called & {"change", "rounding", "tax_total"}:
            continue
        proof = sure.get(value, 0.0)
        score = (0.5 if proof >= 0.12 else 0.4) + proof if proof else 0.0
        if not proof and weak and value == largest and len(p.row.text.split()) <= 8:
            score = 0.33
        if p.called:
            score -= 0.05
        form = forms.number_value(p.number, profile, p.row.text[p.number.start : p.number.end])
        if score > 0 and form is not None:
            span = p.row.span(p.number.start, p.number.end)
            ocr = p.row.score_of(p.number.start, p.number.end)
            proposed.append(
                Candidate(form, (span,), place, score, amount=p.number.value, support=0.1, ocr=ocr)
            )
    return proposed


def _largest_first(found: Sequence[Candidate]) -> list[Candidate]:
    """Of several well labelled totals the largest is rather the one that takes in everything."""
    good = [c.amount for c in found if c.amount is not None and c.score >= 0.75]
    if len(set(good)) < 2:
        return list(found)
    most = max(good)
    return [c.with_score(c.score + 0.02) if c.amount == most and c.score >= 0.75 else c for c in found]
