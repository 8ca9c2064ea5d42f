"""The engine that has a model read: windows, groups, repair, merge, grounding. Made by `bootstrap` when a model is
configured; called by `pipeline` like any other engine.

`detail` is its cost dial. `lo`: the embedded engine alone. `auto`: the embedded engine first, the model for all that
it is unsure of, where that is worth a call. `hi`: the model for everything, and a second look at what is doubtful
then.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import msgspec

from paperclerk.domain.document import Page
from paperclerk.domain.result import ABSENT, HI_FROM, MED_FROM, FieldError, Leaf, Span, Step, Tree
from paperclerk.engines.engine import Context, Engine
from paperclerk.engines.models.pool import Budget, Pool
from paperclerk.extraction.asking import Ask, Asking
from paperclerk.extraction.exploring import Limits, explore
from paperclerk.extraction.looks import Doubt, second_look, second_look_at_pictures
from paperclerk.extraction.merge import Grounding, best_leaf, leaves_of, merge_rows, same, words_of
from paperclerk.extraction.reply import plain
from paperclerk.extraction.tools import DocumentTools
from paperclerk.extraction.validators import questioned, verdicts
from paperclerk.extraction.windows import Window, by_relevance, plan_windows
from paperclerk.grounding.align import Aligner
from paperclerk.schemas.compiled import Field
from paperclerk.schemas.lower import Answer
from paperclerk.schemas.split import Path, groups, prune, put_together, units, weight

DOUBTED_BELOW = HI_FROM  # what is not `hi` is in doubt
WORTH_A_CALL = 0.33  # wrong values that are expected among the doubted ones of a document
FIRST_WAVE = 0.25  # share of the windows, the likeliest first, that scalars are first looked for in
AGREED = 0.95  # two that do not know of each other gave the same
IMAGE_SIDE = 1600  # pixels
MOST_PICTURES = 64


@dataclass(frozen=True)
class ModelOptions:
    """How far an execution may go, and whether values that no page holds are given (marked) or dropped.

    `doubted_below`: `auto` asks a model for the values that the embedded engine gives a lower score, all of a
    document together, where at least `worth_a_call` of them are expected to be wrong. `tools` bounds the search
    with tools, for models that have them, of one execution.
    """

    keep_unplaced: bool = True
    max_calls: int = 1_000
    max_tokens: int = 20_000_000
    second_look: bool = True
    tools: Limits = field(default_factory=Limits)
    doubted_below: float = DOUBTED_BELOW
    worth_a_call: float = WORTH_A_CALL


class ModelEngine:
    """Reads with the models of a pool, and with the embedded engine beside them."""

    name = "model"

    def __init__(self, pool: Pool, embedded: Engine, options: ModelOptions | None = None) -> None:
        self.pool = pool
        self.embedded = embedded
        self.options = options or ModelOptions()

    def extract(self, pages: Sequence[Page], schema: Field, context: Context) -> Tree:
        """See `Engine.extract`. A field that could not be asked for is named in `context.trace.errors`."""
        own = self.embedded.extract(pages, schema, context)
        if context.detail == "lo" or not pages or not any(True for _ in units(schema)):
            return own
        own = judged(own, context)
        asked: Set[Path] = {u.path for u in units(schema)}
        if context.detail == "auto":
            doubts = doubted(schema, own, self.options.doubted_below)
            if not doubts or sum(doubts.values()) < self.options.worth_a_call:
                return own
            asked = doubts.keys()
        execution = _Execution(self, pages, context)
        try:
            read = execution.read(schema, asked)
            agreed = judged(_agreed(schema, own, read, execution.told), context)
            if self.options.second_look:
                agreed = execution.look_again(schema, agreed, _disputed(schema, own, agreed))
            if context.detail == "hi" and self.options.second_look:
                agreed = execution.explore(schema, agreed)
        finally:
            execution.account()
        return agreed


class _Execution:
    """One document read with models."""

    def __init__(self, engine: ModelEngine, pages: Sequence[Page], context: Context) -> None:
        self.pages = {p.index: p for p in pages}
        self.context = context
        self.options = engine.options
        self.budget = Budget(0 if context.only_kept else engine.options.max_calls, engine.options.max_tokens)
        self.asking = Asking(
            engine.pool, context, self.budget, pages, self._images if engine.pool.profile.images else None
        )
        self.aligner = Aligner(pages)
        self.dropped = 0
        self.told: set[Span] = set()
        self._asked: Set[Path] = frozenset()
        self._pictures: dict[int, bytes] = {}

    def read(self, whole: Field, asked: Set[Path]) -> Tree:
        """The tree of `asked`, and of the scalars that fit into the same question, as the models read it."""
        profile = self.asking.profile
        self._asked = asked
        schema = prune(whole, asked)
        cut = groups(schema, profile.max_fields)
        room = min(self.asking.room_for_text(g) for g in cut)
        most = min(profile.max_pages, profile.max_images) if profile.images else profile.max_pages
        windows = plan_windows(list(self.pages.values()), max_chars=room, max_pages=most)
        if len(windows) == 1 and weight(schema) <= profile.max_fields:
            beside = prune(whole, asked | {u.path for u in units(whole) if u.is_scalar})
            schema = beside if weight(beside) <= profile.max_fields else schema
            cut = [schema]  # one question holds it all
        scalars = [g for g in cut if all(u.is_scalar for u in units(g))]
        arrays = [g for g in cut if g not in scalars]
        first = math.ceil(FIRST_WAVE * len(windows))
        ranked = {id(g): by_relevance(windows, g) for g in scalars}
        self.asking.settle(
            [Ask(w, g) for g in arrays for w in windows]
            + [Ask(w, g) for g in scalars for w in ranked[id(g)][:first]]
        )
        self._ask_on(scalars, {k: w[first:] for k, w in ranked.items()})
        return self._merged(schema)

    def _ask_on(self, scalars: Sequence[Field], rest: Mapping[int, Sequence[Window]]) -> None:
        """Asks the windows that are left for the scalars that have no place yet."""
        found = self._found()
        asks = []
        for group in scalars:
            missing = {u.path for u in units(group)} - found
            if missing:
                asks += [Ask(w, prune(group, missing)) for w in rest[id(group)]]
        self.asking.settle(asks)

    def _found(self) -> set[Path]:
        return {path for path, leaf in self._scalars() if leaf.spans}

    def _scalars(self) -> Iterator[tuple[Path, Leaf]]:
        """Every scalar outside arrays that was said, grounded in the window it was said of."""
        for heard in self.asking.heard:
            grounding = Grounding(self.aligner.within(heard.window.pages), self.options.keep_unplaced)
            for unit in units(heard.group):
                if unit.is_scalar:
                    leaf = grounding.tree(unit, at(heard.answer, unit.path))
                    if isinstance(leaf, Leaf) and leaf.value is not None:
                        yield unit.path, leaf
            self.dropped += grounding.dropped
            self.told |= grounding.told

    def _merged(self, schema: Field) -> Tree:
        self.dropped = 0
        seen: dict[Path, list[Leaf]] = {}
        for path, leaf in self._scalars():
            seen.setdefault(path, []).append(leaf)
        parts = []
        for unit in units(schema):
            value = best_leaf(seen.get(unit.path, ())) if unit.is_scalar else self._rows(unit)
            parts.append(nested(unit.path, value))
        self._report(seen)
        return put_together(schema, parts, ABSENT)  # type: ignore[no-any-return]

    def _rows(self, unit: Field) -> list[Tree]:
        """The rows of an array, window by window; a corrected answer stands for the one it corrects."""
        latest: dict[tuple[int, ...], tuple[Window, Answer]] = {}
        for heard in self.asking.heard:
            if any(u.path == unit.path for u in units(heard.group)):
                latest[heard.window.number] = (heard.window, at(heard.answer, unit.path))
        by_window = []
        for number in sorted(latest):
            window, answer = latest[number]
            grounding = Grounding(self.aligner.within(window.pages), self.options.keep_unplaced)
            rows = grounding.rows(unit, answer if isinstance(answer, list) else [])
            self.dropped += grounding.dropped
            by_window.append(rows)
        return merge_rows(by_window)

    def _report(self, seen: Mapping[Path, Sequence[Leaf]]) -> None:
        """Names the fields that a failure left open: scalars without a value, arrays that may lack rows."""
        errors = self.context.trace.errors
        for failure in self.asking.failures:
            pages = ", ".join(map(str, failure.window.pages))
            for unit in units(failure.group):
                if unit.path in self._asked and not (unit.is_scalar and seen.get(unit.path)):
                    name = ".".join(unit.path)
                    errors.append(
                        FieldError(name, "model_failed", f"not read on pages {pages}: {failure.reason}")
                    )
        for name, pages in self._read_in_parts():
            errors.append(
                FieldError(
                    name,
                    "read_in_parts",
                    f"pages {pages} are longer than a question may be and were read in parts; rows whose values "
                    "stand in different parts may be missing",
                )
            )
        if self.dropped:
            errors.append(
                FieldError("", "unplaced", f"{self.dropped} values that no page holds were left out")
            )

    def _read_in_parts(self) -> Iterator[tuple[str, str]]:
        """The arrays of objects that were asked of parts of pages and never of the whole: path, and pages from 0."""
        parts: dict[Path, set[int]] = {}
        whole: dict[Path, set[int]] = {}
        for heard in self.asking.heard:
            for unit in units(heard.group):
                if unit.items is not None and not unit.items.is_scalar:
                    parts.setdefault(unit.path, set()).update(heard.window.pages)
                    whole.setdefault(unit.path, set()).update(heard.window.whole_pages)
        for path, pages in parts.items():
            cut = sorted(pages - whole[path])
            if cut:
                yield ".".join(path), ", ".join(map(str, cut))

    def look_again(self, schema: Field, tree: Tree, disputed: Mapping[Path, Leaf]) -> Tree:
        """`tree` with a second look at its scalars outside arrays that are `disputed`, or for `hi` doubtful.

        `disputed` are the values that the embedded engine was sure of and a model read otherwise.
        """
        doubts = {
            u.path: Doubt(leaf, disputed.get(u.path))
            for u in units(schema)
            if u.is_scalar
            and isinstance(leaf := at(tree, u.path), Leaf)
            and leaf.spans
            and (u.path in disputed or (self.context.detail == "hi" and leaf.score < HI_FROM))
        }
        if not doubts:
            return tree
        form = prune(schema, doubts.keys())
        render = self.context.render if self.asking.profile.images else None
        if render is not None:
            settled = second_look_at_pictures(self.asking, form, doubts, self.pages, render)
        else:
            settled = second_look(self.asking, form, doubts, self.pages, self.aligner)
        return replaced(tree, settled)

    def explore(self, schema: Field, tree: Tree) -> Tree:
        """`tree` with what a model with tools finds of the fields without a value or a place."""
        if not self.asking.profile.tools or self.options.tools.steps == 0:
            return tree
        open_ = {u.path for u in units(schema) if _is_open(at(tree, u.path))}
        if not open_:
            return tree
        render = self.context.render if self.asking.profile.images else None
        tools = DocumentTools(list(self.pages.values()), render)
        form = prune(schema, open_)
        if weight(form) > self.asking.profile.max_fields:
            form = groups(form, self.asking.profile.max_fields)[0]
        answer = explore(self.asking, form, tools, self.options.tools)
        if answer is None:
            return tree
        grounding = Grounding(self.aligner, self.options.keep_unplaced)
        found = {u.path: grounding.tree(u, at(answer, u.path)) for u in units(form)}
        better = {path: new for path, new in found.items() if _is_better(new, at(tree, path))}
        names = {".".join(path) for path in better}
        trace = self.context.trace
        trace.errors[:] = [e for e in trace.errors if not (e.code == "model_failed" and e.path in names)]
        return replaced(tree, better)

    def account(self) -> None:
        trace, budget = self.context.trace, self.budget
        trace.models += budget.models
        tokens = f"{budget.input_tokens}+{budget.output_tokens} tokens"
        spent = f"{budget.calls} calls, {budget.cached} from the cache, {tokens}"
        trace.steps.append(Step("models", 0.0, f"{spent}, {budget.cost:.4f} USD" if budget.cost else spent))

    def _images(self, window: Window) -> tuple[bytes, ...]:
        if self.context.render is None:
            return ()
        shown = window.pages[-max(1, self.asking.profile.max_images) :]  # the last are its own
        return tuple(self._picture(i) for i in shown)

    def _picture(self, page: int) -> bytes:
        """A page as PNG; the last few stay at hand, since several groups of fields are asked of them."""
        assert self.context.render is not None
        if page not in self._pictures:
            while len(self._pictures) >= MOST_PICTURES:
                del self._pictures[next(iter(self._pictures))]
            self._pictures[page] = self.context.render(page, IMAGE_SIDE)
        return self._pictures[page]


def doubted(schema: Field, tree: Tree, below: float) -> dict[Path, float]:
    """The units that hold values scored lower, each with how many of these are expected to be wrong.

    A scalar or an array that is not there counts as one.
    """
    doubts = {}
    for unit in units(schema):
        scores = [leaf.score for _, leaf in leaves_of(at(tree, unit.path)) if leaf.value is not None]
        low = [s for s in scores if s < below]
        if low or not scores:
            doubts[unit.path] = sum(1.0 - s for s in low) if scores else 1.0
    return doubts


def judged(tree: Tree, context: Context) -> Tree:
    """`tree` with lower scores for what breaks the agent's rules."""
    return questioned(tree, verdicts(plain(tree), context.rules)) if context.rules else tree


