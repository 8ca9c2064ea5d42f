"""Deletes what has been kept long enough, wherever it lies. Run by every worker, now and then.

The rows of an execution go last of what is known by its name, so that a crash in between leaves nothing that the
next round does not find. Bytes go after the rows that referred to them; the sweep of the store collects the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from paperclerk.domain.keeping import LONGEST_DAYS
from paperclerk.durable import DurableClient
from paperclerk.jobs.names import job_id
from paperclerk.storage.checkpoints import Checkpoints
from paperclerk.storage.contents import Contents
from paperclerk.storage.database import Database
from paperclerk.storage.executions import Executions
from paperclerk.storage.files import Files
from paperclerk.storage.idempotency import IdempotencyKeys
from paperclerk.storage.keys import Keys

AT_ONCE = 200  # rows of one transaction

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Retention:
    """How long results and files are kept where the tenant has no word of its own, each None for ever.

    Deleting twice deletes nothing more.
    """

    contents: Contents
    checkpoints: Checkpoints
    client: DurableClient
    database: Database
    keep_results: timedelta | None
    keep_files: timedelta | None
    now: Callable[[], datetime] = utc_now

    async def expire(self) -> int:
        """Deletes all that is due; returns how many executions and files that were."""
        async with self.database.read() as connection:
            tenants = await Keys(connection).keepings()
        gone = 0
        for tenant, keeping in tenants:
            async with self.database.write() as connection:
                await IdempotencyKeys(connection, tenant.id).forget(now=self.now())
            results = _span(keeping.results_days, self.keep_results)
            if results is not None:
                gone += await self._expire_results(tenant.id, self.now() - results)
            files = _span(keeping.files_days, self.keep_files)
            if files is not None:
                gone += await self._expire_files(tenant.id, self.now() - files)
        if gone:
            log.info("deleted what was kept long enough", items=gone)
        return gone

    async def _expire_results(self, tenant_id: str, before: datetime) -> int:
        gone = 0
        while True:
            async with self.database.read() as connection:
                ids = await Executions(connection, tenant_id).ended_before(before, limit=AT_ONCE)
            if not ids:
                return gone
            await asyncio.to_thread(self.client.delete, [job_id(tenant_id, one) for one in ids])
            for one in ids:
                await asyncio.to_thread(self.checkpoints.drop, tenant_id, one)
            async with self.database.write() as connection:
                digests = await Executions(connection, tenant_id).delete(ids)
            await self.contents.forget(digests)
            gone += len(ids)

    async def _expire_files(self, tenant_id: str, before: datetime) -> int:
        gone = 0
        while True:
            async with self.database.read() as connection:
                found = await Files(connection, tenant_id).made_before(before, limit=AT_ONCE)
            if not found:
                return gone
            for file_id in found:
                async with self.database.write() as connection:
                    file = await Files(connection, tenant_id).delete(file_id)
                if file is not None and file.content is not None:
                    await self.contents.forget([file.content.sha256])
                gone += 1


def _span(days: float | None, of_the_server: timedelta | None) -> timedelta | None:
    """How long a tenant's data is kept, None for ever."""
    if days is None:
        return of_the_server
    return timedelta(days=min(days, LONGEST_DAYS)) if days else None
