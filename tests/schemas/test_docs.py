"""docs/schemas.md names every refusal there is, every limit as it is, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paperclerk.schemas import check, compile, judge, select  # noqa: A004 - the module

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "schemas.md").read_text(encoding="utf-8")
READ_BY_CALLERS = ("check", "compile", "select")


def test_every_code_is_documented() -> None:
    sources = [(ROOT / "src/paperclerk/schemas" / f"{name}.py").read_text() for name in READ_BY_CALLERS]
    raised = {code for text in sources for code in re.findall(r'(?:_fail\(\s*|code=)"([a-z_]+)"', text)}
    refusals = TEXT.partition("## Limits and refusals")[2]
    tabled = set(re.findall(r"^\| `([a-z_]+)` \|", refusals, re.MULTILINE))
    assert raised == tabled | {"invalid_selection"}
    assert "`invalid_selection`" in TEXT


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (check.MAX_BYTES, "{:,} bytes; 5,000 schemas"),
        (check.MAX_NODES, "{:,} schemas;"),
        (check.MAX_PROPERTIES, "{:,} names in one object"),
        (check.MAX_NAME, "{} characters in a name"),
        (check.MAX_EXPANDED, "{:,} schemas once references"),
        (check.MAX_DEPTH, "deeper than {} levels"),
        (check.MAX_PATTERN_BYTES, "more than {:,} bytes |"),
        (check.MAX_PATTERNS, "more than {} different patterns"),
        (check.MAX_HEAVY_PATTERNS, "more than {} that are large"),
        (judge.BACKTRACKING_STEPS, "at most {} steps back"),
        (judge.BACKTRACKING_CHARACTERS, "{:,} characters a value"),
        (compile.MAX_DESCRIPTION, "first {:,} characters of a description"),
        (compile.MAX_TITLE, "and {} of a title"),
        (compile.TURNS[0][1], "grew past {:,} parts"),
        (select.MAX_BYTES, "At most {:,} bytes"),
        (select.MAX_TOKENS, "{:,} tokens"),
        (select.MAX_DEPTH, "tokens, {} levels"),
    ],
)
def test_every_limit_is_as_documented(value: int, said: str) -> None:
    assert said.format(value) in TEXT
