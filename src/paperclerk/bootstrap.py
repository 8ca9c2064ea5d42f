"""The composition root: settings in, working parts out. Called by the commands; the one place that names both."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from paperclerk.domain.errors import InvalidRequest
from paperclerk.security.plans import Plans, load_plans
from paperclerk.settings import Settings
from paperclerk.storage.database import Database, opening

if TYPE_CHECKING:
    from fastapi import FastAPI

    from paperclerk.api.services import ApiLimits, Services
    from paperclerk.jobs.work import Workshop
    from paperclerk.security.outbound import OutboundGuard
    from paperclerk.storage.blobs import Blobs
    from paperclerk.storage.contents import Contents

log = structlog.get_logger()

BETWEEN_AGENTS_S = 0.1


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database, brought to this version's schema. Makes the data folder."""
    prepare_data_dir(settings)
    database = Database(settings.database)
    try:
        with opening(database.url):
            await database.migrate()
        yield database
    finally:
        await database.close()


def prepare_data_dir(settings: Settings) -> None:
    """Makes the data folder, readable by its owner only. Raises InvalidRequest."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise InvalidRequest(
            f"The data folder {str(settings.data_dir)!r} cannot be made: {error.strerror}. "
            "Name another one with --data-dir or PAPERCLERK_DATA_DIR.",
            code="invalid_setting",
        ) from error


def load_plans_of(settings: Settings) -> Plans:
    return load_plans(settings.plans_file)


def create_app(settings: Settings) -> FastAPI:
    """The HTTP application with everything behind it."""
    from paperclerk.api.app import create_app as create

    return create(lambda: open_services(settings), api_limits(settings))


def api_limits(settings: Settings) -> ApiLimits:
    from paperclerk.api.services import ApiLimits

    return ApiLimits(
        max_upload_bytes=settings.max_upload_bytes,
        max_json_bytes=settings.max_json_bytes,
        max_image_json_bytes=settings.max_image_json_bytes,
        sync_wait_s=settings.sync_wait_s,
        public_url_ttl_s=settings.public_url_ttl_s,
    )


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Everything that serves requests, and the workers beside it that run executions; ends with the block."""
    from paperclerk.api.services import MetricsAccess, Services
    from paperclerk.bootstrap_worker import open_jobs
    from paperclerk.security.signed_urls import UrlSigner

    token = settings.metrics_token
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        contents = open_contents(settings, database)
        workshop = open_workshop(settings, stack, database, contents)
        jobs = await open_jobs(settings, workshop)
        stack.push_async_callback(jobs.close)
        await jobs.start()
        for task in (asyncio.create_task(sweep(contents)), asyncio.create_task(warm_up_server(workshop))):
            stack.callback(task.cancel)
        yield Services(
            database=database,
            contents=contents,
            jobs=jobs,
            plans=load_plans_of(settings),
            signer=UrlSigner(signing_secret(settings)),
            limits=api_limits(settings),
            base_url=settings.base_url,
            metrics=MetricsAccess(token, settings.metrics_by_tenant) if token else None,
        )


def open_contents(settings: Settings, database: Database) -> Contents:
    from paperclerk.storage.contents import Contents

    return Contents(database, open_blobs(settings))


def open_blobs(settings: Settings) -> Blobs:
    """The store of bytes. Raises InvalidRequest."""
    from paperclerk.storage.blobs import Blobs

    return Blobs(settings.blobs, staging=settings.data_dir / "staging")


def open_guard(settings: Settings) -> OutboundGuard:
    from paperclerk.security.outbound import OutboundGuard
    from paperclerk.security.outbound_url import parse_networks

    return OutboundGuard(parse_networks(settings.allow_private_addresses))


def open_workshop(
    settings: Settings,
    stack: AsyncExitStack,
    database: Database,
    contents: Contents,
    *,
    executes: bool = False,
) -> Workshop:
    """What checks documents and, with `executes`, executes them. Threads and reading processes end with `stack`."""
    from paperclerk.bootstrap_models import open_engine
    from paperclerk.documents import open_reader
    from paperclerk.jobs.work import Workshop

    threads = ThreadPoolExecutor(settings.concurrency + 2, thread_name_prefix="document")
    stack.callback(threads.shutdown, cancel_futures=True)
    reader = stack.enter_context(open_reader())  # ends first, and with it what the threads wait for
    return Workshop(
        database=database,
        contents=contents,
        guard=open_guard(settings),
        reader=reader,
        engine=open_engine(settings, stack, warm=executes),
        threads=threads,
        max_document_bytes=settings.max_upload_bytes,
        prices=load_plans_of(settings).prices,
        base_url=(settings.base_url or "").rstrip("/"),
    )


async def sweep(contents: Contents) -> None:
    """Collects what an earlier crash left in the store; a failure of it must not stop the server."""
    try:
        removed = await contents.sweep()
    except Exception:
        log.exception("the store could not be swept")
        return
    if removed:
        log.info("removed what an earlier stop left in the store", items=removed)


async def warm_up(workshop: Workshop) -> None:
    """Loads what the first request would otherwise wait for."""
    from paperclerk.agents import builtin
    from paperclerk.domain.agent import ExecutionConfig
    from paperclerk.extraction.plan import make_plan

    def load() -> None:
        make_plan(builtin.lookup("document.invoice"), ExecutionConfig())

    try:
        await asyncio.get_running_loop().run_in_executor(workshop.threads, load)
    except Exception:
        log.exception("warming up failed; `paperclerk doctor` may tell why")


async def warm_up_server(workshop: Workshop) -> None:
    """The same, and what a list of all agents takes: making their schemas is over a second's work, done in pieces so
    that requests come in between."""
    from paperclerk.agents import builtin

    await warm_up(workshop)
    try:
        for name in await asyncio.to_thread(builtin.names):
            await asyncio.to_thread(builtin.lookup, name)
            await asyncio.sleep(BETWEEN_AGENTS_S)
    except Exception:
        log.exception("the ready-made agents could not be loaded")


def signing_secret(settings: Settings) -> bytes:
    """The secret of presigned and public URLs; a random one is made and kept when none is set."""
    if settings.signing_secret:
        return settings.signing_secret.encode("utf-8")
    path = settings.data_dir / "signing.key"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return _make_secret(path)


def _make_secret(path: Path) -> bytes:
    """Writes a new secret and links it into place, so that of two processes one wins and none reads half."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(secrets.token_bytes(32))
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_bytes()
