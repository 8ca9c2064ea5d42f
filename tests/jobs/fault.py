"""Kills processes at random while jobs flow, then counts what became of what was promised.

`python -m tests.jobs.fault --store sqlite|postgresql --jobs N --kills K [--seed S] [--minutes M]` prints one JSON
object. Only what a client was told counts: an execution whose acceptance was answered must end, once, and be told
once.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil
from tests.api.conftest import SCHEMA, make_pdf
from tests.postgres import running_postgres

PAPERCLERK = [sys.executable, "-m", "paperclerk"]
EXPECTED = {"invoice_number": "R-2041", "total": 118.5}
SETTLE_S = 60.0
QUEUE = 20
TEND_S = 0.1
KINDS = ("api", "worker", "worker", "worker", "reader", "reader")  # killed in turns of shuffled order


class Receiver:
    """Takes webhooks; answers one in ten with a 500 when it comes first. Remembers which ids came for what.

    (The attempt after the second failure is five minutes away, which is not what this is about.)
    """

    def __init__(self, chance: random.Random) -> None:
        self.events: dict[str, Counter[str]] = {}
        self.refused: set[str] = set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                taken = body["id"] in receiver.refused or chance.random() > 0.1
                if not taken:
                    receiver.refused.add(body["id"])
                else:
                    receiver.events.setdefault(body["id"], Counter())[self.headers["webhook-id"]] += 1
                self.send_response(200 if taken else 500)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


class Cluster:
    """A server with a worker of its own, and `extra` workers beside it.

    A thread starts again what dies, whatever its user waits for, as a service manager would.
    """

    def __init__(self, folder: Path, database_url: str | None, extra: int) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.environment = {
            **os.environ,
            "PAPERCLERK_DATA_DIR": str(folder / "data"),
            "PAPERCLERK_ALLOW_PRIVATE_ADDRESSES": "127.0.0.0/8",
            "PAPERCLERK_PORT": str(self.port),
            "PAPERCLERK_WORKERS": "1",
            "PAPERCLERK_CONCURRENCY": "2",
            "PAPERCLERK_LOG_LEVEL": "warning",
        }
        if database_url:
            self.environment["PAPERCLERK_DATABASE_URL"] = database_url
        self.log = (folder / "log").open("ab")
        made = subprocess.run(
            [*PAPERCLERK, "keys", "create", "--tenant", "t"],
            env=self.environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        self.key = made.stdout.split()[-1]
        self.commands = {"api": [*PAPERCLERK, "serve"]} | {
            f"worker{n}": [*PAPERCLERK, "worker"] for n in range(extra)
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._start_missing()
        self._closing = threading.Event()
        self._tending = threading.Thread(target=self._tend, daemon=True)
        self._tending.start()

    def _tend(self) -> None:
        while not self._closing.wait(TEND_S):
            self._start_missing()

    def _start_missing(self) -> None:
        for name, command in self.commands.items():
            process = self.processes.get(name)
            if process is None or process.poll() is not None:
                self.processes[name] = subprocess.Popen(
                    command, env=self.environment, stdout=self.log, stderr=self.log
                )

    def kill_one(self, kind: str, chance: random.Random) -> None:
        """SIGKILL to a process of a kind: the server (api), a worker, or one that reads documents (reader)."""
        kinds: dict[str, list[psutil.Process]] = {"api": [], "worker": [], "reader": []}
        for name, process in self.processes.items():
            with suppress(psutil.Error):
                root = psutil.Process(process.pid)
                kinds["api" if name == "api" else "worker"].append(root)
                for child in root.children(recursive=True):
                    words = child.cmdline()
                    kinds["worker" if "worker" in words else "reader"].append(child)
        victims = kinds[kind] or kinds["worker"]
        with suppress(psutil.Error):
            chance.choice(victims).send_signal(signal.SIGKILL)

    def close(self) -> None:
        self._closing.set()
        self._tending.join()
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
        self.log.close()


class Client:
    """Submits until it is told that a job was accepted; remembers only those."""

    def __init__(self, cluster: Cluster) -> None:
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{cluster.port}/v1",
            headers={"Authorization": f"Bearer {cluster.key}"},
            timeout=20,
        )
        self.accepted: list[str] = []

    def until_answered(self, method: str, path: str, **body: Any) -> httpx.Response:
        end = time.monotonic() + 120
        while True:
            try:
                reply = self.http.request(method, path, **body)
            except httpx.HTTPError as error:
                last = repr(error)
            else:
                if reply.status_code < 500 and reply.status_code != 429:
                    return reply
                last = f"{reply.status_code} {reply.text}"
            assert time.monotonic() < end, f"{path} was not answered for two minutes; the last try: {last}"
            time.sleep(0.1)

    def submit(self, number: int, file_id: str, receiver: str) -> None:
        body = {
            "id": f"job-{number}",
            "file_id": file_id,
            "config": {"json_schema": SCHEMA},
            "callback_url": receiver,
            "batch": number % 3 > 0,  # for the others the client waits, and asks again when it hears nothing
        }
        reply = self.until_answered("POST", "/document/generate", json=body)
        told = reply.json() if reply.status_code == 201 else reply.json()["error"]
        assert told["id"] == body["id"], reply.text  # an error, too, where what was waited for has failed
        self.accepted.append(told["id"])

    def submit_all(
        self, jobs: int, files: list[str], receiver: str, chance: random.Random, until: float
    ) -> None:
        """Keeps a short queue: how fast this machine works through a long one is not the question here."""
        for number in range(jobs):
            if time.monotonic() > until:
                return
            while number % 10 == 0 and self.queued() > QUEUE:
                time.sleep(0.3)
            self.submit(number, chance.choice(files), receiver)

    def queued(self) -> int:
        params = {"status": "enqueued", "limit": 100}
        return len(self.until_answered("GET", "/predictions", params=params).json())

    def states(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for skip in range(0, len(self.accepted) + 1000, 1000):
            page = self.until_answered("GET", "/predictions", params={"limit": 1000, "skip": skip}).json()
            found |= {execution["id"]: execution for execution in page}
        return found


def kinds_to_kill(kills: int, chance: random.Random) -> list[str]:
    """What to kill, in order: every six kills have all kinds in their shares."""
    return [kind for _ in range(0, kills, len(KINDS)) for kind in chance.sample(KINDS, len(KINDS))][:kills]


@dataclass(frozen=True)
class Load:
    """How many jobs flow and how many kills there are, some `pause_s` apart or more; all ends after `minutes`."""

    jobs: int
    kills: int
    pause_s: float
    seed: int
    minutes: float = 600


def run(store: str, database_url: str | None, load: Load, *, extra: int = 2) -> dict[str, Any]:
    """One run; every figure but `kills`, `jobs` and the counts of ends must be 0 or as said in `judge`."""
    chance = random.Random(load.seed)
    with tempfile.TemporaryDirectory(prefix="pc-fault-") as name:
        folder = Path(name)
        receiver = Receiver(random.Random(load.seed + 1))
        cluster = Cluster(folder, database_url, extra)
        try:
            return _run(cluster, receiver, chance, store, load)
        except BaseException:
            sys.stderr.write((folder / "log").read_text()[-6000:])
            raise
        finally:
            cluster.close()
            receiver.server.shutdown()


def _run(
    cluster: Cluster, receiver: Receiver, chance: random.Random, store: str, load: Load
) -> dict[str, Any]:
    client = Client(cluster)
    files = [
        client.until_answered("POST", "/files", files={"file": ("a.pdf", make_pdf(n))}).json()["id"]
        for n in (1, 1, 1, 3)
    ]
    kinds, until = kinds_to_kill(load.kills, chance), time.monotonic() + 60 * load.minutes
    with ThreadPoolExecutor(1) as thread:
        submitting = thread.submit(
            client.submit_all, load.jobs, files, receiver.url, random.Random(chance.random()), until
        )
        for number, kind in enumerate(kinds, 1):
            time.sleep(chance.uniform(0.5, 1.5) * load.pause_s)
            while len(client.accepted) < (number - 1) * load.jobs // load.kills and not submitting.done():
                time.sleep(0.1)  # a busy machine: kills are spread over the jobs
            if time.monotonic() > until:
                kinds = kinds[: number - 1]
                break
            cluster.kill_one(kind, chance)
            if number % 10 == 0:
                sys.stderr.write(
                    f"{store}: {number}/{load.kills} kills, {len(client.accepted)}/{load.jobs} jobs accepted\n"
                )
        submitting.result()
    last_kill = time.monotonic()
    while True:
        states = client.states()
        open_jobs = [
            j for j in client.accepted if states.get(j, {}).get("status") not in ("completed", "failed")
        ]
        silent = [j for j in client.accepted if j not in receiver.events]
        if (not open_jobs and not silent) or time.monotonic() - last_kill > SETTLE_S:
            break
        time.sleep(0.5)
    return _report(cluster, receiver, client, states, store) | {
        "jobs": len(client.accepted),
        "kills": dict(Counter(kinds)),
        "settled_s": round(time.monotonic() - last_kill, 1),
    }


def _report(
    cluster: Cluster, receiver: Receiver, client: Client, states: dict[str, dict[str, Any]], store: str
) -> dict[str, Any]:
    ended = Counter(states[j]["status"] if j in states else "lost" for j in client.accepted)
    wrong = [
        j for j in client.accepted
        if j in states and states[j]["status"] == "completed" and states[j]["response"] != EXPECTED
    ]  # fmt: skip
    codes = Counter((states[j].get("error") or {}).get("code") for j in client.accepted if j in states)
    codes.pop(None, None)
    report: dict[str, Any] = {
        "store": store,
        "completed": ended["completed"],
        "failed": dict(codes),
        "lost": ended["lost"],
        "stuck": len(client.accepted) - ended["completed"] - ended["failed"] - ended["lost"],
        "wrong": len(wrong),
        "duplicates": len(client.accepted) - len(set(client.accepted)),
        "webhooks_missing": sum(j not in receiver.events for j in client.accepted),
        "webhooks_with_two_ids": sum(len(ids) > 1 for ids in receiver.events.values()),
        "webhooks_repeated": sum(sum(ids.values()) - 1 for ids in receiver.events.values()),
    }
    if store == "sqlite":
        with sqlite3.connect(cluster.folder / "data" / "paperclerk.sqlite") as database:
            report["integrity"] = database.execute("PRAGMA integrity_check").fetchone()[0]
    return report


def judge(report: dict[str, Any]) -> list[str]:
    """What of a report breaks a promise. A document whose reading child was killed may fail for that."""
    promises = ("lost", "stuck", "wrong", "duplicates", "webhooks_missing", "webhooks_with_two_ids")
    wrong = [f"{name}: {report[name]}" for name in promises if report[name]]
    others = {
        code: n for code, n in report["failed"].items() if code not in ("reading_failed", "reading_crashed")
    }
    if others:
        wrong.append(f"failed for no reason of theirs: {others}")
    if report.get("integrity", "ok") != "ok":
        wrong.append(f"integrity: {report['integrity']}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=["sqlite", "postgresql"], required=True)
    parser.add_argument("--jobs", type=int, default=2500)
    parser.add_argument("--kills", type=int, default=250)
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between kills, on average")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600, help="submit and kill no longer than that")
    given = parser.parse_args()
    load = Load(given.jobs, given.kills, given.pause, given.seed, given.minutes)
    if given.store == "sqlite":
        report = run("sqlite", None, load)
    else:
        with running_postgres() as url:
            report = run("postgresql", url, load)
    sys.stdout.write(json.dumps(report) + "\n")
    broken = judge(report)
    sys.exit("; ".join(broken) if broken else 0)


if __name__ == "__main__":
    main()
