"""The contract of an engine. Implemented by `engines.embedded`; called by `extraction.pipeline`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from paperclerk.domain.document import Page
from paperclerk.domain.result import Tree
from paperclerk.schemas.compiled import Field


@dataclass(frozen=True)
class Context:
    """What steers an extraction besides the schema.

    `prompt` are the agent's or the caller's instructions; `metadata` the caller's labels (environment,
    session, ...); `detail` is `lo`, `auto` or `hi`.
    """

    prompt: str = ""
    detail: str = "auto"
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Engine(Protocol):
    """Reads values from pages."""

    name: str

    def extract(self, pages: Sequence[Page], schema: Field, context: Context) -> Tree:
        """A tree of the schema's shape: dicts for objects, lists for arrays, `Leaf` for scalars.

        Every property of an object is present; what is not on the pages is `ABSENT` (or an empty list).
        Values come only from the words of `pages` or from the schema's enums, constants and booleans.
        """
        ...
