"""Answers from windows become one tree whose leaves know their places. Called by `windowed`; pure.

Rows are told apart by where they stand, never by what they say: two equal rows at two places are two rows, one
row seen through two windows is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from paperclerk.domain.geometry import Box
from paperclerk.domain.result import ABSENT, Leaf, Scalar, Span, Tree
from paperclerk.extraction.merge_columns import Band, RowPlaces, row_bands, settle_columns
from paperclerk.grounding.align import Aligner, Candidate, Claim, Kind
from paperclerk.schemas.compiled import Field
from paperclerk.schemas.lower import Answer, Quoted

Path = tuple[str, ...]

# Probabilities that a value is right, by how it was found, before anything else agrees with it.
PLACED, INFERRED, UNPLACED = 0.8, 0.65, 0.3

TELLING = 2  # words of a value that stands at one place only: that is where its row is
MOST_ANCHORS = 6  # places of a value that is asked where its row is
FAR_ROWS = 6  # heights of a line: the lines of one row are nearer to each other

_SAME_ROW, _OTHER_ROW = 0.3, 4.0  # what a step sideways and a step up or down cost within a row


@dataclass
class Grounding:
    """Grounds the answers of one window. `keep_unplaced`: whether values without a place are given at all.

    `told` are the places outside arrays that a quote names among several.
    """

    aligner: Aligner
    keep_unplaced: bool = True
    dropped: int = 0
    told: set[Span] = field(default_factory=set)
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
        place = self.aligner.place(_claim(form, said))
        if place is not None and place.told:
            self.told.add(place.span)
        return self._leaf(said, place)

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


@dataclass(frozen=True)
class _Seen:
    """The open places of a row's values, and the surest value's place."""

    places: dict[Path, list[Candidate]]
    numeric: frozenset[Path]
    surest: Path | None
    anchor: Candidate | None


@dataclass
class _Rows:
    """Grounds the rows of one array; remembers where the last one stood, and what stands beside earlier ones."""

    owner: Grounding
    item: Field
    last: tuple[int, int] = (-1, -1)
    claimed: set[Span] = field(default_factory=set)

    def ground(self, answers: Sequence[Answer]) -> list[Tree]:
        seen = [self._anchored(a) for a in answers]
        bands = row_bands([s.anchor for s in seen], [list(s.places.values()) for s in seen])
        placed = [self._placed(s, band) for s, band in zip(seen, bands, strict=True)]
        settle_columns(placed)
        return [self._built(self.item, a, (), row.chosen) for a, row in zip(answers, placed, strict=True)]

    def _anchored(self, answer: Answer) -> _Seen:
        """The places of a row's values, and the one that says best where the row stands."""
        said = list(_scalars(self.item, answer, ()))
        places = {path: found for path, form, quoted in said if (found := self._fresh(form, quoted))}
        numeric = frozenset(p for p, _, quoted in said if isinstance(quoted.value, int | float))
        if not places:
            return _Seen(places, numeric, None, None)
        surest, anchor = self._anchor(places)
        self.last = _position(anchor)
        self.claimed.update(c.span for found in places.values() for c in self._beside(found, anchor))
        self.owner._used.setdefault((*self.item.path, *surest), set()).add(anchor.span)
        return _Seen(places, numeric, surest, anchor)

    def _anchor(self, places: Mapping[Path, list[Candidate]]) -> tuple[Path, Candidate]:
        """The value with the fewest places; where that says little, the one that the others stand nearest to."""
        fewest = min(places, key=lambda p: len(places[p]))
        telling = len(places[fewest]) == 1 and len(places[fewest][0].span.parts) >= TELLING
        paths = [
            fewest,
            *(p for p in places if p != fewest and len(places[p]) <= MOST_ANCHORS and not telling),
        ]
        first = {path: self._next(places[path]) for path in paths}
        if len(paths) == 1:
            return fewest, first[fewest]

        def apart(path: Path) -> float:
            here = first[path]
            reach = FAR_ROWS * here.box.height
            return sum(
                min([reach, *(_steps_down(c.box, here.box) for c in found if c.span.page == here.span.page)])
                for found in places.values()
            )

        best = min(paths, key=apart)
        return best, first[best]

    def _next(self, places: Sequence[Candidate]) -> Candidate:
        """The first place behind the last row that stands beside none of the earlier rows."""
        below = [c for c in places if _position(c) > self.last] or places[:1]
        return next((c for c in below if c.span not in self.claimed), below[0])

    def _placed(self, seen: _Seen, band: Band) -> RowPlaces:
        """A row's places: for each value those in the row's band, as near to its anchor as any."""
        chosen: dict[Path, Candidate] = {}
        beside: dict[Path, list[Candidate]] = {}
        if seen.anchor is not None and seen.surest is not None:
            chosen[seen.surest] = seen.anchor
        inside = {path: [c for c in cs if band.holds(c)] or cs for path, cs in seen.places.items()}
        alike = Counter(frozenset(c.span for c in cs) for cs in inside.values())
        for path, places in inside.items():
            beside[path] = self._beside(places, seen.anchor) if seen.anchor else places[:1]
            if seen.anchor and len(beside[path]) < alike[frozenset(c.span for c in places)] <= len(places):
                # equal values of one row, printed on different lines of it
                beside[path] = [c for c in places if _is_close(c, seen.anchor)] or beside[path]
            if path not in chosen:
                chosen[path] = beside[path][0]
        return RowPlaces(beside, chosen, seen.numeric)

    def _fresh(self, form: Field, said: Quoted) -> list[Candidate]:
        """The places of a value that no earlier row has taken for this field; all when none is left."""
        candidates = self.owner.aligner.candidates(_claim(form, said)) if said.value is not None else []
        used = self.owner._used.get(form.path, set())
        return [c for c in candidates if c.span not in used] or candidates

    def _beside(self, places: Sequence[Candidate], anchor: Candidate) -> list[Candidate]:
        """The places on one line, the line nearest to the row's anchor; the nearest first."""
        on_page = [c for c in places if c.span.page == anchor.span.page] or list(places)
        nearest = min(_steps_down(c.box, anchor.box) for c in on_page)
        near = [c for c in on_page if _steps_down(c.box, anchor.box) <= nearest + 0.5 * anchor.box.height]
        return sorted(near, key=lambda c: _apart(c.box, anchor.box))

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


