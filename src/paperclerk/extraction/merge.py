"""Answers from windows become one tree whose leaves know their places. Called by `windowed`; pure.

Rows are told apart by where they stand, never by what they say: two equal rows at two places are two rows, one
row seen through two windows is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from paperclerk.domain.geometry import Box
from paperclerk.domain.result import ABSENT, Leaf, Span, Tree
from paperclerk.extraction.merge_columns import RowPlaces, settle_columns
from paperclerk.grounding.align import Aligner, Candidate, Claim, Kind
from paperclerk.schemas.compiled import Field
from paperclerk.schemas.lower import Answer, Quoted

Path = tuple[str, ...]

# Probabilities that a value is right, by how it was found, before anything else agrees with it.
PLACED, INFERRED, UNPLACED = 0.8, 0.65, 0.3

_SAME_ROW, _OTHER_ROW = 0.3, 4.0  # what a step sideways and a step up or down cost within a row


@dataclass
class Grounding:
    """Grounds the answers of one window. `keep_unplaced`: whether values without a place are given at all."""

    aligner: Aligner
    keep_unplaced: bool = True
    dropped: int = 0
    _used: dict[Path, set[Span]] = field(default_factory=dict)

    def tree(self, form: Field, answer: Answer) -> Tree:
        """`answer` as a tree of leaves of the same shape."""
        if isinstance(answer, dict):
            return {c.name: self.tree(c, answer[c.name]) for c in form.children if c.name in answer}
        if isinstance(answer, list):
            return self.rows(form, answer)
        return self.leaf(form, answer)

    def leaf(self, form: Field, said: Quoted) -> Leaf:
        """A scalar outside arrays: at the place nearest to its label."""
        return self._leaf(said, self.aligner.place(_claim(form, said)))

    def rows(self, form: Field, answers: Sequence[Answer]) -> list[Tree]:
        """The rows of an array, each below the one before it where the page leaves a choice."""
        item = form.items
        if item is None:
            return []
        rows = _Rows(self, item)
        grounded = rows.ground(answers)
        return [r for r in grounded if any(leaf.value is not None for _, leaf in leaves_of(r))]

    def _leaf(self, said: Quoted, place: Candidate | None) -> Leaf:
        if said.value is None:
            return ABSENT
        if place is not None:
            score = (INFERRED if place.inferred else PLACED) * place.score
            return Leaf(said.value, (place.span,), score, inferred=place.inferred)
        if not self.keep_unplaced:
            self.dropped += 1
            return ABSENT
        return Leaf(said.value, (), UNPLACED, unplaced=True)


@dataclass
class _Rows:
    """Grounds the rows of one array; remembers where the last one stood."""

    owner: Grounding
    item: Field
    last: tuple[int, int] = (-1, -1)

    def ground(self, answers: Sequence[Answer]) -> list[Tree]:
        placed = [self._placed(a) for a in answers]
        settle_columns(placed)
        return [self._built(self.item, a, (), row.chosen) for a, row in zip(answers, placed, strict=True)]

    def _placed(self, answer: Answer) -> RowPlaces:
        """A row's places: the surest value first, the others beside it."""
        said = list(_scalars(self.item, answer, ()))
        open_places = {path: self._fresh(form, quoted) for path, form, quoted in said}
        order = sorted((p for p in open_places if open_places[p]), key=lambda p: len(open_places[p]))
        chosen: dict[Path, Candidate] = {}
        beside: dict[Path, list[Candidate]] = {}
        for path in order:
            near = self._beside(open_places[path], list(chosen.values()))
            chosen[path] = near[0]
            beside[path] = near if len(chosen) > 1 else self._beside(open_places[path], near)
            self.owner._used.setdefault((*self.item.path, *path), set()).add(near[0].span)
        if order:
            self.last = _position(chosen[order[0]])
        numeric = frozenset(p for p, _, quoted in said if isinstance(quoted.value, int | float))
        return RowPlaces({p: beside[p] for p, _, _ in said if p in beside}, chosen, numeric)

    def _fresh(self, form: Field, said: Quoted) -> list[Candidate]:
        """The places of a value that no earlier row has taken for this field; all when none is left."""
        candidates = self.owner.aligner.candidates(_claim(form, said)) if said.value is not None else []
        used = self.owner._used.get(form.path, set())
        return [c for c in candidates if c.span not in used] or candidates

    def _beside(self, places: Sequence[Candidate], chosen: Sequence[Candidate]) -> list[Candidate]:
        """The places as near to the row, up or down, as any; the nearest first. Without a row: the next one."""
        on_page = [c for c in places if chosen and c.span.page == chosen[0].span.page]
        if not on_page:
            return [next((c for c in places if _position(c) > self.last), places[0])]
        row = chosen[0].box
        nearest = min(_steps_down(c.box, row) for c in on_page)
        near = [c for c in on_page if _steps_down(c.box, row) <= nearest + 0.5 * row.height]
        return sorted(near, key=lambda c: _apart(c.box, [o.box for o in chosen]))

    def _built(
        self, form: Field, answer: Answer, path: tuple[str, ...], chosen: dict[Path, Candidate]
    ) -> Tree:
        if isinstance(answer, Quoted):
            return self.owner._leaf(answer, chosen.get(path))
        if isinstance(answer, list):
            return self.owner.rows(form, answer)
        return {
            c.name: self._built(c, answer[c.name], (*path, c.name), chosen)
            for c in form.children
            if c.name in answer
        }


