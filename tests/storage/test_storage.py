"""Rows and bytes: transactions, tenancy, reference-safe deletion, migrations."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

import paperclerk.storage
from paperclerk.domain.errors import DocumentTooLarge, InvalidRequest
from paperclerk.security.keys import new_key, parse_key
from paperclerk.storage.blobs import Blobs
from paperclerk.storage.contents import Contents
from paperclerk.storage.database import Database, upgrade
from paperclerk.storage.executions import (
    MOVES,
    UNFINISHED,
    Executions,
    Filters,
    Input,
    NewExecution,
    Outcome,
    Status,
    unfinished,
)
from paperclerk.storage.files import Files, FileState
from paperclerk.storage.keys import Keys, Tenant, WebhookSecrets
from paperclerk.storage.tables import metadata

# The durable engine keeps tables of its own beside ours.
OURS = {"include_name": lambda name, kind, _: kind != "table" or name in metadata.tables}
NOW = datetime(2030, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """An empty, migrated database of one kind, and a folder or a memory store for bytes."""

    database_url: str
    blobs_url: str
    folder: Path

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[Database, Contents]]:
        database = Database(self.database_url)
        yield database, Contents(database, Blobs(self.blobs_url, staging=self.folder / "staging"))
        await database.close()

    def kept(self) -> list[str]:
        """The names of all files with bytes of documents, finished or not."""
        folders = (self.folder / "blobs", self.folder / "staging")
        return [path.name for folder in folders for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(params=["directory", "object store"])
def place(request: pytest.FixtureRequest, store: sa.URL, tmp_path: Path) -> Place:
    """Every test runs on SQLite and on PostgreSQL, with bytes in a directory and in an object store."""
    blobs = f"file://{tmp_path / 'blobs'}" if request.param == "directory" else "memory:///"
    return Place(store.render_as_string(hide_password=False), blobs, tmp_path)


def run(job: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(job())


async def tenant(database: Database, name: str) -> Tenant:
    async with database.write() as connection:
        return await Keys(connection).tenant_named(name, now=NOW, webhook_secret="s-" + name)


async def upload(contents: Contents, tenant_id: str, data: bytes) -> str:
    async with await contents.intake(1000) as intake:
        await intake.write(data)
        staged = await intake.finish()
        async with contents.referring(staged) as connection:
            file = await Files(connection, tenant_id).add(
                filename="a.pdf",
                media_type="application/pdf",
                purpose="assistants",
                created_at=NOW,
                content=staged.content,
            )
    return file.id


async def stored(contents: Contents, data: bytes) -> bool:
    try:
        async with contents.as_path(hashlib.sha256(data).hexdigest()) as path:
            return path.read_bytes() == data
    except FileNotFoundError:
        return False


def execution(name: str, **changes: Any) -> NewExecution:
    values: dict[str, Any] = {
        "id": name,
        "kind": "document",
        "agent_name": "a",
        "agent_version": "1",
        "domain": "a",
        "model": "m",
        "batch": True,
        "inputs": (Input(file_id="f"),),
        "fingerprint": "0" * 64,
    }
    return NewExecution(**(values | changes))


def test_the_migrations_make_exactly_the_tables(place: Place) -> None:
    async def job() -> None:
        async with place.opened() as (database, _), database.read() as connection:
            differences = await connection.run_sync(
                lambda sync: compare_metadata(MigrationContext.configure(sync, opts=OURS), metadata)
            )
            assert differences == []

    run(job)


def test_a_database_of_a_newer_version_is_used_as_it_is(place: Place) -> None:
    """Its servers and workers start one by one; those of this version may be started again meanwhile."""

    async def job() -> None:
        async with place.opened() as (database, _):
            async with database.write() as connection:
                await connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
                await connection.execute(text("ALTER TABLE tenants ADD COLUMN later TEXT"))
            await database.migrate()
            assert await tenant(database, "a")

    run(job)


def test_migrations_only_add_what_the_version_before_can_do_without(tmp_path: Path) -> None:
    """No column goes or changes its type, and what is new in a table that was there need not be given."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'p.sqlite'}")
    folder = Path(paperclerk.storage.__file__).parent / "migrations" / "versions"
    revisions = sorted(path.name.partition("_")[0] for path in folder.glob("0*.py"))
    assert len(revisions) >= 6
    before: dict[str, dict[str, Any]] = {}
    for revision in revisions:
        with engine.begin() as connection:
            upgrade(connection, revision)
        look = sa.inspect(engine)
        after = {name: {c["name"]: c for c in look.get_columns(name)} for name in look.get_table_names()}
        for table, columns in before.items():
            for name, column in columns.items():
                now = after[table][name]
                assert str(now["type"]) == str(column["type"]), (revision, table, name)
                assert now["nullable"] or not column["nullable"], (revision, table, name)
            for name in after[table].keys() - columns:
                new = after[table][name]
                assert new["nullable"] or new["default"], (revision, table, name)
        before = after
    engine.dispose()


