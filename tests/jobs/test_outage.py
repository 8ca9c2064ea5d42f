"""A database that is away for a while ends no job; a stopped job goes back to its own queue. On both stores."""

from __future__ import annotations

import asyncio
import os
import socketserver
import struct
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from paperclerk.domain.errors import InvalidRequest, PaperclerkError
from paperclerk.durable import DurableClient, Queue
from paperclerk.extraction.pipeline import Progress
from paperclerk.jobs import executing, outcome
from paperclerk.jobs.ahead import Ahead
from paperclerk.jobs.executing import Executor, _Run, _Wanted
from paperclerk.jobs.refusal import end_if_refused
from paperclerk.jobs.resuming import resume
from paperclerk.jobs.starting import Start
from paperclerk.storage.database import Database, is_outage, is_refused, opening
from paperclerk.storage.executions import Execution, Executions, NewExecution, Outcome, Status
from paperclerk.storage.keys import Keys
from paperclerk.storage.takeovers import Takeovers

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


class Away(Database):
    """A database that is away for its next `tries`."""

    tries = 0

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        self._fail()
        async with super().read() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        self._fail()
        async with super().write() as connection:
            yield connection

    def _fail(self) -> None:
        if self.tries > 0:
            self.tries -= 1
            raise OperationalError("SELECT", {}, Exception("connection refused"))


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def away(store: sa.URL) -> Away:
    return Away(store.render_as_string(hide_password=False))


async def accepted(database: Database) -> tuple[str, Execution]:
    async with database.write() as connection:
        owner = await Keys(connection).tenant_named("a", now=NOW, webhook_secret="s")
        new = NewExecution("job", "document", "a", "1", None, "m", True, (), "f")
        return owner.id, await Executions(connection, owner.id).add(new, created_at=NOW)


def executor(
    database: Database, loop: asyncio.AbstractEventLoop, told: list[tuple[Execution, Outcome | None]]
) -> Executor:
    workshop: Any = SimpleNamespace(database=database, now=lambda: NOW)
    checkpoints: Any = SimpleNamespace(replies=lambda *_: None)
    ahead: Ahead = SimpleNamespace(take=lambda *_: None)  # type: ignore[assignment]
    return Executor(workshop, checkpoints, ahead, loop, lambda *end: told.append(end))


