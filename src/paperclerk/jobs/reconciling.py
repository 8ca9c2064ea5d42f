"""Brings executions and the durable engine's own records back in step. Run by every worker, now and then.

They are written in one transaction where that is possible. Where it is not, a crash in between leaves an
execution that nothing runs, or one past its deadline that nobody looks at; both end here. Doing it twice, or
in several workers at once, changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from paperclerk.domain.errors import ExecutionFailed, PaperclerkError
from paperclerk.durable import DurableClient
from paperclerk.jobs import outcome
from paperclerk.jobs.ending import end
from paperclerk.jobs.names import job_id
from paperclerk.jobs.resuming import resume
from paperclerk.storage.database import Database
from paperclerk.storage.executions import Execution, Executions, overdue, unfinished

SETTLED = timedelta(seconds=10)  # younger executions may just be on their way
AT_ONCE = 500
GOES_ON = frozenset({"ENQUEUED", "PENDING", "DELAYED"})

log = structlog.get_logger(__name__)


@dataclass
class Reconciler:
    """`on_end` is told of executions that it ends. It remembers what looked odd at its last look."""

    database: Database
    client: DurableClient
    on_end: Callable[[Execution], None]
    now: Callable[[], datetime]
    _odd: set[str] = field(default_factory=set)

    async def look(self) -> None:
        now = self.now()
        async with self.database.read() as connection:
            late = await overdue(connection, now)
            open_ = await unfinished(connection, before=now - SETTLED, limit=AT_ONCE)
        for tenant_id, execution_id in late:
            await self._end_late(tenant_id, execution_id)
        states = await asyncio.to_thread(self.client.states, [job_id(*job) for job in open_])
        odd = set()
        for tenant_id, execution_id in open_:
            job = job_id(tenant_id, execution_id)
            state = states.get(job)
            if state in GOES_ON:
                continue
            if state == "CANCELLED":  # somebody died between the two halves of a pause or of a resume
                await resume(self.database, self.client, tenant_id, execution_id)
            elif job in self._odd:
                log.error("an execution was stranded", job=job, state=state)
                await self._end(tenant_id, execution_id, RuntimeError("stranded"))
            else:  # it may be ending at this moment
                odd.add(job)
        self._odd = odd

    async def _end_late(self, tenant_id: str, execution_id: str) -> None:
        error = ExecutionFailed("The execution did not end before its deadline.", code="deadline_exceeded")
        if await self._end(tenant_id, execution_id, error):
            await asyncio.to_thread(self.client.cancel, job_id(tenant_id, execution_id))

    async def _end(self, tenant_id: str, execution_id: str, error: PaperclerkError | RuntimeError) -> bool:
        async with self.database.read() as connection:
            execution = await Executions(connection, tenant_id).get(execution_id)
        if execution is None:
            return False
        failed = outcome.failed(execution.request, error, now=self.now(), progress=execution.progress)
        if not await end(self.database, execution, failed, elsewhere=True):
            return False
        self.on_end(execution)
        return True
