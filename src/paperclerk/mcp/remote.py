"""Has a Paperclerk server execute, by its HTTP API. Made by `cli.mcp`."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from paperclerk.domain.errors import FetchFailed, InvalidRequest, NotFound, PaperclerkError
from paperclerk.mcp.clerk import WAIT_S, AgentReply, Asked, ExecutionReply, Files, is_url

ENDED = ("completed", "failed")
LONGEST_PAUSE_S = 2.0


class RemoteClerk:
    """The API at `address` (with or without /v1), as the owner of `key`."""

    def __init__(self, http: httpx.AsyncClient, address: str, key: str, files: Files) -> None:
        self._http = http
        self._base = address.rstrip("/").removesuffix("/v1") + "/v1"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._files = files

    async def execute(self, asked: Asked) -> ExecutionReply:
        route = "/document/generate" if asked.agent is None else "/document/execute"
        started = await self._call("POST", route, json=await self._body(asked))
        return await self._waited(_reply(started))

    async def look_up(self, execution_id: str) -> ExecutionReply:
        if not execution_id.replace("-", "").replace("_", "").isalnum() or not execution_id.isascii():
            raise NotFound("There is no execution of that id.", code="prediction_not_found")
        return _reply(await self._call("GET", f"/predictions/{execution_id}"))

    async def agents(self) -> list[AgentReply]:
        return [AgentReply.model_validate(agent) for agent in await self._call("GET", "/agent")]

    async def _body(self, asked: Asked) -> dict[str, Any]:
        config: dict[str, Any] = {
            "prompt": asked.prompt,
            "detail": asked.detail,
            "grounding": asked.grounding,
            "confidence": asked.confidence,
        }
        if asked.json_schema is not None:
            config["json_schema"] = asked.json_schema
        if asked.pages is not None:
            config["page_indices"] = asked.pages
        document = (
            {"url": asked.document}
            if is_url(asked.document)
            else {"file_id": await self._uploaded(self._files.path(asked.document))}
        )
        named = {} if asked.agent is None else {"name": asked.agent}
        return {**named, **document, "batch": True, "config": config}

    async def _uploaded(self, path: Path) -> str:
        """The id of the file with these bytes on the server, which may have it already."""
        data = await asyncio.to_thread(path.read_bytes)
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
        try:
            file = await self._call("GET", f"/files/hash/{md5}")
        except NotFound:
            file = await self._call("POST", "/files", files={"file": (path.name, data)})
        return str(file["id"])

    async def _waited(self, execution: ExecutionReply) -> ExecutionReply:
        end, pause_s = time.monotonic() + WAIT_S, 0.1
        while execution.status not in ENDED and time.monotonic() < end:
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)
            execution = await self.look_up(execution.id)
        return execution

    async def _call(self, method: str, route: str, **content: Any) -> Any:
        try:
            reply = await self._http.request(method, f"{self._base}{route}", headers=self._headers, **content)
        except httpx.HTTPError as error:
            raise FetchFailed(f"The server at {self._base} does not answer: {error}.") from error
        if reply.is_success:
            return reply.json()
        raise _error(reply)


def _reply(body: Mapping[str, Any]) -> ExecutionReply:
    failure = body["error"]
    message = body["message"] if failure is None else f"{failure['message']} [{failure['code']}]"
    return ExecutionReply.model_validate({**body, "message": message})


def _error(reply: httpx.Response) -> PaperclerkError:
    try:
        body = reply.json()
        message, code = str(body["error"]["message"]), str(body["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return FetchFailed(f"The server answered {reply.status_code}, and not as Paperclerk does.")
    kind = NotFound if reply.status_code == 404 else InvalidRequest
    return kind(message, code=code)
