"""A document whose lines are orders to the child that reads it: misbehave, or try what is forbidden.

It stands in for the parser faults that nobody has found yet. Only a reader that was opened with `orders=True`
reads it: `sandbox_report` does, and the tests of the supervision.
"""

from __future__ import annotations

import ctypes
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from paperclerk.documents import sandbox
from paperclerk.documents.media import ORDERS, ORDERS_MAGIC
from paperclerk.documents.pages import Pixels, assemble
from paperclerk.domain.document import DocumentInfo, Page, TextOrigin, Word
from paperclerk.domain.errors import DocumentError
from paperclerk.domain.geometry import Box


class OrdersDocument:
    """Implements `pages.OpenDocument`: each line is a page, whose one word tells how the order ended."""

    def __init__(self, data: npt.NDArray[np.uint8]) -> None:
        self._orders = data.tobytes().removeprefix(ORDERS_MAGIC).decode().splitlines()
        self.info = DocumentInfo("pdf", ORDERS.media_type, len(self._orders))

    def read(self, index: int) -> Page:
        started = time.perf_counter()
        name, _, argument = self._orders[index].partition(" ")
        outcome = _DEEDS[name](argument)
        word = Word(outcome or "done", Box(10, 10, 60, 20), 1.0, 10)
        return assemble(index, (100, 100), [word], TextOrigin.TEXT_LAYER, started)

    def draw(self, index: int, max_side: int) -> Pixels:
        self.read(index)
        return np.zeros((10, 10, 3), np.uint8)


def _say(argument: str) -> str:
    return argument


def _busy(_argument: str) -> str:
    while True:
        pass


def _hang(_argument: str) -> str:
    while True:
        time.sleep(1)


def _exhaust(_argument: str) -> str:
    kept = []
    while True:
        kept.append(np.ones(20_000_000, np.uint8))


def _exit(argument: str) -> str:
    os._exit(int(argument or 1))


def _crash(_argument: str) -> str:
    ctypes.string_at(0)
    return ""


def _fail(_argument: str) -> str:
    raise RuntimeError("a fault of the reader itself")


def _refuse(argument: str) -> str:
    raise DocumentError(argument or "This page is bad.", code="bad_page")


def _slow(argument: str) -> str:
    time.sleep(float(argument))
    return ""


def _large(argument: str) -> str:
    return "x" * int(argument)


def _print(argument: str) -> str:
    for _ in range(int(argument)):
        os.write(2, b"noise " * 1000)
    return ""


def _attempt(deed: Callable[[str], object]) -> Callable[[str], str]:
    def attempt(argument: str) -> str:
        try:
            deed(argument)
        except OSError:
            return "denied"
        return "allowed"

    return attempt


def _connect(_argument: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as channel:
        channel.connect(("127.0.0.1", 9))


def _fork(_argument: str) -> None:
    if os.fork() == 0:
        os._exit(0)


def _execute(_argument: str) -> None:
    os.execv("/bin/true", ["true"])  # noqa: S606


_DEEDS: dict[str, Callable[[str], str]] = {
    "say": _say,
    "busy": _busy,
    "hang": _hang,
    "exhaust": _exhaust,
    "exit": _exit,
    "crash": _crash,
    "fail": _fail,
    "refuse": _refuse,
    "slow": _slow,
    "large": _large,
    "print": _print,
    "connect": _attempt(_connect),
    "socket": _attempt(lambda _: socket.socket(socket.AF_UNIX).close()),
    "fork": _attempt(_fork),
    "execute": _attempt(_execute),
    "read": _attempt(lambda path: Path(path).read_bytes()),
    "write": _attempt(lambda path: Path(path).write_bytes(b"x")),
    "remove": _attempt(lambda path: Path(path).unlink()),
    "signal": _attempt(lambda pid: os.kill(int(pid), 0)),
    "unshare": _attempt(lambda _: _call("unshare", 0x10000000)),
    "trace": _attempt(lambda pid: _call("ptrace", 16, int(pid), 0, 0)),
    "network": lambda _: "own" if sandbox.has_own_network() else "shared",
}


def _call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), name)
