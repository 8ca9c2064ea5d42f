"""What a model may have done: search, read a page or a table, look closer, calculate. Called by `exploring`.

A tool reads the pages of one document and nothing else: no file, no address, no key, no setting. Whatever its
arguments are, it gives a text; a mistake in them is said in it. What a document says comes between the same marks as
everywhere (`prompts`), so that it stays data.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, DivisionByZero, InvalidOperation, localcontext
from typing import Any

from paperclerk.domain.document import Page
from paperclerk.domain.geometry import Box
from paperclerk.engines.embedded.page.levelling import levelled
from paperclerk.engines.embedded.tables.grid import tables_of
from paperclerk.engines.models.endpoint import Tool, ToolCall, ToolResult
from paperclerk.extraction.cut_outs import Render, cut_out
from paperclerk.extraction.prompts import shown_pages
from paperclerk.extraction.windows import rows_of
from paperclerk.grounding.align_text import fold

MOST_HITS = 20
MOST_CHARS = 6_000  # of one result
MOST_TERMS = 200  # of one calculation


def _tool(name: str, description: str, **parameters: Any) -> Tool:
    required = [n for n, p in parameters.items() if "default" not in p]
    form = {"type": "object", "properties": parameters, "required": required, "additionalProperties": False}
    return Tool(name, description, form)


_PAGE = {"type": "integer", "description": "Number of the page, from 1"}
_EDGE = {"type": "number", "description": "Fraction of the page, 0 to 1, from its left or upper edge"}
SEARCH = _tool("search", "Rows of the document that hold all words of a text.", text={"type": "string"})
READ_PAGE = _tool(
    "read_page",
    "The text of a page, row by row.",
    page=_PAGE,
    row={"type": "integer", "description": "Row to begin with, from 1", "default": 1},
)
READ_TABLE = _tool(
    "read_table",
    "A table of a page, its cells parted by |.",
    page=_PAGE,
    table={"type": "integer", "description": "Which table of the page, from 1", "default": 1},
)
CALCULATE = _tool(
    "calculate", "The value of an expression of numbers, + - * / and brackets.", expression={"type": "string"}
)
ZOOM = _tool(
    "zoom", "A part of a page as a picture.", page=_PAGE, left=_EDGE, top=_EDGE, right=_EDGE, bottom=_EDGE
)


class _Mistake(Exception):
    """Arguments that a tool cannot use; the message is for the model."""


class DocumentTools:
    """The tools over some pages. `zoom` is among them where `render` is given."""

    def __init__(self, pages: Sequence[Page], render: Render | None = None) -> None:
        self._pages: Mapping[int, Page] = {p.index + 1: p for p in pages}
        self._render = render
        self._does: dict[str, Callable[[Mapping[str, Any]], ToolResult]] = {
            SEARCH.name: self._search,
            READ_PAGE.name: self._read_page,
            READ_TABLE.name: self._read_table,
            CALCULATE.name: lambda a: ToolResult(calculate(_text(a, "expression"))),
        }
        self.offered: tuple[Tool, ...] = (SEARCH, READ_PAGE, READ_TABLE, CALCULATE)
        if render is not None:
            self._does[ZOOM.name] = self._zoom
            self.offered = (*self.offered, ZOOM)

    def run(self, call: ToolCall) -> ToolResult:
        """What a call gives. Never raises for what a model may get wrong."""
        does = self._does.get(call.name)
        if does is None:
            return ToolResult(f"There is no tool {call.name!r}; there are {', '.join(self._does)}.")
        try:
            return does(call.arguments or {})
        except _Mistake as mistake:
            return ToolResult(f"Not done: {mistake}")

    def _search(self, given: Mapping[str, Any]) -> ToolResult:
        wanted = [w for w in map(fold, _text(given, "text").split()) if w]
        if not wanted:
            raise _Mistake("text must hold a word or a number")
        hits: dict[int, list[str]] = {}
        count = 0
        for number, page in self._pages.items():
            for n, row in enumerate(rows_of(page), 1):
                folded = fold(row)
                if all(w in folded for w in wanted):
                    count += 1
                    if count <= MOST_HITS:
                        hits.setdefault(number, []).append(f"row {n}: {row}")
        if not count:
            return ToolResult("No row holds all of these words. Try fewer.")
        more = f"\n{count - MOST_HITS} more rows hold them." if count > MOST_HITS else ""
        return ToolResult(shown_pages({n: "\n".join(rows)[:MOST_CHARS] for n, rows in hits.items()}) + more)

    def _read_page(self, given: Mapping[str, Any]) -> ToolResult:
        page = self._page(given)
        rows = rows_of(page)
        first = max(1, _whole(given, "row", 1))
        taken: list[str] = []
        size = 0
        for row in rows[first - 1 :]:
            size += len(row) + 1
            if taken and size > MOST_CHARS:
                break
            taken.append(row)
        last = first + len(taken) - 1
        more = f"\nRows {first} to {last} of {len(rows)}." if last < len(rows) else ""
        return ToolResult(shown_pages({page.index + 1: "\n".join(taken)[: 2 * MOST_CHARS]}) + more)

    def _read_table(self, given: Mapping[str, Any]) -> ToolResult:
        page = self._page(given)
        tables = tables_of(levelled(page))
        number = _whole(given, "table", 1)
        if not 1 <= number <= len(tables):
            raise _Mistake(f"page {page.index + 1} has {len(tables)} tables; read_page gives its text")
        rows = [" | ".join(cell.text for cell in row) for row in tables[number - 1].rows]
        text = "\n".join(rows)
        more = "\nThe table goes on; read_page gives the rest." if len(text) > MOST_CHARS else ""
        return ToolResult(shown_pages({page.index + 1: text[:MOST_CHARS]}) + more)

    def _zoom(self, given: Mapping[str, Any]) -> ToolResult:
        page = self._page(given)
        left, top, right, bottom = (_share(given, n) for n in ("left", "top", "right", "bottom"))
        if right - left < 0.01 or bottom - top < 0.01:
            raise _Mistake("left must be less than right, top less than bottom, by 0.01 at least")
        assert self._render is not None
        box = Box(left * page.width, top * page.height, right * page.width, bottom * page.height)
        picture = cut_out(self._render, page, box)
        return ToolResult(f"The picture of this part of page {page.index + 1} follows.", (picture,))

    def _page(self, given: Mapping[str, Any]) -> Page:
        number = _whole(given, "page", None)
        if number not in self._pages:
            known = sorted(self._pages)
            raise _Mistake(f"page must be one of {known[0]} to {known[-1]}, it is {number}")
        return self._pages[number]


def calculate(expression: str) -> str:
    """The value of an expression of numbers, `+ - * /` and brackets, to 28 digits; else what is wrong with it."""
    try:
        tree = ast.parse(expression.strip(), mode="eval")
        if sum(1 for _ in ast.walk(tree)) > 4 * MOST_TERMS:
            return "Not done: the expression is too long"
        with localcontext() as exact:
            exact.prec = 28
            return format(_value(tree.body), "f")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "Not done: only numbers, + - * / and brackets; decimals with a point, no thousands marks"
    except (DivisionByZero, InvalidOperation):
        return "Not done: it cannot be divided"


_OPERATORS: Mapping[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def _value(node: ast.expr) -> Decimal:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return Decimal(repr(number))
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left), _value(right))
    raise ValueError


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or len(value) > MOST_CHARS:
        raise _Mistake(f"{name} must be a text")
    return value


def _whole(given: Mapping[str, Any], name: str, default: int | None) -> int:
    value = given.get(name, default)
    if isinstance(value, float) and value == int(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Mistake(f"{name} must be a whole number")
    return value


def _share(given: Mapping[str, Any], name: str) -> float:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _Mistake(f"{name} must be a number from 0 to 1")
    return float(value)