def test_the_end_of_a_job_waits_for_the_database(
    away: Away, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    def finished(_self: Executor, run: _Run, _stack: object) -> Any:
        away.tries = 3
        error = PaperclerkError("it is an end", code="page_indices_invalid")
        return outcome.failed(run.execution.request, error, now=NOW), []

    tenant_id, job = run(accepted(away))
    told: list[tuple[Execution, Outcome | None]] = []
    monkeypatch.setattr(executing, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(Executor, "_outcome", finished)
    away.tries = 2
    executor(away, loop, told).execute(tenant_id, job.id)

    async def found() -> Execution | None:
        async with away.read() as connection:
            return await Executions(connection, tenant_id).get(job.id)

    ended = run(found())
    assert ended.status is Status.FAILED and ended.outcome.failure_code == "page_indices_invalid"
    assert (ended.started_at, ended.attempts) == (NOW, 1), "its start is written with its end"
    assert [(of.id, said.message) for of, said in told if said] == [(job.id, "it is an end")]
    run(away.close())


def test_progress_that_cannot_be_noted_ends_nothing(away: Away, loop: asyncio.AbstractEventLoop) -> None:
    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    async def begun(job: Execution) -> Start:
        return Start(away, job, at=NOW)

    _, job = run(accepted(away))
    life = _Run(executor(away, loop, []), job, run(begun(job)), None)  # type: ignore[arg-type]
    life.leaves_a_trace()
    wanted = _Wanted(life)
    for tries in (1, 0):
        away.tries, wanted._told = tries, 0.0
        assert wanted.tell(Progress("reading", 1, 2))
    run(away.close())


def test_only_what_passes_is_waited_for(store: sa.URL) -> None:
    fill = "INSERT INTO full_ VALUES (zeroblob(100000))"
    passes = {
        "sqlite": [["PRAGMA max_page_count = 1", "CREATE TABLE full_ (b BLOB)", fill]],
        "postgresql": [["SET statement_timeout = 1", "SELECT pg_sleep(5)"]],
    }
    stays = {
        "sqlite": [["SELECT * FROM nowhere"], ["PRAGMA query_only = 1", "CREATE TABLE t (a INT)"]],
        "postgresql": [["SELECT * FROM nowhere"]],
    }

    async def failed(*statements: str) -> Exception:
        database = Database(store.render_as_string(hide_password=False))
        with pytest.raises(sa.exc.DBAPIError) as caught:
            async with database.write() as connection:
                for statement in statements:
                    await connection.execute(sa.text(statement))
        await database.close()
        return caught.value

    kind = store.get_backend_name()
    for statements in passes[kind]:
        assert is_outage(error := asyncio.run(failed(*statements))), error
    for statements in stays[kind]:
        assert not is_outage(error := asyncio.run(failed(*statements))), error


class Postgres(socketserver.StreamRequestHandler):
    """A server that asks for a password, where it is to, and says `said`."""

    asks = True
    said = ""

    def handle(self) -> None:
        self.rfile.read(struct.unpack("!i", self.rfile.read(4))[0] - 4)
        if self.asks:
            self.wfile.write(b"R" + struct.pack("!ii", 8, 3))
            self.rfile.read(1)
            self.rfile.read(struct.unpack("!i", self.rfile.read(4))[0] - 4)
        fields = b"".join(
            key + value.encode() + b"\0"
            for key, value in ((b"S", "FATAL"), (b"C", "28P01"), (b"M", self.said))
        )
        self.wfile.write(b"E" + struct.pack("!i", len(fields) + 5) + fields + b"\0")


@pytest.mark.parametrize(
    ("asks", "said", "refused"),
    [
        (True, "Passwort-Authentifizierung für Benutzer »clerk« fehlgeschlagen", True),
        (True, "la base de données « clerk » n'existe pas", True),
        (False, "das Datenbanksystem startet", False),
        (True, "remaining connection slots are reserved for roles with the SUPERUSER attribute", False),
    ],
)
def test_a_refusal_after_the_password_is_known_in_every_language(
    asks: bool, said: str, refused: bool
) -> None:
    handler = type("Handler", (Postgres,), {"asks": asks, "said": said})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"postgresql://clerk:wrong@127.0.0.1:{server.server_address[1]}/clerk?sslmode=disable&gssencmode=disable"

        async def failed() -> Exception:
            database = Database(url)
            with pytest.raises(sa.exc.OperationalError) as caught:
                async with database.read():
                    pass
            await database.close()
            return caught.value

        error = asyncio.run(failed())
        server.shutdown()
    assert said in str(error)
    assert (is_refused(error), is_outage(error)) == (refused, not refused)


def test_a_refused_password_is_no_outage_and_ends_the_worker(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = sa.make_url(postgres)
    folder = Path(str(server.query["host"]))
    rules = (folder / "pg_hba.conf").read_text("utf-8")
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute("CREATE ROLE locked LOGIN PASSWORD 'right'")
        (folder / "pg_hba.conf").write_text(f"local all locked scram-sha-256\n{rules}", "utf-8")
        admin.execute("SELECT pg_reload_conf()")

    async def failed(url: sa.URL) -> Exception:
        database = Database(url.render_as_string(hide_password=False))
        with pytest.raises(sa.exc.OperationalError) as caught:
            async with database.read():
                pass
        await database.close()
        return caught.value

    refused = [
        server.set(username="locked", password="wrong"),
        server.set(username="locked"),
        server.set(username="nobody"),
        server.set(database="nowhere"),
    ]
    for url in refused:
        error = asyncio.run(failed(url))
        assert is_refused(error) and not is_outage(error), error
        end_if_refused(error)
    away = asyncio.run(failed(server.set(query={"host": "/nowhere"})))
    assert is_outage(away) and not is_refused(away)
    end_if_refused(away)
    assert ended == [4] * len(refused)
    says = r'nobody.*role "nobody" does not exist.*PAPERCLERK_DATABASE_URL'
    with pytest.raises(InvalidRequest, match=says), opening(refused[2]):
        raise asyncio.run(failed(refused[2]))


def test_a_job_that_a_worker_died_over_stays_among_the_suspects(store: sa.URL) -> None:
    async def queues() -> list[Queue]:
        database = Database(store.render_as_string(hide_password=False))
        resumed: list[tuple[str, Queue]] = []
        client: DurableClient = SimpleNamespace(resume=lambda *job: resumed.append(job))  # type: ignore[assignment]
        tenant_id, job = await accepted(database)
        given = [await resume(database, client, tenant_id, job.id)]
        async with database.write() as connection:
            await Takeovers(connection, tenant_id).record(
                job.id, executor_id="w", claimed_at_ms=1, steps_done=0, at=NOW
            )
        given.append(await resume(database, client, tenant_id, job.id))
        await database.close()
        assert [queue for _, queue in resumed] == given
        return given

    assert asyncio.run(queues()) == [Queue.EXECUTIONS, Queue.SUSPECTS]
