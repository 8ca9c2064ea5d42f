"""The way of a document: plan, read, extract, conform. Called by the library, the command line and jobs.

The stages are functions of their own, so that a durable job can checkpoint between them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from paperclerk.documents.reader import Reader, Reading
from paperclerk.domain.agent import Agent, ExecutionConfig
from paperclerk.domain.document import Document, Page, PageStatus
from paperclerk.domain.errors import DocumentError, ExecutionFailed, InvalidRequest
from paperclerk.domain.result import FieldError, PageAccount, Step, Tree, Usage, models_used
from paperclerk.engines.engine import Engine, Trace
from paperclerk.extraction.conforming import conform_tree
from paperclerk.extraction.message import message_of, names_of
from paperclerk.extraction.packets.packet import read_bundle
from paperclerk.extraction.plan import Plan, make_plan
from paperclerk.extraction.result import Result, walk
from paperclerk.extraction.validators import check_rules, questioned


@dataclass(frozen=True)
class Progress:
    """How far an execution is: `done` of `total` pages in `stage` `reading`, then `extracting`; where a model is
    asked, questions answered of those asked so far in `asking`."""

    stage: str
    done: int
    total: int


OnProgress = Callable[[Progress], None]


def execute(
    source: Path | bytes,
    agent: Agent,
    config: ExecutionConfig,
    *,
    reader: Reader,
    engine: Engine,
    on_progress: OnProgress | None = None,
) -> Result:
    """Executes `agent` over the document in `source`.

    `on_progress` is called after each page; an error that it raises ends the execution and the reading child.
    Raises InvalidSchema, InvalidRequest (a page that the document does not have), DocumentError (nothing
    could be read), ExecutionFailed (`config.strict` and a required value is missing).
    """
    plan = with_rendering(make_plan(agent, config), source, reader)
    started = time.perf_counter()
    with reader.open(source, plan.read_options) as reading:
        document = _read(reading, plan, on_progress)
        step = Step("read", time.perf_counter() - started, _reading_detail(document))
        # Within the reading, whose end waits for its child: that ends meanwhile.
        return extract(document, plan, engine, before=(step,), on_progress=on_progress)


def with_rendering(plan: Plan, source: Path | bytes, reader: Reader) -> Plan:
    """The plan for an engine that may look at page images."""

    def render(page: int, max_side: int) -> bytes:
        return reader.render(source, page, max_side=max_side)

    return rendering(plan, render)


def rendering(plan: Plan, render: Callable[[int, int], bytes]) -> Plan:
    """The plan with `render`, which gives a page by its index and longer side."""
    return replace(plan, context=replace(plan.context, render=render))


def read(source: Path | bytes, plan: Plan, reader: Reader) -> Document:
    """Reads the pages that the plan asks for. Raises DocumentError, InvalidRequest."""
    with reader.open(source, plan.read_options) as reading:
        return _read(reading, plan, None)


def _read(reading: Reading, plan: Plan, on_progress: OnProgress | None) -> Document:
    total = reading.info.page_count
    check_pages(plan.config.page_indices, total)
    pages = []
    for page in reading:
        pages.append(page)
        if on_progress:
            on_progress(Progress("reading", len(pages), total))
    document = Document(reading.info, tuple(pages))
    refuse_unreadable(document)
    return document


def extract(
    document: Document,
    plan: Plan,
    engine: Engine,
    *,
    before: Sequence[Step] = (),
    on_progress: OnProgress | None = None,
) -> Result:
    """Extracts the plan's schema from read pages. Raises ExecutionFailed under `strict`."""
    if plan.agent.takes_bundles:
        return _bundle(document, plan, engine, before, on_progress)
    readable = [p for p in document.pages if p.status is PageStatus.OK]
    if plan.engine is not None:
        engine = own_engine(plan.engine)
        readable = [p for p in document.pages if p.status in (PageStatus.OK, PageStatus.EMPTY)]
    if on_progress:
        on_progress(Progress("extracting", 0, len(readable)))
    started = time.perf_counter()
    rules = plan.agent.validators
    context = replace(plan.context, rules=rules, trace=Trace(), on_asked=_told(on_progress))
    found = engine.extract(readable, plan.field, context)
    step = Step(f"extract:{engine.name}", time.perf_counter() - started, f"{len(readable)} pages")
    if on_progress:
        on_progress(Progress("extracting", len(readable), len(readable)))
    return assemble(found, document, plan, (*before, step), context.trace)


def _told(on_progress: OnProgress | None) -> Callable[[int, int], None] | None:
    if on_progress is None:
        return None
    return lambda done, total: on_progress(Progress("asking", done, total))