def _disputed(schema: Field, own: Tree, agreed: Tree) -> dict[Path, Leaf]:
    """Scalars outside arrays that the embedded engine was sure of, where a value from elsewhere was settled on."""
    disputed: dict[Path, Leaf] = {}
    for unit in units(schema):
        mine, theirs = at(own, unit.path), at(agreed, unit.path)
        if isinstance(mine, Leaf) and isinstance(theirs, Leaf) and mine.spans and mine.score >= HI_FROM:
            elsewhere = not words_of(mine) & words_of(theirs)  # else it is more or less of the same text
            disputed |= {unit.path: mine} if elsewhere and not same(mine.value, theirs.value) else {}
    return disputed


def _agreed(schema: Field, own: Tree, read: Tree, told: Set[Span]) -> Tree:
    """What the embedded engine and the models say together; `read` holds only what the models were asked for.

    `told` are places that a model's quote names among several.
    """
    parts = []
    for unit in units(schema):
        mine, theirs = at(own, unit.path), at(read, unit.path)
        parts.append(nested(unit.path, mine if theirs is None else _settled(mine, theirs, told)))
    return put_together(schema, parts, ABSENT)  # type: ignore[no-any-return]


def _settled(own: Tree, read: Tree, told: Set[Span]) -> Tree:
    if isinstance(read, list):
        return _rows_settled(own, read) if read else own
    if not isinstance(read, Leaf) or not isinstance(own, Leaf):
        return read
    if read.value is None or (read.unplaced and own.spans and own.score >= MED_FROM):
        return own if own.score >= MED_FROM else read
    if same(own.value, read.value) and read.spans:
        # of several prints of a value the embedded engine has one for a reason; a quote of the value fits them all
        kept = own.spans and not (own.inferred or read.inferred or told >= set(read.spans))
        spans = own.spans if kept else read.spans
        return msgspec.structs.replace(read, spans=spans, score=max(AGREED, own.score))
    return read


