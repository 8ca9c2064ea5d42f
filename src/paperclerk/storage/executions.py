"""Rows of executions. Called by `api.predictions`, by `jobs` and by `webhooks`.

An execution is its request (fixed once accepted) and its outcome (written once, at the end). The legal moves
of its status stand in `MOVES`; every change of status goes through `Executions.start` or `Executions.finish`,
which refuse any other move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, RowMapping, Select, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from paperclerk.storage.tables import artifacts, execution_inputs, execution_labels, executions
from paperclerk.storage.tenancy import TenantRows, of_tenant


class Status(StrEnum):
    """Where an execution stands; the words are the wire's (contract B.1)."""

    ENQUEUED = "enqueued"  # accepted, to be run in the background
    PENDING = "pending"  # accepted, and about to be run for a caller who waits
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    PAUSED = "paused"


MOVES: Mapping[Status, frozenset[Status]] = {
    # to completed at once: over before anybody noted that it ran
    Status.ENQUEUED: frozenset({Status.RUNNING, Status.COMPLETED, Status.FAILED, Status.PAUSED}),
    Status.PENDING: frozenset({Status.RUNNING, Status.COMPLETED, Status.FAILED, Status.PAUSED}),
    # running -> running: taken up again after its process died
    Status.RUNNING: frozenset({Status.RUNNING, Status.COMPLETED, Status.FAILED, Status.PAUSED}),
    Status.PAUSED: frozenset({Status.ENQUEUED, Status.FAILED}),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
}

UNENDED = tuple(status for status, moves in MOVES.items() if moves)
UNFINISHED = tuple(status for status, moves in MOVES.items() if Status.RUNNING in moves)


@dataclass(frozen=True)
class Input:
    """One document of an execution: a stored file, an address to fetch, or bytes that came in the request."""

    file_id: str | None = None
    url: str | None = None
    sha256: str | None = None


WARNINGS = "warnings"  # in an execution's configuration: see `NewExecution.warnings`


@dataclass(frozen=True)
class NewExecution:
    """What was asked for, checked. `config` and `metadata` are as the wire has them."""

    id: str
    kind: str  # document | image | documents
    agent_name: str
    agent_version: str
    domain: str | None
    model: str
    batch: bool
    inputs: tuple[Input, ...]
    fingerprint: str
    config: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    callback_url: str | None = None
    caller_created_at: datetime | None = None
    priority: int | None = None
    deadline_at: datetime | None = None
    key_id: str | None = None
    service_tier: str = "auto"
    credits_held: int | None = None
    is_named: bool = True  # by its caller; an id that we have made is nobody else's

    @property
    def warnings(self) -> Sequence[str]:
        """What of the request had no effect, in sentences."""
        found: Sequence[str] = self.config.get(WARNINGS, ())
        return found


@dataclass(frozen=True)
class Partial:
    """What a failed execution had come to: values as its response would have them (None: none), pages, steps.

    `models` are what models were asked for it, as JSON.
    """

    response: Any = None
    pages: Sequence[Mapping[str, Any]] = ()
    steps: Sequence[Mapping[str, Any]] = ()
    models: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Outcome:
    """How an execution ended. `response` is None when it failed; `failure_code` is None when it did not.

    `usage`, `errors`, `pages`, `steps` and `artifacts` are JSON, as the reply gives them; `partial` is what stands in
    for the response of one that failed.
    """

    status: Status
    completed_at: datetime
    response: Any = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    credits_used: int = 0
    errors: Sequence[Mapping[str, Any]] = ()
    pages: Sequence[Mapping[str, Any]] = ()
    steps: Sequence[Mapping[str, Any]] = ()
    artifacts: Sequence[Mapping[str, Any]] = ()
    failure_code: str | None = None
    message: str | None = None
    partial: Any = None


