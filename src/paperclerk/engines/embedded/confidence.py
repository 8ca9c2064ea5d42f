"""The probability that a value is right, from how it was found. Called by the engine.

A logistic model over a dozen facts about the choice. Its weights were fitted on several kinds of documents at
once and checked by leaving out one kind after the other (docs/engine.md has the figures).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from paperclerk.engines.embedded.candidates import Candidate
from paperclerk.engines.embedded.profile import Profile

LEAST = 0.3  # candidates that score below this are not given

_TYPED = frozenset(
    {"money", "number", "percent", "integer", "date", "datetime", "time", "email", "uri", "phone"}
    | {"iban", "bic", "vat_id", "id", "currency"}
)
_WEIGHTS = {
    "score": 2.49,
    "margin": 2.09,
    "typed, labelled": -0.19,
    "typed, unlabelled": 1.30,
    "words, labelled": -1.53,
    "label": 0.33,
    "below": 0.22,
    "above": -0.17,
    "support": 0.79,
    "recognised": 1.27,
    "repeated": 0.82,
    "alone": -0.41,
    "address": 0.67,
}
_BIAS = -2.45  # 0.35 under the fit: kinds of documents that were not seen are read a little less well


def probability(candidate: Candidate, ranked: Sequence[Candidate], profile: Profile) -> float | None:
    """0..1, or None when the value is too doubtful to be given. `ranked` are all candidates of the field."""
    if candidate.score < LEAST:
        return None
    facts = features(candidate, ranked, profile)
    total = _BIAS + sum(_WEIGHTS[name] * value for name, value in facts.items())
    return 1.0 / (1.0 + math.exp(-total))


def features(candidate: Candidate, ranked: Sequence[Candidate], profile: Profile) -> dict[str, float]:
    """What the model looks at, each about 0..1."""
    others = [c.score for c in ranked if str(c.value) != str(candidate.value)]
    margin = candidate.score - max(others, default=0.0)
    typed = profile.want in _TYPED
    labelled = candidate.label > 0
    return {
        "score": min(1.0, candidate.score),
        "margin": 2 * max(0.0, min(0.5, margin)),
        "typed, labelled": float(typed and labelled),
        "typed, unlabelled": float(typed and not labelled),
        "words, labelled": float(not typed and labelled),
        "label": candidate.label,
        "below": float(candidate.direction == "below"),
        "above": float(candidate.direction == "above"),
        "support": 5 * min(0.2, candidate.support),
        "recognised": 5 * max(0.0, candidate.ocr - 0.8),
        "repeated": float(sum(str(c.value) == str(candidate.value) for c in ranked) > 1),
        "alone": float(not others),
        "address": float(profile.want == "address"),
    }
