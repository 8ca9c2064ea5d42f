"""The JSON in what a model wrote, whole or as far as it goes. Called by `access`."""

from __future__ import annotations

from typing import Any


def read_json(text: str) -> tuple[Any, bool]:
    """The JSON value of `text` (None when there is none), and whether it is whole.

    Fences and words around it are passed over. A value that was cut off is read up to the cut; what the cut
    tore is left out.
    """
    from pydantic_core import from_json

    start = min((i for i in (text.find("{"), text.find("[")) if i >= 0), default=-1)
    if start < 0:
        return None, False
    body = text[start:].rstrip()
    for end in (len(body), max(body.rfind("}"), body.rfind("]")) + 1):
        try:
            return from_json(body[:end], allow_inf_nan=False), True
        except ValueError:
            continue
    try:
        return from_json(body, allow_inf_nan=False, allow_partial=True), False
    except ValueError:
        return None, False
