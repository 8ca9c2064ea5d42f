"""Words that schemas, tables, lists and statements use, in several languages, from `vocabulary.txt`. Called by
`concepts`, `whose`, `wants`, `roles`, `sections`, `figures`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def phrases(kind: str) -> Mapping[str, frozenset[str]]:
    """All entries of a kind (`column`, `words`, `heading`, `line`, `field`, `whose`, `role`, `alias`): name -> folded
    phrases, weak ones with a `~`."""
    text = files(__package__).joinpath("vocabulary.txt").read_text(encoding="utf-8")
    found: dict[str, frozenset[str]] = {}
    for block in re.split(r"^\[", text, flags=re.M)[1:]:
        head, body = block.split("]", 1)
        first, name = head.split(maxsplit=1)
        if first == kind:
            found[name] = frozenset(" ".join(p.split()) for p in body.split("|") if p.strip())
    return found


def words(text: str) -> tuple[str, ...]:
    """The words of a literal list."""
    return tuple(text.split())
