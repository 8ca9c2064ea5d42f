"""What expires is gone everywhere: rows, the durable engine's records, bytes. On both stores."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.api.conftest import SCHEMA, make_pdf, serving, upload, wait_for

from paperclerk.domain.document import Page, PageStatus
from paperclerk.durable import DurableClient, Queue, durable_engine
from paperclerk.jobs.names import job_id
from paperclerk.jobs.retention import Retention
from paperclerk.storage.artifacts import Artifact, Artifacts
from paperclerk.storage.blobs import Blobs
from paperclerk.storage.checkpoints import Checkpoints
from paperclerk.storage.contents import Contents
from paperclerk.storage.database import Database
from paperclerk.storage.executions import Executions, Input, NewExecution, Outcome, Status
from paperclerk.storage.feedback import FeedbackRows
from paperclerk.storage.files import Files
from paperclerk.storage.idempotency import IdempotencyKeys, UsedKey
from paperclerk.storage.keys import Keeping, Keys
from paperclerk.storage.outbox import Webhooks
from paperclerk.storage.tables import metadata
from paperclerk.storage.takeovers import Takeovers

STAYS = {"tenants", "api_keys", "webhook_secrets", "usage"}  # what was used outlives what used it


def counts(store: sa.URL) -> dict[str, int]:
    """Rows of every table of ours, and of the durable engine's jobs."""
    engine = durable_engine(store)
    jobs = "workflow_status" if store.get_backend_name() == "sqlite" else "dbos.workflow_status"
    with engine.connect() as connection:
        found = {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
        found["jobs"] = connection.execute(sa.text(f"SELECT count(*) FROM {jobs}")).scalar_one()
    engine.dispose()
    return found


def stored(folder: Path) -> list[Path]:
    return [path for path in (folder / "blobs").rglob("*") if path.is_file()]


def expire(
    store: sa.URL, folder: Path, *, after: timedelta, results: float | None, files: float | None
) -> int:
    async def run() -> int:
        database = Database(store.render_as_string(hide_password=False))
        blobs = Blobs(f"file://{folder / 'blobs'}", staging=folder / "staging")
        client = DurableClient(store)
        retention = Retention(
            Contents(database, blobs),
            Checkpoints(blobs),
            client,
            database,
            keep_results=None if results is None else timedelta(days=results),
            keep_files=None if files is None else timedelta(days=files),
            now=lambda: datetime.now(UTC) + after,
        )
        try:
            return await retention.expire()
        finally:
            client.close()
            await database.close()

    return asyncio.run(run())


@pytest.mark.timeout(200)
def test_expiry_is_complete(store: sa.URL, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with (
        serving(folder, database_url=store.render_as_string(hide_password=False)) as server,
        server.client() as client,
    ):
        file = upload(client, make_pdf(1))
        inline = "data:application/pdf;base64," + base64.b64encode(make_pdf(2)).decode()
        for number, source in enumerate(({"file_id": file["id"]}, {"url": inline})):
            reply = client.post(
                "/document/generate",
                json={
                    **source,
                    "config": {"json_schema": SCHEMA},
                    "metadata": {"a": 1},
                    "callback_url": "http://127.0.0.1:9/",
                },
                headers={"Idempotency-Key": f"k{number}"},
            ).json()
            assert wait_for(client, reply["id"])["status"] == "completed"
        waits = client.get("/webhooks/deliveries").json()
        assert len(waits) == 2
    full = counts(store)
    assert full["executions"] == full["webhook_events"] == full["idempotency_keys"] == full["jobs"] == 2
    assert full["files"] == 1 and len(stored(folder)) == 2

    assert expire(store, folder, after=timedelta(days=5), results=7, files=7) == 0
    assert {n: c for n, c in counts(store).items() if n != "idempotency_keys"} == {
        n: c for n, c in full.items() if n != "idempotency_keys"
    }
    assert expire(store, folder, after=timedelta(days=8), results=7, files=None) == 2
    after = counts(store)
    assert {name for name, count in after.items() if count} == STAYS | {"files"}
    assert len(stored(folder)) == 1, "the uploaded file stays; what came in the request is gone"
    assert expire(store, folder, after=timedelta(days=8), results=7, files=7) == 1
    assert {name for name, count in counts(store).items() if count} == STAYS
    assert stored(folder) == []
    assert expire(store, folder, after=timedelta(days=9), results=7, files=7) == 0


def test_a_file_that_a_result_was_read_from_outlives_the_result_and_the_other_way_round(
    store: sa.URL, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    with (
        serving(folder, database_url=store.render_as_string(hide_password=False)) as server,
        server.client() as client,
    ):
        file = upload(client, make_pdf(1))
        body = {"file_id": file["id"], "config": {"json_schema": SCHEMA}, "batch": False}
        done = client.post("/document/generate", json=body).json()
        assert expire(store, folder, after=timedelta(days=2), results=None, files=1) == 1
        assert client.get(f"/files/{file['id']}").status_code == 404
        assert client.get(f"/predictions/{done['id']}").json() == done


def test_a_file_that_is_still_to_be_read_waits_for_that(store: sa.URL, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    url = store.render_as_string(hide_password=False)
    with serving(folder, database_url=url, workers=0) as server, server.client() as client:
        file, other = upload(client, make_pdf(1)), upload(client, make_pdf(2))
        waits = client.post(
            "/document/generate", json={"file_id": file["id"], "config": {"json_schema": SCHEMA}}
        )
        assert expire(store, folder, after=timedelta(days=2), results=1, files=1) == 1
        assert client.get(f"/files/{file['id']}").status_code == 200
        assert client.get(f"/files/{other['id']}").status_code == 404
        client.post(f"/predictions/{waits.json()['id']}/cancel")
        assert expire(store, folder, after=timedelta(days=2), results=None, files=1) == 1
        assert client.get(f"/files/{file['id']}").status_code == 404


def test_a_time_longer_than_calendars_is_for_ever(store: sa.URL, tmp_path: Path) -> None:
    """One such time of a tenant ended the deletions of all."""

    async def make() -> None:
        database, client = Database(store.render_as_string(hide_password=False)), DurableClient(store)
        blobs = Blobs(f"file://{tmp_path / 'blobs'}", staging=tmp_path / "staging")
        for name, days in (("first", float("inf")), ("second", 1.0)):
            await leave_everything(database, blobs, client, name)
            async with database.write() as connection:
                assert await Keys(connection).keep(name, Keeping(results_days=days, files_days=days))
        client.close()
        await database.close()

    asyncio.run(make())
    assert expire(store, tmp_path, after=timedelta(days=9), results=None, files=None) == 2


async def leave_everything(database: Database, blobs: Blobs, client: DurableClient, name: str) -> str:
    """A tenant with a row in every table that it may have rows in, kept pages and bytes, made now. Its id."""
    now, contents, checkpoints = datetime.now(UTC), Contents(database, blobs), Checkpoints(blobs)
    async with await contents.intake(1000) as intake:
        await intake.write(name.encode())
        staged = await intake.finish()
        async with contents.referring(staged) as connection:
            tenant_id = (await Keys(connection).tenant_named(name, now=now, webhook_secret=name)).id
            await Files(connection, tenant_id).add(
                filename="a", media_type="a", purpose="a", created_at=now, content=staged.content
            )
            new = NewExecution(
                "e", "document", "a", "1", "a", "m", True, (Input(sha256=staged.content.sha256),), "0" * 64,
                labels={"a": "b"},
            )  # fmt: skip
            await Executions(connection, tenant_id).add(new, created_at=now)
            await IdempotencyKeys(connection, tenant_id).add("k", UsedKey("0" * 64, "e"), now=now)
            await Takeovers(connection, tenant_id).record(
                "e", executor_id="w", claimed_at_ms=1, steps_done=0, at=now
            )
            await connection.run_sync(
                lambda c: client.enqueue(
                    c, "f", job_id(tenant_id, "e"), queue=Queue.EXECUTIONS, partition=tenant_id
                )
            )
            events = Webhooks(connection, tenant_id)
            await events.add("v", execution_id="e", url="http://a/", body="{}", now=now)
            await Executions(connection, tenant_id).finish("e", Outcome(Status.FAILED, now, partial={"a": 1}))
            made = Artifact("doc_000000", "a", "application/pdf", staged.content.sha256, 1)
            await Artifacts(connection, tenant_id).add("e", [made], now=now)
            await FeedbackRows(connection, tenant_id).add("e", {"a": 2}, None, now=now)
    page = Page(0, 1, 1, PageStatus.EMPTY)
    await asyncio.to_thread(checkpoints.keep, tenant_id, "e", 0, [page])
    await asyncio.to_thread(checkpoints.replies(tenant_id, "e").put, "k", b"said")
    return tenant_id


def test_each_tenant_has_a_time_of_its_own(store: sa.URL, tmp_path: Path) -> None:
    url = store.render_as_string(hide_password=False)

    async def make() -> tuple[str, str]:
        database, client = Database(url), DurableClient(store)
        blobs = Blobs(f"file://{tmp_path / 'blobs'}", staging=tmp_path / "staging")
        short = await leave_everything(database, blobs, client, "short")
        long = await leave_everything(database, blobs, client, "long")
        async with database.write() as connection:
            assert await Keys(connection).keep("short", Keeping(results_days=2, files_days=1))
            assert await Keys(connection).keep("long", Keeping(results_days=0))
            assert not await Keys(connection).keep("nobody", Keeping())
        client.close()
        await database.close()
        return short, long

    def left(tenant_id: str) -> int:
        """Files kept for a tenant's job."""
        return sum(path.is_file() for path in (tmp_path / "blobs" / "jobs" / tenant_id).rglob("*"))

    short, long = asyncio.run(make())
    full = counts(store)
    assert {name for name, count in full.items() if not count} == {
        "api_keys", "webhook_attempts", "agents", "agent_versions", "agent_cases", "skills", "usage", "model_usage",
    }  # fmt: skip
    assert left(short) == left(long) == 2
    assert expire(store, tmp_path, after=timedelta(days=1.5), results=10, files=10) == 1, "a file of short"
    assert expire(store, tmp_path, after=timedelta(days=3), results=10, files=10) == 1, "its result"
    assert left(short) == 0 and left(long) == 2
    assert len(stored(tmp_path)) == 3, "the bytes of long, and what its job keeps"
    of_both = {name: count for name, count in counts(store).items() if count == 2}
    assert of_both == {"tenants": 2, "webhook_secrets": 2}
    assert expire(store, tmp_path, after=timedelta(days=99), results=10, files=10) == 1, "a file of long"
    forever = counts(store)
    assert forever["executions"] == forever["jobs"] == forever["webhook_events"] == forever["feedback"] == 1
    assert expire(store, tmp_path, after=timedelta(days=99), results=None, files=None) == 0
