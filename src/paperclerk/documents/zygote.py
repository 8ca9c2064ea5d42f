"""A small process that has everything loaded and forks one child for each document. Started by `process`.

It never touches a document. It speaks with the reader over one socket (descriptor 0): each byte asks for a
child, and the answer carries two descriptors, the child's *channel* (job in, pages out) and its *leash*:
closing the leash ends the child, and on it comes one line when the child has ended. When the socket closes,
because the reader closed it or died, the zygote and all its children end.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path

from paperclerk.documents import sandbox

STATUS = struct.Struct("<iBQd")
"""What comes on the leash: wait status, cause (a `CAUSE_`), peak memory in bytes, CPU seconds."""

CAUSE_ITSELF, CAUSE_LEASH, CAUSE_MEMORY = 0, 1, 2
REQUEST = struct.Struct("<cQ")  # b"n" and the most memory the child may hold in bytes
HELLO = b"z"
_WATCH_MS = 100
_SPARE_MS = 20  # a document is given so long to be read before a new spare takes time from it


@dataclass
class _Child:
    pid: int
    leash: socket.socket
    memory_bytes: int = 0
    cause: int = CAUSE_ITSELF


@dataclass
class _Spare:
    """A child that was forked in advance, with the ends of its sockets that the reader will get."""

    child: _Child
    channel: socket.socket
    leash: socket.socket


@dataclass
class Zygote:
    """The loop; `run` returns when the reader is gone."""

    control: socket.socket
    flavour_name: str
    children: dict[int, _Child] = field(default_factory=dict)
    spare: _Spare | None = None

    def run(self) -> None:
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the reader's to handle
        self._load()
        self.control.send(HELLO)
        self._fork_spare()
        while True:
            leashes = {child.leash.fileno(): child for child in self.children.values()}
            ready = self._wait([self.control.fileno(), wake_read, *leashes])
            if wake_read in ready:
                os.read(wake_read, 4096)
            for descriptor, child in leashes.items():
                if descriptor in ready:
                    self._kill(child, CAUSE_LEASH)
            self._watch_memory()
            self._reap()
            if self.spare is None and self.control.fileno() not in ready:
                self._fork_spare()
            if self.control.fileno() in ready and not self._hand_out():
                break
        for child in list(self.children.values()):
            self._kill(child, CAUSE_LEASH)

    def _load(self) -> None:
        from paperclerk.documents import child

        self._flavour = child.FLAVOURS[self.flavour_name]()
        child.rehearse(self._flavour)
        gc.collect()
        gc.freeze()  # keeps the collector from writing to pages that the children share

    def _wait(self, descriptors: list[int]) -> set[int]:
        poll = select.poll()
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN | select.POLLHUP)
        busy = len(self.children) > (1 if self.spare else 0)
        most_ms = _SPARE_MS if self.spare is None else _WATCH_MS if busy else None
        return {descriptor for descriptor, _ in poll.poll(most_ms)}

    def _hand_out(self) -> bool:
        """Answer one request; False when the reader is gone."""
        request = self.control.recv(REQUEST.size, socket.MSG_WAITALL)
        if len(request) < REQUEST.size:
            return False
        if self.spare is None or self.spare.child.pid not in self.children:
            self._fork_spare()
        spare = self.spare
        assert spare is not None
        spare.child.memory_bytes = REQUEST.unpack(request)[1]
        socket.send_fds(self.control, [b"c"], [spare.channel.fileno(), spare.leash.fileno()])
        spare.channel.close()
        spare.leash.close()
        self.spare = None
        return True

    def _fork_spare(self) -> None:
        channel, child_channel = socket.socketpair()
        leash, own_leash = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            self._become_child(child_channel)
        child_channel.close()
        self.children[pid] = _Child(pid, own_leash)
        self.spare = _Spare(self.children[pid], channel, leash)

    def _become_child(self, channel: socket.socket) -> None:
        """Never returns."""
        from paperclerk.documents import child

        status = 1
        try:
            sandbox.die_with_parent()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            os.dup2(channel.fileno(), 3)
            os.closerange(4, 65536)
            channel.detach()
            child.serve(socket.socket(fileno=3), self._flavour)
            status = 0
        finally:
            os._exit(status)

    def _kill(self, child: _Child, cause: int) -> None:
        if child.pid in self.children and child.cause == CAUSE_ITSELF:
            child.cause = cause
            os.kill(child.pid, signal.SIGKILL)

    def _watch_memory(self) -> None:
        for child in self.children.values():
            if child.memory_bytes and _resident_bytes(child.pid) > child.memory_bytes:
                self._kill(child, CAUSE_MEMORY)

    def _reap(self) -> None:
        while self.children:
            pid, status, used = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            child = self.children.pop(pid)
            report = STATUS.pack(status, child.cause, used.ru_maxrss * 1024, used.ru_utime + used.ru_stime)
            try:
                child.leash.send(report, socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT)
            except OSError:
                pass  # the reader did not wait for it
            child.leash.close()


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def main() -> None:
    sandbox.leave_network()
    try:
        Zygote(socket.socket(fileno=0), sys.argv[1]).run()
    except (BrokenPipeError, ConnectionResetError):
        pass  # the reader went while it was being answered; the children end with this process


if __name__ == "__main__":
    main()
