"""The port to whatever runs executions. Called by `api`; implemented by `jobs.durable_jobs`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from paperclerk.storage.contents import Staged
from paperclerk.storage.executions import Execution, NewExecution


@dataclass(frozen=True)
class Workers:
    """The worker processes beside this server: how many take jobs, and how often one was started again."""

    ready: int
    restarts: int


class Jobs(Protocol):
    """Accepts executions and sees to it that they end, in this process or another, now or after a restart."""

    async def submit(
        self,
        tenant_id: str,
        new: NewExecution,
        staged: Sequence[Staged] = (),
        *,
        idempotency_key: str | None = None,
        monthly_credits: int | None = None,
    ) -> Execution:
        """Accepts an execution; it is committed, together with the bytes of `staged`, when this returns.

        A request that repeats an earlier one gets that one's execution: same id or same `idempotency_key`, or
        the same words from the same API key while the first still runs. Raises Conflict and
        IdempotencyMismatch for another request of the same id or key, CreditsExhausted when this would cost
        more than what is left of the key's `monthly_credits`, InvalidRequest for pages that the
        document does not have, NotFound for a file, AddressNotAllowed for a URL, DocumentError.
        """
        ...

    async def wait(self, tenant_id: str, execution_id: str, *, timeout_s: float) -> Execution:
        """The execution once it has ended, or as it stands after `timeout_s`. Raises NotFound."""
        ...

    async def has_room(self, tenant_id: str) -> bool:
        """Whether the tenant may add to its queue now. Cheap; may be a second old."""
        ...

    async def cancel(self, tenant_id: str, execution_id: str) -> Execution:
        """Ends an execution that has not ended. Raises NotFound, Conflict when it has."""
        ...

    async def pause(self, tenant_id: str, execution_id: str) -> Execution:
        """Stops an execution until it is resumed; what was read is kept. Raises NotFound, Conflict."""
        ...

    async def resume(self, tenant_id: str, execution_id: str) -> Execution:
        """Lets a paused execution go on from its last finished step. Raises NotFound, Conflict."""
        ...

    def workers(self) -> Workers:
        """As they are now."""
        ...

    async def start(self) -> None:
        """Takes up what an earlier process left unfinished, and begins to run."""
        ...

    async def close(self) -> None:
        """Stops. What runs is given up and taken up again by the next `start`."""
        ...
