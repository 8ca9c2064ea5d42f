"""Usage of a month on the wire."""

from __future__ import annotations

from pydantic import BaseModel, Field


class KeyCredits(BaseModel):
    """Credits of the calling key."""

    credits_used: int
    credits_held: int = Field(description="Of executions that have not ended, where the key has a limit.")
    credits_per_month: int | None = Field(description="The limit by the key's plan; null: none.")


class UsageOfAgent(BaseModel):
    """What one agent's executions used that one engine read and that ended with one status."""

    name: str
    engine: str
    status: str
    executions: int
    elements_processed: int
    credits_used: int
    duration_seconds: int


class UsageOfMonth(BaseModel):
    """What executions used that were accepted in the month and have ended, by all keys of the tenant."""

    month: str
    credits_used: int
    key: KeyCredits
    agents: list[UsageOfAgent]