def test_several_starts_at_once_migrate_once(tmp_path: Path) -> None:
    async def job() -> None:
        databases = [Database(f"sqlite:///{tmp_path / 'p.sqlite'}") for _ in range(4)]
        await asyncio.gather(*(database.migrate() for database in databases))
        for database in databases:
            await database.close()

    run(job)


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{folder / 'p.sqlite'}")
    await database.migrate()
    yield database
    await database.close()


def test_sqlite_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    async def job() -> None:
        async with sqlite(tmp_path) as database, database.read() as connection:
            pragma = {
                name: (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            }
            assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}

    run(job)


def test_a_writing_transaction_takes_the_lock_at_its_start(tmp_path: Path) -> None:
    """Two that read first and write later would otherwise end one of them with SQLITE_BUSY."""

    async def job() -> None:
        async with sqlite(tmp_path) as first:
            second = Database(f"sqlite:///{tmp_path / 'p.sqlite'}")
            order = []

            async def write(database: Database, name: str) -> None:
                async with database.write() as connection:
                    order.append(name)
                    await connection.execute(text("SELECT count(*) FROM tenants"))
                    await asyncio.sleep(0.05)
                    await Keys(connection).tenant_named(name, now=NOW, webhook_secret="s")
                    order.append(name)

            await asyncio.gather(write(first, "a"), write(second, "b"), write(first, "c"))
            assert sorted(order[::2]) == ["a", "b", "c"] and order[::2] == order[1::2]
            await second.close()

    run(job)


def test_an_error_rolls_back(place: Place) -> None:
    async def job() -> None:
        async with place.opened() as (database, _):
            with pytest.raises(RuntimeError):
                async with database.write() as connection:
                    await Keys(connection).tenant_named("a", now=NOW, webhook_secret="s")
                    raise RuntimeError
            async with database.read() as connection:
                assert (await connection.execute(text("SELECT count(*) FROM tenants"))).scalar_one() == 0

    run(job)


def test_other_databases_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="sqlite:///PATH"):
        Database("mysql://localhost/x")


def test_bytes_go_with_their_last_reference(place: Place) -> None:
    async def job() -> None:
        async with place.opened() as (database, contents):
            a, b = await tenant(database, "a"), await tenant(database, "b")
            one, two = await upload(contents, a.id, b"same"), await upload(contents, a.id, b"same")
            other = await upload(contents, b.id, b"same")
            digest = hashlib.sha256(b"same").hexdigest()
            for owner, file_id in ((a, one), (b, other), (a, two)):
                assert await stored(contents, b"same")
                async with database.write() as connection:
                    assert await Files(connection, owner.id).delete(file_id)
                await contents.forget([digest])
            assert not await stored(contents, b"same")
            assert place.kept() == []

    run(job)


def test_an_upload_survives_a_deletion_in_its_middle(place: Place) -> None:
    """The bytes were there when the upload looked, and are gone when it refers to them."""

    async def job() -> None:
        async with place.opened() as (database, contents):
            a = await tenant(database, "a")
            first = await upload(contents, a.id, b"same")
            async with await contents.intake(1000) as intake:
                await intake.write(b"same")
                staged = await intake.finish()
                real = database.write

                @asynccontextmanager
                async def delete_first() -> AsyncIterator[Any]:
                    database.write = real  # type: ignore[method-assign]
                    async with real() as connection:
                        await Files(connection, a.id).delete(first)
                    await contents.forget([staged.content.sha256])
                    async with real() as connection:
                        yield connection

                database.write = delete_first  # type: ignore[method-assign,assignment]
                async with contents.referring(staged) as connection:
                    await Files(connection, a.id).add(
                        filename="b", media_type="m", purpose="p", created_at=NOW, content=staged.content
                    )
            assert await stored(contents, b"same")

    run(job)


def test_bytes_of_an_execution_are_kept(place: Place) -> None:
    async def job() -> None:
        async with place.opened() as (database, contents):
            a = await tenant(database, "a")
            file_id = await upload(contents, a.id, b"same")
            digest = hashlib.sha256(b"same").hexdigest()
            async with database.write() as connection:
                await Executions(connection, a.id).add(
                    execution("e", inputs=(Input(sha256=digest),)), created_at=NOW
                )
                await Files(connection, a.id).delete(file_id)
            await contents.forget([digest])
            assert await stored(contents, b"same")

    run(job)


