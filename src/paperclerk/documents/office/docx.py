"""A Word document (DOCX) as a flow of paragraphs, tables and pictures. Called by `opening`.

What Word does not show is not read: deleted text, hidden runs, comments, field codes. Links are never followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from paperclerk.documents.office.archive import Package, Relation
from paperclerk.documents.office.flow import (
    Align,
    Block,
    Cell,
    Flow,
    PageBreak,
    Paragraph,
    Picture,
    Run,
    Tab,
    Table,
)
from paperclerk.documents.office.markup import attribute, child, children, local_name, whole
from paperclerk.documents.office.styles import Look, Styles, is_on

_TWIPS = 20.0  # in a point
_EMU = 12700.0  # in a point
_MAX_SPAN = 200
_ENTERED = {"ins", "moveTo", "hyperlink", "smartTag", "fldSimple", "customXml", "sdtContent", "dir", "bdo"}
_ALIGNED: dict[str, Align] = {"center": "center", "right": "right", "end": "right"}


def flow_of(package: Package) -> Flow:
    """The document. Raises DocumentError."""
    main = package.main_part()
    body = child(package.xml(main), "body")
    reader = _Reader(package, main, Styles(package, main))
    blocks = list(reader.blocks(body)) if body is not None else []
    section = next((e for e in body.iter() if local_name(e) == "sectPr"), None) if body is not None else None
    return replace(
        _page_of(section),
        blocks=(*blocks, *reader.footnotes()),
        header=reader.beside(section, "headerReference"),
        footer=reader.beside(section, "footerReference"),
    )


def _page_of(section: Any) -> Flow:
    size, margins = child(section, "pgSz"), child(section, "pgMar")
    width = whole(attribute(size, "w"), 11906) / _TWIPS
    height = whole(attribute(size, "h"), 16838) / _TWIPS
    margin = whole(attribute(margins, "left"), 1134) / _TWIPS
    if not (72 <= width <= 3000 and 72 <= height <= 3000):
        width, height = 595.0, 842.0
    return Flow((), round(width, 1), round(height, 1), round(min(max(margin, 20.0), width / 4), 1))


@dataclass
class _Reader:
    package: Package
    part: str
    styles: Styles
    numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    links: dict[str, Relation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.links = self.package.relations(self.part)

    def blocks(self, parent: Any) -> Iterator[Block]:
        for element in parent:
            name = local_name(element)
            if name == "p":
                yield from self._paragraph(element)
            elif name == "tbl":
                yield from self._table(element)
            elif name == "sdt":
                content = child(element, "sdtContent")
                if content is not None:
                    yield from self.blocks(content)
            elif name in _ENTERED:
                yield from self.blocks(element)

    def beside(self, section: Any, reference: str) -> tuple[Block, ...]:
        """The header or footer of a section: the first page's own where there is one, else the usual."""
        if section is None:
            return ()
        kinds = {attribute(e, "type", "default"): attribute(e, "id") for e in children(section, reference)}
        first = child(section, "titlePg") is not None
        link = self.links.get(
            kinds.get("first", "") if first and "first" in kinds else kinds.get("default", "")
        )
        if link is None or link.target not in self.package:
            return ()
        reader = _Reader(self.package, link.target, self.styles)
        return tuple(b for b in reader.blocks(self.package.xml(link.target)) if not isinstance(b, PageBreak))

    def footnotes(self) -> Iterator[Block]:
        """Footnotes, after everything else."""
        link = next((link for link in self.links.values() if link.kind == "footnotes"), None)
        if link is None or link.target not in self.package:
            return
        reader = _Reader(self.package, link.target, self.styles)
        for note in children(self.package.xml(link.target), "footnote"):
            if attribute(note, "type") in ("", "normal"):
                yield from reader.blocks(note)

    def _paragraph(self, element: Any) -> Iterator[Block]:
        properties = child(element, "pPr")
        look = self.styles.look(attribute(child(properties, "pStyle"), "val"))
        if is_on(child(properties, "pageBreakBefore")):
            yield PageBreak()
        pieces = list(self._pieces(element, look))
        mark = self._list_mark(properties, look)
        runs: list[Run] = [Run(mark)] if mark else []
        asides: list[Block] = []
        for piece in pieces:
            if isinstance(piece, Run):
                runs.append(piece)
            elif isinstance(piece, PageBreak):
                yield self._made(runs, properties, look)
                yield piece
                runs = []
            else:
                asides.append(piece)
        if runs or not asides:
            yield self._made(runs, properties, look)
        yield from asides
        section = child(properties, "sectPr")
        if section is not None and attribute(child(section, "type"), "val") != "continuous":
            yield PageBreak()

    def _made(self, runs: list[Run], properties: Any, look: Look) -> Paragraph:
        align = _ALIGNED.get(attribute(child(properties, "jc"), "val", look.align), "left")
        indent = whole(attribute(child(properties, "ind"), "left"), 0, 8000) / _TWIPS
        listed = child(properties, "tabs")
        tabs = tuple(
            Tab(whole(attribute(t, "pos")) / _TWIPS, _ALIGNED.get(attribute(t, "val"), "left"))
            for t in (listed if listed is not None else ())
            if attribute(t, "val") != "clear"
        )
        before, after = (8.0, 4.0) if look.heading else (0.0, 3.0)
        return Paragraph(tuple(runs), look.size, align, max(0.0, indent), before, after, tabs)

    def _list_mark(self, properties: Any, look: Look) -> str:
        numbering = child(properties, "numPr")
        number = attribute(child(numbering, "numId"), "val") or look.number
        if not number or number == "0":
            return ""
        level = whole(attribute(child(numbering, "ilvl"), "val"), 0, 8)
        if self.styles.is_bullet(number, level):
            return "• "
        key = (number, level)
        self.numbers[key] = self.numbers.get(key, 0) + 1
        for deeper in range(level + 1, 9):
            self.numbers.pop((number, deeper), None)
        return ".".join(str(self.numbers.get((number, n), 1)) for n in range(level + 1)) + ". "

    def _pieces(self, parent: Any, look: Look) -> Iterator[Run | Block]:
        """Runs of a paragraph, page breaks, and what is anchored in it."""
        for element in parent:
            name = local_name(element)
            if name == "r":
                yield from self._run(element, look)
            elif name == "sdt":
                content = child(element, "sdtContent")
                if content is not None:
                    yield from self._pieces(content, look)
            elif name in _ENTERED:
                yield from self._pieces(element, look)
            elif name == "oMath":
                yield Run("".join(e.text or "" for e in element.iter() if local_name(e) == "t"))

    def _run(self, element: Any, look: Look) -> Iterator[Run | Block]:
        own = self.styles.run_look(look, child(element, "rPr"))
        if own.hidden:
            return
        for piece in element:
            name = local_name(piece)
            if name == "t":
                text = piece.text or ""
                yield Run(text.upper() if own.capitals else text, own.bold, own.size)
            elif name in ("tab", "ptab"):
                yield Run("\t", own.bold, own.size)
            elif name == "br":
                yield PageBreak() if attribute(piece, "type") == "page" else Run("\n", own.bold, own.size)
            elif name == "cr":
                yield Run("\n", own.bold, own.size)
            elif name == "noBreakHyphen":
                yield Run("-", own.bold, own.size)
            elif name in ("drawing", "pict", "AlternateContent", "object"):
                yield from self._drawn(piece)

    def _drawn(self, element: Any) -> Iterator[Block]:
        """Pictures and text boxes; of two versions of the same thing only the newer one."""
        for e in element:
            name = local_name(e)
            if name == "txbxContent":
                yield from self.blocks(e)
            elif name in ("blip", "imagedata"):
                link = self.links.get(attribute(e, "embed") or attribute(e, "id"))
                if link is not None and link.target in self.package:
                    yield Picture(self.package.read(link.target), *_extent(element))
            elif name != "Fallback":
                yield from self._drawn(e)

    def _table(self, element: Any) -> Iterator[Block]:
        grid = child(element, "tblGrid")
        widths = [whole(attribute(c, "w"), 0, 60_000) / _TWIPS for c in grid] if grid is not None else []
        cells: list[Cell] = []
        nested = False
        starts: dict[int, int] = {}  # column -> position in `cells` of the cell that may go on downwards
        for row, line in enumerate(_inside(element, "tr")):
            column = whole(attribute(child(line, "trPr", "gridBefore"), "val"), 0, _MAX_SPAN)
            for box in _inside(line, "tc"):
                properties = child(box, "tcPr")
                span = max(1, whole(attribute(child(properties, "gridSpan"), "val"), 1, _MAX_SPAN))
                merge = child(properties, "vMerge")
                above = starts.get(column)
                if (
                    merge is not None
                    and attribute(merge, "val", "continue") == "continue"
                    and above is not None
                ):
                    cells[above] = replace(cells[above], rows=row - cells[above].row + 1)
                else:
                    blocks = tuple(_shown(self.blocks(box)))
                    nested = nested or any(isinstance(b, Table) for b in blocks)
                    starts[column] = len(cells)
                    cells.append(Cell(row, column, blocks, 1, span))  # type: ignore[arg-type]
                column += span
        if nested:  # a table that holds tables is there to place them
            for cell in cells:
                yield from cell.blocks
        elif cells:
            yield Table(tuple(cells), self.styles.is_ruled(element), tuple(widths))


def _inside(parent: Any, name: str) -> Iterator[Any]:
    """Rows of a table or cells of a row, also those inside content controls and tracked changes."""
    for element in parent:
        if local_name(element) == name:
            if not (name == "tr" and child(element, "trPr", "del") is not None):
                yield element
        elif local_name(element) == "sdt":
            content = child(element, "sdtContent")
            if content is not None:
                yield from _inside(content, name)
        elif local_name(element) in _ENTERED:
            yield from _inside(element, name)


def _shown(blocks: Iterator[Block]) -> list[Block]:
    """The blocks of a cell without page breaks, and without empty paragraphs at its end."""
    kept: list[Block] = [block for block in blocks if not isinstance(block, PageBreak)]
    while len(kept) > 1 and isinstance(kept[-1], Paragraph) and not kept[-1].text.strip():
        kept.pop()
    return kept


def _extent(blip: Any) -> tuple[float, float]:
    """The size at which a picture is shown."""
    for element in blip.iterancestors():
        found = child(element, "extent")
        if found is not None:
            return whole(attribute(found, "cx")) / _EMU, whole(attribute(found, "cy")) / _EMU
        if local_name(element) in ("p", "body"):
            break
    return 300.0, 200.0
