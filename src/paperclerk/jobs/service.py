"""The port to whatever runs executions. Called by `api`; implemented by `jobs.durable_jobs`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from paperclerk.storage.contents import Staged
from paperclerk.storage.executions import Execution, NewExecution


class Jobs(Protocol):
    """Accepts executions and sees to it that they end, in this process or another, now or after a restart."""

    async def submit(self, tenant_id: str, new: NewExecution, staged: Sequence[Staged] = ()) -> Execution:
        """Accepts an execution; it is committed, together with the bytes of `staged`, when this returns.

        When the tenant has an execution of that id already, that one is returned if it was asked for in the
        same words. Raises Conflict when it was not, InvalidRequest for pages that the document does not have,
        NotFound for a file, AddressNotAllowed for a URL, DocumentError.
        """
        ...

    async def wait(self, tenant_id: str, execution_id: str, *, timeout_s: float) -> Execution:
        """The execution once it has ended, or as it stands after `timeout_s`. Raises NotFound."""
        ...

    async def start(self) -> None:
        """Takes up what an earlier process left unfinished, and begins to run."""
        ...

    async def close(self) -> None:
        """Stops. What runs is given up and taken up again by the next `start`."""
        ...
