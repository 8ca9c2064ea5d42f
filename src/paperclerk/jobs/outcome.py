"""A result, or an error, as it is stored. Called by whoever runs executions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from paperclerk.agents.markdown import NAME as MARKDOWN_DOMAIN
from paperclerk.domain.agent import ExecutionConfig
from paperclerk.domain.document import Page
from paperclerk.domain.errors import PaperclerkError
from paperclerk.domain.result import ModelUse, Step, Usage, models_used
from paperclerk.extraction.pipeline import accounts_of
from paperclerk.extraction.result import Result
from paperclerk.jobs.requested import OWN_SCHEMA
from paperclerk.security.prices import Element, Prices
from paperclerk.storage.executions import NewExecution, Outcome, PagesDone, Partial, Status


def completed(
    new: NewExecution, config: ExecutionConfig, result: Result, prices: Prices, *, now: datetime
) -> Outcome:
    """The outcome of an execution that gave `result`."""
    credits_used = price(new, config, prices, result.usage.elements_processed)
    message = " ".join([*new.warnings, *filter(None, [result.usage.message])]) or None
    usage = msgspec.structs.replace(
        result.usage, element_type=element_of(new), credits_used=credits_used, message=message
    )
    return Outcome(
        status=Status.COMPLETED,
        completed_at=now,
        response=_response(config, result),
        usage=msgspec.to_builtins(usage),
        credits_used=credits_used,
        errors=_json(result.errors),
        pages=_json(result.accounts),
        steps=_json(result.steps),
        message=usage.message,
    )


def failed(
    new: NewExecution,
    error: Exception,
    *,
    now: datetime,
    seconds: float = 0.0,
    progress: PagesDone | None = None,
    partial: Partial | None = None,
) -> Outcome:
    """The outcome of an execution that `error` ended; an error of ours tells why, another one tells nothing.

    `progress` is how far it came; it is told, and pages that were read are not charged. `partial` is what it came to.
    """
    partial = partial or Partial()
    if isinstance(error, PaperclerkError):
        code, message = error.code, error.message
    else:
        code = "internal_error"
        message = "The execution failed by a fault of the server, not of the request; its log says more."
    if progress is not None:
        pages = f"{progress.done} of {progress.total}" if progress.stage == "reading" else "Its"
        message = f"{message} {pages} pages were read."
    usage = Usage(
        element_type=element_of(new),
        message=message,
        duration_seconds=round(seconds),
        **models_used(msgspec.convert(list(partial.models), list[ModelUse])),
    )
    return Outcome(
        status=Status.FAILED,
        completed_at=now,
        usage=msgspec.to_builtins(usage),
        pages=partial.pages,
        steps=partial.steps,
        failure_code=code,
        message=message,
        partial=partial.response,
    )


def partial_of(config: ExecutionConfig, result: Result) -> Partial:
    """What an execution came to, from a result of the pages that were read."""
    return Partial(
        _response(config, result), _json(result.accounts), _json(result.steps), _json(result.usage.models)
    )


def read_only(pages: Sequence[Page], steps: Sequence[Step] = ()) -> Partial:
    """What an execution came to that has read pages and no values."""
    return Partial(None, _json(accounts_of(pages)), _json(tuple(steps)))


def _response(config: ExecutionConfig, result: Result) -> Any:
    if config.grounding or config.confidence:
        return result.json(grounding=config.grounding, confidence=config.confidence)
    return result.response


def price(new: NewExecution, config: ExecutionConfig, prices: Prices, count: int) -> int:
    """Credits for `count` pages (images, where the execution is of images)."""
    agent = new.agent_name
    if agent == MARKDOWN_DOMAIN and config.json_schema is not None:  # then it reads values, like any other
        agent = OWN_SCHEMA
    return prices.credits(
        count,
        element_of(new),
        agent,
        detail=config.detail,
        grounded=config.grounding or config.confidence,
        tier=config.service_tier,
    )


def element_of(new: NewExecution) -> Element:
    """What the execution is counted in."""
    return "image" if new.kind == "image" else "page"


def _json(values: tuple[Any, ...]) -> list[dict[str, Any]]:
    plain: list[dict[str, Any]] = msgspec.to_builtins(values)
    return plain