@dataclass(frozen=True)
class PagesDone:
    """How far an execution is: `done` of `total` in `stage`: pages in `reading` and `extracting`, questions to models
    in `asking`."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True)
class Execution:
    """An execution as it stands. `outcome` is None until it has ended, `progress` until pages are read."""

    request: NewExecution
    tenant_id: str
    status: Status
    created_at: datetime
    started_at: datetime | None
    attempts: int
    outcome: Outcome | None
    progress: PagesDone | None = None

    @property
    def id(self) -> str:
        return self.request.id


@dataclass(frozen=True)
class Filters:
    """What a list of executions is narrowed to. `labels` are scalars of the caller's metadata, as text."""

    status: Status | None = None
    domain: str | None = None
    agent_name: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    service_tier: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


_e, _i = executions.c, execution_inputs.c
_id = bindparam("of_id", type_=_e.id.type)
_begun_at = func.coalesce(
    _e.started_at, bindparam("begun_at", type_=_e.started_at.type)
)  # the first time stays
_BY_ID = select(executions).where(of_tenant(executions), _e.id == _id)
_STATUS = select(_e.status).where(of_tenant(executions), _e.id == _id)
_INPUTS = (
    select(execution_inputs)
    .where(of_tenant(execution_inputs), _i.execution_id.in_(bindparam("ids", expanding=True)))
    .order_by(_i.execution_id, _i.position)
)
_SAME_REQUEST = (
    select(_e.id)
    .where(
        of_tenant(executions),
        _e.fingerprint == bindparam("of_fingerprint"),
        _e.key_id == bindparam("of_key"),
        _e.status.in_(UNFINISHED),
    )
    .order_by(_e.created_at)
    .limit(1)
)
_UNFINISHED_COUNT = select(func.count()).where(of_tenant(executions), _e.status.in_(UNFINISHED))
_START = (
    update(executions)
    .where(of_tenant(executions), _e.id == _id, _e.status.in_(UNFINISHED))
    .values(
        status=Status.RUNNING,
        started_at=_begun_at,
        attempts=_e.attempts + 1,
    )
)
_FINISH = (
    update(executions)
    .where(of_tenant(executions), _e.id == _id, _e.status.in_(bindparam("before", expanding=True)))
    .values(
        started_at=_begun_at,
        attempts=_e.attempts + bindparam("lives", type_=_e.attempts.type),
    )
)


