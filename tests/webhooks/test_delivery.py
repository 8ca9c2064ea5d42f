"""One attempt against receivers of many kinds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from standardwebhooks import Webhook
from tests.outbound import servers

from paperclerk.security.outbound import OutboundGuard
from paperclerk.webhooks.delivery import Attempt, Event, deliver
from paperclerk.webhooks.signing import new_secret

SECRET = new_secret()
BODY = b'{"id":"p1","status":"completed"}'


def attempt(server: Any) -> Attempt:
    async def run() -> Attempt:
        async with server.running():
            event = Event("msg_7", f"http://127.0.0.1:{server.port}/hook", BODY)
            return await deliver(servers.loopback_guard(), event, [SECRET])

    return asyncio.run(run())


def test_the_receiver_can_verify_what_it_gets() -> None:
    bodies: list[bytes] = []

    async def serve(reader: Any, writer: Any, _: bytes) -> None:
        bodies.append(await reader.readexactly(len(BODY)))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    server = servers.RawServer(serve)
    done = attempt(server)
    assert done.delivered and done.status == 204 and done.error is None
    lines = server.requests[0].decode().split("\r\n")[1:-2]
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert bodies == [BODY] and headers["content-type"] == "application/json"
    assert headers["webhook-id"] == "msg_7"
    Webhook(SECRET).verify(bodies[0], headers)


@pytest.mark.parametrize(
    ("status", "gone"), [(301, False), (400, False), (410, True), (429, False), (500, False), (502, False)]
)
def test_other_statuses_are_recorded_as_they_are(status: int, gone: bool) -> None:
    reply = (
        f"HTTP/1.1 {status} X\r\nLocation: http://10.0.0.1/\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"
    )
    done = attempt(servers.answers(reply.encode()))
    assert (done.delivered, done.status, done.gone, done.retry_after_s) == (False, status, gone, 7.0)


def test_a_receiver_that_hangs_up_is_an_attempt_with_a_reason() -> None:
    done = attempt(servers.answers(b""))
    assert not done.delivered and done.status is None
    assert done.error is not None and done.error.startswith("fetch_failed: ")


def test_a_name_that_has_turned_private_is_refused_at_delivery() -> None:
    answers = iter([["93.184.215.14"], ["10.0.0.1"]])

    async def turning(_: str) -> Sequence[str]:
        return next(answers)

    async def run() -> Attempt:
        guard = OutboundGuard(resolver=turning)
        await guard.check("https://hooks.example/x")
        return await deliver(guard, Event("msg_8", "https://hooks.example/x", BODY), [SECRET])

    done = asyncio.run(run())
    assert done.error is not None and done.error.startswith("url_not_allowed: ")
