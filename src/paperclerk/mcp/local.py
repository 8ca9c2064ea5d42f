"""Executes in this process, with the library; no server is needed. Made by `cli.mcp`."""

from __future__ import annotations

import asyncio
import io
import threading
import uuid
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from paperclerk.agents import builtin
from paperclerk.domain.agent import ExecutionConfig
from paperclerk.domain.errors import Cancelled, NotFound, PaperclerkError
from paperclerk.mcp.clerk import (
    WAIT_S,
    AgentReply,
    Asked,
    ExecutionReply,
    FieldReply,
    Files,
    PageReply,
    is_url,
)

if TYPE_CHECKING:
    from paperclerk.engines.engine import Engine
    from paperclerk.extraction.result import Result
    from paperclerk.security.outbound import OutboundGuard

KEPT = 100  # executions that can still be looked up; the oldest that have ended go first


@dataclass(frozen=True)
class Local:
    """What executing here needs; `threads` documents are read at once."""

    engine: Engine
    guard: OutboundGuard
    files: Files
    max_bytes: int
    threads: int


class LocalClerk:
    """Executions of this process, kept in memory until it ends."""

    def __init__(self, local: Local, *, wait_s: float = WAIT_S) -> None:
        self._local = local
        self._wait_s = wait_s
        self._tasks: OrderedDict[str, asyncio.Task[ExecutionReply]] = OrderedDict()
        self._threads = ThreadPoolExecutor(local.threads, thread_name_prefix="execute")
        self._closing = threading.Event()

    async def execute(self, asked: Asked) -> ExecutionReply:
        document = await self._document(asked.document)
        execution_id = str(uuid.uuid4())
        task = asyncio.create_task(self._executed(execution_id, document, asked))
        self._keep(execution_id, task)
        await asyncio.wait({task}, timeout=self._wait_s)
        return await self.look_up(execution_id)

    async def look_up(self, execution_id: str) -> ExecutionReply:
        task = self._tasks.get(execution_id)
        if task is None:
            raise NotFound(
                f"There is no execution {execution_id[:64]!r}; the last {KEPT} of this process are kept.",
                code="execution_not_found",
            )
        if not task.done():
            return ExecutionReply(id=execution_id, status="running")
        return task.result()

    async def agents(self) -> list[AgentReply]:
        found = [builtin.lookup(name) for name in await asyncio.to_thread(builtin.names)]
        return [AgentReply(name=a.name, version=a.version, description=a.description) for a in found]

    def close(self) -> None:
        """Ends what still runs, at its next page."""
        self._closing.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _document(self, text: str) -> Path | bytes:
        if not is_url(text):
            return await asyncio.to_thread(self._local.files.path, text)
        fetched = io.BytesIO()
        await self._local.guard.fetch(text, max_bytes=self._local.max_bytes, into=fetched)
        return fetched.getvalue()

    async def _executed(self, execution_id: str, document: Path | bytes, asked: Asked) -> ExecutionReply:
        loop = asyncio.get_running_loop()
        try:
            result = await loop.run_in_executor(self._threads, self._run, document, asked)
        except PaperclerkError as error:
            return ExecutionReply(id=execution_id, status="failed", message=f"{error.message} [{error.code}]")
        return _reply(execution_id, result, asked)

    def _run(self, document: Path | bytes, asked: Asked) -> Result:
        from paperclerk.library import execute

        agent = asked.agent
        if agent is not None and agent.endswith((".yaml", ".yml")):
            agent = str(self._local.files.path(agent))
        return execute(
            document,
            schema=asked.json_schema,
            agent=agent,
            config=ExecutionConfig(prompt=asked.prompt, detail=asked.detail, page_indices=asked.pages),
            engine=self._local.engine,
            on_progress=lambda _: self._go_on(),
        )

    def _go_on(self) -> None:
        if self._closing.is_set():
            raise Cancelled("The process ends.")

    def _keep(self, execution_id: str, task: asyncio.Task[ExecutionReply]) -> None:
        self._tasks[execution_id] = task
        ended = [known for known, other in self._tasks.items() if other.done()]
        for known in ended[: max(0, len(self._tasks) - KEPT)]:
            del self._tasks[known]


def _reply(execution_id: str, result: Result, asked: Asked) -> ExecutionReply:
    return ExecutionReply(
        id=execution_id,
        status="completed",
        response=result.json(grounding=asked.grounding, confidence=asked.confidence),
        message=result.usage.message,
        errors=[FieldReply(path=e.path, code=e.code, message=e.message) for e in result.errors],
        pages=[PageReply(page=a.page, status=a.status.value, reason=a.reason) for a in result.accounts],
    )
