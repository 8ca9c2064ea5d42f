"""Drawn ruling lines of a page: joined, and grouped into the frames of tables. Called by `grid`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paperclerk.domain.document import Page
from paperclerk.domain.geometry import Box, union

THICK = 3.5
MOST = 250  # rules of each direction; the longest stay: more is a drawing, not a table
TOUCH = 3.0


@dataclass(frozen=True)
class Frame:
    """Rules that touch one another: `across` lie flat, `down` stand upright."""

    box: Box
    across: tuple[Box, ...]
    down: tuple[Box, ...]


def rules_of(page: Page) -> tuple[list[Box], list[Box]]:
    """The flat and the upright rules of a page; pieces of one line are joined."""
    flat = [r for r in page.rules if r.height <= THICK and r.width >= 6]
    upright = [r for r in page.rules if r.width <= THICK and r.height >= 5 and r.height > r.width]
    across, down = _joined(flat, flat=True), _joined(upright, flat=False)
    return (
        sorted(across, key=lambda r: -r.width)[:MOST],
        sorted(down, key=lambda r: -r.height)[:MOST],
    )


def _joined(rules: Sequence[Box], *, flat: bool) -> list[Box]:
    def key(r: Box) -> tuple[float, float]:
        return (round(r.cy / 2), r.x0) if flat else (round(r.cx / 2), r.y0)

    done: list[Box] = []
    for rule in sorted(rules, key=key):
        for k in range(len(done) - 1, max(-1, len(done) - 4), -1):
            last = done[k]
            near = abs(last.cy - rule.cy) < 2 if flat else abs(last.cx - rule.cx) < 2
            gap = rule.x0 - last.x1 if flat else rule.y0 - last.y1
            if near and gap <= TOUCH and (rule.x1 >= last.x0 if flat else rule.y1 >= last.y0):
                done[k] = union([last, rule])
                break
        else:
            done.append(rule)
    return done


def frames(across: Sequence[Box], down: Sequence[Box]) -> list[Frame]:
    """Groups rules that touch; each group is one drawn table, or a box around something."""
    rules = [*across, *down]
    parent = list(range(len(rules)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    order = sorted(range(len(down)), key=lambda k: down[k].y0)
    for i, rule in enumerate(across):
        for k in order:
            other = down[k]
            if other.y0 > rule.y1 + TOUCH:
                break
            if other.y1 >= rule.y0 - TOUCH and rule.x0 - TOUCH <= other.cx <= rule.x1 + TOUCH:
                parent[root(i)] = root(len(across) + k)
    groups: dict[int, list[int]] = {}
    for i in range(len(rules)):
        groups.setdefault(root(i), []).append(i)
    made = []
    for members in groups.values():
        flat = tuple(rules[i] for i in members if i < len(across))
        upright = tuple(rules[i] for i in members if i >= len(across))
        made.append(Frame(union(rules[i] for i in members), flat, upright))
    return made


def positions(values: Sequence[float], apart: float = 3.0) -> list[float]:
    """Clusters of nearly equal coordinates, as their means, ascending."""
    groups: list[list[float]] = []
    for v in sorted(values):
        if groups and v - groups[-1][-1] <= apart:
            groups[-1].append(v)
        else:
            groups.append([v])
    return [sum(g) / len(g) for g in groups]
