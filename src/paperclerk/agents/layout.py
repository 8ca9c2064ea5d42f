"""The ready-made agent `document.layout-detection`: what stands where on each page. Read by `builtin`.

The contract names the domain and no shape for its reply; this one is ours. The engine `layout` fills it.
"""

from __future__ import annotations

from typing import Any

from paperclerk.agents.markdown import BOX
from paperclerk.domain.agent import Agent

NAME = "document.layout-detection"

_ELEMENT = {
    "type": "object",
    "properties": {
        "type": {"enum": ["title", "heading", "text", "list_item", "table", "caption"]},
        "content": {"type": "string", "description": "The text as printed; of a table, as Markdown"},
        "bbox": BOX,
    },
    "required": ["type", "content", "bbox"],
}
SCHEMA: dict[str, Any] = {
    "title": "Layout",
    "type": "object",
    "properties": {
        "pages": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "page_number": {"type": "integer", "description": "From 0, in the file"},
                    "elements": {"type": "array", "items": _ELEMENT, "description": "In reading order"},
                },
                "required": ["page_number", "elements"],
            },
        }
    },
    "required": ["pages"],
}

AGENT = Agent(
    name=NAME,
    version="1",
    json_schema=SCHEMA,
    prompt="Tell what stands where on each page.",
    description="The titles, headings, paragraphs, list items, tables and captions of each page, with their boxes.",
    domain=NAME,
    engine="layout",
)
