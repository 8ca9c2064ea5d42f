"""`paperclerk run`: one document through one agent, in this process. Registered by `cli.main`."""

from __future__ import annotations

import json
import mimetypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paperclerk.cli.exits import exit_codes
from paperclerk.domain.agent import Detail
from paperclerk.domain.document import PageStatus
from paperclerk.domain.errors import InvalidRequest, InvalidSchema
from paperclerk.schemas.check import check_schema

if TYPE_CHECKING:
    from paperclerk.extraction.pipeline import OnProgress, Progress
    from paperclerk.extraction.result import Result


def run(
    file: Annotated[
        Path, typer.Argument(help="The document: a PDF, a picture, an office file, an e-mail, text.")
    ],
    agent: Annotated[
        str | None,
        typer.Option(
            help="A ready-made one, such as document.invoice[:VERSION], or a file, such as bill.yaml."
        ),
    ] = None,
    schema: Annotated[
        Path | None, typer.Option(help="A file with a JSON Schema; it replaces the agent's.")
    ] = None,
    grounding: Annotated[
        bool | None, typer.Option(help="Add the boxes of each value. Default: as the agent says, else no.")
    ] = None,
    confidence: Annotated[
        bool | None, typer.Option(help="Add hi, med or lo for each value. Default: the same.")
    ] = None,
    pages: Annotated[
        str | None, typer.Option(help="Pages to read, from 0, such as 0,2-4. Default: all.")
    ] = None,
    detail: Annotated[
        Detail | None,
        typer.Option(help="lo, auto or hi: how much work to spend. Default: as the agent says, else auto."),
    ] = None,
    prompt: Annotated[str, typer.Option(help="Instructions, added to the agent's.")] = "",
    strict: Annotated[
        bool | None,
        typer.Option(
            help="Fail when a required value is not on the page. Default: as the agent says, else no."
        ),
    ] = None,
    draw: Annotated[
        Path | None, typer.Option(help="Write the pages that hold values, with their boxes, as PNG.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", help="Write the JSON here instead of to standard output.")
    ] = None,
) -> None:
    """Executes an agent or a schema over one document and prints the JSON.

    Standard output holds the JSON and nothing else; what is missing or unreadable is said on standard error.
    Exit codes: 0 done, 2 wrong use, 3 the document cannot be read, 4 the agent, schema or request is wrong,
    5 --strict and a required value is missing, 1 anything else.

    Example: paperclerk run invoice.pdf --agent document.invoice --grounding --draw boxes.png
    """
    from paperclerk.bootstrap_models import open_engine
    from paperclerk.library import execute, resolve
    from paperclerk.settings import load_settings

    with exit_codes():
        for target in (out, draw):
            _check_target(target)
        if draw and draw.suffix.lower() != ".png":
            raise InvalidRequest(
                f"--draw {str(draw)!r}: pictures are written as PNG; name a file that ends in .png."
            )
        if agent is None and schema is None:
            raise InvalidRequest(
                "Give an agent (such as --agent document.invoice) or a schema (--schema FILE)."
            )
        engine = open_engine(load_settings())
        asked = {
            "prompt": prompt,
            "page_indices": parse_pages(pages),
            "detail": detail,
            "grounding": grounding,
            "confidence": confidence,
            "strict": strict,
        }
        chosen, config = resolve(
            _schema_of(schema), agent, {name: value for name, value in asked.items() if value is not None}
        )
        with progress_bar() as on_progress:
            result = execute(
                file,
                agent=chosen,
                config=config,
                engine=engine,
                on_progress=on_progress,
            )
        text = json.dumps(
            result.json(grounding=config.grounding, confidence=config.confidence),
            indent=2,
            ensure_ascii=False,
        )
        if out:
            out.write_text(text + "\n", encoding="utf-8")
        else:
            sys.stdout.write(text + "\n")
        if draw:
            write_drawings(file, result, draw)
        _report(result)
        _report_kind(file, result)


