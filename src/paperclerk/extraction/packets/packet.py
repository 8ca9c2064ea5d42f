"""The steps of an agent that takes bundles: split, classify, route, extract, verify. Called by `pipeline.extract`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from paperclerk.domain.agent import OTHER
from paperclerk.domain.document import Document, Page, PageStatus
from paperclerk.domain.errors import Cancelled, PaperclerkError
from paperclerk.domain.result import FieldError, Leaf, PageAccount, Step, Usage, models_used
from paperclerk.extraction.packets.boundaries import Part, split
from paperclerk.extraction.packets.kinds import kind_of
from paperclerk.extraction.plan import Plan
from paperclerk.extraction.reply import response_json
from paperclerk.extraction.result import Result

Extract = Callable[[Document, Plan], Result]


@dataclass(frozen=True)
class Entry:
    """One document of a bundle: its pages, its kind, who read it, and what came of that.

    `kind` is None where the agent has no `classify` step. `plan` None: no route leads anywhere. Of `result` and
    `error` one is set where there is a plan.
    """

    pages: tuple[Page, ...]
    kind: Leaf | None
    plan: Plan | None
    result: Result | None = None
    error: PaperclerkError | None = None

    def json(self, *, grounding: bool = False, confidence: bool = False) -> dict[str, Any]:
        pages = {p.index: p for p in self.pages}
        head = {"kind": self.kind} if self.kind else {}
        noted: dict[str, Any] = response_json(head, pages, grounding=grounding, confidence=confidence)
        message = self.error.message if self.error else self.result.usage.message if self.result else None
        return {
            "kind": None,
            **noted,
            "page_indices": [p.index for p in self.pages],
            "agent": self.plan.agent.name if self.plan else None,
            "version": self.plan.agent.version if self.plan else None,
            "status": "failed" if self.error else "completed" if self.result else "skipped",
            "response": self.result.json(grounding=grounding, confidence=confidence) if self.result else None,
            "message": message,
            "errors": msgspec.to_builtins(self.errors()),
        }

    def errors(self) -> tuple[FieldError, ...]:
        """What is wrong with it; paths are those of the document's own response."""
        if self.error is not None:
            return (FieldError("", self.error.code, self.error.message),)
        return self.result.errors if self.result else ()


@dataclass(frozen=True)
class BundleResult(Result):
    """The result of a bundle. `response` is `{"documents": [...]}`; `tree` and `leaves()` hold the read values, so a
    path begins like `documents[0].response.`."""

    entries: tuple[Entry, ...] = ()

    def json(self, *, grounding: bool = True, confidence: bool = True) -> Any:
        return {"documents": [e.json(grounding=grounding, confidence=confidence) for e in self.entries]}


def read_bundle(
    document: Document,
    plan: Plan,
    extract: Extract,
    *,
    before: Sequence[Step] = (),
    on_document: Callable[[int, int], None] | None = None,
) -> BundleResult:
    """Takes the plan's steps over the pages that were asked for; `extract` reads one document.

    A document that cannot be read, or that its agent fails, is an entry that says so; the others are not touched.
    `on_document` is told how many of the pages are done.
    """
    pages = [p for p in document.pages if p.status is not PageStatus.SKIPPED]
    names = [step.step for step in plan.agent.steps]
    steps = list(before)
    started = time.perf_counter()
    parts = split(pages) if "split" in names else (Part(tuple(pages)),)
    if "split" in names:
        steps.append(Step("split", time.perf_counter() - started, f"{len(parts)} documents"))
        steps += _reasons(parts)
    started = time.perf_counter()
    kinds = next((step.kinds for step in plan.agent.steps if step.step == "classify"), None)
    entries = [_routed(part, kinds, plan) for part in parts]
    if kinds is not None:
        steps.append(Step("classify", time.perf_counter() - started, _counted(entries)))
    read, done = [], 0
    for entry in entries:
        read.append(_read(entry, document, plan, extract))
        done += len(entry.pages)
        if on_document:
            on_document(done, len(pages))
    return _assembled(tuple(read), document, steps)


def _routed(part: Part, kinds: Mapping[str, tuple[str, ...]] | None, plan: Plan) -> Entry:
    if kinds is None:
        return Entry(part.pages, None, plan)
    kind = kind_of(part.pages, kinds)
    own = plan if plan.agent.json_schema or plan.config.json_schema else None
    return Entry(part.pages, kind, plan.routed.get(str(kind.value)) or plan.routed.get(OTHER) or own)


def _read(entry: Entry, document: Document, plan: Plan, extract: Extract) -> Entry:
    if entry.plan is None:
        return entry
    verified = any(step.step == "verify" for step in plan.agent.steps)
    agent = replace(
        entry.plan.agent, steps=(), routed={}, validators=entry.plan.agent.validators if verified else ()
    )
    own = replace(
        entry.plan, agent=agent, routed={}, context=replace(entry.plan.context, render=plan.context.render)
    )
    try:
        return replace(entry, result=extract(Document(document.info, entry.pages), own))
    except Cancelled:
        raise
    except PaperclerkError as error:
        return replace(entry, error=error)


def _assembled(entries: tuple[Entry, ...], document: Document, steps: Sequence[Step]) -> BundleResult:
    results = [entry.result for entry in entries if entry.result is not None]
    steps = (*steps, *(step for number, entry in enumerate(entries) for step in _steps(number, entry)))
    accounts = tuple(
        PageAccount(p.index, p.status, p.reason, len(p.words), p.origin, p.seconds) for p in document.pages
    )
    errors = tuple(
        msgspec.structs.replace(error, path=f"documents[{number}]{'.' if error.path else ''}{error.path}")
        for number, entry in enumerate(entries)
        for error in entry.errors()
    )
    troubled = [str(n) for n, entry in enumerate(entries) if entry.errors()]
    return BundleResult(
        response={"documents": [entry.json() for entry in entries]},
        tree={"documents": [{"response": e.result.tree} if e.result else {} for e in entries]},
        info=document.info,
        accounts=accounts,
        usage=Usage(
            elements_processed=sum(a.status in (PageStatus.OK, PageStatus.EMPTY) for a in accounts),
            steps=len(steps),
            message=f"See errors of documents {', '.join(troubled)}." if troubled else None,
            duration_seconds=round(sum(step.seconds for step in steps)),
            **models_used(use for r in results for use in r.usage.models),
            engine="model" if any(r.usage.engine == "model" for r in results) else "embedded",
        ),
        steps=tuple(steps),
        errors=errors,
        pages={p.index: p for p in document.pages},
        entries=entries,
    )


def _steps(number: int, entry: Entry) -> Iterator[Step]:
    for step in entry.result.steps if entry.result else ():
        yield msgspec.structs.replace(step, name=f"documents[{number}] {step.name}")


def _reasons(parts: Sequence[Part]) -> Iterator[Step]:
    """Why each document after the first was taken to begin where it does: the clues that weigh most."""
    for number, part in enumerate(parts):
        if part.clues:
            told = sorted(part.clues, key=lambda clue: -clue.weight)[:3]
            why = "; ".join(clue.why for clue in told if clue.weight > 0)
            yield Step(f"documents[{number}] begins", 0.0, f"page {part.pages[0].index}: {why}")


def _counted(entries: Sequence[Entry]) -> str:
    kinds = [str(entry.kind.value) for entry in entries if entry.kind]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
