"""Writes docs/openapi.json from the routes, as `make openapi`. The file is committed, so that a change shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from paperclerk.api.app import create_app

TARGET = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"


def description() -> str:
    """The description of the routes, as it is committed."""

    def never_opened() -> Any:
        raise AssertionError("describing the routes starts nothing")

    return json.dumps(create_app(never_opened).openapi(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    TARGET.write_text(description(), encoding="utf-8")
    print(f"wrote {TARGET}")
