"""Every place a field's value may stand, with what speaks for it. Called by the engine, read by `assignment`.

A candidate comes from a label (`slots` says where to look), or, for what documents print without one, from what
it is: a party's name or address, an e-mail address, the date of issue, the currency.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from paperclerk.domain.result import Scalar, Span
from paperclerk.engines.embedded.asked.profile import Profile
from paperclerk.engines.embedded.fields.captions import (
    heads_column,
    heads_table,
    in_table_head,
    is_caption,
    is_sentence,
    over_a_paragraph,
    over_its_value,
)
from paperclerk.engines.embedded.fields.readings import Place, readings
from paperclerk.engines.embedded.fields.slots import Slot
from paperclerk.engines.embedded.page.facts import Facts
from paperclerk.engines.embedded.page.labels import Label


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value for a field. `score` 0..1 orders candidates; `place` is what no two fields should share.

    `label` is how well the label fits (0 without one), `direction` where the value stands from it, `amount`
    the number behind a money value, `support` what evidence elsewhere added, `ocr` how sure its words were read.
    """

    value: Scalar
    spans: tuple[Span, ...]
    place: Place
    score: float
    label: float = 0.0
    direction: str = ""
    amount: float | None = None
    support: float = 0.0
    ocr: float = 1.0

    def with_score(self, score: float) -> Candidate:
        score = max(0.0, score)
        return self if score == self.score else replace(self, score=score)

    def with_support(self, bonus: float) -> Candidate:
        """Raised by evidence from elsewhere on the document; strong evidence makes up for a weak label."""
        floor = 0.6 if bonus >= 0.1 and self.label >= 0.2 else 0.0
        return replace(self, score=max(self.score, floor) + bonus, support=self.support + bonus)


_IF = re.compile(r"\s*(?:if|falls|wenn|si|se|als|indien|caso)\b", re.I)
WORD_FOR_WORD = 0.95  # then even a bare number answers a question for words
PAIRS = 3  # labels in a row at most that each stand over a value of their own rather than over a column
CAPTIONED = 0.97
CLOSE = (
    2.0  # line heights between a label and what stands beside it, no farther than behind words of its line
)
_COUNTED = frozenset({"money", "number", "integer", "percent", "date", "datetime", "time", "id"})
_DIRECTION = {"same": 1.0, "right": 0.97, "below": 0.86, "above": 0.5, "over": 0.92}


def from_label(facts: Facts, profile: Profile, label: Label, fit: float, slot: Slot) -> Iterator[Candidate]:
    """Candidates of the field's type inside a slot."""
    if facts.caption(label.segment) is not None:  # what is drawn tells which value is its own
        base = fit * CAPTIONED * _nearness(slot)
    else:
        base = fit * _DIRECTION[slot.direction] * _nearness(slot) * _doubt(facts, profile, label, fit, slot)
    for value, spans, place, factor, amount in readings(facts, profile, slot):
        if profile.want == "text" and not any(c.isalpha() for c in str(value)):
            factor *= 0.9 if fit >= WORD_FOR_WORD and slot.direction in ("same", "right") else 0.35
        yield Candidate(
            value, spans, place, base * factor, fit, slot.direction, amount, ocr=_recognised(facts, place)
        )


def _doubt(facts: Facts, profile: Profile, label: Label, fit: float, slot: Slot) -> float:
    """0..1: less where the place is likelier that of another value."""
    doubt = 1.0
    if slot.direction == "right" and (over_its_value(facts, label) or is_caption(facts, label, slot)):
        doubt *= 0.6
    if slot.direction == "right" and profile.want == "text" and over_a_paragraph(facts, label):
        doubt *= 0.5
    if slot.direction in ("below", "right") and profile.want in ("name", "text"):
        doubt *= 0.3 if in_table_head(facts, label) else 1.0
    if slot.direction == "below" and profile.want in ("name", "text") and heads_table(facts, label):
        doubt *= 0.6
    if slot.direction == "below" and is_sentence(label):
        doubt *= 0.4
    if slot.direction == "below" and profile.role == "seller" and label.whole and label.likeness < 0.3:
        doubt *= 0.6  # words that only share one with the field are a name themselves: "Hotel Adler"
    if slot.direction == "below" and profile.want in ("name", "text") and _answers_itself(label):
        doubt *= 0.5  # what a label in a line of text speaks of stands in that line
    if profile.want == "money" and _IF.match(label.row.text[label.segment.start : label.start]):
        doubt *= 0.6  # "If paid after 3 May please pay": what would be due
    if slot.direction == "right" and slot.steps and profile.want in ("name", "text", "address"):
        doubt *= 0.65  # words stand right beside their label
    if slot.direction == "below" and profile.want in _COUNTED and heads_column(facts, profile, slot):
        dated = profile.want in ("date", "datetime") and not profile.side
        listed = dated and label.whole and len(label.row.segments) > PAIRS
        doubt *= 0.4 if listed else 0.65 if fit >= 0.6 else 0.5  # each row has a date of its own
    return doubt


def _answers_itself(label: Label) -> bool:
    """Whether the line of a label goes on with something that has a digit."""
    return not label.whole and any(c.isdigit() for c in label.row.text[label.end : label.segment.end])


def _nearness(slot: Slot) -> float:
    if slot.direction == "right" and not slot.steps and slot.far < CLOSE:
        return 1.0 / _DIRECTION["right"]
    if slot.direction == "right":
        return max(0.6, 1.0 - 0.03 * max(0.0, slot.steps) - 0.002 * slot.far)
    if slot.direction == "below":
        return max(0.4, 1.0 - 0.25 * slot.steps - 0.05 * max(0.0, slot.far - 0.8))
    return 1.0


def _recognised(facts: Facts, place: Place) -> float:
    row = facts.layout.pages[place[0]].rows[place[1]]
    return row.score_of(place[2], place[3])
