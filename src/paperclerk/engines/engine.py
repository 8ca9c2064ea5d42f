"""The contract of an engine. Implemented by `engines.embedded`; called by `extraction.pipeline`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from paperclerk.domain.agent import Rule
from paperclerk.domain.document import Page
from paperclerk.domain.result import FieldError, ModelUse, Step, Tree
from paperclerk.schemas.compiled import Field


@dataclass
class Trace:
    """What an engine tells of its work besides the tree: steps taken, fields that failed, what models cost."""

    steps: list[Step] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)
    models: list[ModelUse] = field(default_factory=list)


class Kept(Protocol):
    """What models have said to a job, kept beyond the death of its process. Methods block."""

    def get(self, key: str) -> bytes | None:
        """What was put under `key`, a word of letters and digits; None when nothing was."""
        ...

    def put(self, key: str, data: bytes) -> None: ...


@dataclass(frozen=True)
class Context:
    """What steers an extraction besides the schema.

    `prompt` are the agent's or the caller's instructions; `metadata` the caller's labels (environment,
    session, ...); `detail` is `lo`, `auto` or `hi`. `json_schema` is the caller's own, the judge of values; `rules`
    are the agent's, and put in question what breaks them.
    `max_retries`, `max_tokens` and `temperature` are for models. `render` gives a page (by index, longer side in
    pixels) as a viewer shows it, as PNG; None where there is no document to render.

    `kept` are the replies of models in an earlier life of this extraction, and where to keep those of this one;
    with `only_kept` no model is asked for more. `on_asked` is told twice a second how many of how many questions
    models have answered; an error that it raises ends the extraction.
    """

    prompt: str = ""
    detail: str = "auto"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    json_schema: Mapping[str, Any] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    max_retries: int = 3
    max_tokens: int = 65535
    temperature: float = 0.0
    render: Callable[[int, int], bytes] | None = None
    trace: Trace = field(default_factory=Trace, compare=False)
    kept: Kept | None = field(default=None, compare=False)
    only_kept: bool = False
    on_asked: Callable[[int, int], None] | None = field(default=None, compare=False)


class Engine(Protocol):
    """Reads values from pages."""

    name: str

    def extract(self, pages: Sequence[Page], schema: Field, context: Context) -> Tree:
        """A tree of the schema's shape: dicts for objects, lists for arrays, `Leaf` for scalars.

        Every property of an object is present; what is not on the pages is `ABSENT` (or an empty list).
        Values come only from the words of `pages` or from the schema's enums, constants and booleans.
        """
        ...
