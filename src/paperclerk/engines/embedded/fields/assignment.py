"""Who gets what: one candidate a field, no place used twice, amounts that add up preferred. Called by the engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from paperclerk.engines.embedded.fields.candidates import Candidate
from paperclerk.engines.embedded.fields.readings import Place


def assign(
    candidates: Mapping[int, Sequence[Candidate]], shared: frozenset[tuple[int, int]]
) -> dict[int, Candidate]:
    """The best candidate of each field, where two fields that may not share a place want the same one the
    better fit keeps it. `shared` are pairs of fields that may (same meaning, asked twice)."""
    options = {f: list(c) for f, c in candidates.items() if c}
    chosen = dict.fromkeys(options, 0)
    while clashes := _clashes(options, chosen, shared):  # each time a field goes on to its next candidate
        for fields in clashes:
            kept: list[int] = []
            for f in sorted(fields, key=lambda f: -_stake(options[f], chosen[f])):
                if all((f, k) in shared for k in kept):
                    kept.append(f)
                else:
                    chosen[f] += 1
        for f in [f for f in chosen if chosen[f] >= len(options[f])]:
            del chosen[f]
    return {f: options[f][i] for f, i in chosen.items()}


def _clashes(
    options: Mapping[int, Sequence[Candidate]], chosen: Mapping[int, int], shared: frozenset[tuple[int, int]]
) -> list[list[int]]:
    at: dict[Place, list[int]] = defaultdict(list)
    for f, i in chosen.items():
        at[options[f][i].place].append(f)
    return [
        fields for fields in at.values()
        if len(fields) > 1 and any((a, b) not in shared for a in fields for b in fields if a != b)
    ]  # fmt: skip


def _stake(options: Sequence[Candidate], at: int) -> float:
    """How much a field has to lose: its score, and how far its next candidate falls behind."""
    after = options[at + 1].score if at + 1 < len(options) else 0.0
    return options[at].score + 0.5 * (options[at].score - after)
