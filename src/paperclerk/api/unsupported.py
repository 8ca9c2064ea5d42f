"""What the wire format has and this server does not do: 400 with a sentence, since clients retry a 5xx."""

from __future__ import annotations

from fastapi import APIRouter

from paperclerk.api.errors import NotSupported
from paperclerk.api.routing import CallerOf, KeyRoute

router = APIRouter(prefix="/v1", route_class=KeyRoute, include_in_schema=False)

FAMILIES = (
    "audio",
    "video",
    "web",
    "datasets",
    "fine_tuning",
    "gateway",
    "typesafe",
    "openai/embeddings",
    "openai/audio",
)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


async def refuse(caller: CallerOf) -> None:
    raise NotSupported(
        "This server reads documents and images; it does no audio, video, web pages, datasets, fine-tuning, gateway."
    )


for family in FAMILIES:
    router.add_api_route(f"/{family}", refuse, methods=METHODS)
    router.add_api_route(f"/{family}/{{rest:path}}", refuse, methods=METHODS)
