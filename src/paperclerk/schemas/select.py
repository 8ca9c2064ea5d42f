"""GraphQL selections over a schema: the text that selects every field. Called by `agents.describe`."""

from __future__ import annotations

import re

from paperclerk.schemas.compiled import Field

_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")


def selection_text(field: Field) -> str:
    """The selection of all fields below `field`, like `{ total items { price } }`; empty when there are none.

    Names that GraphQL cannot spell (`due-date`) are left out.
    """
    inner = field.items if field.kind == "array" and field.items is not None else field
    parts = [f"{c.name} {selection_text(c)}".rstrip() for c in inner.children if _NAME.fullmatch(c.name)]
    return f"{{ {' '.join(parts)} }}" if parts else ""