def merge_rows(by_window: Sequence[Sequence[Tree]]) -> list[Tree]:
    """The rows of all windows in order; a row that stands where an earlier window's row does joins it."""
    merged: list[Tree] = []
    owners: dict[Span, list[int]] = {}
    for rows in by_window:
        before = len(merged)
        for row in rows:
            twin = _twin(row, merged, owners, before)
            if twin is None:
                merged.append(row)
                twin = len(merged) - 1
            else:
                merged[twin] = _filled(merged[twin], row)
            for _, leaf in leaves_of(row):
                for span in leaf.spans:
                    owners.setdefault(span, []).append(twin)
    return merged


def best_leaf(seen: Sequence[Leaf]) -> Leaf:
    """Of one field as several windows gave it: what is placed and said most often, else what came first."""
    given = [leaf for leaf in seen if leaf.value is not None]
    if not given:
        return ABSENT
    votes = Counter(repr(leaf.value) for leaf in given if not leaf.unplaced)
    return max(given, key=lambda leaf: (not leaf.unplaced, not leaf.inferred, votes[repr(leaf.value)]))


def leaves_of(tree: Tree, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Leaf]]:
    if isinstance(tree, Leaf):
        yield path, tree
    elif isinstance(tree, list):
        for i, item in enumerate(tree):
            yield from leaves_of(item, (*path, str(i)))
    else:
        for name, item in tree.items():
            yield from leaves_of(item, (*path, name))


def _twin(row: Tree, merged: Sequence[Tree], owners: dict[Span, list[int]], before: int) -> int | None:
    """The row that has most of its places in common with `row`, counted over the smaller of the two.

    A row of the same window is a twin only when it says the same at the same places throughout.
    """
    mine = _places(row)
    shared = Counter(i for span in mine.values() for s in span for i in set(owners.get(s, ())))
    for index, _ in shared.most_common(3):
        theirs = _places(merged[index])
        common = sum(mine[p] == theirs.get(p) for p in mine)
        if index >= before:
            if row == merged[index]:
                return index
        elif 2 * common > min(len(mine), len(theirs)):
            return index
    return None


def _places(row: Tree) -> dict[tuple[str, ...], tuple[Span, ...]]:
    return {path: leaf.spans for path, leaf in leaves_of(row) if leaf.spans and not leaf.inferred}


def _filled(first: Tree, second: Tree) -> Tree:
    """`first`, with what it lacks from `second`."""
    if isinstance(first, dict) and isinstance(second, dict):
        return {k: _filled(v, second[k]) if k in second else v for k, v in first.items()}
    if isinstance(first, list) and isinstance(second, list):
        return merge_rows([first, second])
    if isinstance(first, Leaf) and isinstance(second, Leaf) and not first.spans:
        return second if second.value is not None else first
    return first


def _scalars(
    form: Field, answer: Answer, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Field, Quoted]]:
    """The scalars of a row; those of arrays inside it are grounded as rows of their own."""
    if isinstance(answer, Quoted):
        yield path, form, answer
    elif isinstance(answer, dict):
        for child in form.children:
            if child.name in answer:
                yield from _scalars(child, answer[child.name], (*path, child.name))


def _claim(form: Field, said: Quoted) -> Claim:
    kind: Kind = "text"
    if form.kind in ("enum", "boolean"):
        kind = "choice"
    elif isinstance(said.value, int | float):
        kind = "number"
    page = None if said.page is None else said.page - 1
    return Claim(said.value, said.quote, page, kind, form.label)


def _position(place: Candidate) -> tuple[int, int]:
    return place.span.page, place.span.parts[0].index


def _steps_down(box: Box, other: Box) -> float:
    """How far apart two boxes are, up or down; boxes on one line are not."""
    return max(0.0, abs(box.cy - other.cy) - 0.5 * max(box.height, other.height))


def _apart(box: Box, others: Sequence[Box]) -> float:
    return min(
        _SAME_ROW * max(0.0, max(box.x0, o.x0) - min(box.x1, o.x1)) + _OTHER_ROW * _steps_down(box, o)
        for o in others
    )