def _bundle(
    document: Document, plan: Plan, engine: Engine, before: Sequence[Step], on_progress: OnProgress | None
) -> Result:
    """One entry for each document among the pages; each is read as if it had been sent alone."""

    def one(part: Document, its: Plan) -> Result:
        refuse_unreadable(part)
        return extract(part, its, engine)

    def tell(done: int, total: int) -> None:
        if on_progress:
            on_progress(Progress("extracting", done, total))

    return read_bundle(document, plan, one, before=before, on_document=tell)


def own_engine(name: str) -> Engine:
    """The engine that a ready-made agent brings. Raises InvalidRequest for another name."""
    if name in ("layout", "markdown"):
        from paperclerk.engines.markdown.layout import layout_page
        from paperclerk.engines.markdown.page import markdown_page
        from paperclerk.engines.markdown.pagewise import PagewiseEngine

        return PagewiseEngine(name, layout_page if name == "layout" else markdown_page)
    if name == "schema":
        from paperclerk.extraction.inferring import InferenceEngine

        return InferenceEngine()
    raise InvalidRequest(f"There is no engine {name!r}; an agent may name layout, markdown or schema.")


def assemble(found: Tree, document: Document, plan: Plan, steps: Sequence[Step], trace: Trace) -> Result:
    """The result of a tree that an engine gave: conforming, accounted for. Raises ExecutionFailed.

    `trace` is what the engine told besides: its own steps, fields that it could not settle, calls to models.
    """
    conformed = conform_tree(found, plan.schema)
    steps = (*steps, *trace.steps)
    errors = (*conformed.errors, *trace.errors, *_page_errors(document.pages))
    missing = [e for e in errors if e.code == "missing_required"]
    if plan.config.strict and missing:
        raise ExecutionFailed(
            f"strict was asked for, and required values are not on the page: {names_of(missing)}. "
            "Send strict: false to get null for them.",
            code="missing_required",
        )
    checked = check_rules(conformed.response, plan.agent.validators)
    steps = (*steps, *(check.step for check in checked))
    errors = (*errors, *(error for check in checked if (error := check.error) is not None))
    accounts = accounts_of(document.pages)
    found_any = any(leaf.value is not None for _, leaf in walk(conformed.tree))
    seconds = sum(s.seconds for s in steps)
    return Result(
        response=conformed.response,
        tree=questioned(conformed.tree, checked),
        info=document.info,
        accounts=accounts,
        usage=Usage(
            elements_processed=sum(a.status in (PageStatus.OK, PageStatus.EMPTY) for a in accounts),
            steps=len(steps),
            message=message_of(errors, accounts, found=found_any),
            duration_seconds=round(seconds),
            **models_used(trace.models),
            engine=plan.engine or ("model" if trace.models else "embedded"),
        ),
        steps=tuple(steps),
        errors=errors,
        pages={p.index: p for p in document.pages},
    )


def accounts_of(pages: Iterable[Page]) -> tuple[PageAccount, ...]:
    """How each page ended."""
    return tuple(PageAccount(p.index, p.status, p.reason, len(p.words), p.origin, p.seconds) for p in pages)


def check_pages(wanted: Sequence[int] | None, page_count: int) -> None:
    """Raises InvalidRequest when `wanted` names a page that the document does not have."""
    if wanted is None:
        return
    if not wanted:
        raise InvalidRequest(
            "page_indices is empty; name at least one page, or leave it out for all pages.",
            code="invalid_page_indices",
        )
    outside = sorted({i for i in wanted if not 0 <= i < page_count})
    if outside:
        raise InvalidRequest(
            f"page_indices names {_listed(outside)}, but the document has {page_count} "
            f"page{'s' if page_count != 1 else ''}: indices go from 0 to {page_count - 1}.",
            code="invalid_page_indices",
        )


def refuse_unreadable(document: Document) -> None:
    """Raises DocumentError when not one of the pages that were asked for could be read."""
    asked = [p for p in document.pages if p.status is not PageStatus.SKIPPED]
    if asked and all(p.status is PageStatus.FAILED for p in asked):
        raise DocumentError(
            f"No page of the document could be read: {asked[0].reason}", code="unreadable_document"
        )


def _reading_detail(document: Document) -> str:
    counts = {s: sum(p.status is s for p in document.pages) for s in PageStatus}
    return ", ".join(f"{n} {s.value}" for s, n in counts.items() if n)


def _page_errors(pages: Iterable[Page]) -> list[FieldError]:
    return [
        FieldError("", "page_failed", f"Page {p.index} could not be read: {p.reason}")
        if p.status is PageStatus.FAILED
        else FieldError("", "page_illegible", f"Page {p.index}: {p.reason}")
        for p in pages
        if p.status is PageStatus.FAILED or (p.reason and p.status is not PageStatus.SKIPPED)
    ]


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:10])) + (", ..." if len(numbers) > 10 else "")
