"""The database: connections, transactions, migrations. Made by `bootstrap`; its connections go to repositories.

One code path for SQLite and PostgreSQL. SQLite runs in WAL mode with synchronous=FULL, because what was
acknowledged must outlive a power cut, and every writing transaction takes the write lock at its start
(BEGIN IMMEDIATE): a transaction that reads first and writes later could otherwise fail half way.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from paperclerk.domain.errors import InvalidRequest
from paperclerk.storage import sqlite_connection

BUSY_TIMEOUT_MS = 30_000
_MIGRATION_LOCK = 0x70617065  # any number, the same in every process
_BLOB_LOCK = 0x626C6F62
DATABASE_ERRORS = (DBAPIError, PoolTimeout, psycopg.Error, sqlite3.Error)


def database_url(value: str) -> URL:
    """`value` with the driver that we use. Raises InvalidRequest for a database that is neither of the two."""
    url = make_url(value)
    kind = url.get_backend_name()
    if kind == "sqlite":
        return url.set(drivername="sqlite+aiosqlite")
    if kind in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise InvalidRequest(
        f"PAPERCLERK_DATABASE_URL names {kind!r}; use sqlite:///PATH or postgresql://USER@HOST/NAME"
    )


class Database:
    """Transactions on one database. Belongs to the event loop it is first used in."""

    def __init__(self, url: str) -> None:
        self.url = database_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine = create_async_engine(
            self.url,
            pool_size=8,
            max_overflow=8,
            pool_pre_ping=not self.is_sqlite,
            # Nothing is open when a connection comes back: the two ways to take one end their transaction.
            pool_reset_on_return=None if self.is_sqlite else "rollback",
            connect_args={"async_creator_fn": sqlite_connection.connect} if self.is_sqlite else {},
        )
        # SQLite lets waiting writers sleep and try again; a lock of our own queues those of this process.
        self._one_writer = asyncio.Lock()
        if self.is_sqlite:
            event.listen(self._engine.sync_engine, "connect", _on_sqlite_connect)
            event.listen(self._engine.sync_engine, "begin", _on_sqlite_begin)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction that only reads."""
        async with self._engine.connect() as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction that is committed at the end of the block, or rolled back by an error."""
        if not self.is_sqlite:
            async with self._engine.begin() as connection:
                yield connection
            return
        async with self._one_writer, self._engine.connect() as connection:
            await connection.execution_options(paperclerk_write=True)
            async with connection.begin():
                yield connection

    async def lock_blobs(self, connection: AsyncConnection) -> None:
        """Keeps other transactions from counting or changing references to blobs until this one ends."""
        if not self.is_sqlite:  # SQLite has one writer anyway
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _BLOB_LOCK})

    async def migrate(self) -> None:
        """Brings the schema to this version's; one process at a time, the others wait for it."""
        if self.is_sqlite:
            await self._migrate_sqlite()
            return
        async with self._engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            await connection.run_sync(upgrade)

    async def _migrate_sqlite(self) -> None:
        path = self.url.database
        if not path or path == ":memory:":
            raise InvalidRequest("PAPERCLERK_DATABASE_URL must name a file: sqlite:///PATH")
        lock = await asyncio.to_thread(_lock_file, Path(path + ".migration-lock"))
        try:
            async with self.write() as connection:
                await connection.run_sync(upgrade)
        finally:
            os.close(lock)  # which unlocks it

    async def close(self) -> None:
        await self._engine.dispose()


# What passes by waiting. SQLite by primary code: a sweep or an operator makes room on a full disk, while a file that
# is read-only, damaged or lacks a table stays so.
_SQLITE_PASSES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
# PostgreSQL by SQLSTATE: connection, conflict, resources, intervention; a lock, a standby that is not promoted yet.
_POSTGRESQL_PASSES = ("08", "40", "53", "57", "55P03", "25006")


# PostgreSQL's words: libpq gives no SQLSTATE of a connection that is refused. In another language a refusal is known
# by the password that was asked for; one that comes before is an outage.
_REFUSALS = (
    "authentication failed",
    "no password supplied",
    "does not exist",
    "pg_hba.conf",
    "is not permitted to log in",
    "permission denied for database",
)


def is_refused(error: Exception) -> bool:
    """Whether PostgreSQL is there and will not have us: a wrong password, user or database. Waiting mends none."""
    cause = getattr(error, "orig", error)
    if not isinstance(cause, psycopg.OperationalError) or cause.sqlstate is not None:
        return False
    return any(words in str(cause) for words in _REFUSALS) or _refused_after_password(cause)


# Said after the password too, in English, by a server that will let us in later. In other languages the worker ends,
# and the next one is started until one is let in.
_PASSES = ("connection slots", "too many", "starting up", "shutting down", "recovery")
_IS_TOLD = re.compile(r" failed: [^\s:]+:  ")  # severity, colon, two blanks: the server's words, not libpq's


def _refused_after_password(cause: psycopg.OperationalError) -> bool:
    """Whether the server asked for a password and said no then, in whatever language."""
    connection = cause.pgconn
    if connection is None or not (connection.used_password or connection.needs_password):
        return False
    return not any(words in str(cause) for words in _PASSES) and bool(_IS_TOLD.search(str(cause)))


def cause_of(error: Exception) -> str:
    """What the driver said, in one line, without its hints."""
    return " ".join(re.split(r"\n(?=\t|LINE |HINT: )", str(getattr(error, "orig", error)))[0].split())


@contextmanager
def opening(url: URL) -> Iterator[None]:
    """Says in a sentence why the database cannot be opened in the block. Raises InvalidRequest."""
    try:
        yield
    except (*DATABASE_ERRORS, OSError) as error:
        waits = is_outage(error) and url.get_backend_name() != "sqlite"
        shown = url.set(drivername=url.get_backend_name()).render_as_string()  # without the password
        fix = "Start it, or correct" if waits else "Correct that, or"
        raise InvalidRequest(
            f"The database {shown} cannot be used: {cause_of(error)}. {fix} PAPERCLERK_DATABASE_URL.",
            code="invalid_setting",
        ) from error


def is_outage(error: Exception) -> bool:
    """Whether the database could not be reached, was too busy or had no room: the same may succeed later.

    No outage is what waiting does not mend: a password that is refused, a table that is missing, a file that may not
    be written.
    """
    if is_refused(error):
        return False
    if isinstance(error, PoolTimeout) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return True
    if not isinstance(error, OperationalError | InterfaceError | psycopg.OperationalError):
        return False
    cause = getattr(error, "orig", error)
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _SQLITE_PASSES
    state = getattr(cause, "sqlstate", None)
    return state is None or state.startswith(_POSTGRESQL_PASSES)  # without one it was not even reached


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Runs the migrations that this database lacks, on `connection`.

    A database that a newer version has migrated is used as it is: migrations only add what this one can do without.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if MigrationContext.configure(connection).get_current_revision() not in {None, *known}:
        return
    command.upgrade(config, revision)


def _lock_file(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # BEGIN is ours, see below
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_sqlite_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("paperclerk_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
