"""How text of a Word document looks: size, weight, headings, lists, ruled tables. Called by `docx`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from paperclerk.documents.office.archive import Package
from paperclerk.documents.office.markup import attribute, child, children, local_name, whole

_MAX_DEPTH = 20  # of styles that build on each other
_BORDERS = {"top", "bottom", "left", "right", "start", "end", "insideH", "insideV"}


@dataclass(frozen=True)
class Look:
    """What a style or a run makes of its text. `number` is the list that a style belongs to."""

    size: float = 10.0
    bold: bool = False
    hidden: bool = False
    capitals: bool = False
    heading: bool = False
    align: str = ""
    number: str = ""


class Styles:
    """The styles and lists of a document; empty ones where it has none."""

    def __init__(self, package: Package, main: str) -> None:
        targets = {
            link.kind: link.target for link in package.relations(main).values() if link.target in package
        }
        root = package.xml(targets["styles"]) if "styles" in targets else ()
        self._styles = {attribute(e, "styleId"): e for e in root if local_name(e) == "style"}
        self._default_style = next(
            (
                name
                for name, e in self._styles.items()
                if attribute(e, "type") == "paragraph" and attribute(e, "default") in ("1", "true")
            ),
            "",
        )
        defaults = child(child(root, "docDefaults"), "rPrDefault", "rPr") if "styles" in targets else None
        self._base = _changed(Look(), defaults)
        self._looks: dict[str, Look] = {}
        self._bullets = _bullets(package.xml(targets["numbering"])) if "numbering" in targets else set()

    def look(self, style: str) -> Look:
        """The look of a paragraph of that style."""
        return self._style(style or self._default_style, 0)

    def run_look(self, look: Look, properties: Any) -> Look:
        """The look of a run in a paragraph of that look."""
        style = attribute(child(properties, "rStyle"), "val")
        for element in reversed(self._chain(style)):
            look = _changed(look, child(element, "rPr"))
        return _changed(look, properties)

    def is_bullet(self, number: str, level: int) -> bool:
        """Whether that level of a list has marks instead of numbers."""
        return (number, level) in self._bullets

    def is_ruled(self, table: Any) -> bool:
        """Whether the lines of a table are drawn, by itself, its style or its cells."""
        properties = child(table, "tblPr")
        own = child(properties, "tblBorders")
        if own is not None:
            return _draws(own)
        chain = self._chain(attribute(child(properties, "tblStyle"), "val"))
        if any(_draws(child(style, "tblPr", "tblBorders")) for style in chain):
            return True
        borders = (e for e in table.iter() if local_name(e) == "tcBorders")
        return sum(_draws(e) for e in borders) > 2

    def _style(self, name: str, depth: int) -> Look:
        if name not in self._looks:
            element = self._styles.get(name)
            if element is None or depth > _MAX_DEPTH:
                return self._base
            parent = attribute(child(element, "basedOn"), "val")
            look = _changed(self._style(parent, depth + 1) if parent else self._base, child(element, "rPr"))
            properties = child(element, "pPr")
            heading = child(properties, "outlineLvl") is not None or name.lower().startswith(
                ("heading", "title")
            )
            self._looks[name] = replace(
                look,
                heading=heading or look.heading,
                align=attribute(child(properties, "jc"), "val", look.align),
                number=attribute(child(properties, "numPr", "numId"), "val", look.number),
            )
        return self._looks[name]

    def _chain(self, name: str) -> list[Any]:
        """A style and those it builds on."""
        chain: list[Any] = []
        while name in self._styles and len(chain) < _MAX_DEPTH:
            chain.append(self._styles[name])
            name = attribute(child(self._styles[name], "basedOn"), "val")
        return chain


def is_on(element: Any) -> bool:
    """A property without a value is on."""
    return element is not None and attribute(element, "val", "1") not in ("0", "false", "off")


def _changed(look: Look, properties: Any) -> Look:
    """`look` with what run properties say."""
    if properties is None:
        return look
    changes: dict[str, Any] = {}
    for element in properties:
        name = local_name(element)
        if name == "sz":
            changes["size"] = min(max(whole(attribute(element, "val"), 20) / 2, 4.0), 96.0)
        elif name == "b":
            changes["bold"] = is_on(element)
        elif name == "vanish":
            changes["hidden"] = is_on(element)
        elif name == "caps":
            changes["capitals"] = is_on(element)
    return replace(look, **changes) if changes else look


def _draws(borders: Any) -> bool:
    if borders is None:
        return False
    kinds = [attribute(e, "val") for e in borders if local_name(e) in _BORDERS]
    return any(kind not in ("", "nil", "none") for kind in kinds)


def _bullets(root: Any) -> set[tuple[str, int]]:
    marked: dict[str, set[int]] = {}
    for abstract in children(root, "abstractNum"):
        marked[attribute(abstract, "abstractNumId")] = {
            whole(attribute(level, "ilvl"))
            for level in children(abstract, "lvl")
            if attribute(child(level, "numFmt"), "val") in ("bullet", "none")
        }
    return {
        (attribute(number, "numId"), level)
        for number in children(root, "num")
        for level in marked.get(attribute(child(number, "abstractNumId"), "val"), ())
    }
