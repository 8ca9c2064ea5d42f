"""The form of a schema that engines read: a finite tree of fields, `$ref` and unions resolved.

Made by `schemas.compile`; read by engines, validators and the wire.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["object", "array", "string", "number", "integer", "boolean", "enum", "any"]


@dataclass(frozen=True)
class Field:
    """One node of a schema.

    `path` is the way from the root: property names, and `[]` for the elements of an array. `kind` `enum`
    covers `enum` and `const` of any scalar type (`values` holds the members); `any` is a node without a
    usable type. `label` joins what names the field for a human: title, else the property name in words.
    `ancestors` are the names and titles of the enclosing objects, outermost first.
    Where a schema allows several types, the first non-null one rules and the rest stand in `alternatives`.
    A recursive `$ref` ends after three turns: deeper nodes have no children.
    """

    path: tuple[str, ...]
    name: str
    kind: Kind
    label: str = ""
    title: str = ""
    description: str = ""
    examples: tuple[Any, ...] = ()
    default: Any = None
    format: str | None = None
    pattern: str | None = None
    values: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    max_items: int | None = None
    nullable: bool = False
    required: bool = False
    children: tuple[Field, ...] = ()
    items: Field | None = None
    alternatives: tuple[Field, ...] = ()
    ancestors: tuple[str, ...] = ()

    @property
    def is_scalar(self) -> bool:
        return self.kind not in ("object", "array")

    def child(self, name: str) -> Field | None:
        return next((c for c in self.children if c.name == name), None)
