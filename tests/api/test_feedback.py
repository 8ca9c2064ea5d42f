"""Feedback over HTTP: kept beside the execution, listed newest first, seen by its tenant only (contract A.7)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.api.conftest import SCHEMA, assert_error, upload
from tests.documents_made import make_pdf


@pytest.fixture(scope="module")
def execution_id(server: Any) -> str:
    with server.client() as client:
        file_id = upload(client, make_pdf(1))["id"]
        body = {"file_id": file_id, "batch": False, "config": {"json_schema": SCHEMA}}
        return str(client.post("/document/generate", json=body).json()["id"])


def test_feedback_is_kept_and_listed(client: httpx.Client, execution_id: str) -> None:
    first = client.post("/feedback/submit", json={"request_id": execution_id, "response": {"total": 118.4}})
    assert first.status_code == 200 and first.json()["request_id"] == execution_id
    second = client.post(
        "/feedback/submit",
        json={"agent_execution_id": execution_id, "request_id": None, "chat_id": None, "notes": "see page 1"},
    ).json()
    listed = client.get(f"/feedback/{execution_id}").json()
    assert listed["request_id"] == execution_id
    assert [(i["response"], i["notes"]) for i in listed["items"]] == [
        (None, "see page 1"),
        ({"total": 118.4}, None),
    ]
    page = client.get(
        f"/feedback/{execution_id}", params={"limit": 1, "offset": 0, "type": "agent_execution"}
    )
    assert [i["id"] for i in page.json()["items"]] == [second["id"]]


def test_another_tenant_has_no_part_in_it(other: httpx.Client, execution_id: str) -> None:
    body = {"request_id": execution_id, "notes": "mine"}
    assert_error(other.post("/feedback/submit", json=body), 404, "prediction_not_found")
    assert other.get(f"/feedback/{execution_id}").content == other.get("/feedback/nothing").content
    assert_error(other.get(f"/feedback/{execution_id}"), 404, "prediction_not_found")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"notes": "x"}, "ambiguous_feedback"),
        ({"request_id": "a", "agent_execution_id": "b", "notes": "x"}, "ambiguous_feedback"),
        ({"request_id": "a"}, "empty_feedback"),
        ({"request_id": "a", "chat_id": "b", "notes": "x"}, "ambiguous_feedback"),
        ({"request_id": "a", "notes": 5}, "invalid_request"),
    ],
)
def test_a_wrong_request_is_refused(client: httpx.Client, body: dict[str, Any], code: str) -> None:
    assert_error(client.post("/feedback/submit", json=body), 400, code)
