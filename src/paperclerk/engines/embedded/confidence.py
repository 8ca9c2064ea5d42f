"""The probability that a value is right, from how it was found. Called by the engine.

Constants were fitted on several kinds of documents and checked on kinds left out (docs/accuracy.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from paperclerk.engines.embedded.candidates import Candidate

LEAST = 0.3  # below this the engine says nothing
HI = 0.9
MED = 0.6


def level_score(candidate: Candidate, ranked: Sequence[Candidate]) -> float | None:
    """0..1, or None when the value is too doubtful to be given."""
    if candidate.score < LEAST:
        return None
    others = [c for c in ranked if c.value != candidate.value]
    margin = candidate.score - max((c.score for c in others), default=0.0)
    return max(0.0, min(1.0, 0.55 * candidate.score + 0.25 * min(1.0, margin * 4) + 0.2 * candidate.ocr))
