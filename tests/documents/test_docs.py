"""docs/reading.md names every limit and every error code that the reader has."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from paperclerk.documents.reader import ReadingLimits

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/reading.md").read_text()


def test_limits() -> None:
    for field in dataclasses.fields(ReadingLimits):
        assert f"| `{field.name}`" in TEXT, field.name


def test_codes() -> None:
    sources = (ROOT / "src/paperclerk/documents").rglob("*.py")
    codes = {code for file in sources for code in re.findall(r'code="(\w+)"', file.read_text())}
    assert len(codes) >= 8
    assert not {code for code in codes if f"`{code}`" not in TEXT}
