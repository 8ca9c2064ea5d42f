"""A real server in a thread, its keys, and small documents."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from tests.documents_made import make_pdf, make_png

from paperclerk.bootstrap import open_database
from paperclerk.cli.serve import listen, server_config
from paperclerk.security.keys import new_key
from paperclerk.settings import Settings
from paperclerk.storage.keys import Keys
from paperclerk.webhooks.signing import new_secret

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "invoice_number": {"type": "string", "description": "The invoice number"},
        "total": {"type": "number", "description": "The total amount"},
    },
}


@dataclass(frozen=True)
class Running:
    """A server that answers at `url`, and its settings."""

    url: str
    settings: Settings
    _keys: dict[tuple[str, str], str] = field(default_factory=dict)

    def key(self, tenant: str = "acme", plan: str = "full") -> str:
        """A key, the same one for the same words."""
        if (tenant, plan) not in self._keys:
            self._keys[tenant, plan] = asyncio.run(_make_key(self.settings, tenant, plan))
        return self._keys[tenant, plan]

    def client(self, tenant: str = "acme", plan: str = "full") -> httpx.Client:
        return httpx.Client(
            base_url=f"{self.url}/v1",
            headers={"Authorization": f"Bearer {self.key(tenant, plan)}"},
            timeout=60,
        )


async def _make_key(settings: Settings, tenant: str, plan: str) -> str:
    key, parts = new_key()
    now = datetime.now(UTC)
    async with open_database(settings) as database, database.write() as connection:
        keys = Keys(connection)
        owner = await keys.tenant_named(tenant, now=now, webhook_secret=new_secret())
        await keys.add(owner, parts, plan=plan, now=now)
    return key


@contextmanager
def serving(folder: Path, **changes: Any) -> Iterator[Running]:
    """The server as `paperclerk serve` runs it, on a free port, until the block ends."""
    values: dict[str, Any] = {"data_dir": folder, "allow_private_addresses": "127.0.0.0/8"}
    settings = Settings(**(values | changes))
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(server_config(settings))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.02)
        yield Running(f"http://127.0.0.1:{listener.getsockname()[1]}", settings)
    finally:
        server.should_exit = True
        thread.join(40)
        listener.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with small limits, behind another address."""
    limits = {"max_upload_bytes": 100_000, "max_json_bytes": 2000, "max_image_json_bytes": 4000}
    with serving(tmp_path_factory.mktemp("tight"), base_url="https://clerk.example.org", **limits) as running:
        yield running


@pytest.fixture
def client(server: Running) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def other(server: Running) -> Iterator[httpx.Client]:
    """The client of another tenant."""
    with server.client("globex") as client:
        yield client


@pytest.fixture(scope="session")
def pdf() -> bytes:
    return make_pdf(1)


@pytest.fixture(scope="session")
def png() -> bytes:
    return make_png()


def upload(client: httpx.Client, data: bytes, name: str = "a.pdf", **params: Any) -> dict[str, Any]:
    reply = client.post("/files", files={"file": (name, data)}, params=params)
    assert reply.status_code == 201, reply.text
    file: dict[str, Any] = reply.json()
    return file


def wait_for(client: httpx.Client, execution_id: str, timeout_s: float = 60) -> dict[str, Any]:
    """The execution once it has ended."""
    end = time.monotonic() + timeout_s
    while True:
        reply: dict[str, Any] = client.get(f"/predictions/{execution_id}").json()
        if reply["status"] in ("completed", "failed"):
            return reply
        assert time.monotonic() < end, reply
        time.sleep(0.05)


def assert_error(reply: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Both shapes of an error, with a sentence."""
    assert reply.status_code == status, reply.text
    body: dict[str, Any] = reply.json()
    error = body["error"]
    assert isinstance(body["detail"], str) and body["detail"] == error["message"]
    assert len(body["detail"]) > 10 and error["code"] == error["type"] == code, body
    assert reply.headers["content-type"] == "application/json"
    return body
