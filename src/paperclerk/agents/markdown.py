"""The ready-made agent `document.markdown`: a document as Markdown with tables. Read by `builtin`.

Its schema is that of a reply (contract B.11), not one to look values up by: the engine `markdown` fills it.
"""

from __future__ import annotations

from typing import Any

from paperclerk.domain.agent import Agent

NAME = "document.markdown"

BOX = {
    "type": "object",
    "description": "x, y, width, height in shares of the page, origin top left",
    "properties": {"xywh": {"type": "array", "items": {"type": "number"}}},
    "required": ["xywh"],
}
_HEADER = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "column": {"type": "integer"},
        "name": {"type": "string", "description": "What is printed over the column; empty when nothing is"},
        "dtype": {"enum": ["str", "int", "float", "date", "currency", "percentage"]},
    },
    "required": ["id", "column", "name"],
}
_CELL = {
    "type": "object",
    "properties": {
        "content": {"type": "string"},
        "bbox": {"anyOf": [BOX, {"type": "null"}]},
        "index": {"type": "array", "items": {"type": "integer"}, "description": "Row and column, from 0"},
        "span": {"type": "array", "items": {"type": "integer"}, "description": "Rows and columns covered"},
    },
    "required": ["content", "index"],
}
_TABLE = {
    "type": "object",
    "properties": {
        "metadata": {
            "type": "object",
            "properties": {name: {"type": ["string", "null"]} for name in ("title", "caption", "notes")},
        },
        "content": {"type": "string", "description": "The table as Markdown"},
        "headers": {"type": "array", "items": _HEADER},
        "data": {
            "type": "array",
            "items": {"type": "object", "additionalProperties": {"type": "string"}},
            "description": "The rows below the headings: header id -> text as printed",
        },
        "bbox": BOX,
        "cells": {"type": "array", "items": _CELL, "description": "Every filled cell, headings included"},
    },
    "required": ["headers"],
}
_FIGURE = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "title": {"type": ["string", "null"]},
        "caption": {"type": ["string", "null"]},
    },
    "required": ["id"],
}
_PAGE = {
    "type": "object",
    "properties": {
        "content": {"type": "string", "description": "Markdown; tables and figures are placeholders"},
        "tables": {"type": "array", "items": _TABLE},
        "figures": {"type": "array", "items": _FIGURE},
        "metadata": {
            "type": "object",
            "properties": {"page_number": {"type": "integer", "description": "From 0, in the file"}},
        },
    },
    "required": ["content"],
}
SCHEMA: dict[str, Any] = {
    "title": "MarkdownDocument",
    "type": "object",
    "properties": {"pages": {"type": "array", "items": _PAGE}},
    "required": ["pages"],
}

AGENT = Agent(
    name=NAME,
    version="1",
    json_schema=SCHEMA,
    prompt="Give the document as Markdown, page by page.",
    description="The text of a document as Markdown, page by page, with its tables and figures.",
    domain=NAME,
    engine="markdown",
)
