"""Ending an execution: its outcome and its webhook in one transaction. Called by the workers."""

from __future__ import annotations

import json
from uuid import NAMESPACE_URL, uuid5

from paperclerk.storage.database import Database
from paperclerk.storage.executions import Execution, Executions, Outcome
from paperclerk.storage.outbox import Webhooks
from paperclerk.wire.executions import execution_json


async def end(database: Database, tenant_id: str, execution_id: str, outcome: Outcome) -> bool:
    """Writes the outcome and, for a `callback_url`, its event. False when the execution had ended before.

    The first outcome stays, so a worker that comes too late changes nothing and tells nobody.
    """
    async with database.write() as connection:
        executions = Executions(connection, tenant_id)
        if not await executions.finish(execution_id, outcome):
            return False
        ended = await executions.get(execution_id)
        assert ended is not None
        if ended.request.callback_url is not None:
            await Webhooks(connection, tenant_id).add(
                event_id(ended),
                execution_id=execution_id,
                url=ended.request.callback_url,
                body=json.dumps(execution_json(ended)),
                now=outcome.completed_at,
            )
    return True


def event_id(execution: Execution) -> str:
    """The same for every delivery of the same end."""
    return f"evt_{uuid5(NAMESPACE_URL, f'paperclerk:{execution.tenant_id}:{execution.id}').hex}"
