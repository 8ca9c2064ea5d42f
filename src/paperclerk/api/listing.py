"""What lists of executions are narrowed to, from a request's parameters. Used by `api.predictions`, `api.agents`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request

from paperclerk.api.routing import parse_time
from paperclerk.domain.agent import ServiceTier
from paperclerk.domain.errors import InvalidRequest
from paperclerk.storage.executions import Filters, Status

LABEL_PREFIX = "metadata."
MAX_LABELS = 10
MOMENT: dict[str, Any] = {"format": "date-time"}
Word = Annotated[str | None, Query(max_length=2048)]


def _filters(
    request: Request,
    status: Status | None = None,
    domain: Word = None,
    name: Annotated[str | None, Query(max_length=2048, description="The agent's name.")] = None,
    service_tier: ServiceTier | None = None,
    since: Annotated[
        str | None, Query(description="Made at this time or later, ISO 8601.", json_schema_extra=MOMENT)
    ] = None,
    until: Annotated[
        str | None, Query(description="Made before this time, ISO 8601.", json_schema_extra=MOMENT)
    ] = None,
) -> Filters:
    filters = Filters(
        status=status,
        domain=domain,
        agent_name=name,
        service_tier=service_tier,
        since=None if since is None else parse_time(since, "since"),
        until=None if until is None else parse_time(until, "until"),
        labels=_labels(request),
    )
    if any("\0" in text for text in (domain or "", name or "", *filters.labels, *filters.labels.values())):
        raise InvalidRequest("A filter holds the character U+0000.")
    return filters


FiltersOf = Annotated[Filters, Depends(_filters)]


def _labels(request: Request) -> dict[str, str]:
    found = {
        name.removeprefix(LABEL_PREFIX): value
        for name, value in request.query_params.multi_items()
        if name.startswith(LABEL_PREFIX)
    }
    if len(found) > MAX_LABELS:
        raise InvalidRequest(f"Filter by at most {MAX_LABELS} metadata keys.")
    return found
