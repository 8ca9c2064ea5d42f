"""SQLite connections that answer a statement in one visit to their thread. Called by `storage.database`.

The plain driver visits it five times for one query: to make a cursor, to execute, to fetch, to close, to leave.
Each visit wakes two threads, which costs more than most of our queries do. What neither waits for a lock nor for the
disk needs none at all: the begin of a transaction that only reads, and its commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any, Self

import aiosqlite


def connect(database: str, **options: Any) -> aiosqlite.Connection:
    """Like `aiosqlite.connect`; its thread does not outlive the process. For SQLAlchemy's `async_creator_fn`."""
    # One task uses a connection at a time, whichever thread it is in.
    options["check_same_thread"] = False
    connection = _Connection(lambda: sqlite3.connect(database, **options), iter_chunk_size=64)
    connection._thread.daemon = True
    return connection


class _Connection(aiosqlite.Connection):
    _only_reads = False

    def begin_reading(self) -> None:
        """Takes no lock: that is the first query's."""
        self._conn.execute("BEGIN")
        self._only_reads = True

    async def commit(self) -> None:
        if self._only_reads:  # its queries have been waited for
            self._only_reads = False
            self._conn.commit()
        else:
            await super().commit()

    async def rollback(self) -> None:
        self._only_reads = False
        await super().rollback()

    def cursor(self, *_: object) -> _WholeCursor:  # type: ignore[override]
        return _WholeCursor(self)


class _WholeCursor:
    """The part of a cursor that SQLAlchemy uses. Rows are fetched with the statement, as it does itself."""

    arraysize = 1

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        if sql == "BEGIN":
            self._connection.begin_reading()
            return self
        return await self._run(sqlite3.Cursor.execute, sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Self:
        return await self._run(sqlite3.Cursor.executemany, sql, parameters)

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """There is nothing to close: it was, in the same visit."""

    async def _run(self, method: Any, sql: str, parameters: Any) -> Self:
        await self._connection._execute(self._visit, method, sql, parameters)  # type: ignore[no-untyped-call]
        return self

    def _visit(self, method: Any, sql: str, parameters: Any) -> None:
        with closing(self._connection._conn.cursor()) as cursor:
            method(cursor, sql, parameters)
            self.description, self.rowcount = cursor.description, cursor.rowcount
            self.lastrowid = cursor.lastrowid
            self._rows = cursor.fetchall() if cursor.description else []
