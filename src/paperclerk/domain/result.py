"""What an execution yields. Engines build trees of `Leaf`; `extraction` turns them into a `Result`."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec

from paperclerk.domain.document import PageStatus, TextOrigin

Scalar = str | int | float | bool | None
Json = Any  # JSON as the json module reads it; typed where it is ours


class Level(StrEnum):
    """Confidence as the wire says it."""

    HI = "hi"
    MED = "med"
    LO = "lo"


# A score is the calibrated probability that the value is right; below these it is called less than `hi`.
HI_FROM = 0.9
MED_FROM = 0.6


def level_of(score: float) -> Level:
    """The word for a score of 0..1."""
    if score >= HI_FROM:
        return Level.HI
    return Level.MED if score >= MED_FROM else Level.LO


class WordPart(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Characters `start:end` of word `index` of a page (`end` None: to the end of the word)."""

    index: int
    start: int = 0
    end: int | None = None


class Span(msgspec.Struct, frozen=True, array_like=True):
    """A piece of a page's text: the words, or parts of words, that a value was read from, in order."""

    page: int  # Page.index
    parts: tuple[WordPart, ...]


class Leaf(msgspec.Struct, frozen=True):
    """One scalar value with its evidence.

    `value` None means: not on the page. `spans` are the places it was read from; a value without spans must
    be `inferred` (an enum member or a boolean concluded from evidence elsewhere) and may name that evidence
    as its spans, or `unplaced`: a model gave it, and no page holds it. `score` is the calibrated probability,
    0..1, that the value is right.
    """

    value: Scalar
    spans: tuple[Span, ...] = ()
    score: float = 0.0
    inferred: bool = False
    unplaced: bool = False


# What an engine returns for a schema: objects as dicts, arrays as lists, scalars as leaves.
Tree = dict[str, Any] | list[Any] | Leaf

ABSENT = Leaf(None)


class PageAccount(msgspec.Struct, frozen=True):
    """How one page of the document ended; every page of the file has one. `page` is 0-based."""

    page: int
    status: PageStatus
    reason: str | None = None
    words: int = 0
    origin: TextOrigin = TextOrigin.NONE
    seconds: float = 0.0


class FieldError(msgspec.Struct, frozen=True):
    """A field that could not be given as the schema wants it. `path` is like `items[2].price`."""

    path: str
    # missing_required | invalid_value | incomplete_pages | model_failed | read_in_parts | unplaced | not_covered
    # | not_found
    code: str
    message: str


class Step(msgspec.Struct, frozen=True):
    """One thing the execution did, for the trace."""

    name: str
    seconds: float
    detail: str = ""


class ModelUse(msgspec.Struct, frozen=True):
    """What one model was asked. Replies from the cache are no calls and cost nothing."""

    model: str
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0


def by_model(uses: Iterable[ModelUse]) -> tuple[ModelUse, ...]:
    """The same with one entry for each model."""
    found: dict[str, ModelUse] = {}
    for use in uses:
        so_far = found.get(use.model, ModelUse(use.model))
        found[use.model] = ModelUse(
            use.model,
            so_far.calls + use.calls,
            so_far.input_tokens + use.input_tokens,
            so_far.output_tokens + use.output_tokens,
            so_far.cost_usd + use.cost_usd,
        )
    return tuple(found.values())


def models_used(uses: Iterable[ModelUse]) -> dict[str, Any]:
    """The part of `Usage` that tells of models."""
    models = by_model(uses)
    return {
        "model_calls": sum(use.calls for use in models),
        "model_input_tokens": sum(use.input_tokens for use in models),
        "model_output_tokens": sum(use.output_tokens for use in models),
        "model_cost_usd": sum(use.cost_usd for use in models),
        "models": models,
    }


class Usage(msgspec.Struct, frozen=True):
    """What an execution used; field names are the wire's (contract A.3), and what models cost besides."""

    elements_processed: int = 0
    element_type: str = "page"  # image | page
    credits_used: int = 0
    steps: int = 0
    message: str | None = None
    duration_seconds: int = 0
    model_calls: int = 0
    model_input_tokens: int = 0
    model_output_tokens: int = 0
    model_cost_usd: float = 0.0  # 0 where no price is configured
    models: tuple[ModelUse, ...] = ()  # the same for each
    engine: str = (
        ""  # who read: embedded | model | markdown | layout | schema; empty until values were looked for
    )
