"""Page words and model replies that a running job keeps, so that whoever takes it up need not ask for them again.
Called by `jobs`.

They lie in the blob store under the job's name and go when it ends; what a crash leaves, `jobs.retention` finds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import structlog
from obstore.exceptions import BaseError

from paperclerk.domain.document import Page
from paperclerk.storage.blobs import Blobs

REPLY = "reply-"  # how names of model replies begin; those of pieces are numbers

log = structlog.get_logger(__name__)


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

    def pages(self, tenant_id: str, execution_id: str) -> tuple[Page, ...]:
        """All pages that were stored, in order. Of what is stored twice, whole pieces only."""
        found: dict[int, Page] = {}
        for name in self._blobs.list_named(f"{_prefix(tenant_id, execution_id)}/"):
            data = None if name.rpartition("/")[2].startswith(REPLY) else self._blobs.get_named(name)
            if data is not None:
                found |= {page.index: page for page in self._decoder.decode(data)}
        return tuple(found[index] for index in sorted(found))

    def replies(self, tenant_id: str, execution_id: str) -> KeptReplies:
        """Where an extraction keeps what models say."""
        return KeptReplies(self._blobs, f"{_prefix(tenant_id, execution_id)}/{REPLY}")

    def count_replies(self, tenant_id: str, execution_id: str) -> int:
        """How many replies of models are stored."""
        names = self._blobs.list_named(f"{_prefix(tenant_id, execution_id)}/")
        return sum(name.rpartition("/")[2].startswith(REPLY) for name in names)

    def drop(self, tenant_id: str, execution_id: str) -> None:
        """Removes all that the job kept."""
        self._blobs.delete_named(f"{_prefix(tenant_id, execution_id)}/")


@dataclass(frozen=True)
class KeptReplies:
    """Implements `engines.engine.Kept` for one job. A store that fails costs a question asked again, no more."""

    _blobs: Blobs
    _prefix: str

    def get(self, key: str) -> bytes | None:
        try:
            return self._blobs.get_named(self._prefix + key)
        except (OSError, BaseError):
            log.warning("kept replies cannot be read", exc_info=True)
            return None

    def put(self, key: str, data: bytes) -> None:
        try:
            self._blobs.put_named(self._prefix + key, data)
        except (OSError, BaseError):
            log.warning("a reply cannot be kept", exc_info=True)


def _prefix(tenant_id: str, execution_id: str) -> str:
    return f"jobs/{tenant_id}/{execution_id}"


def _name(tenant_id: str, execution_id: str, first: int) -> str:
    return f"{_prefix(tenant_id, execution_id)}/{first:06d}"
