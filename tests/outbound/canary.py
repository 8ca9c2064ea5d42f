"""Run inside a network namespace of its own: inside addresses on `lo`, and listeners that count.

`python -m tests.outbound.canary [PAYLOADS.jsonl]` fetches and posts to every URL through the guard and prints
one JSON object: connections that a naive client made (the control), and those that the guard let through.
"""

from __future__ import annotations

import asyncio
import fcntl
import io
import json
import socket
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.outbound.test_urls import INSIDE, REFUSED, spellings

from paperclerk.domain.errors import PaperclerkError
from paperclerk.security.outbound import OutboundGuard, OutboundLimits

V4 = ["10.1.2.3", "169.254.169.254", "100.64.0.1", "192.168.0.9", "168.63.129.16", "93.184.215.14"]
V6 = ["fd00:ec2::254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "fec0::1"]
PUBLIC = "93.184.215.14"  # on lo too; answers with whatever redirect the path names
SIOCSIFFLAGS, SIOCSIFADDR, IFF_UP = 0x8914, 0x8916, 1


def bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
        for number, address in enumerate(V4):
            name = f"lo:{number}".encode()
            request = struct.pack(
                "16sHH4s8x", name, socket.AF_INET, 0, socket.inet_pton(socket.AF_INET, address)
            )
            fcntl.ioctl(control, SIOCSIFADDR, request)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as control:
        for address in V6:
            packed = socket.inet_pton(socket.AF_INET6, address)
            fcntl.ioctl(control, SIOCSIFADDR, struct.pack("16sIi", packed, 128, socket.if_nametoindex("lo")))


class Canary:
    """Counts connections to every address but the public one, which serves redirects."""

    def __init__(self) -> None:
        self.inside: list[str] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        local = str(writer.get_extra_info("sockname")[0]).removeprefix("::ffff:")
        if local != PUBLIC:
            self.inside.append(local)
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 2)
            location = self.locations.get(head.split(b" ")[1].decode())
            if local == PUBLIC and location:
                writer.write(f"HTTP/1.1 302 X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            await writer.drain()
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    locations: dict[str, str]


def sequence_resolver(answers: dict[str, Sequence[Sequence[str]]]) -> object:
    asked: dict[str, int] = {}

    async def resolve(host: str) -> Sequence[str]:
        if host not in answers:
            raise OSError(f"{host} does not exist")
        turn = asked.get(host, 0)
        asked[host] = turn + 1
        return answers[host][min(turn, len(answers[host]) - 1)]

    return resolve


async def main(lines: list[dict[str, object]]) -> dict[str, object]:
    canary = Canary()
    canary.locations = {f"/redirect{n}": url for n, url in enumerate(REFUSED) if url.isprintable()}
    names: dict[str, Sequence[Sequence[str]]] = {
        "public.example": [[PUBLIC]],
        "public.test": [[PUBLIC]],
        "flip.example": [[PUBLIC], ["127.0.0.1"]],
        "mixed.example": [[PUBLIC, "10.1.2.3"]],
    }
    urls = [f"http://{host}/" for address in INSIDE for host in spellings(address)] + REFUSED
    urls += [f"http://public.example{path}" for path in canary.locations]
    urls += ["http://flip.example/", "http://flip.example/", "http://mixed.example/"]
    for line in lines:
        urls.append(str(line["url"]))
        names.update({name: [found] for name, found in line.get("dns", {}).items()})  # type: ignore[attr-defined]
        for name, found in line.get("dns_sequence", {}).items():  # type: ignore[attr-defined]
            names[name] = [[one] for one in found]
        serve = line.get("serve")
        if isinstance(serve, dict) and "location" in serve:
            canary.locations["/" + str(line["url"]).split("/", 3)[3]] = serve["location"]
    servers = [
        await asyncio.start_server(canary.handle, "0.0.0.0", 80),
        await asyncio.start_server(canary.handle, "::", 80),
    ]
    reached = await naive(urls)
    control = len(canary.inside)
    canary.inside.clear()
    guard = OutboundGuard(resolver=sequence_resolver(names), limits=OutboundLimits(total_s=3, idle_s=1))  # type: ignore[arg-type]
    ended: dict[str, int] = {}
    for url in urls:
        for attempt in ("fetch", "post"):
            ended_as = await one(guard, url, attempt)
            ended[ended_as] = ended.get(ended_as, 0) + 1
    for server in servers:
        server.close()
    return {"urls": len(urls), "naive": max(control, reached), "inside": canary.inside, "ended": ended}


async def one(guard: OutboundGuard, url: str, attempt: str) -> str:
    try:
        if attempt == "fetch":
            await guard.fetch(url, max_bytes=1000, into=io.BytesIO())
        else:
            await guard.post(url, b"{}", {}, timeout_s=3)
    except PaperclerkError as error:
        return error.code
    return "ok"


async def naive(urls: list[str]) -> int:
    """What a client without a guard does: resolves and connects."""
    reached = 0
    for url in urls:
        host = url.partition("://")[2].partition("/")[0]
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host.strip("[]"), 80), 1)
        except (OSError, UnicodeError, TimeoutError):
            continue
        reached += 1
        writer.close()
    return reached


if __name__ == "__main__":
    bring_up_loopback()
    payloads = [json.loads(line) for path in sys.argv[1:] for line in Path(path).read_text().splitlines()]
    sys.stdout.write(json.dumps(asyncio.run(main(payloads))))
