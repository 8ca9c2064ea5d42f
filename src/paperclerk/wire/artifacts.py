"""Artifacts on the wire (contract A.6)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class ArtifactItem(BaseModel):
    object_id: str
    filename: str
    source: Literal["store"] = "store"


class ArtifactListReply(BaseModel):
    """The files of one execution, or of all with the same session; newest execution first."""

    namespace_id: str
    items: list[ArtifactItem]