class Executions(TenantRows):
    """Executions of one tenant."""

    async def add(self, new: NewExecution, *, created_at: datetime) -> Execution:
        """Stores an accepted execution."""
        status = Status.ENQUEUED if new.batch else Status.PENDING
        await self._add(
            executions,
            id=new.id,
            kind=new.kind,
            agent_name=new.agent_name,
            agent_version=new.agent_version,
            domain=new.domain,
            model=new.model,
            batch=new.batch,
            config=new.config,
            metadata=new.metadata,
            callback_url=new.callback_url,
            fingerprint=new.fingerprint,
            caller_created_at=new.caller_created_at,
            priority=new.priority,
            deadline_at=new.deadline_at,
            key_id=new.key_id,
            service_tier=new.service_tier,
            credits_held=new.credits_held,
            status=status,
            created_at=created_at,
            attempts=0,
            credits_used=0,
        )
        for position, item in enumerate(new.inputs):
            await self._add(
                execution_inputs,
                execution_id=new.id,
                position=position,
                file_id=item.file_id,
                url=item.url,
                sha256=item.sha256,
            )
        for key, value in new.labels.items():
            await self._add(execution_labels, execution_id=new.id, key=key, value=value)
        return Execution(new, self.tenant_id, status, created_at, None, 0, None)

    async def get(self, execution_id: str) -> Execution | None:
        row = (await self._run(_BY_ID, of_id=execution_id)).one_or_none()
        return (await self._with_inputs([row]))[0] if row else None

    async def status(self, execution_id: str) -> Status | None:
        """Where it stands, None when there is none of that id."""
        found = (await self._run(_STATUS, of_id=execution_id)).scalar_one_or_none()
        return Status(found) if found else None

    async def newest(self, filters: Filters, *, skip: int, limit: int) -> list[Execution]:
        """Newest first."""
        query = (
            self._narrowed(self._select(executions), filters)
            .order_by(executions.c.created_at.desc(), executions.c.id.desc())
            .offset(skip)
            .limit(limit)
        )
        return await self._with_inputs((await self._connection.execute(query)).all())

    async def start(self, execution_id: str, *, started_at: datetime) -> bool:
        """Moves to `running` and counts the attempt. False when the execution may not run (any more)."""
        result = await self._run(_START, of_id=execution_id, begun_at=started_at)
        return result.rowcount == 1

    async def move(self, execution_id: str, status: Status) -> bool:
        """Moves to an unfinished `status`, such as `paused`. False when that is no legal move from where it is."""
        allowed = [before for before, moves in MOVES.items() if status in moves]
        result = await self._connection.execute(
            self._update(executions)
            .where(executions.c.id == execution_id, executions.c.status.in_(allowed))
            .values(status=status)
        )
        return result.rowcount == 1

    async def note_progress(self, execution_id: str, progress: PagesDone) -> Status | None:
        """Writes how far a running execution is; returns where it stands, None when there is none of that id."""
        e = executions.c
        await self._connection.execute(
            self._update(executions)
            .where(e.id == execution_id, e.status == Status.RUNNING)
            .values(stage=progress.stage, pages_done=progress.done, pages_total=progress.total)
        )
        return await self.status(execution_id)

    async def keep_input(self, execution_id: str, position: int, sha256: str) -> None:
        """Notes which bytes an input turned out to be."""
        i = execution_inputs.c
        await self._connection.execute(
            self._update(execution_inputs)
            .where(i.execution_id == execution_id, i.position == position)
            .values(sha256=sha256)
        )

    async def ended_before(self, moment: datetime, *, limit: int) -> list[str]:
        """Ids of executions that ended before `moment`, those that did first."""
        e = executions.c
        query = self._select(executions, e.id).where(e.completed_at < moment).order_by(e.completed_at)
        return list((await self._connection.execute(query.limit(limit))).scalars())

    async def delete(self, ids: Sequence[str]) -> set[str]:
        """Deletes executions and all rows that hang on them.

        Returns the digests of bytes that they may have been the last to refer to.
        """
        e, i = executions.c, execution_inputs.c
        held = self._select(execution_inputs, i.sha256).where(i.execution_id.in_(ids), i.sha256.is_not(None))
        made = self._select(artifacts, artifacts.c.sha256).where(artifacts.c.execution_id.in_(ids))
        digests = {
            *(await self._connection.execute(held)).scalars(),
            *(await self._connection.execute(made)).scalars(),
        }
        await self._connection.execute(self._delete(executions).where(e.id.in_(ids)))
        return digests

    async def same_request(self, fingerprint: str, key_id: str) -> str | None:
        """The id of an execution that waits or runs, asked for in the same words by the same key."""
        result = await self._run(_SAME_REQUEST, of_fingerprint=fingerprint, of_key=key_id)
        found: str | None = result.scalar_one_or_none()
        return found

    async def count_unfinished(self) -> int:
        """How many executions of the tenant wait or run."""
        return int((await self._run(_UNFINISHED_COUNT)).scalar_one())

    async def finish(
        self, execution_id: str, outcome: Outcome, *, started_at: datetime | None = None
    ) -> bool:
        """Writes the outcome. False when the execution had ended before: the first outcome stays.

        `started_at` is when it was begun, where no `start` has noted that.
        """
        result = await self._run(
            _FINISH,
            of_id=execution_id,
            before=[status for status, moves in MOVES.items() if outcome.status in moves],
            begun_at=started_at,
            lives=0 if started_at is None else 1,
            status=outcome.status,
            completed_at=outcome.completed_at,
            response=outcome.response,
            usage=outcome.usage,
            credits_used=outcome.credits_used,
            errors=list(outcome.errors),
            pages=list(outcome.pages),
            steps=list(outcome.steps),
            artifacts=list(outcome.artifacts),
            failure_code=outcome.failure_code,
            message=outcome.message,
            partial=outcome.partial,
        )
        return result.rowcount == 1

    async def add_partial(self, execution_id: str, partial: Partial, usage: Mapping[str, Any]) -> bool:
        """Adds what a failed execution had come to. False when it has not failed, or that is known already."""
        e = executions.c
        result = await self._connection.execute(
            self._update(executions)
            .where(e.id == execution_id, e.status == Status.FAILED, e.partial.is_(None), e.pages == [])
            .values(
                partial=partial.response, pages=list(partial.pages), steps=list(partial.steps), usage=usage
            )
        )
        return result.rowcount == 1

    def _narrowed(self, query: Select[Any], filters: Filters) -> Select[Any]:
        e = executions.c
        if filters.status is not None:
            query = query.where(e.status == filters.status)
        if filters.domain is not None:
            query = query.where(e.domain == filters.domain)
        if filters.agent_name is not None:
            query = query.where(e.agent_name == filters.agent_name)
        if filters.service_tier is not None:
            query = query.where(func.coalesce(e.service_tier, "auto") == filters.service_tier)
        if filters.since is not None:
            query = query.where(e.created_at >= filters.since)
        if filters.until is not None:
            query = query.where(e.created_at < filters.until)
        for key, value in filters.labels.items():
            labels = execution_labels.c
            labelled = self._select(execution_labels, labels.execution_id).where(
                labels.key == key, labels.value == value
            )
            query = query.where(e.id.in_(labelled))
        return query

    async def _with_inputs(self, rows: Sequence[Row[Any]]) -> list[Execution]:
        inputs: dict[str, list[Input]] = {}
        for row in await self._run(_INPUTS, ids=[row._mapping["id"] for row in rows]):
            r = row._mapping
            inputs.setdefault(r["execution_id"], []).append(Input(r["file_id"], r["url"], r["sha256"]))
        return [_execution(row, tuple(inputs.get(row._mapping["id"], ()))) for row in rows]