def same(a: Scalar, b: Scalar) -> bool:
    """Whether two values say the same: equal ones, or texts that differ in case, blanks and marks only."""
    if a == b:
        return True
    if not (isinstance(a, str) and isinstance(b, str)):
        return False
    plain = ["".join(c for c in v.casefold() if c.isalnum()) for v in (a, b)]
    return plain[0] == plain[1] != ""


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
        elif 2 * common > min(len(mine), len(theirs)) and not _contradict(row, merged[index]):
            return index
    return None


def _contradict(row: Tree, other: Tree) -> bool:
    """Whether two rows have different values at places that share no word: cells of a group stand in many rows."""
    theirs = dict(leaves_of(other))
    for path, leaf in leaves_of(row):
        twin = theirs.get(path)
        if twin is None or leaf.value is None or twin.value is None or leaf.value == twin.value:
            continue
        if not words_of(leaf) & words_of(twin):
            return True
    return False


def words_of(leaf: Leaf) -> set[tuple[int, int]]:
    """The words of a leaf's places: page, and index on it."""
    return {(s.page, p.index) for s in leaf.spans for p in s.parts}


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


def _is_close(place: Candidate, anchor: Candidate) -> bool:
    same_page = place.span.page == anchor.span.page
    return same_page and _steps_down(place.box, anchor.box) <= FAR_ROWS * anchor.box.height


def _apart(box: Box, other: Box) -> float:
    sideways = max(0.0, max(box.x0, other.x0) - min(box.x1, other.x1))
    return _SAME_ROW * sideways + _OTHER_ROW * _steps_down(box, other)
