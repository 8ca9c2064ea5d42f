"""Labelled cases and predictions as they stand in files. Read by `evaluation.run`, scored by `evaluation.score`.

A case is one JSON object a line:

* `id`, `source` (a row of the table), `file` (relative to the cases file), `pages`
* `schema`: the JSON Schema a user would send; `truth`: the JSON that is right (null: must stay null; a field
  that it does not mention is not scored)
* `match`: leaf shape (`items[].price`) -> `money`, `number`, `date`, `date-mdy`, `date-iso`, `id`, `name`, `text`
* `truth_boxes`: leaf path -> `[page (1-based), x, y, w, h]` in page fractions, origin top left;
  `truth_boxes_alt`: leaf path -> every such place; `verified`: fields whose label a second source confirmed

A prediction is one JSON object a line: `{"id", "response", "seconds", "error"?}`, `response` as
`POST /v1/document/execute` gives it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from paperclerk.domain.errors import InvalidRequest

NEEDED = ("id", "file", "schema", "truth")


def load_cases(path: Path, needed: Sequence[str] = NEEDED) -> list[dict[str, Any]]:
    """The cases of a file. Raises InvalidRequest that names the line, or says that there is none."""
    cases = list(_lines(path))
    if not cases:
        raise InvalidRequest(f"{path} holds no case. Write one JSON object a line, with {', '.join(needed)}.")
    seen: set[str] = set()
    for number, case in enumerate(cases, 1):
        lacking = [k for k in needed if k not in case]
        if lacking:
            raise InvalidRequest(f"{path} line {number}: a case needs {', '.join(lacking)}.")
        if case["id"] in seen:
            raise InvalidRequest(f"{path} line {number}: the id {case['id']!r} stands there twice.")
        seen.add(case["id"])
    return cases


def load_predictions(path: Path) -> dict[str, dict[str, Any]]:
    """Predictions by case id. A last line that a stop cut off is dropped. Raises InvalidRequest."""
    if not path.exists():
        return {}
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return {p["id"]: p for p in _lines(path)}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    number = 0
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _object(json.loads(line), path, number)
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        place = f" line {number}" if number else ""
        raise InvalidRequest(f"{path}{place}: not JSON: {error}") from error


def _object(value: Any, path: Path, number: int) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidRequest(f"{path} line {number}: an object is needed, this is {type(value).__name__}.")
    return dict(value)