def _rows_settled(own: Tree, read: list[Tree]) -> list[Tree]:
    """The models' rows, surer of the values that the embedded engine has read at the same places."""
    known = {(span, repr(leaf.value)) for _, leaf in leaves_of(own) for span in leaf.spans}

    def settled(tree: Tree) -> Tree:
        if isinstance(tree, list):
            return [settled(t) for t in tree]
        if isinstance(tree, dict):
            return {k: settled(t) for k, t in tree.items()}
        agreed = any((span, repr(tree.value)) in known for span in tree.spans)
        return msgspec.structs.replace(tree, score=AGREED) if agreed else tree

    return [settled(t) for t in read]


def at(tree: Any, path: Path) -> Any:
    """What stands at `path` (names only) of a tree or an answer, None when nothing does."""
    for name in path:
        if not isinstance(tree, dict) or name not in tree:
            return None
        tree = tree[name]
    return tree


def nested(path: Path, value: Tree) -> Tree:
    """`value` inside the objects that `path` names."""
    for name in reversed(path):
        value = {name: value}
    return value


def replaced(tree: Tree, new: Mapping[Path, Tree], path: Path = ()) -> Tree:
    """`tree` with other leaves, or other rows, at some paths outside arrays."""
    if isinstance(tree, dict):
        return {k: replaced(v, new, (*path, k)) for k, v in tree.items()}
    return new.get(path, tree)


def _is_open(tree: Tree) -> bool:
    if isinstance(tree, Leaf):
        return tree.value is None or tree.unplaced
    return not tree


def _is_better(new: Tree, old: Tree) -> bool:
    """Whether what was found with tools is more than what was there."""
    if not isinstance(new, Leaf):
        return bool(new) and not old
    return new.value is not None and (bool(new.spans) or (isinstance(old, Leaf) and old.value is None))
