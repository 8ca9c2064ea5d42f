"""XML and HTML parsed with everything off that reaches outside or grows. Called by the office readers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from paperclerk.domain.errors import DocumentError


def parse_xml(data: bytes) -> Any:
    """The root element. Raises DocumentError for XML that is damaged, nested too deeply or has a DOCTYPE."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError("The file is damaged: its XML cannot be read. Save it anew.") from error
    if root.getroottree().docinfo.doctype:
        raise DocumentError("The file declares XML entities, which is not read. Save it anew.")
    return root


def local_name(element: Any) -> str:
    """The name of an element without its namespace: two generations of office formats differ only in that."""
    tag = element.tag
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def child(element: Any, *path: str) -> Any:
    """The first element at `path` of local names below `element`, None when there is none."""
    for name in path:
        element = next((e for e in element if local_name(e) == name), None) if element is not None else None
    return element


def children(element: Any, name: str) -> Iterator[Any]:
    """The children of that local name."""
    return (e for e in element if local_name(e) == name)


def attribute(element: Any, name: str, default: str = "") -> str:
    """An attribute by its local name, whatever its namespace; `default` also when there is no element."""
    if element is None:
        return default
    for key, value in element.attrib.items():
        if key.rsplit("}", 1)[-1] == name:
            return str(value)
    return default


def whole(text: str, default: int = 0, most: int = 100_000_000) -> int:
    """A whole number as an attribute holds it; `default` for anything else, never beyond `most`."""
    try:
        return max(-most, min(most, int(float(text))))
    except (ValueError, OverflowError):
        return default
