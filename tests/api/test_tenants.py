"""Three tenants do what they like with files; each sees exactly its own, and bytes go with their last owner."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.api.conftest import Running, upload

TENANTS = ("one", "two", "three")
UNKNOWN = "00000000-0000-4000-8000-000000000000"
Contents = st.sampled_from([b"red", b"green", b"blue"])
Tenants = st.sampled_from(TENANTS)
_run = itertools.count()


class Installation(RuleBasedStateMachine):
    """The model: what each tenant has uploaded and not deleted."""

    server: Running

    def __init__(self) -> None:
        super().__init__()
        run = next(_run)  # fresh tenants and contents each time, in the one server
        self.salt = f"{run}:".encode()
        self.clients = {name: self.server.client(f"{name}{run}") for name in TENANTS}
        self.files: dict[str, dict[str, bytes]] = {name: {} for name in TENANTS}
        self.everything: list[str] = [UNKNOWN]

    def teardown(self) -> None:
        for client in self.clients.values():
            client.close()

    @rule(tenant=Tenants, content=Contents)
    def upload(self, tenant: str, content: bytes) -> None:
        data = self.salt + content
        file_id = upload(self.clients[tenant], data)["id"]
        self.files[tenant][file_id] = data
        self.everything.append(file_id)

    @rule(tenant=Tenants, pick=st.integers(0, 50))
    def delete(self, tenant: str, pick: int) -> None:
        file_id = self.everything[pick % len(self.everything)]
        reply = self.clients[tenant].delete(f"/files/{file_id}")
        self.same_as_model(tenant, file_id, reply)
        self.files[tenant].pop(file_id, None)

    @rule(tenant=Tenants, pick=st.integers(0, 50))
    def get(self, tenant: str, pick: int) -> None:
        file_id = self.everything[pick % len(self.everything)]
        reply = self.clients[tenant].get(f"/files/{file_id}")
        self.same_as_model(tenant, file_id, reply)
        if reply.status_code == 200:
            assert httpx.get(reply.json()["public_url"]).content == self.files[tenant][file_id]

    @rule(tenant=Tenants, content=Contents)
    def find_by_md5(self, tenant: str, content: bytes) -> None:
        data = self.salt + content
        reply = self.clients[tenant].get(f"/files/hash/{hashlib.md5(data).hexdigest()}")
        owned = [file_id for file_id, kept in self.files[tenant].items() if kept == data]
        assert reply.json().get("id") in owned if owned else reply.status_code == 404

    @invariant()
    def each_lists_its_own(self) -> None:
        for tenant, client in self.clients.items():
            listed: list[dict[str, Any]] = client.get("/files", params={"limit": 1000}).json()
            assert {file["id"] for file in listed} == self.files[tenant].keys()

    @invariant()
    def bytes_are_there_as_long_as_someone_has_them(self) -> None:
        kept = {data for files in self.files.values() for data in files.values()}
        for content in (b"red", b"green", b"blue"):
            digest = hashlib.sha256(self.salt + content).hexdigest()
            path = self.server.settings.data_dir / "blobs" / "content" / digest[:2] / digest
            assert path.exists() == (self.salt + content in kept)

    def same_as_model(self, tenant: str, file_id: str, reply: httpx.Response) -> None:
        assert reply.status_code == (200 if file_id in self.files[tenant] else 404)
        if reply.status_code == 404:
            assert reply.content == self.clients[tenant].get(f"/files/{UNKNOWN}").content


def test_no_tenant_meets_another(server: Running) -> None:
    Installation.server = server
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Installation,
        settings=settings(
            max_examples=5,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
