"""The health reply on the wire (contract A.1)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class HealthReply(BaseModel):
    status: Literal["ok"] = "ok"
