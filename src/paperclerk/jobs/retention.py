"""Deletes what has been kept long enough, wherever it lies. Run by every worker, now and then.

Rows go first, then what only they led to: the durable engine's records, kept pages, bytes. A crash in between
leaves data that nothing names, which the sweep of the store collects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from paperclerk.durable import DurableClient
from paperclerk.jobs.names import job_id
from paperclerk.storage.checkpoints import Checkpoints
from paperclerk.storage.contents import Contents
from paperclerk.storage.database import Database
from paperclerk.storage.executions import Executions
from paperclerk.storage.files import Files, files_before
from paperclerk.storage.idempotency import IdempotencyKeys
from paperclerk.storage.keys import Keys

AT_ONCE = 200  # rows of one transaction

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Retention:
    """How long results and files are kept, each None for ever. Deleting twice deletes nothing more."""

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
            tenants = await Keys(connection).tenant_ids()
        gone = 0
        for tenant_id in tenants:
            async with self.database.write() as connection:
                await IdempotencyKeys(connection, tenant_id).forget(now=self.now())
            if self.keep_results is not None:
                gone += await self._expire_results(tenant_id, self.now() - self.keep_results)
        if self.keep_files is not None:
            gone += await self._expire_files(self.now() - self.keep_files)
        if gone:
            log.info("deleted what was kept long enough", items=gone)
        return gone

    async def _expire_results(self, tenant_id: str, before: datetime) -> int:
        gone = 0
        while True:
            async with self.database.write() as connection:
                ids, digests = await Executions(connection, tenant_id).delete_ended(before, limit=AT_ONCE)
            if not ids:
                return gone
            gone += len(ids)
            await asyncio.to_thread(self.client.delete, [job_id(tenant_id, one) for one in ids])
            for one in ids:
                await asyncio.to_thread(self.checkpoints.drop, tenant_id, one)
            await self.contents.forget(digests)

    async def _expire_files(self, before: datetime) -> int:
        gone = 0
        while True:
            async with self.database.read() as connection:
                found = await files_before(connection, before, limit=AT_ONCE)
            if not found:
                return gone
            for tenant_id, file_id in found:
                async with self.database.write() as connection:
                    file = await Files(connection, tenant_id).delete(file_id)
                if file is not None and file.content is not None:
                    await self.contents.forget([file.content.sha256])
                gone += 1
