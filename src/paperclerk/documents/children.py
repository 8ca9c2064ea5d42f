"""Zygotes and their children as the reader sees them: started, spoken with, ended. Called by `process`."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

from paperclerk.documents import messages
from paperclerk.documents.messages import FrameError, Job, Refused, Trouble
from paperclerk.documents.zygote import CAUSE_LEASH, CAUSE_MEMORY, HELLO, REQUEST, STATUS
from paperclerk.domain.errors import (
    DocumentError,
    DocumentTooLarge,
    InvalidRequest,
    PaperclerkError,
    PasswordRequired,
    ReadingFailed,
    UnsupportedDocument,
)

_log = logging.getLogger(__name__)

_START_SECONDS = 60.0
_END_SECONDS = 5.0
_NEARLY = 0.8  # of the memory limit: a child that dies above it died of it
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LANG", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
"""All that a zygote gets of the environment, which may hold secrets."""

_KINDS: dict[str, type[PaperclerkError]] = {
    "document": DocumentError,
    "password": PasswordRequired,
    "too_large": DocumentTooLarge,
    "unsupported": UnsupportedDocument,
    "request": InvalidRequest,
    "failed": ReadingFailed,
}


@dataclass
class Spent:
    """What the children of a reading used, once they have ended: CPU time of all, peak memory of the largest."""

    cpu_seconds: float = 0.0
    peak_bytes: int = 0


class ZygoteProcess:
    """A running zygote of one flavour."""

    def __init__(self, flavour: str) -> None:
        """Raises ReadingFailed when it does not start; its standard error, which is ours, says why."""
        self._lock = threading.Lock()
        self._control, other = socket.socketpair()
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        for library in ("OMP", "OPENBLAS", "MKL"):
            environment[f"{library}_NUM_THREADS"] = "1"
        if flavour == "ocr":  # the networks fill large blocks, which cost less in pages of 2 MB
            environment["GLIBC_TUNABLES"] = "glibc.malloc.hugetlb=1"
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "paperclerk.documents.zygote", flavour],
                stdin=other.fileno(),
                stdout=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        self._control.settimeout(_START_SECONDS)
        if self._hello() != HELLO:
            self.close()
            raise not_started()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _hello(self) -> bytes:
        try:
            return self._control.recv(1)
        except OSError:
            return b""

    def child(self, memory_bytes: int, spent: Spent) -> Child:
        """A child that waits for its job. Raises OSError when the zygote is gone."""
        with self._lock:
            self._control.sendall(REQUEST.pack(b"n", memory_bytes))
            mark, descriptors, _flags, _address = socket.recv_fds(self._control, 1, 2)
        if not mark or len(descriptors) != 2:
            raise ConnectionError("the reading process ended")
        channel, leash = (socket.socket(fileno=descriptor) for descriptor in descriptors)
        return Child(channel, leash, memory_bytes, spent)

    def close(self) -> None:
        """End it and all its children; it ends them itself when the socket closes."""
        self._control.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Child:
    """One child: a channel for the job and its replies, a leash to end it. `end` may come from any thread."""

    def __init__(self, channel: socket.socket, leash: socket.socket, memory_bytes: int, spent: Spent) -> None:
        self._channel, self._leash = channel, leash
        self._memory_bytes, self._spent = memory_bytes, spent
        self._ending = threading.Lock()
        self._using = threading.Lock()  # held while the sockets are read, so that none is closed meanwhile
        self._ended = False

    def start(self, job: Job, descriptor: int) -> None:
        """Give it its job. Raises ReadingFailed when it is gone."""
        with self._using:
            try:
                messages.send_job(self._channel, job, descriptor)
            except OSError:
                raise self._death() from None

    def receive(self, seconds: float) -> messages.Reply:
        """The next reply. Raises what the child refuses with, and ReadingFailed when it is gone or silent."""
        deadline = time.monotonic() + seconds
        with self._using:
            while True:
                reply = self._next(deadline)
                if isinstance(reply, Refused):
                    raise _KINDS[reply.kind](reply.message, code=reply.code)
                if not isinstance(reply, Trouble):
                    return reply
                _log.warning("reading failed on page %d:\n%s", reply.index, reply.trace)

    def _next(self, deadline: float) -> messages.Reply:
        try:
            self._channel.settimeout(max(0.01, deadline - time.monotonic()))
            reply = messages.receive_reply(self._channel)
        except TimeoutError:
            raise timed_out() from None
        except FrameError as error:
            _log.warning("%s", error)
            raise crashed() from None
        except OSError:
            reply = None
        if reply is None:
            raise self._death()
        return reply

    def let_go(self) -> None:
        """Have the child killed, and wait for nothing: all that was wanted of it is there. `end` is still to come."""
        for end, how in ((self._leash, socket.SHUT_WR), (self._channel, socket.SHUT_RDWR)):
            try:
                end.shutdown(how)
            except OSError:
                pass  # gone already

    def end(self) -> None:
        """Kill the child unless it is gone, and wait until it is."""
        with self._ending:
            if self._ended:
                return
            self._ended = True
        self.let_go()
        with self._using:
            self._status()
            self._channel.close()
            self._leash.close()

    def _death(self) -> ReadingFailed:
        """Why the child is gone."""
        report = self._status()
        if report is None:
            return crashed()
        status, cause, peak_bytes = report
        if cause == CAUSE_MEMORY:
            return out_of_memory()
        if cause == CAUSE_LEASH or not os.WIFSIGNALED(status):
            return crashed()
        if os.WTERMSIG(status) == signal.SIGXCPU:
            return timed_out()
        # a library that is refused memory usually aborts
        return out_of_memory() if peak_bytes > _NEARLY * self._memory_bytes else crashed()

    def _status(self) -> tuple[int, int, int] | None:
        """Wait status, cause and peak memory, once the child has ended; None when that is not to be learned."""
        try:
            self._leash.settimeout(_END_SECONDS)
            report = self._leash.recv(STATUS.size, socket.MSG_WAITALL)
        except OSError:
            return None
        if len(report) != STATUS.size:
            return None
        status, cause, peak_bytes, cpu_seconds = STATUS.unpack(report)
        self._spent.cpu_seconds += cpu_seconds
        self._spent.peak_bytes = max(self._spent.peak_bytes, peak_bytes)
        return status, cause, peak_bytes


def crashed() -> ReadingFailed:
    return ReadingFailed(
        "The document made its reader crash. Save it anew, or send it as images.", code="reading_crashed"
    )


def not_started() -> ReadingFailed:
    return ReadingFailed(
        "The process that reads documents did not start, or was ended before it could. Send the document again; "
        "`paperclerk doctor` tells what is wrong if that does not help."
    )


def timed_out() -> ReadingFailed:
    return ReadingFailed(
        "Reading the document took longer than it may. Send a simpler document, or fewer pages.",
        code="reading_timeout",
    )


def out_of_memory() -> ReadingFailed:
    return ReadingFailed(
        "Reading the document took more memory than it may. Send a simpler or smaller document.",
        code="reading_out_of_memory",
    )
