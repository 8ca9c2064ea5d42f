"""Ending an execution: its outcome, its usage and its webhook in one transaction. Called by the workers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

import msgspec

from paperclerk.domain.result import ModelUse, models_used
from paperclerk.jobs.making import MadeFile
from paperclerk.storage.artifacts import Artifacts
from paperclerk.storage.contents import Contents
from paperclerk.storage.database import Database
from paperclerk.storage.executions import Execution, Executions, Outcome, Partial, Status
from paperclerk.storage.outbox import Webhooks
from paperclerk.storage.usage import UsageRows
from paperclerk.wire.executions import execution_json

LEAVING = timedelta(seconds=10)  # the longest that a page or a question takes, mostly


async def end(
    database: Database,
    execution: Execution,
    outcome: Outcome,
    *,
    started_at: datetime | None = None,
    contents: Contents | None = None,
    files: Sequence[MadeFile] = (),
    elsewhere: bool = False,
) -> bool:
    """Writes the outcome, adds up what it used and, for a `callback_url`, writes its event.

    False when the execution had ended before. The `files` that it made are kept in `contents`, and their rows
    written with it. `started_at` is when it was begun, where that is not written yet.

    `elsewhere`: it is not its worker that ends it. A worker that runs it will leave it, and add what it came to; the
    event waits for that, up to `LEAVING`.

    The first outcome stays, so a worker that comes too late changes nothing and tells nobody.
    """
    staged = [file.staged for file in files]
    async with contents.referring(*staged) if contents else database.write() as connection:
        tenant_id = execution.tenant_id
        executions = Executions(connection, tenant_id)
        runs = elsewhere and await executions.status(execution.id) is Status.RUNNING
        if not await executions.finish(execution.id, outcome, started_at=started_at):
            return False
        made = [file.artifact for file in files]
        await Artifacts(connection, tenant_id).add(execution.id, made, now=outcome.completed_at)
        await UsageRows(connection, tenant_id).add(execution, outcome)
        if execution.request.callback_url is not None:
            ended = await executions.get(execution.id)
            assert ended is not None
            await Webhooks(connection, tenant_id).add(
                event_id(ended),
                execution_id=execution.id,
                url=execution.request.callback_url,
                body=json.dumps(execution_json(ended)),
                now=outcome.completed_at,
                due_at=outcome.completed_at + LEAVING if runs else None,
            )
    return True


async def leave(database: Database, execution: Execution, partial: Partial, *, now: datetime) -> None:
    """Adds what an execution that was ended elsewhere had come to, and lets its event go, which then tells it too."""
    async with database.write() as connection:
        executions = Executions(connection, execution.tenant_id)
        ended = await executions.get(execution.id)
        if ended is None or ended.outcome is None:
            return
        if partial.pages:
            models = models_used(msgspec.convert(list(partial.models), list[ModelUse]))
            usage = {**ended.outcome.usage, **msgspec.to_builtins(models)}
            if await executions.add_partial(execution.id, partial, usage):
                await UsageRows(connection, execution.tenant_id).add_models(execution, partial.models)
        if (ended := await executions.get(execution.id)) is not None:
            body = json.dumps(execution_json(ended))
            await Webhooks(connection, execution.tenant_id).complete(event_id(ended), body, now=now)


def event_id(execution: Execution) -> str:
    """The same for every delivery of the same end."""
    return f"evt_{uuid5(NAMESPACE_URL, f'paperclerk:{execution.tenant_id}:{execution.id}').hex}"
