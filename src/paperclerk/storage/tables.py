"""The tables, as SQLAlchemy Core. Read by the repositories beside this file and by the migrations.

A row that belongs to a tenant says so in `tenant_id`; only `storage.tenancy` builds statements on such tables.
The database schema is a public contract: it changes through a migration, never here alone.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Timestamp(TypeDecorator[datetime]):
    """An aware datetime in UTC. SQLite forgets the zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; store aware times only")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """JSON as ASCII text: PostgreSQL's own types refuse the NUL characters that documents may hold."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, separators=(",", ":"), allow_nan=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

tenants = Table(
    "tenants",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("created_at", Timestamp, nullable=False),
    Column("keep_results_days", Float),  # null: as the server is set
    Column("keep_files_days", Float),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(16), primary_key=True),  # the readable part of the key
    Column("tenant_id", String(36), ForeignKey("tenants.id"), nullable=False, index=True),
    Column("secret_sha256", String(64), nullable=False),
    Column("plan", String(100), nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("last_used_at", Timestamp),
    Column("revoked_at", Timestamp),
)

webhook_secrets = Table(
    "webhook_secrets",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("tenant_id", String(36), ForeignKey("tenants.id"), nullable=False, index=True),
    Column("secret", String(200), nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("retired_at", Timestamp),
)

files = Table(
    "files",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("tenant_id", String(36), ForeignKey("tenants.id"), nullable=False),
    Column("state", String(16), nullable=False),  # FileState
    Column("sha256", String(64)),
    Column("md5", String(32)),
    Column("filename", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", String(200), nullable=False),
    Column("purpose", String(40), nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Index(None, "tenant_id", "created_at"),
    Index(None, "tenant_id", "md5"),
    Index(None, "sha256"),
)

executions = Table(
    "executions",
    metadata,
    # The caller may choose the id, so it is unique within the tenant only: another tenant's id stays unseen.
    Column("tenant_id", String(36), ForeignKey("tenants.id"), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),  # document | image
    Column("agent_name", Text, nullable=False),
    Column("agent_version", Text, nullable=False),
    Column("domain", Text),
    Column("model", Text, nullable=False),
    Column("batch", Boolean, nullable=False),
    Column("config", Json, nullable=False),
    Column("metadata", Json, nullable=False),
    Column("callback_url", Text),
    Column("fingerprint", String(64), nullable=False),
    Column("status", String(16), nullable=False),  # ExecutionStatus
    Column("created_at", Timestamp, nullable=False),
    Column("caller_created_at", Timestamp),
    Column("started_at", Timestamp),
    Column("completed_at", Timestamp),
    Column("attempts", Integer, nullable=False),
    Column("response", Json),
    Column("usage", Json),
    Column("credits_used", Integer, nullable=False),
    Column("errors", Json),
    Column("pages", Json),
    Column("steps", Json),
    Column("failure_code", String(64)),
    Column("message", Text),
    Column("partial", Json),  # values that a failed one had come to
    Column("stage", String(16)),  # reading | asking | extracting: how far it is, with the two counts
    Column("pages_done", Integer),
    Column("pages_total", Integer),
    Column("priority", Integer),  # 1 first .. 9 last, None is 5
    Column("deadline_at", Timestamp),
    Column("key_id", String(16)),  # the API key it was asked for with
    Column("artifacts", Json),  # as the reply lists them
    Column("service_tier", String(16)),
    Column("credits_held", Integer),  # of a key with a limit: what it may cost, taken off until it has ended
    Index(None, "tenant_id", "fingerprint"),
    Index(None, "tenant_id", "created_at"),
    Index(None, "tenant_id", "completed_at"),
    Index(None, "status"),
)

execution_inputs = Table(
    "execution_inputs",
    metadata,
    Column("tenant_id", String(36), primary_key=True),
    Column("execution_id", String(64), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("file_id", String(36)),
    Column("url", Text),
    Column("sha256", String(64)),  # of bytes that only this execution holds (a data: URL)
    ForeignKeyConstraint(
        ["tenant_id", "execution_id"], ["executions.tenant_id", "executions.id"], ondelete="CASCADE"
    ),
    Index(None, "sha256"),
)

execution_labels = Table(
    "execution_labels",
    metadata,
    Column("tenant_id", String(36), primary_key=True),
    Column("execution_id", String(64), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("value", String(512), nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "execution_id"], ["executions.tenant_id", "executions.id"], ondelete="CASCADE"
    ),
    Index(None, "tenant_id", "key", "value"),
)

takeovers = Table(
    "takeovers",
    metadata,
    # A job of a dead process, taken up by another. The claim is in the key, so that it counts once.
    Column("tenant_id", String(36), primary_key=True),
    Column("execution_id", String(64), primary_key=True),
    Column("executor_id", String(200), primary_key=True),
    Column("claimed_at_ms", BigInteger, primary_key=True),
    Column("steps_done", Integer, nullable=False),
    Column("at", Timestamp, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "execution_id"], ["executions.tenant_id", "executions.id"], ondelete="CASCADE"
    ),
)

webhook_events = Table(
    "webhook_events",
    metadata,
    Column("tenant_id", String(36), ForeignKey("tenants.id"), primary_key=True),
    Column("id", String(64), primary_key=True),  # the receiver's webhook-id, the same on every attempt
    Column("execution_id", String(64), nullable=False),
    Column("url", Text, nullable=False),
    Column("host", String(260), nullable=False),  # receivers are kept apart by it
    Column("body", Text, nullable=False),
    Column("state", String(16), nullable=False),  # EventState
    Column("created_at", Timestamp, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Timestamp, nullable=False),
    Column("leased_by", String(200)),  # the sender that is at it; its lease ends at due_at
    ForeignKeyConstraint(
        ["tenant_id", "execution_id"], ["executions.tenant_id", "executions.id"], ondelete="CASCADE"
    ),
    Index(None, "state", "due_at"),
    Index(None, "tenant_id", "created_at"),
    Index(None, "tenant_id", "execution_id"),
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("tenant_id", String(36), primary_key=True),
    Column("event_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),  # from 1
    Column("attempted_at", Timestamp, nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("status", Integer),
    Column("error", Text),
    ForeignKeyConstraint(
        ["tenant_id", "event_id"], ["webhook_events.tenant_id", "webhook_events.id"], ondelete="CASCADE"
    ),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("tenant_id", String(36), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("execution_id", String(64), nullable=False),
    Column("created_at", Timestamp, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "execution_id"], ["executions.tenant_id", "executions.id"], ondelete="CASCADE"
    ),
    Index(None, "created_at"),
)

agents = Table(
    "agents",
    metadata,
    Column("tenant_id", String(36), ForeignKey("tenants.id"), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("latest", Integer),  # the version that the name alone means; null until one is published
    Column("draft", Json),
    Column("created_at", Timestamp, nullable=False),
    Column("updated_at", Timestamp, nullable=False),
)

agent_versions = Table(
    "agent_versions",
    metadata,
    # A published definition: never changed, only followed by the next.
    Column("tenant_id", String(36), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("version", Integer, primary_key=True),  # from 1
    Column("id", String(36), nullable=False),
    Column("definition", Json, nullable=False),
    Column("prompt_sha256", String(64), nullable=False),
    Column("created_at", Timestamp, nullable=False),
    ForeignKeyConstraint(["tenant_id", "name"], ["agents.tenant_id", "agents.name"], ondelete="CASCADE"),
    UniqueConstraint("tenant_id", "id"),
    Index(None, "tenant_id", "prompt_sha256"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("tenant_id", String(36), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("execution_id", String(64), nullable=False),
    Column("response", Json),
    Column("notes", Text),
    Column("created_at", Timestamp, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "execution_id"], ["executions.tenant_id", "executions.id"], ondelete="CASCADE"
    ),
    Index(None, "tenant_id", "execution_id", "created_at"),
)

agent_cases = Table(
    "agent_cases",
    metadata,
    # The golden set of an agent: a document, and what is right for it.
    Column("tenant_id", String(36), primary_key=True),
    Column("agent", String(200), primary_key=True),
    Column(
        "id", String(200), primary_key=True
    ),  # that of the case's line, or of the execution that was corrected
    Column("sha256", String(64), nullable=False),
    Column("truth", Json, nullable=False),
    Column("match", Json),
    Column("created_at", Timestamp, nullable=False),
    ForeignKeyConstraint(["tenant_id", "agent"], ["agents.tenant_id", "agents.name"], ondelete="CASCADE"),
    Index(None, "sha256"),
)

artifacts = Table(
    "artifacts",
    metadata,
    # A file that an execution made. The object id is unique within the execution.
    Column("tenant_id", String(36), primary_key=True),
    Column("execution_id", String(64), primary_key=True),
    Column("object_id", String(16), primary_key=True),
    Column("filename", Text, nullable=False),
    Column("media_type", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "execution_id"], ["executions.tenant_id", "executions.id"], ondelete="CASCADE"
    ),
    Index(None, "sha256"),
)

skills = Table(
    "skills",
    metadata,
    # A version of a skill: never changed, only followed by the next.
    Column("tenant_id", String(36), ForeignKey("tenants.id"), primary_key=True),
    Column("id", String(36), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("revision", Integer, nullable=False),  # from 1
    Column("version", String(40), nullable=False),  # the same as callers write it: YYYYMMDD-hash
    Column("description", Text, nullable=False),
    Column("instructions", Text, nullable=False),
    Column("json_schema", Json),
    Column("sha256", String(64), nullable=False),  # of its archive
    Column("created_at", Timestamp, nullable=False),
    UniqueConstraint("tenant_id", "name", "revision"),
    Index(None, "sha256"),
)

usage = Table(
    "usage",
    metadata,
    # What ended, added up: executions are deleted in time, what they used is not forgotten.
    Column("tenant_id", String(36), ForeignKey("tenants.id"), primary_key=True),
    Column("key_id", String(16), primary_key=True),  # empty: made without a key
    Column("month", String(7), primary_key=True),  # in which they were accepted, UTC: 2030-01
    Column("agent_name", Text, primary_key=True),
    Column("is_own", Boolean, primary_key=True),  # the tenant's own agent, or its own schema
    Column("engine", String(40), primary_key=True),
    Column("status", String(16), primary_key=True),
    Column("executions", BigInteger, nullable=False),
    Column("elements", BigInteger, nullable=False),
    Column("credits", BigInteger, nullable=False),
    Column("seconds", BigInteger, nullable=False),
)

model_usage = Table(
    "model_usage",
    metadata,
    Column("tenant_id", String(36), ForeignKey("tenants.id"), primary_key=True),
    Column("key_id", String(16), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("agent_name", Text, primary_key=True),
    Column("is_own", Boolean, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost_usd", Float, nullable=False),
)
