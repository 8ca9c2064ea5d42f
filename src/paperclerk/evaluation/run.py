"""Running labelled cases through the pipeline. Called by `paperclerk eval`."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from paperclerk.domain.agent import Detail, ExecutionConfig
from paperclerk.domain.errors import PaperclerkError
from paperclerk.engines.engine import Engine

INTERNAL = "internal_error"

log = logging.getLogger(__name__)


def predictions(
    cases: Sequence[Mapping[str, Any]],
    folder: Path,
    *,
    detail: Detail,
    jobs: int,
    engine: Engine | None = None,
) -> Iterator[dict[str, Any]]:
    """One prediction for each case, as they end. Paths of cases are relative to `folder`; `engine` reads, else the
    embedded one.

    Whatever goes wrong becomes the prediction's `error`, so one document never ends the run; a bug's starts
    with `internal_error` and is logged with its trace.
    """
    with ThreadPoolExecutor(jobs) as pool:
        running: set[Future[dict[str, Any]]] = set()
        for case in cases:
            running.add(pool.submit(predict, case, folder, detail, engine))
            if len(running) >= 2 * jobs:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (f.result() for f in done)
        done, _ = wait(running)
        yield from (f.result() for f in done)


def predict(
    case: Mapping[str, Any], folder: Path, detail: Detail, engine: Engine | None = None
) -> dict[str, Any]:
    """The prediction of one case, with grounding and confidence."""
    from paperclerk.library import execute

    started = time.perf_counter()
    reply: dict[str, Any] = {"id": case["id"], "response": None, "detail": detail}
    try:
        config = ExecutionConfig(detail=detail)
        result = execute(folder / case["file"], schema=case["schema"], config=config, engine=engine)
        reply["response"] = result.json(grounding=True, confidence=True)
    except PaperclerkError as error:
        reply["error"] = f"{error.code}: {error.message}"
    except Exception as error:
        log.exception("case %s", case["id"])
        reply["error"] = f"{INTERNAL}: {error!r}"
    reply["seconds"] = round(time.perf_counter() - started, 3)
    return reply


def append(path: Path, prediction: Mapping[str, Any]) -> None:
    """Adds one line; a stop between two lines loses nothing."""
    with path.open("a", encoding="utf-8") as out:
        out.write(json.dumps(prediction, ensure_ascii=False) + "\n")
