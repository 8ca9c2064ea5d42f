"""What is known of a document before any field is asked for: layout, locale, values, labels. Built by the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from paperclerk.domain.document import Page, TextOrigin
from paperclerk.domain.geometry import Box
from paperclerk.engines.embedded.page.compartments import Caption, Compartments, compartments
from paperclerk.engines.embedded.page.labels import Label, Matcher, find_labels
from paperclerk.engines.embedded.page.layout import Layout, Row, Segment
from paperclerk.engines.embedded.page.values import Values, read
from paperclerk.engines.embedded.words.lexicon import kind_of
from paperclerk.printed import locale as locales


class Facts:
    """One document, indexed. `pages` are those with words, in order."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self.layout = Layout([p for p in pages if p.words])
        self.rows: tuple[Row, ...] = tuple(self.layout.rows())
        self.locale = locales.infer(r.text for r in self.rows)
        scanned = {p.position: p.page.origin is not TextOrigin.TEXT_LAYER for p in self.layout.pages}
        self._values = {
            (r.page, r.index): read(r.text, self.locale, loose=scanned[r.page]) for r in self.rows
        }
        self._scanned = scanned
        latest = max((d.value for v in self._values.values() for d in v.dates), default=None)
        self.locale = replace(self.locale, latest=latest)

    def values(self, row: Row) -> Values:
        return self._values[(row.page, row.index)]

    @cached_property
    def labels(self) -> tuple[Label, ...]:
        found = [
            label for r in self.rows for label in find_labels(r, self.values(r), fuzzy=self._scanned[r.page])
        ]
        return tuple(self._titled(label, found) for label in found)

    @cached_property
    def matcher(self) -> Matcher:
        return Matcher(self.labels)

    def _titled(self, label: Label, found: Sequence[Label]) -> Label:
        """A bare "No." is that of the title right over it."""
        if label.stems != ("no",) or not label.whole:
            return label
        over = self.layout.pages[label.row.page].above(label.segment)[:1]
        title = next((x for x in found if over and x.segment is over[0] and x.whole), None)
        kept = {c: v for c, v in title.concepts.items() if kind_of(c) == "id"} if title else {}
        return replace(label, concepts=kept) if kept else label

    @cached_property
    def _labels_of_row(self) -> dict[tuple[int, int], tuple[Label, ...]]:
        found: dict[tuple[int, int], list[Label]] = {}
        for label in self.labels:
            found.setdefault((label.row.page, label.row.index), []).append(label)
        return {k: tuple(v) for k, v in found.items()}

    def labels_in(self, row: Row) -> tuple[Label, ...]:
        """The labels of a row, left to right."""
        return self._labels_of_row.get((row.page, row.index), ())

    def label_of(self, segment: Segment) -> Label | None:
        """The label at the head of a segment."""
        for label in self.labels_in(self.layout.row_of(segment)):
            if label.segment is segment:
                return label
        return None

    @cached_property
    def _compartments(self) -> tuple[Compartments, ...]:
        return tuple(compartments(page) for page in self.layout.pages)

    def caption(self, segment: Segment) -> Caption | None:
        """What a segment says of a drawn box or line, where it is the caption of one."""
        return self._compartments[segment.page].captions.get(segment.index)

    def box_around(self, segment: Segment) -> Box | None:
        """The drawn box of a form that a segment stands in."""
        return self._compartments[segment.page].boxes.get(segment.index)

    def scanned(self, row: Row) -> bool:
        return self._scanned[row.page]
