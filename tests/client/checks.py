"""What the drivers share: checks by row, and their outcomes as lines of JSON. Runs in the client's own environment.

Called as `drive_*.py URL KEY FOLDER`. Needs nothing but the standard library.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Given:
    """Where the server answers (with /v1), a key of it, and the documents that the test made."""

    url: str
    key: str
    folder: Path


@dataclass(frozen=True)
class Check:
    row: str
    bad: bool  # whether wrong input is tried
    run: Callable[[], None]


CHECKS: list[Check] = []


def check(*rows: str, bad: bool = False) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Registers a function, which asserts, as a check of `rows`."""

    def register(run: Callable[[], None]) -> Callable[[], None]:
        CHECKS.extend(Check(row, bad, run) for row in rows)
        return run

    return register


def given() -> Given:
    url, key, folder = sys.argv[1:]
    return Given(url, key, Path(folder))


def run_all() -> None:
    """Runs every function once and prints one line for each row that it checks."""
    told: dict[Callable[[], None], str | None] = {}
    for entry in CHECKS:
        if entry.run not in told:
            told[entry.run] = _failure(entry.run)
        outcome = {"row": entry.row, "bad": entry.bad, "name": entry.run.__name__, "failure": told[entry.run]}
        sys.stdout.write(f"OUTCOME {json.dumps(outcome)}\n")


def _failure(run: Callable[[], Any]) -> str | None:
    try:
        run()
    except Exception:
        return traceback.format_exc()[-2000:]
    return None
