"""Page words that a running job keeps, so that whoever takes it up need not read them again. Called by `jobs`.

They lie in the blob store under the job's name and go when it ends; what a crash leaves, `jobs.retention` finds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from paperclerk.domain.document import Page
from paperclerk.storage.blobs import Blobs


class Checkpoints:
    """Pages of jobs, by tenant and execution. Methods block: they are called from a job's thread."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._decoder = msgspec.msgpack.Decoder(tuple[Page, ...])

    def keep(self, tenant_id: str, execution_id: str, first: int, pages: Sequence[Page]) -> str:
        """Stores `pages`, the first of which is page `first`; returns the digest to `load` them by."""
        data = msgspec.msgpack.encode(tuple(pages))
        self._blobs.put_named(_name(tenant_id, execution_id, first), data)
        return hashlib.sha256(data).hexdigest()

    def load(self, tenant_id: str, execution_id: str, first: int, digest: str) -> tuple[Page, ...] | None:
        """The pages; None when they are gone or are not what was stored."""
        data = self._blobs.get_named(_name(tenant_id, execution_id, first))
        if data is None or hashlib.sha256(data).hexdigest() != digest:
            return None
        return self._decoder.decode(data)

    def drop(self, tenant_id: str, execution_id: str) -> None:
        """Removes all that the job kept."""
        self._blobs.delete_named(f"{_prefix(tenant_id, execution_id)}/")


def _prefix(tenant_id: str, execution_id: str) -> str:
    return f"jobs/{tenant_id}/{execution_id}"


def _name(tenant_id: str, execution_id: str, first: int) -> str:
    return f"{_prefix(tenant_id, execution_id)}/{first:06d}"
