"""The HTTP application: routers, error replies, limits. Made by `bootstrap`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from paperclerk import __version__
from paperclerk.api import (
    agents,
    artifacts,
    chat,
    control,
    documents,
    errors,
    feedback,
    files,
    health,
    hub,
    images,
    limits,
    metrics,
    predictions,
    schemas,
    skills,
    unsupported,
    usage,
    webhooks,
)
from paperclerk.api.services import ApiLimits, Services

OpenServices = Callable[[], AbstractAsyncContextManager[Services]]


def create_app(open_services: OpenServices, api_limits: ApiLimits | None = None) -> FastAPI:
    """The application; `open_services` is entered when it starts and left when it stops."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Services]]:
        async with open_services() as services:
            yield {"services": services}

    app = FastAPI(
        title="Paperclerk",
        version=__version__,
        summary="Executes document agents.",
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    errors.install(app)
    for router in (
        health.router,
        metrics.router,
        files.signed,
        files.keyed,
        documents.execute_router,
        documents.generate_router,
        documents.old_router,
        images.execute_router,
        images.generate_router,
        predictions.router,
        usage.router,
        control.router,
        webhooks.router,
        agents.execute_router,
        agents.router,
        feedback.router,
        feedback.old_router,
        artifacts.router,
        skills.router,
        skills.signed,
        chat.router,
        chat.models_router,
        schemas.router,
        hub.router,
        unsupported.router,
    ):
        app.include_router(router)
    app.add_middleware(limits.RequestLimits, limits=api_limits or ApiLimits())
    app.add_middleware(limits.RequestLog)
    return app
