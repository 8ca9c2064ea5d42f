"""What the tools ask of whoever executes, in this process or on a server. Implemented by `local` and `remote`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from paperclerk.domain.agent import Detail
from paperclerk.domain.errors import InvalidRequest

WAIT_S = 45.0  # MCP clients give a call up after a minute; what takes longer is looked up later


@dataclass(frozen=True)
class Asked:
    """An execution that is asked for. `document` is a path or an http(s) URL; `pages` are 0-based."""

    document: str
    agent: str | None = None
    json_schema: Mapping[str, Any] | None = None
    prompt: str = ""
    pages: tuple[int, ...] | None = None
    detail: Detail = "auto"
    grounding: bool = False
    confidence: bool = False


class PageReply(BaseModel):
    """How one page of the document ended. `page` is 0-based."""

    model_config = ConfigDict(extra="ignore")

    page: int
    status: str
    reason: str | None = None


class FieldReply(BaseModel):
    """A field that could not be given as the schema wants it."""

    model_config = ConfigDict(extra="ignore")

    path: str
    code: str
    message: str


class ExecutionReply(BaseModel):
    """An execution as it stands; `response` is there once its status is `completed`."""

    model_config = ConfigDict(extra="ignore")

    id: str
    status: Literal["enqueued", "pending", "running", "paused", "completed", "failed"]
    response: Any = None
    message: str | None = None
    errors: list[FieldReply] = []
    pages: list[PageReply] = []


class AgentReply(BaseModel):
    """An agent that can be executed by its name."""

    model_config = ConfigDict(extra="ignore")

    name: str
    version: str
    description: str


class Clerk(Protocol):
    """Executes and looks up. Raises PaperclerkError."""

    async def execute(self, asked: Asked) -> ExecutionReply:
        """The execution when it has ended, or as it stands after `WAIT_S`."""
        ...

    async def look_up(self, execution_id: str) -> ExecutionReply: ...

    async def agents(self) -> list[AgentReply]: ...


@dataclass(frozen=True)
class Files:
    """The files that a caller may name: those below `folder`, none when it is None."""

    folder: Path | None
    base: Path  # where a relative path starts

    def path(self, text: str) -> Path:
        """The file `text` names, links followed. Raises InvalidRequest, the same for what is hidden or missing."""
        if self.folder is None:
            raise InvalidRequest(
                "This server reads no local files. Give an http(s) URL, or start it with --files FOLDER.",
                code="file_not_allowed",
            )
        try:
            path = (self.base / text).expanduser().resolve()
            found = path.is_relative_to(self.folder.resolve()) and path.is_file()
        except (OSError, ValueError, RuntimeError):
            found = False
        if not found:
            raise InvalidRequest(
                f"No file at {text[:200]!r}: paths start at {str(self.base)!r} and lead to files below "
                f"{str(self.folder)!r}.",
                code="file_not_found",
            )
        return path


def is_url(document: str) -> bool:
    return document.lower().startswith(("http://", "https://"))
