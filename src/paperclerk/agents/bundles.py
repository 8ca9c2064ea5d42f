"""The schema of the reply of an agent that takes bundles. Called by `api`, to tell clients what they get."""

from __future__ import annotations

from typing import Any

from paperclerk.domain.agent import OTHER, Agent


def reply_schema(agent: Agent) -> dict[str, Any]:
    """The schema of `{"documents": [...]}`, one entry for each document that was found, in the order of pages."""
    kinds = next((list(step.kinds) for step in agent.steps if step.step == "classify"), [])
    document = {
        "kind": {"enum": [*kinds, OTHER, None], "description": "null where nothing was classified"},
        "page_indices": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "The pages of the document, from 0, in the file that was sent",
        },
        "agent": {"type": ["string", "null"], "description": "Who read it; null: no route leads anywhere"},
        "version": {"type": ["string", "null"]},
        "status": {"enum": ["completed", "failed", "skipped"]},
        "response": {"description": "What the agent read, of its own schema; null unless completed"},
        "message": {"type": ["string", "null"], "description": "Why it failed, or what is missing"},
        "errors": {"type": "array", "items": {"type": "object"}},
    }
    return {
        "title": "Bundle",
        "type": "object",
        "properties": {
            "documents": {
                "type": "array",
                "items": {"type": "object", "properties": document, "required": list(document)},
            }
        },
        "required": ["documents"],
    }
