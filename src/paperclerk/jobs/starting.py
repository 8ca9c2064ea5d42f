"""Noting that an execution runs: soon, not at once. Called by `executing`, in the worker's loop.

Most documents are done before anybody could see that they were being worked on. Their start is written with their
end, which spares a commit; that of the others after `NOTED_AFTER_S`, or before they leave a trace elsewhere.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog

from paperclerk.storage.database import Database
from paperclerk.storage.executions import Execution, Executions

NOTED_AFTER_S = 0.1

log = structlog.get_logger(__name__)


class Start:
    """The start of one life of an execution that waits, or whose former worker is dead. Belongs to one loop."""

    def __init__(self, database: Database, execution: Execution, *, at: datetime) -> None:
        self._database = database
        self._execution = execution
        self._at = at
        self._lock = asyncio.Lock()
        self._noted: bool | None = None
        self._goes_with_end = False
        loop = asyncio.get_running_loop()
        self._tasks: list[asyncio.Task[None]] = []
        self._timer = loop.call_later(
            NOTED_AFTER_S, lambda: self._tasks.append(loop.create_task(self._soon()))
        )

    async def note(self) -> bool:
        """Writes it, if it is not written. False when the execution was stopped, or is being ended."""
        async with self._lock:
            if self._noted is None:
                e = self._execution
                async with self._database.write() as connection:
                    self._noted = await Executions(connection, e.tenant_id).start(e.id, started_at=self._at)
            return self._noted

    async def unnoted(self) -> datetime | None:
        """When it began, where that is not written and from now on is not: it goes with the end."""
        self._timer.cancel()
        async with self._lock:
            if self._noted is None:
                self._noted = False  # also for a timer that has just run out
                self._goes_with_end = True
            return self._at if self._goes_with_end else None

    async def _soon(self) -> None:
        try:
            await self.note()
        except Exception:  # the end, or the next trace of it, tries again
            log.warning(
                "the start of an execution was not written", execution=self._execution.id, exc_info=True
            )
