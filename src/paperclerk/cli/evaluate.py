"""`paperclerk eval`: a labelled set through the pipeline, and its figures. Registered by `cli.main`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paperclerk.cli.exits import exit_codes
from paperclerk.domain.agent import Detail
from paperclerk.domain.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable


def evaluate(
    cases: Annotated[Path, typer.Argument(help="Labelled cases, one JSON object a line.")],
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, help="Documents at once. Default: cores.")
    ] = None,
    detail: Annotated[
        Detail, typer.Option(help="lo, auto or hi: how much work to spend on reading.")
    ] = "auto",
    out: Annotated[
        Path | None, typer.Option("-o", help="Predictions, one JSON object a line; a run goes on from here.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start anew even if -o holds predictions.")] = False,
) -> None:
    """Runs a labelled set, grounding and confidence on, and prints its table, one row a source.

    With -o, predictions are written as they end, and a run that was stopped goes on where it stopped. A file
    of predictions made with another --detail is refused. Exit code 1 when a case met a bug of ours.

    Example: paperclerk eval cases.jsonl --jobs 2 -o predictions.jsonl
    """
    from paperclerk.bootstrap_models import open_engine
    from paperclerk.evaluation import cases as files
    from paperclerk.evaluation.run import INTERNAL, append, predictions
    from paperclerk.evaluation.score import score, table
    from paperclerk.settings import load_settings

    with exit_codes():
        labelled = files.load_cases(cases)
        if out and fresh:
            out.unlink(missing_ok=True)
        done = files.load_predictions(out) if out else {}
        others = {p.get("detail", detail) for p in done.values()} - {detail}
        if others:
            raise InvalidRequest(
                f"{out} was made with --detail {', '.join(sorted(others))}; use --fresh or another -o."
            )
        todo = [case for case in labelled if case["id"] not in done]
        if done:
            _say(
                f"{len(labelled) - len(todo)} of {len(labelled)} cases stand in {out} already; --fresh starts anew."
            )
        engine = open_engine(load_settings())
        made = predictions(todo, cases.parent, detail=detail, jobs=jobs or os.cpu_count() or 1, engine=engine)
        for prediction in _shown(made, len(todo)):
            done[prediction["id"]] = prediction
            if out:
                append(out, prediction)
            if prediction.get("error"):
                _say(f"{prediction['id']}: {prediction['error']}")
        sys.stdout.write(table(score(labelled, done)) + "\n")
        if any((p.get("error") or "").startswith(INTERNAL) for p in done.values()):
            raise typer.Exit(1)


def _shown(made: Iterable[Any], total: int) -> Iterable[Any]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(made, total=total, console=console, disable=not console.is_terminal)


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201
