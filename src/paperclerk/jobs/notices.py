"""Telling a caller's `callback_url` that an execution has ended, once. Called by `jobs.inprocess`."""

from __future__ import annotations

import json
from uuid import NAMESPACE_URL, uuid5

import structlog

from paperclerk.security.outbound import OutboundGuard
from paperclerk.storage.database import Database
from paperclerk.storage.executions import Execution
from paperclerk.storage.keys import WebhookSecrets
from paperclerk.webhooks.delivery import Event, deliver
from paperclerk.wire.executions import execution_json

log = structlog.get_logger()


class Notices:
    """Sends the finished execution to its `callback_url`, signed with the tenant's secrets."""

    def __init__(self, database: Database, guard: OutboundGuard) -> None:
        self._database = database
        self._guard = guard

    async def send(self, execution: Execution) -> None:
        url = execution.request.callback_url
        if url is None:
            return
        async with self._database.read() as connection:
            secrets = await WebhookSecrets(connection, execution.tenant_id).active()
        attempt = await deliver(
            self._guard,
            Event(event_id(execution), url, json.dumps(execution_json(execution)).encode()),
            secrets,
        )
        log.info(
            "webhook sent" if attempt.delivered else "webhook not delivered",
            execution=execution.id,
            status=attempt.status,
            error=attempt.error,
        )


def event_id(execution: Execution) -> str:
    """The same for every delivery of the same end."""
    return f"evt_{uuid5(NAMESPACE_URL, f'paperclerk:{execution.tenant_id}:{execution.id}').hex}"
