"""The files that an execution makes beside its result: covered copies, pages with boxes. Called by `executing`.

They are made in reading children, like everything that touches the bytes of a document.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from paperclerk.documents.reader import Reader, ReadOptions
from paperclerk.domain.document import Cover, DocumentInfo
from paperclerk.domain.errors import UnsupportedDocument
from paperclerk.domain.result import Step
from paperclerk.extraction.plan import Plan
from paperclerk.extraction.redacting import Covering, cover
from paperclerk.extraction.result import Result
from paperclerk.grounding.places import Place, places_of
from paperclerk.jobs.work import content_of
from paperclerk.storage.artifacts import Artifact
from paperclerk.storage.contents import Staged
from paperclerk.storage.executions import Outcome

MAX_DRAWN_PAGES = 100
DRAWN_SIDE = 1600  # pixels
REDACTED_URI = "redacted_uri"
ARTIFACTS_PATH = "/v1/artifacts"

_SUFFIXES = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


@dataclass(frozen=True)
class MadeFile:
    """A file in a staging place, and the row that will name it. `redacted`: it is a covered copy."""

    artifact: Artifact
    staged: Staged
    redacted: bool = False


@dataclass
class Made:
    """What was made, and what making it told."""

    files: list[MadeFile] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    covering: Covering | None = None

    def added_to(self, outcome: Outcome, execution_id: str, base_url: str) -> Outcome:
        """The outcome with its files listed, and the address of a covered copy in its response."""
        if not self.files:
            return outcome
        listed = [
            {"object_id": a.object_id, "filename": a.filename, "content_type": a.media_type}
            for a in (file.artifact for file in self.files)
        ]
        covered = [
            f"{base_url}{ARTIFACTS_PATH}?"
            + urlencode({"object_id": file.artifact.object_id, "execution_id": execution_id})
            for file in self.files
            if file.redacted
        ]
        response = outcome.response
        if covered and isinstance(response, dict):
            more: dict[str, Any] = {REDACTED_URI: covered[0]}
            if len(covered) > 1:
                more["redacted_uris"] = covered
            response = {**response, **more}
        errors = self.covering.errors if self.covering else []
        message = " ".join([*filter(None, [outcome.message]), *(e.message for e in errors)]) or None
        return replace(
            outcome,
            response=response,
            message=message,
            usage={**outcome.usage, "message": message},
            artifacts=listed,
            steps=[*outcome.steps, *map(msgspec.to_builtins, self.steps)],
            errors=[*outcome.errors, *map(msgspec.to_builtins, errors)],
        )


@dataclass(frozen=True)
class Maker:
    """Makes the files of one execution. `new_path` gives an empty file that lives as long as it is worked on."""

    execution_id: str
    reader: Reader
    new_path: Callable[[], Path]

    def make(self, plan: Plan, result: Result, sources: Sequence[Path]) -> Made:
        """What the plan's configuration asks for. Raises DocumentError: better no result than a copy half made."""
        made = Made()
        config = plan.config
        if config.redact is None and not config.draw_boxes:
            return made
        infos = [self._info(source) for source in sources]
        firsts = list(
            accumulate((info.page_count for info in infos[:-1]), initial=0)
        )  # of the pages read as one
        if config.redact is not None:
            started = time.monotonic()
            made.covering = cover(result, config.redact)
            for number, (source, info, first) in enumerate(zip(sources, infos, firsts, strict=True)):
                self._copy(made, source, info, first, number)
            made.steps.append(made.covering.step(time.monotonic() - started))
        if config.draw_boxes:
            started = time.monotonic()
            self._draw(made, result, sources, firsts)
            made.steps.append(Step("draw_boxes", time.monotonic() - started))
        return made

    def _info(self, source: Path) -> DocumentInfo:
        with self.reader.open(source, ReadOptions(pages=())) as reading:
            return reading.info

    def _copy(self, made: Made, source: Path, info: DocumentInfo, first: int, number: int) -> None:
        assert made.covering is not None
        if info.kind not in ("pdf", "image"):
            raise UnsupportedDocument(
                f"Only PDFs and images can be redacted, not {info.media_type}. Save the document as a PDF."
            )
        covers: dict[int, Cover] = {
            page - first: each
            for page, each in made.covering.covers.items()
            if first <= page < first + info.page_count
        }
        path = self.new_path()
        with path.open("wb") as out:
            media_type = self.reader.copy_covered(source, covers, out)
        name = f"redacted-{number + 1}" if number else "redacted"
        self._add(made, path, f"{name}.{_SUFFIXES[media_type]}", media_type, redacted=True)

    def _draw(self, made: Made, result: Result, sources: Sequence[Path], firsts: Sequence[int]) -> None:
        marks: dict[int, list[tuple[str, Place]]] = {}
        for name, leaf in result.leaves():
            if leaf.value is not None:
                for place in places_of(leaf.spans, result.pages):
                    marks.setdefault(place.page, []).append((name, place))
        for page in sorted(marks)[:MAX_DRAWN_PAGES]:
            source = max(n for n, first in enumerate(firsts) if first <= page)
            png = self.reader.render(
                sources[source], page - firsts[source], max_side=DRAWN_SIDE, marks=marks[page]
            )
            path = self.new_path()
            path.write_bytes(png)
            self._add(made, path, f"boxes-{page + 1:03}.png", "image/png")

    def _add(self, made: Made, path: Path, filename: str, media_type: str, *, redacted: bool = False) -> None:
        content = content_of(path)
        kind = "doc" if media_type == "application/pdf" else "img"
        taken = {file.artifact.object_id for file in made.files}
        artifact = Artifact(
            self._object_id(kind, filename, taken), filename, media_type, content.sha256, content.size_bytes
        )
        made.files.append(MadeFile(artifact, Staged(path, content, b""), redacted))

    def _object_id(self, kind: str, filename: str, taken: set[str]) -> str:
        """The same for the same file of the same execution, so that one made again replaces nothing."""
        attempt = 0
        while True:
            digest = hashlib.sha256(f"{self.execution_id}/{filename}/{attempt}".encode()).hexdigest()
            if (object_id := f"{kind}_{digest[:6]}") not in taken:
                return object_id
            attempt += 1
