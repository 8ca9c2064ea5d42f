"""Which worker processes live. Held by every worker, asked by the sweeper.

A worker holds a lock named by its executor id for as long as it lives: the kernel, or the PostgreSQL server,
frees it when the process dies, however it dies. A worker that is stopped or cut off keeps its lock but stops
beating; after the lease its jobs may be taken up too, since a late step of it is refused (fencing).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from pathlib import Path
from typing import Protocol

import psycopg
import sqlalchemy as sa

LEASE_S = 15.0


class Liveness(Protocol):
    """A worker's own sign of life, and a look at those of others. Methods block briefly."""

    def beat(self) -> None:
        """Says that this worker still runs; to be called every second."""
        ...

    def silent_s(self, executor_id: str) -> float | None:
        """Seconds since another worker's last beat, None when it is dead."""
        ...

    def close(self) -> None: ...


def hold_liveness(url: sa.URL, executor_id: str) -> Liveness:
    """Takes the lock of `executor_id`, on the kind of store that `url` names."""
    if url.get_backend_name() == "sqlite":
        return FileLiveness(Path(f"{url.database}.workers"), executor_id)
    return PostgresLiveness(url, executor_id)


class FileLiveness:
    """A locked file for each worker, beside the SQLite database. A beat is the file's time of change.

    The locks are POSIX record locks, which a child does not inherit: a worker's child that outlives it for a
    moment does not keep it alive.
    """

    def __init__(self, directory: Path, executor_id: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._path = directory / executor_id
        self._file = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def beat(self) -> None:
        os.utime(self._file)

    def silent_s(self, executor_id: str) -> float | None:
        path = self._directory / executor_id
        if path == self._path:  # opening and closing it here would drop the lock
            return 0.0
        try:
            other = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            fcntl.lockf(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return max(0.0, time.time() - os.fstat(other).st_mtime)
        else:
            path.unlink(missing_ok=True)
            return None
        finally:
            os.close(other)

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._file)


class PostgresLiveness:
    """An advisory lock for each worker, on a session of its own. A beat is the session's last statement."""

    def __init__(self, url: sa.URL, executor_id: str) -> None:
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._key = _lock_key(executor_id)
        self._session = self._connect()

    def _connect(self) -> psycopg.Connection:
        session = psycopg.connect(
            self._dsn,
            autocommit=True,
            connect_timeout=5,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            application_name="paperclerk worker",
        )
        session.execute("SELECT pg_advisory_lock(%s)", [self._key])
        return session

    def beat(self) -> None:
        try:
            self._session.execute("SELECT 1")
        except psycopg.OperationalError:
            with contextlib.suppress(psycopg.Error):
                self._session.close()
            self._session = self._connect()

    def silent_s(self, executor_id: str) -> float | None:
        key = _lock_key(executor_id)
        row = self._session.execute(
            """
            SELECT extract(epoch FROM clock_timestamp() - holder.state_change)
            FROM pg_locks AS lock JOIN pg_stat_activity AS holder USING (pid)
            WHERE lock.locktype = 'advisory' AND lock.granted AND lock.objsubid = 1
              AND (lock.classid::bigint << 32) | lock.objid::bigint = %s
              AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """,
            [key],
        ).fetchone()
        return None if row is None else float(row[0] or 0.0)

    def close(self) -> None:
        self._session.close()


def _lock_key(executor_id: str) -> int:
    """63 bits of a hash, as PostgreSQL's locks are named by a signed 64-bit number."""
    return int.from_bytes(hashlib.sha256(executor_id.encode()).digest()[:8], "big") >> 1