async def unfinished(
    connection: AsyncConnection, *, before: datetime | None = None, limit: int | None = None
) -> list[tuple[str, str]]:
    """Tenant and id of executions (made `before` a moment) that wait or run; those that run first."""
    e = executions.c
    query = (
        select(e.tenant_id, e.id)
        .where(e.status.in_(UNFINISHED))
        .order_by((e.status == Status.RUNNING).desc(), e.created_at)
        .limit(limit)
    )
    if before is not None:
        query = query.where(e.created_at < before)
    return [(row.tenant_id, row.id) for row in await connection.execute(query)]


async def overdue(connection: AsyncConnection, now: datetime) -> list[tuple[str, str]]:
    """Tenant and id of executions whose deadline has passed and that have not ended."""
    e = executions.c
    query = select(e.tenant_id, e.id).where(
        e.status.in_((*UNFINISHED, Status.PAUSED)), e.deadline_at.is_not(None), e.deadline_at < now
    )
    return [(row.tenant_id, row.id) for row in await connection.execute(query)]


def _execution(row: Row[Any], inputs: tuple[Input, ...]) -> Execution:
    r = row._mapping
    request = NewExecution(
        id=r["id"],
        kind=r["kind"],
        agent_name=r["agent_name"],
        agent_version=r["agent_version"],
        domain=r["domain"],
        model=r["model"],
        batch=r["batch"],
        inputs=inputs,
        fingerprint=r["fingerprint"],
        config=r["config"],
        metadata=r["metadata"],
        callback_url=r["callback_url"],
        caller_created_at=r["caller_created_at"],
        priority=r["priority"],
        deadline_at=r["deadline_at"],
        key_id=r["key_id"],
        service_tier=r["service_tier"] or "auto",
        credits_held=r["credits_held"],
    )
    status = Status(r["status"])
    return Execution(
        request=request,
        tenant_id=r["tenant_id"],
        status=status,
        created_at=r["created_at"],
        started_at=r["started_at"],
        attempts=r["attempts"],
        outcome=_outcome(r, status) if not MOVES[status] else None,
        progress=PagesDone(r["stage"], r["pages_done"], r["pages_total"]) if r["stage"] else None,
    )


def _outcome(r: RowMapping, status: Status) -> Outcome:
    return Outcome(
        status=status,
        completed_at=r["completed_at"],
        response=r["response"],
        usage=r["usage"] or {},
        credits_used=r["credits_used"],
        errors=r["errors"] or (),
        pages=r["pages"] or (),
        steps=r["steps"] or (),
        artifacts=r["artifacts"] or (),
        failure_code=r["failure_code"],
        message=r["message"],
        partial=r["partial"],
    )