def parse_pages(text: str | None) -> tuple[int, ...] | None:
    """`0,2-4` as (0, 2, 3, 4). Raises InvalidRequest."""
    if text is None:
        return None
    indices: set[int] = set()
    for piece in text.split(","):
        first, dash, last = piece.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise InvalidRequest(f"--pages {text!r}: write numbers from 0 and ranges, such as 0,2-4.")
        start, end = int(first), int(last) if dash else int(first)
        if end < start or end - start > 100_000:
            raise InvalidRequest(
                f"--pages {text!r}: the range {piece.strip()!r} runs backwards or is too long."
            )
        indices.update(range(start, end + 1))
    return tuple(sorted(indices))


def write_drawings(source: Path, result: Result, out: Path) -> list[Path]:
    """One PNG for each page that holds a value: `out` for the first, then `out` with `-2`, `-3`, ... added."""
    from paperclerk.grounding.drawing import draw_boxes
    from paperclerk.grounding.places import places_of
    from paperclerk.library import default_reader

    by_page: dict[int, list[Any]] = {}
    for path, leaf in result.leaves():
        for place in places_of(leaf.spans, result.pages):
            by_page.setdefault(place.page, []).append((path, place))
    first = min(result.pages, default=0)
    written = []
    for i, page in enumerate(sorted(by_page) or [first]):
        target = out if i == 0 else out.with_stem(f"{out.stem}-{i + 1}")
        target.write_bytes(draw_boxes(default_reader().render(source, page), by_page.get(page, [])))
        written.append(target)
    return written


@contextmanager
def progress_bar() -> Iterator[OnProgress]:
    """Shows a bar on standard error once a document turns out to have more than one page."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    bar = Bar(console=Console(stderr=True), transient=True)
    tasks: dict[str, Any] = {}

    def show(progress: Progress) -> None:
        if progress.total <= 1:
            return
        if not tasks:
            bar.start()
        if progress.stage not in tasks:
            tasks[progress.stage] = bar.add_task(progress.stage, total=progress.total)
        bar.update(tasks[progress.stage], completed=progress.done)

    try:
        yield show
    finally:
        if tasks:
            bar.stop()


def _check_target(path: Path | None) -> None:
    """Raises InvalidRequest when no file can be written there: before the document is read, not after."""
    if path is None:
        return
    folder = path.parent
    if path.is_dir() or not folder.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        raise InvalidRequest(f"Cannot write {str(path)!r}: name a file in a folder that exists and is yours.")


def _schema_of(path: Path | None) -> dict[str, Any] | None:
    """The schema in a file. Raises InvalidRequest, InvalidSchema."""
    if path is None:
        return None
    if not path.is_file():
        raise InvalidRequest(f"No file at {str(path)!r}.", code="file_not_found")
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidSchema(
            f"{str(path)!r} is no JSON ({error}). An agent's definition goes to --agent.",
            code="schema_not_json",
        ) from None
    return check_schema(schema)


def _report_kind(file: Path, result: Result) -> None:
    """Says when a file is not what its name says, such as an error page that was saved as a PDF."""
    named, _ = mimetypes.guess_type(file.name)
    found = result.info.media_type
    told = {named, found} & {"application/pdf"} or {named, found} & {"text/plain", "text/html"}
    if named and named != found and told:
        print(f"{file.name} is called {named}, but was read as {found}: so it looks.", file=sys.stderr)  # noqa: T201


def _report(result: Result) -> None:
    if result.response == {}:
        print("The schema names no `properties`, so nothing was looked for.", file=sys.stderr)  # noqa: T201
    for account in result.accounts:
        if account.status is PageStatus.EMPTY and not account.reason:
            print(f"page {account.page}: {account.status.value}", file=sys.stderr)  # noqa: T201
    for error in result.errors:
        print(f"{error.path or 'document'}: {error.message}", file=sys.stderr)  # noqa: T201
