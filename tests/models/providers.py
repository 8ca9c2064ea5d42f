"""The oracle behind the wire formats of Anthropic and Google: the same truths and faults, other bodies.

What is asked is turned into the oracle's own form and its answer back. `seen.bodies` holds what came over the wire,
with `path` and `headers` (names in small letters) beside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.models.oracle import Oracle

Json = dict[str, Any]


class _Translated(Oracle):
    @property
    def url(self) -> str:
        return super().url.removesuffix("/v1")

    def _serve(self, http: BaseHTTPRequestHandler, body: Json) -> None:
        headers = {k.lower(): v for k, v in http.headers.items()}
        super()._serve(http, {**body, "path": http.path, "headers": headers})

    def _answer(self, body: Json) -> tuple[int, Json]:
        status, answer = super()._answer(self.asked(body))
        return status, self.said(answer) if status == 200 else self.refused(
            status, answer["error"]["message"]
        )

    def asked(self, body: Json) -> Json:
        raise NotImplementedError

    def said(self, answer: Json) -> Json:
        raise NotImplementedError

    def refused(self, status: int, message: str) -> Json:
        raise NotImplementedError


class AnthropicOracle(_Translated):
    """`POST /v1/messages`."""

    def asked(self, body: Json) -> Json:
        assert body["path"].split("?")[0] == "/v1/messages", body["path"]
        messages = [{"role": "system", "content": _text(body.get("system", ""))}]
        for message in body["messages"]:
            blocks = message["content"]
            blocks = [{"type": "text", "text": blocks}] if isinstance(blocks, str) else blocks
            calls = [_openai_call(b["id"], b["name"], b["input"]) for b in blocks if b["type"] == "tool_use"]
            texts = [b["text"] for b in blocks if b["type"] == "text"]
            texts += [_text(b["content"]) for b in blocks if b["type"] == "tool_result"]
            messages.append({"role": message["role"], "content": "\n".join(texts), "tool_calls": calls})
        form = body.get("output_config", {}).get("format")
        tools = [
            {"type": "function", "function": {"name": t["name"], "parameters": t["input_schema"]}}
            for t in body.get("tools", ())
        ]
        return _openai_body(body["model"], messages, form and form["schema"], tools, body["max_tokens"])

    def said(self, answer: Json) -> Json:
        choice, usage = answer["choices"][0], answer["usage"]
        calls = choice["message"].get("tool_calls") or ()
        blocks: list[Json] = [
            {"type": "tool_use", "id": c["id"], "name": n["name"], "input": json.loads(n["arguments"])}
            for c in calls
            for n in (c["function"],)
        ]
        stops = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
        return {
            "id": "msg_1", "type": "message", "role": "assistant", "model": answer["model"],
            "content": blocks or [{"type": "text", "text": choice["message"]["content"]}],
            "stop_reason": stops[choice["finish_reason"]], "stop_sequence": None,
            "usage": {"input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"]},
        }  # fmt: skip

    def refused(self, status: int, message: str) -> Json:
        kinds = {429: "rate_limit_error", 500: "api_error", 400: "invalid_request_error"}
        return {"type": "error", "error": {"type": kinds[status], "message": message}}


class GoogleOracle(_Translated):
    """`POST /v1beta/models/NAME:generateContent`."""

    def asked(self, body: Json) -> Json:
        model, _, method = body["path"].removeprefix("/v1beta/models/").partition(":")
        assert method.split("?")[0] == "generateContent", body["path"]
        messages: list[Json] = [{"role": "system", "content": _text(body["systemInstruction"]["parts"])}]
        for content in body["contents"]:
            calls = [
                _openai_call("", p["functionCall"]["name"], p["functionCall"]["args"])
                for p in content["parts"]
                if "functionCall" in p
            ]
            results = [json.dumps(p["functionResponse"]) for p in content["parts"] if "functionResponse" in p]
            role = "assistant" if content["role"] == "model" else "user"
            text = "\n".join([_text([p for p in content["parts"] if "text" in p]), *results])
            messages.append({"role": role, "content": text.replace("\\n", "\n"), "tool_calls": calls})
        settings = body["generationConfig"]
        tools = [
            {
                "type": "function",
                "function": {
                    "name": f["name"],
                    "parameters": f["parameters_json_schema"],
                },
            }
            for t in body.get("tools", ())
            for f in t["functionDeclarations"]
        ]
        form = settings.get("responseJsonSchema")
        return _openai_body(model, messages, form, tools, settings["maxOutputTokens"])

    def said(self, answer: Json) -> Json:
        choice, usage = answer["choices"][0], answer["usage"]
        calls = choice["message"].get("tool_calls") or ()
        parts: list[Json] = [
            {"functionCall": {"name": c["function"]["name"], "args": json.loads(c["function"]["arguments"])}}
            for c in calls
        ]
        return {
            "candidates": [
                {
                    "content": {"role": "model", "parts": parts or [{"text": choice["message"]["content"]}]},
                    "finishReason": "MAX_TOKENS" if choice["finish_reason"] == "length" else "STOP",
                }
            ],
            "usageMetadata": {
                "promptTokenCount": usage["prompt_tokens"],
                "candidatesTokenCount": usage["completion_tokens"],
            },
            "modelVersion": answer["model"],
        }

    def refused(self, status: int, message: str) -> Json:
        kinds = {429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 400: "INVALID_ARGUMENT"}
        return {"error": {"code": status, "message": message, "status": kinds[status]}}


def _openai_body(model: str, messages: list[Json], form: Any, tools: list[Json], most: int) -> Json:
    body: Json = {"model": model, "messages": messages, "max_tokens": most}
    if form:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "fields", "schema": form}}
    return body | ({"tools": tools} if tools else {})


def _openai_call(id_: str, name: str, arguments: Any) -> Json:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}


def _text(content: str | list[Mapping[str, Any]]) -> str:
    return content if isinstance(content, str) else "\n".join(p["text"] for p in content if "text" in p)