def test_the_sweep_collects_what_a_crash_left(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def job() -> None:
        async with place.opened() as (database, contents):
            a = await tenant(database, "a")
            await upload(contents, a.id, b"named")
            intake = await contents.intake(1000)
            await intake.write(b"orphan")
            staged = await intake.finish()
            with pytest.raises(RuntimeError):
                async with contents.referring(staged):
                    raise RuntimeError
            assert await stored(contents, b"orphan")
            assert await contents.sweep() == 0, "it may still be about to be named"
            monkeypatch.setattr("paperclerk.storage.contents.ORPHAN_AGE_S", -5.0)
            assert await contents.sweep() == 2
            assert await stored(contents, b"named") and not await stored(contents, b"orphan")
            assert set(place.kept()) <= {hashlib.sha256(b"named").hexdigest()}

    run(job)


def test_intake_counts_and_leaves_nothing(place: Place) -> None:
    async def job() -> None:
        async with place.opened() as (_, contents):
            async with await contents.intake(4) as intake:
                await intake.write(b"1234")
                assert (await intake.finish()).content.size_bytes == 4
            with pytest.raises(DocumentTooLarge):
                async with await contents.intake(4) as intake:
                    await intake.write(b"12345")
            with pytest.raises(InvalidRequest, match="empty"):
                async with await contents.intake(4) as intake:
                    await intake.finish()
            assert place.kept() == []

    run(job)


def test_a_tenant_sees_its_own_rows_only(place: Place) -> None:
    async def job() -> None:
        async with place.opened() as (database, contents):
            a, b = await tenant(database, "a"), await tenant(database, "b")
            file_id = await upload(contents, a.id, b"x")
            md5 = hashlib.md5(b"x").hexdigest()
            async with database.write() as connection:
                await Executions(connection, a.id).add(execution("e", labels={"k": "v"}), created_at=NOW)
            async with database.write() as connection:
                files, executions = Files(connection, b.id), Executions(connection, b.id)
                assert await files.get(file_id) is None
                assert await files.find_by_md5(md5) is None
                assert await files.delete(file_id) is None
                assert await files.newest(skip=0, limit=10) == []
                assert await executions.get("e") is None
                assert await executions.newest(Filters(labels={"k": "v"}), skip=0, limit=10) == []
                assert not await executions.start("e", started_at=NOW)
                assert not await executions.finish("e", Outcome(Status.FAILED, NOW))
                # the same id is free for another tenant
                await executions.add(execution("e"), created_at=NOW)
            async with database.read() as connection:
                assert await Files(connection, a.id).get(file_id)
                assert await WebhookSecrets(connection, b.id).active() == ("s-b",)
                assert set(await unfinished(connection)) == {(a.id, "e"), (b.id, "e")}

    run(job)


def test_an_md5_that_two_contents_share_is_not_found(place: Place) -> None:
    async def job() -> None:
        async with place.opened() as (database, contents):
            a = await tenant(database, "a")
            await upload(contents, a.id, b"x")
            await upload(contents, a.id, b"y")
            md5 = hashlib.md5(b"x").hexdigest()
            async with database.write() as connection:
                assert await Files(connection, a.id).find_by_md5(md5)
                await connection.execute(text("UPDATE files SET md5 = :md5"), {"md5": md5})
            async with database.read() as connection:
                assert await Files(connection, a.id).find_by_md5(md5) is None

    run(job)


def test_an_awaited_file_is_filled_once(place: Place) -> None:
    async def job() -> None:
        async with place.opened() as (database, contents):
            a = await tenant(database, "a")
            async with database.write() as connection:
                files = Files(connection, a.id)
                file = await files.add(
                    filename="b", media_type="m", purpose="p", created_at=NOW, content=None
                )
                assert await files.newest(skip=0, limit=5) == []
            async with await contents.intake(100) as intake:
                await intake.write(b"x")
                staged = await intake.finish()
                async with contents.referring(staged) as connection:
                    files = Files(connection, a.id)
                    assert await files.fill(file.id, staged.content, "t")
                    assert not await files.fill(file.id, staged.content, "t")
                    found = await files.get(file.id)
                    assert found and found.state is FileState.READY and found.content == staged.content

    run(job)


@pytest.mark.parametrize("status", Status)
def test_an_execution_moves_only_as_the_table_says(place: Place, status: Status) -> None:
    async def job() -> None:
        async with place.opened() as (database, _):
            a = await tenant(database, "a")
            for target in (Status.RUNNING, Status.COMPLETED, Status.FAILED):
                async with database.write() as connection:
                    executions = Executions(connection, a.id)
                    name = f"{target}-1"
                    await executions.add(execution(name), created_at=NOW)
                    await connection.execute(
                        text("UPDATE executions SET status=:s WHERE id=:i"), {"s": status, "i": name}
                    )
                    if target is Status.RUNNING:
                        moved = await executions.start(name, started_at=NOW)
                    else:
                        moved = await executions.finish(name, Outcome(target, NOW))
                    assert moved == (target in MOVES[status])
                    found = await executions.get(name)
                    assert found and found.status == (target if moved else status)

    run(job)


def test_an_execution_comes_back_as_it_went_in(place: Place) -> None:
    async def job() -> None:
        async with place.opened() as (database, _):
            a = await tenant(database, "a")
            new = execution(
                "e",
                inputs=(Input(url="https://example.org/a"), Input(sha256="1" * 64)),
                config={"detail": "hi"},
                metadata={"n": [1, None, "\0"]},
                caller_created_at=NOW,
                callback_url="https://example.org/cb",
            )
            outcome = Outcome(
                Status.COMPLETED, NOW, response={"v": "\0 ü"}, usage={"steps": 1}, credits_used=3
            )
            async with database.write() as connection:
                executions = Executions(connection, a.id)
                await executions.add(new, created_at=NOW)
                assert await unfinished(connection) == [(a.id, "e")]
                assert await executions.start("e", started_at=NOW)
                assert await executions.finish("e", outcome)
                assert not await executions.finish("e", Outcome(Status.FAILED, NOW)), "the first one stays"
            async with database.read() as connection:
                found = await Executions(connection, a.id).get("e")
                assert found and found.request == new and found.outcome == outcome
                assert (found.created_at, found.started_at, found.attempts) == (NOW, NOW, 1)
                assert await unfinished(connection) == []

    run(job)


def test_a_start_that_nobody_noted_is_written_with_the_end(place: Place) -> None:
    async def job() -> None:
        async with place.opened() as (database, _):
            a = await tenant(database, "a")
            later = NOW + timedelta(seconds=1)
            async with database.write() as connection:
                executions = Executions(connection, a.id)
                for name in ("short", "noted", "never"):
                    await executions.add(execution(name), created_at=NOW)
                assert await executions.start("noted", started_at=NOW)
                assert await executions.finish("short", Outcome(Status.COMPLETED, later), started_at=NOW)
                assert await executions.finish("noted", Outcome(Status.COMPLETED, later))
                assert await executions.finish("never", Outcome(Status.FAILED, later))
                found = [await executions.get(name) for name in ("short", "noted", "never")]
                assert [(e.started_at, e.attempts) for e in found if e] == [(NOW, 1), (NOW, 1), (None, 0)]

    run(job)


def test_unfinished_are_the_states_that_may_run() -> None:
    assert set(UNFINISHED) == {Status.ENQUEUED, Status.PENDING, Status.RUNNING}


def test_keys(place: Place) -> None:
    async def job() -> None:
        async with place.opened() as (database, _):
            a = await tenant(database, "a")
            assert await tenant(database, "a") == a
            key, parts = new_key()
            async with database.write() as connection:
                await Keys(connection).add(a, parts, plan="full", now=NOW)
            given = parse_key(key)
            assert given == parts
            async with database.write() as connection:
                keys = Keys(connection)
                found = await keys.authenticate(given)
                assert found and found.tenant == a and found.plan == "full"
                wrong = type(given)(given.id, "0" * 64)
                assert await keys.authenticate(wrong) is None
                await keys.touch(given.id, now=NOW)
                assert [k.last_used_at for k in await keys.list()] == [NOW]
                assert await keys.revoke(given.id, now=NOW)
                assert not await keys.revoke(given.id, now=NOW)
                assert await keys.authenticate(given) is None
            secret = key.split("_")[2]
            async with database.read() as connection:
                for table in metadata.sorted_tables:
                    rows = (await connection.execute(sa.select(table))).all()
                    assert secret[:20] not in repr(rows), "a dump of the database holds no usable key"

    run(job)


@pytest.mark.parametrize("change", ["", "x", "pck_", "ä" * 64])
def test_what_cannot_be_a_key_is_told_without_a_database(change: str) -> None:
    key, _ = new_key()
    assert parse_key(change) is None
    assert parse_key(key[:-1]) is None
    assert parse_key(key[:-1] + ("0" if key[-1] != "0" else "1")) is None
    assert parse_key(key.swapcase()) is None
