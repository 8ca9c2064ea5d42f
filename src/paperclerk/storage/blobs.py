"""Bytes by their SHA-256, in a directory or in an object store. Called by `storage.contents`.

Names come from the content alone, never from a caller. In a directory, bytes are synced to the disk before
their name appears; obstore does the rest, and all of it for a remote store.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from paperclerk.domain.errors import InvalidRequest

_PREFIX = "content"


class Blobs:
    """A store of bytes. `staging` is a local directory for bytes on their way in or out of a remote store."""

    def __init__(self, url: str, *, staging: Path) -> None:
        """`url` is `file:///DIRECTORY` or what obstore understands (`s3://BUCKET/PREFIX`, ...).

        Raises InvalidRequest.
        """
        self._root = Path(url.removeprefix("file://")) if url.startswith("file://") else None
        # A directory stages within itself, so that storing is a link and never a copy.
        self.staging = self._root / "staging" if self._root else staging
        try:
            self.staging.mkdir(parents=True, exist_ok=True)
            self._store: ObjectStore = LocalStore(self._root) if self._root else from_url(url)
        except (OSError, ValueError, BaseError) as error:
            raise InvalidRequest(
                f"The store of files {url!r} cannot be used: {error}. Correct PAPERCLERK_BLOBS_URL: "
                "file:///FOLDER or s3://BUCKET/PREFIX.",
                code="invalid_setting",
            ) from error

    def new_staging_file(self) -> Path:
        """An empty file of a random name that the caller fills and then hands to `keep` or deletes."""
        handle, name = tempfile.mkstemp(dir=self.staging)
        os.close(handle)
        return Path(name)

    async def keep(self, staged: Path, sha256: str) -> None:
        """Stores the bytes of `staged` under their digest; `staged` stays."""
        if self._root is not None:
            await asyncio.to_thread(_link_durably, staged, self._root / _key(sha256))
        else:
            await obstore.put_async(self._store, _key(sha256), staged)

    async def exists(self, sha256: str) -> bool:
        try:
            await obstore.head_async(self._store, _key(sha256))
        except FileNotFoundError:
            return False
        return True

    async def delete(self, sha256: str) -> None:
        try:
            await obstore.delete_async(self._store, _key(sha256))
        except FileNotFoundError:
            pass

    async def older_than(self, timestamp: float) -> AsyncIterator[str]:
        """Digests of what was stored before `timestamp` (seconds since 1970)."""
        async for batch in obstore.list(self._store, _PREFIX):
            for entry in batch:
                if entry["last_modified"].timestamp() < timestamp:
                    yield entry["path"].rpartition("/")[2]

    @asynccontextmanager
    async def as_path(self, sha256: str) -> AsyncIterator[Path]:
        """The bytes as a local file for the length of the block. Raises FileNotFoundError."""
        if self._root is not None:
            path = self._root / _key(sha256)
            if not await asyncio.to_thread(path.is_file):
                raise FileNotFoundError(sha256)
            yield path
            return
        staged = await asyncio.to_thread(self.new_staging_file)
        try:
            await self._download(sha256, staged)
            yield staged
        finally:
            await asyncio.to_thread(staged.unlink, missing_ok=True)

    async def stream(self, sha256: str, chunk_bytes: int = 1 << 18) -> AsyncIterator[bytes]:
        """The bytes in pieces. Raises FileNotFoundError at the first one."""
        result = await obstore.get_async(self._store, _key(sha256))
        async for chunk in result.stream(min_chunk_size=chunk_bytes):
            yield bytes(chunk)

    def put_named(self, name: str, data: bytes) -> None:
        """Stores working data under a name of ours, in place of what was there. Blocks."""
        obstore.put(self._store, name, data)

    def get_named(self, name: str) -> bytes | None:
        """Working data, None when there is none of that name. Blocks."""
        try:
            return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError:
            return None

    def list_named(self, prefix: str) -> list[str]:
        """Names of working data that begin with `prefix`, which ends with a slash. Blocks."""
        found = obstore.list(self._store, prefix.rstrip("/"))
        return sorted(entry["path"] for batch in found for entry in batch)

    def delete_named(self, prefix: str) -> None:
        """Removes all working data whose name begins with `prefix`, which ends with a slash. Blocks."""
        for name in self.list_named(prefix):
            obstore.delete(self._store, name)

    async def _download(self, sha256: str, target: Path) -> None:
        with target.open("wb") as out:
            async for chunk in self.stream(sha256):
                await asyncio.to_thread(out.write, chunk)


def _key(sha256: str) -> str:
    return f"{_PREFIX}/{sha256[:2]}/{sha256}"


def _link_durably(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    _sync(source)
    with suppress(FileExistsError):  # the same bytes, by their digest
        target.hardlink_to(source)
    _sync(target.parent)
    _sync(target.parent.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
