"""JsonLogic expressions of validators: checked when they are written. Called by `agents.definition`.

They are evaluated by `extraction.validators`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MAX_CHARS = 10_000


def fault_of(logic: Mapping[str, Any]) -> str | None:
    """What is wrong with an expression; None when it can be evaluated."""
    import datalogic_py

    try:
        text = json.dumps(logic)
    except (TypeError, ValueError, RecursionError) as error:
        return f"the expression is no JSON: {error}."
    if len(text) > MAX_CHARS:
        return f"the expression is longer than {MAX_CHARS:,} characters."
    try:
        datalogic_py.Engine().compile_checked(text)
    except datalogic_py.DataLogicError as error:
        return f"no JsonLogic: {' '.join(str(error).split())[:200]}."
    return None
