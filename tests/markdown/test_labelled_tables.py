"""document.markdown on the labelled tables: the same cells as a schema that asks for tables, and the right ones."""

from __future__ import annotations

import importlib.util
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import paperclerk

SETS = Path(os.environ.get("LABELLED_SETS", Path(__file__).resolve().parents[3] / "shared/eval"))
TABLES = SETS / "icdar2013-tables"


@pytest.mark.timeout(600)
@pytest.mark.skipif(not TABLES.is_dir(), reason="the labelled sets are not beside the project")
def test_the_tables_of_markdown_are_those_of_the_schema() -> None:
    cases = [json.loads(line) for line in (TABLES / "cases.jsonl").read_text().splitlines()]
    with ThreadPoolExecutor(2) as pool:
        responses = dict(pool.map(_read, cases))
    predictions = {name: {"response": response, "seconds": 0.0} for name, response in responses.items()}
    (row,) = (row for source, row in _score(cases, predictions).items() if source.startswith("icdar"))
    assert row["f1"] >= 0.85


def _read(case: dict[str, Any]) -> tuple[str, Any]:
    """The case's id and the answer by its schema, once the Markdown was found to hold the same."""
    file = TABLES / case["file"]
    response = paperclerk.execute(file, schema=case["schema"]).response
    pages = paperclerk.execute(file, agent="document.markdown").response["pages"]
    found = [(page["metadata"]["page_number"] + 1, _rows(t)) for page in pages for t in page["tables"]]
    assert found == [(t["page"], t["rows"]) for t in response["tables"]], case["id"]
    return case["id"], response


def _rows(table: dict[str, Any]) -> list[list[str]]:
    cells = {tuple(cell["index"]): cell["content"] for cell in table["cells"]}
    rows = 1 + max(row for row, _ in cells)
    return [[cells.get((row, column), "") for column in range(len(table["headers"]))] for row in range(rows)]


def _score(cases: list[dict[str, Any]], predictions: dict[str, Any]) -> dict[str, Any]:
    """What the set's own scorer says."""
    spec = importlib.util.spec_from_file_location("score", SETS / "score.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    result: dict[str, Any] = module.score(cases, predictions)
    return result
