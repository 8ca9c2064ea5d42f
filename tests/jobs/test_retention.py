"""What expires is gone everywhere: rows, the durable engine's records, bytes. On both stores."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.api.conftest import SCHEMA, make_pdf, serving, upload, wait_for

from paperclerk.durable import DurableClient, durable_engine
from paperclerk.jobs.retention import Retention
from paperclerk.storage.blobs import Blobs
from paperclerk.storage.checkpoints import Checkpoints
from paperclerk.storage.contents import Contents
from paperclerk.storage.database import Database
from paperclerk.storage.tables import metadata

STAYS = {"tenants", "api_keys", "webhook_secrets"}


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
