"""Chat completions: questions about documents, answered in JSON of a schema (contract A.9)."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from tests.api.conftest import SCHEMA, Running, assert_error, upload
from tests.api.test_skills import archive, inline

READ = {"invoice_number": "R-2041", "total": 118.5}
WANTED = {"type": "json_schema", "json_schema": {"name": "bill", "strict": True, "schema": SCHEMA}}
ASK = {"type": "text", "text": "What is to be paid?"}


@pytest.fixture(scope="module")
def part(server: Running, pdf: bytes) -> dict[str, Any]:
    with server.client() as client:
        return {"type": "input_file", "file_id": upload(client, pdf)["id"]}


def chat(client: httpx.Client, *parts: dict[str, Any], **more: Any) -> httpx.Response:
    body = {"messages": [{"role": "user", "content": [*parts, ASK]}], "response_format": WANTED, **more}
    return client.post("/openai/chat/completions", json=body)


def answer(reply: httpx.Response) -> Any:
    assert reply.status_code == 200, reply.text
    return json.loads(reply.json()["choices"][0]["message"]["content"])


def events(reply: httpx.Response) -> list[Any]:
    assert reply.status_code == 200 and reply.headers["content-type"].startswith("text/event-stream"), (
        reply.text
    )
    lines = [line.removeprefix("data: ") for line in reply.text.split("\n") if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def test_an_answer_is_that_of_an_execution(client: httpx.Client, part: dict[str, Any]) -> None:
    more = {"model": "vlmrun-orion-1:fast", "session_id": "s-1", "metadata": {"team": "a"}}
    reply = chat(client, part, service_tier="default", **more)
    body = reply.json()
    assert answer(reply) == READ
    assert (body["object"], body["model"], body["session_id"]) == (
        "chat.completion",
        "vlmrun-orion-1:fast",
        "s-1",
    )
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["usage"] == {
        "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0,
        "credits_used": 2, "elements_processed": 1, "element_type": "page",
    }  # fmt: skip
    known = client.get(f"/predictions/{body['id']}").json()
    assert known["service_tier"] == "default"
    assert known["response"] == READ and known["metadata"] == {"team": "a", "session_id": "s-1"}
    assert chat(client, part).json()["session_id"], "invented"


def test_feedback_on_a_chat(client: httpx.Client, part: dict[str, Any]) -> None:
    chat_id = chat(client, part).json()["id"]
    made = client.post("/feedback/submit", json={"chat_id": chat_id, "notes": "well"}).json()
    assert made["request_id"] == chat_id
    listed = client.get(f"/feedback/{chat_id}", params={"type": "chat"}).json()
    assert [item["id"] for item in listed["items"]] == [made["id"]]


def test_every_spelling_of_a_schema(client: httpx.Client, part: dict[str, Any]) -> None:
    for wanted in (
        {"type": "json_schema", "schema": SCHEMA},
        {"type": "json_schema", "json_schema": SCHEMA},
        {"type": "json_schema", "json_schema": {"schema": SCHEMA}},
    ):
        assert answer(chat(client, part, response_format=wanted)) == READ
    odd = {"type": "object", "properties": {"schema": {"type": "object"}, "total": {"type": "number"}}}
    assert (
        answer(chat(client, part, response_format={"type": "json_schema", "json_schema": odd}))["total"]
        == 118.5
    )


def test_every_kind_of_document(client: httpx.Client, part: dict[str, Any], pdf: bytes, png: bytes) -> None:
    picture = "data:image/png;base64," + base64.b64encode(png).decode()
    data = "data:application/pdf;base64," + base64.b64encode(pdf).decode()
    for one in (
        {"type": "image_url", "image_url": {"url": picture, "detail": "high"}},
        {"type": "image_url", "image_url": picture},
        {"type": "file_url", "file_url": {"url": data}},
        {"type": "document_url", "document_url": {"url": data}},
        {"type": "file", "file": {"file_data": data, "filename": "a.pdf"}},
        {"type": "file", "file": {"file_id": part["file_id"]}},
    ):
        assert answer(chat(client, one)) == READ, one["type"]
    both = chat(client, part, {"type": "file_url", "file_url": {"url": data}})
    assert answer(both) == READ and both.json()["usage"]["elements_processed"] == 2


def test_messages_of_several_turns(client: httpx.Client, part: dict[str, Any]) -> None:
    messages = [
        {"role": "system", "content": "Be exact."},
        {"role": "user", "content": [part, ASK]},
        {"role": "assistant", "content": "118.5"},
        {"role": "user", "content": "And its number?"},
    ]
    reply = client.post(
        "/openai/chat/completions",
        json={"messages": messages, "response_format": WANTED, "session_id": "turns"},
    )
    assert answer(reply) == READ
    made = client.post("/skills/create", json={"session_id": "turns"}).json()
    archived = httpx.get(client.get(f"/skills/{made['id']}/download").json()["download_url"]).content
    assert b"SKILL.md" in archived
    again = chat(client, part, response_format=None, skills=[{"skill_id": made["id"]}])
    assert answer(again) == READ


def test_what_says_the_schema_besides_the_format(client: httpx.Client, part: dict[str, Any]) -> None:
    plain = {"response_format": {"type": "json_object"}}
    for more in (
        {"skills": [inline(archive("x"))]},
        {"vlmrun": {"config": {"json_schema": SCHEMA}}},
        {"vlmrun": {"domain": "document.invoice", "config": {"gql_stmt": "{ invoice_id }"}}},
        {"model": "document.invoice"},
    ):
        found = answer(chat(client, part, **plain, **more))
        assert "R-2041" in (found.get("invoice_number"), found.get("invoice_id")), (more, found)
    body = {"name": "t/chat", "config": {"prompt": "x", "json_schema": SCHEMA}}
    assert client.post("/agent/create", json=body).status_code == 200
    assert answer(chat(client, part, model="t/chat:1", response_format=None)) == READ
    grounded = answer(chat(client, part, vlmrun={"config": {"grounding": True}}))
    assert grounded["total_metadata"]["bboxes"]


def test_a_stream(client: httpx.Client, part: dict[str, Any]) -> None:
    *chunks, done = events(chat(client, part, stream=True, session_id="s-2"))
    assert done == "[DONE]"
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert {chunk["session_id"] for chunk in chunks} == {"s-2"} and len(
        {chunk["id"] for chunk in chunks}
    ) == 1
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert json.loads(text) == READ
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop" and chunks[-1]["usage"]["credits_used"] == 2
    *chunks, _ = events(chat(client, part, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1]["choices"] == [] and chunks[-1]["usage"]["credits_used"] == 2
    assert chunks[-2]["usage"] is None


def test_a_document_that_cannot_be_read(client: httpx.Client) -> None:
    broken = {"type": "input_file", "file_id": upload(client, b"%PDF-1.7\nnothing of one follows")["id"]}
    error = assert_error(chat(client, broken), 400, "invalid_document")["error"]
    assert client.get(f"/predictions/{error['id']}").json()["status"] == "failed"
    (_, told) = events(chat(client, broken, stream=True))
    assert told["error"]["code"] == "invalid_document"


def test_what_it_cannot_do_is_said_in_a_sentence(client: httpx.Client, part: dict[str, Any]) -> None:
    for more, code in (
        ({"response_format": None}, "not_supported"),
        ({"response_format": {"type": "text"}}, "not_supported"),
        ({"response_format": {"type": "json_object"}}, "not_supported"),
        ({"response_format": {"type": "json_schema"}}, "missing_schema"),
        ({"response_format": {"type": "json_schema", "schema": {"type": "x"}}}, "invalid_schema"),
        ({"response_format": {"type": "grammar"}}, "invalid_request"),
        ({"tools": [{"type": "function"}]}, "not_supported"),
        ({"logprobs": True}, "not_supported"),
        ({"n": 2}, "invalid_request"),
        ({"messages": []}, "invalid_request"),
        ({"messages": [{"role": "user", "content": "Hello!"}]}, "missing_document"),
        ({"messages": [{"role": "user", "content": [part, ASK | {"text": "x" * 100_001}]}]}, "invalid_request"),
    ):  # fmt: skip
        assert_error(chat(client, part, **more), 400, code)
    for one, code in (
        ({"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}}, "not_supported"),
        ({"type": "input_audio", "input_audio": {}}, "not_supported"),
        ({"type": "hologram"}, "not_supported"),
        ({"type": "file", "file": {}}, "missing_document"),
        ({"type": "image_url", "image_url": {"url": "http://10.0.0.1/a.png"}}, "url_not_allowed"),
    ):
        assert_error(chat(client, part, one), 400, code)
    nobody = {"type": "input_file", "file_id": "nobody"}
    assert_error(chat(client, nobody), 404, "file_not_found")
    assert_error(chat(client, part, vlmrun={"domain": "no.such"}), 404, "unknown_agent")


def test_a_chat_belongs_to_its_tenant(
    client: httpx.Client, other: httpx.Client, part: dict[str, Any]
) -> None:
    assert_error(chat(other, part), 404, "file_not_found")
    chat_id = chat(client, part).json()["id"]
    assert_error(
        other.post("/feedback/submit", json={"chat_id": chat_id, "notes": "x"}), 404, "prediction_not_found"
    )


def test_models(client: httpx.Client, other: httpx.Client) -> None:
    body = {"name": "t/model", "config": {"prompt": "x", "json_schema": SCHEMA}}
    assert client.post("/agent/create", json=body).status_code == 200
    listed = client.get("/openai/models").json()
    assert listed["object"] == "list" and {model["object"] for model in listed["data"]} == {"model"}
    names = [model["id"] for model in listed["data"]]
    assert {"vlm-1", "vlmrun-orion-1:auto", "document.invoice", "t/model"} <= set(names)
    assert "t/model" not in [model["id"] for model in other.get("/openai/models").json()["data"]]


def test_an_answer_that_takes_long_is_waited_for_by_sending_again(
    client: httpx.Client, part: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as changed:
        changed.setattr("paperclerk.api.chat.WAIT_S", 0.0)
        first = assert_error(chat(client, part), 408, "still_running")
        assert "/v1/predictions/chatcmpl-" in first["detail"]
        assert events(chat(client, part, stream=True))[-1]["error"]["code"] == "still_running"
    assert answer(chat(client, part)) == READ
