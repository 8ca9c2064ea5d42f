"""The HTTP/1.1 protocol of the server: uvicorn's on h11, with a deadline for the head of a request.

h11 and not httptools, knowingly: it refuses what is ambiguous (bare line ends, two lengths, odd names), holds
no more than `HEAD_BYTES` of an unfinished head, and sends header names as they are spelled, which the official
client depends on for artifacts. It parses some thousand requests a second, far more than documents can be read.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_BYTES = 65_536
HEAD_DEADLINE_S = 15.0
STALL_DEADLINE_S = 60.0  # with more to send than the network takes


class DeadlineProtocol(H11Protocol):
    """Closes a connection whose request head does not come whole in time, or that takes nothing of its reply.

    uvicorn waits for ever in both cases.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if self._head_timer is None and self.conn.their_state is h11.IDLE:
            self._await_head()  # the next request of a kept connection
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall_timer = self.loop.call_later(STALL_DEADLINE_S, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_stall_timer()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._stop_stall_timer()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_DEADLINE_S, self._give_up)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        self.transport.close()
