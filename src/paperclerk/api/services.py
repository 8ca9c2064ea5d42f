"""What the routes need, filled by `bootstrap`, found in `request.state.services`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from paperclerk.api.admission import RateLimiter
from paperclerk.jobs.service import Jobs
from paperclerk.security.plans import Plans
from paperclerk.security.signed_urls import UrlSigner
from paperclerk.storage.contents import Contents
from paperclerk.storage.database import Database


@dataclass(frozen=True)
class ApiLimits:
    """What one request may cost, and how long what it gets works."""

    max_upload_bytes: int = 512_000_000
    max_json_bytes: int = 16_000_000
    max_image_json_bytes: int = 80_000_000
    sync_wait_s: float = 100.0
    public_url_ttl_s: int = 86_400


@dataclass(frozen=True)
class MetricsAccess:
    """Who may read the metrics, and whether they name tenants and their agents."""

    token: str
    by_tenant: bool


@dataclass(frozen=True)
class Services:
    """The working parts behind the routes. `clock` gives seconds since 1970."""

    database: Database
    contents: Contents
    jobs: Jobs
    plans: Plans
    signer: UrlSigner
    limits: ApiLimits = field(default_factory=ApiLimits)
    base_url: str | None = None
    metrics: MetricsAccess | None = None
    rates: RateLimiter = field(default_factory=RateLimiter)
    clock: Callable[[], float] = time.time

    def now(self) -> datetime:
        """By `clock`, UTC."""
        return datetime.fromtimestamp(self.clock(), UTC)
