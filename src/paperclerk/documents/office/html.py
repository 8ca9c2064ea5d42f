"""A web page, or the body of an e-mail, as a flow. Called by `opening` and the readers of mail and Markdown.

Only what the bytes hold is read: nothing is fetched, no script runs, and of styles only hiding counts.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote_to_bytes

from lxml import etree
from lxml import html as lxml_html

from paperclerk.documents.office.flow import Align, Block, Cell, Flow, Paragraph, Picture, Run, Table
from paperclerk.documents.office.markup import whole
from paperclerk.domain.errors import DocumentError, DocumentTooLarge

MAX_BYTES = 10_000_000
_MAX_SPAN = 100
_SKIPPED = {
    "script", "style", "head", "template", "noscript", "iframe", "object", "embed", "applet", "svg", "canvas",
    "audio", "video", "math", "datalist", "select",
}  # fmt: skip
_BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "html", "legend", "li", "main",
    "nav", "ol", "p", "section", "summary", "ul", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "table", "tr",
    "td", "th", "thead", "tbody", "tfoot", "caption",
}  # fmt: skip
_HEADINGS = {"h1": 20.0, "h2": 16.0, "h3": 13.0, "h4": 11.5, "h5": 10.5, "h6": 10.0}
_SIZE = 10.0
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_BLOCK = re.compile(r"display\s*:\s*(?:block|flex|grid|table|list-item)\b", re.I)
_ALIGN = re.compile(r"text-align\s*:\s*(center|right)", re.I)
_BOLD = re.compile(r"font-weight\s*:\s*(bold|[6-9]00)", re.I)
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([A-Za-z0-9_-]{2,40})", re.I)


def flow_of(data: bytes, pictures: Mapping[str, bytes] | None = None, *, charset: str = "") -> Flow:
    """The page. `pictures` are those that an e-mail brings along, by content id. Raises DocumentError."""
    blocks = tuple(blocks_of(decoded(data, charset), pictures or {}))
    return Flow(blocks or (Paragraph(()),))


def decoded(data: bytes, charset: str = "") -> str:
    """The text of a page whose encoding may be declared, by mail or by the page itself, or left to guess."""
    if len(data) > MAX_BYTES:
        raise DocumentTooLarge("The text has more than 10 MB. Split it and send the parts.")
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(name, "replace")
    declared = _CHARSET.search(data[:4096])
    for name in (charset, "utf-8", declared[1].decode("ascii") if declared else "", "cp1252"):
        try:
            return data.decode(name) if name else data.decode("utf-8")
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("latin-1")


def blocks_of(text: str, pictures: Mapping[str, bytes]) -> Iterator[Block]:
    """The blocks of a page. Raises DocumentError."""
    parser = lxml_html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        root = lxml_html.document_fromstring(_XML_HEAD.sub("", text).replace("\0", ""), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return
    if any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
        raise _too_deep()  # from there on the parser has dropped everything
    try:
        yield from _Walker(pictures).blocks(root, _Look())
    except RecursionError as error:
        raise _too_deep() from error


def _too_deep() -> DocumentError:
    return DocumentError("The page is nested too deeply. Save it as PDF and send that.")


_XML_HEAD = re.compile(r"^\s*<\?xml[^>]*>")


@dataclass(frozen=True)
class _Look:
    size: float = _SIZE
    bold: bool = False
    align: Align = "left"
    indent: float = 0.0
    mono: bool = False
    heading: bool = False


@dataclass
class _Walker:
    pictures: Mapping[str, bytes]
    runs: list[Run] = field(default_factory=list)

    def blocks(self, element: Any, look: _Look) -> Iterator[Block]:
        """The blocks of an element, whose own text and that of inline elements become paragraphs."""
        yield from self._inside(element, look)
        yield from self._flush(look)

    def _inside(self, element: Any, look: _Look) -> Iterator[Block]:
        self._say(element.text, look)
        for e in element:
            tag = e.tag if isinstance(e.tag, str) else ""
            if tag and tag not in _SKIPPED and not _is_hidden(e):
                yield from self._element(e, tag, look)
            self._say(e.tail, look)

    def _element(self, e: Any, tag: str, look: _Look) -> Iterator[Block]:
        style = e.get("style", "")
        if tag == "br":
            self.runs.append(Run("\n"))
        elif tag == "img":
            picture = self._picture(e)
            if picture is not None:
                yield from self._flush(look)
                yield picture
            elif e.get("alt"):
                self._say(e.get("alt"), look)
        elif tag == "input":
            if e.get("type", "text").lower() in ("text", "number", "date", "email", "tel"):
                self._say(f" {e.get('value', '')} ", look)
        elif tag == "table":
            yield from self._flush(look)
            yield from self._table(e, look)
        elif tag in _BLOCKS or _BLOCK.search(style):
            yield from self._flush(look)
            own = _styled(tag, style, e.get("align", ""), look)
            if tag == "li":
                self.runs.append(Run(_item_mark(e)))
            yield from self._inside(e, own)
            yield from self._flush(own)
        else:
            bold = look.bold or tag in ("b", "strong") or bool(_BOLD.search(style))
            yield from self._inside(e, replace(look, bold=bold))

    def _say(self, text: str | None, look: _Look) -> None:
        if not text:
            return
        self.runs.append(Run(text.expandtabs(8) if look.mono else _BLANKS.sub(" ", text), look.bold))

    def _flush(self, look: _Look) -> Iterator[Paragraph]:
        runs, self.runs = self.runs, []
        made = _joined(runs) if not look.mono else runs
        if any(run.text.strip() for run in made):
            before = 6.0 if look.heading else 0.0
            yield Paragraph(tuple(made), look.size, look.align, look.indent, before, 4.0, (), look.mono)

    def _picture(self, e: Any) -> Picture | None:
        source = (e.get("src") or "").strip()
        if source.lower().startswith("cid:"):
            data = self.pictures.get(source[4:])
        elif source.lower().startswith("data:image/"):
            data = _data_of(source)
        else:
            data = None  # never fetched
        if not data:
            return None
        return Picture(
            data, float(whole(e.get("width", ""), 300, 3000)), float(whole(e.get("height", ""), 200, 3000))
        )

    def _table(self, element: Any, look: _Look) -> Iterator[Block]:
        rows = [
            e
            for e in element.iter("tr")
            if next(e.iterancestors("table"), None) is element
            and not _is_hidden(e)
            and (e.getparent() is element or not _is_hidden(e.getparent()))
        ]
        caption = element.find("caption")
        if caption is not None:
            yield from self.blocks(caption, look)
        cells: list[Cell] = []
        taken: set[tuple[int, int]] = set()
        nested = False
        for row, line in enumerate(rows):
            column = 0
            for e in line:
                if e.tag not in ("td", "th") or _is_hidden(e):
                    continue
                while (row, column) in taken:
                    column += 1
                wide = min(max(1, whole(e.get("colspan", ""), 1)), _MAX_SPAN)
                high = min(max(1, whole(e.get("rowspan", ""), 1)), _MAX_SPAN, len(rows) - row)
                own = _styled(e.tag, e.get("style", ""), e.get("align", ""), replace(look, indent=0.0))
                blocks = tuple(_Walker(self.pictures).blocks(e, own))
                nested = nested or any(isinstance(b, Table) for b in blocks)
                taken |= {(row + r, column + c) for r in range(1, high) for c in range(wide)}
                cells.append(Cell(row, column, blocks, high, wide))  # type: ignore[arg-type]
                column += wide
        if nested or not any(
            cell.blocks for cell in cells
        ):  # a table that holds tables is there to place them
            for cell in cells:
                yield from cell.blocks
        else:
            yield Table(tuple(cells), _is_ruled(element, cells))


def _styled(tag: str, style: str, align: str, look: _Look) -> _Look:
    """What a block element makes of the look around it."""
    if tag in _HEADINGS:
        look = replace(look, size=_HEADINGS[tag], bold=True, heading=True)
    elif tag == "pre":
        look = replace(look, mono=True)
    elif tag in ("th", "dt", "caption", "legend"):
        look = replace(look, bold=True)
    elif tag in ("ul", "ol", "blockquote", "dd"):
        look = replace(look, indent=min(look.indent + 16.0, 160.0))
    found = _ALIGN.search(style)
    named = (found[1] if found else "center" if tag == "center" else align).lower()
    if named in ("center", "right"):
        look = replace(look, align=named)  # type: ignore[arg-type]
    return replace(look, bold=True) if _BOLD.search(style) else look


def _joined(runs: list[Run]) -> list[Run]:
    """Runs with the blanks between them as a browser shows them: single, none at the ends of a line."""
    out: list[Run] = []
    at_start = True
    for run in runs:
        text = run.text
        if at_start:
            text = text.lstrip(" ")
        if not text:
            continue
        if text.startswith("\n") and out:
            out[-1] = Run(out[-1].text.rstrip(" "), out[-1].bold, out[-1].size)
        out.append(Run(text, run.bold, run.size))
        at_start = text.endswith((" ", "\n"))
    while out and out[-1].text.strip() == "":
        out.pop()
    return out


def _item_mark(element: Any) -> str:
    parent = element.getparent()
    if parent is None or parent.tag != "ol":
        return "• "
    number = 1 + sum(1 for e in element.itersiblings("li", preceding=True))
    return f"{whole(parent.get('start', ''), 1) - 1 + number}. "


def _is_ruled(element: Any, cells: list[Cell]) -> bool:
    """Whether a table shows data: it says so by a border or a heading, or it has the shape of one."""
    if whole(element.get("border", ""), 0) > 0 or any(True for _ in element.iter("th")):
        return True
    rows, columns = {cell.row for cell in cells}, {cell.column for cell in cells}
    return len(rows) >= 3 and len(columns) >= 3


def _is_hidden(element: Any) -> bool:
    return element.get("hidden") is not None or bool(_HIDDEN.search(element.get("style", "")))


def _data_of(source: str) -> bytes | None:
    """What a `data:` address holds."""
    head, _, body = source.partition(",")
    try:
        raw = unquote_to_bytes(body)
        return base64.b64decode(raw) if head.lower().endswith(";base64") else raw
    except (binascii.Error, ValueError):
        return None
