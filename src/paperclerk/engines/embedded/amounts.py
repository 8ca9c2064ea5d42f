"""Arithmetic between amounts as evidence: net and tax make gross, paid less change. Called by `ranking`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from paperclerk.engines.embedded.candidates import Candidate
from paperclerk.engines.embedded.facts import Facts
from paperclerk.engines.embedded.labels import Matcher
from paperclerk.engines.embedded.profile import Profile
from paperclerk.engines.embedded.slots import slots

_CONCEPTS = ("gross_total", "net_total", "tax_total", "paid", "change", "rounding", "amount_due", "discount")
CENT = 0.011


def weigh(
    facts: Facts, matcher: Matcher, profiles: Sequence[Profile], found: dict[int, list[Candidate]]
) -> None:
    """Raises the candidates whose amounts agree with labelled amounts elsewhere on the document."""
    money = [i for i, p in enumerate(profiles) if p.want == "money" and set(p.concepts) & set(_CONCEPTS)]
    if not money:
        return
    printed = _printed(facts)
    totals = _totals(printed)
    for i in money:
        wanted = {c for c, v in profiles[i].concepts.items() if v >= 0.6}
        found[i] = [_raised(c, wanted, totals) for c in found[i]]


def _printed(facts: Facts) -> dict[str, set[float]]:
    """Amounts by the concept of the label before them."""
    amounts: dict[str, set[float]] = {c: set() for c in _CONCEPTS}
    for label in facts.labels:
        for concept, value in label.concepts.items():
            if concept not in amounts or value < 0.6 or len(amounts[concept]) > 12:
                continue
            for slot in slots(facts, label, False):
                if slot.direction in ("same", "right"):
                    for n in facts.values(slot.row).numbers:
                        if slot.start <= n.start < slot.end and not n.percent and (n.decimals or n.currency):
                            amounts[concept].add(round(n.value, 2))
    return amounts


def _totals(printed: dict[str, set[float]]) -> dict[str, dict[float, float]]:
    """For each concept the amounts that arithmetic confirms, with how strongly."""
    sure: dict[str, dict[float, float]] = {c: {} for c in _CONCEPTS}
    adjust = printed["rounding"] | {0.0}
    for net, tax in product(printed["net_total"], printed["tax_total"]):
        for gross in printed["gross_total"]:
            if tax and any(abs(net + tax + r - gross) < CENT for r in adjust):
                sure["gross_total"][gross] = 0.1
                sure["net_total"][net] = 0.1
                sure["tax_total"][tax] = 0.1
    for paid, change in product(printed["paid"], printed["change"]):
        for gross in printed["gross_total"]:
            if change and abs(paid - abs(change) - gross) < CENT:
                sure["gross_total"][gross] = sure["gross_total"].get(gross, 0.0) + 0.08
    return sure


def _raised(candidate: Candidate, wanted: set[str], sure: dict[str, dict[float, float]]) -> Candidate:
    if candidate.amount is None:
        return candidate
    bonus = max((sure[c].get(round(candidate.amount, 2), 0.0) for c in wanted if c in sure), default=0.0)
    return candidate.with_score(candidate.score + bonus) if bonus else candidate
