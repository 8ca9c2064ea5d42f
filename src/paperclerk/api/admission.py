"""Whether a key may do what it asks for now: entitlements, requests a minute. Called by `api.routing`."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

WINDOW_S = 60.0


class RateLimiter:
    """Counts what each key asked for in the last minute, in this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: dict[str, deque[float]] = {}

    def admit(self, key_id: str, per_minute: int) -> int | None:
        """None when one more may pass, which is counted; else the whole seconds until it may."""
        now = self._clock()
        asked = self._asked.setdefault(key_id, deque())
        while asked and asked[0] <= now - WINDOW_S:
            asked.popleft()
        if len(asked) >= per_minute:
            return max(1, math.ceil(asked[0] + WINDOW_S - now))
        asked.append(now)
        return None
