"""What stands labelled under a row of a table (`Origin: Slovakia  Lot: 4711`). Called by `arrays`."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Iterator, Sequence

from paperclerk.engines.embedded.tables.cells import Text, has_letters, lines_of, text_of
from paperclerk.engines.embedded.tables.columns import LEAST_MATCH
from paperclerk.engines.embedded.tables.naming import likeness
from paperclerk.engines.embedded.tables.strips import Piece
from paperclerk.schemas.compiled import Field

_LABEL_WORDS = 4
_APART = 1.6  # usual blanks of a line: a wider one ends a value


def detail(child: Field, cells: Iterable[Sequence[Piece]]) -> Text | None:
    """What stands behind the label in a row's cells that names a property best; None where no label names it."""
    found = [
        (likeness(child, label), value)
        for pieces in cells
        for line in lines_of(pieces)
        for label, value in _labelled(line)
    ]
    best = max(found, key=lambda f: f[0], default=None)
    return best[1] if best is not None and best[0] >= LEAST_MATCH else None


def _labelled(line: Sequence[Piece]) -> Iterator[tuple[str, Text]]:
    """Labels that end in a colon, each with what follows it up to a wide blank or to the end of the line."""
    if not any(":" in p.text for p in line):
        return
    words = [Piece(p.page, (w,)) for p in line for w in p.words]
    gaps = [b.box.x0 - a.box.x1 for a, b in itertools.pairwise(words)]
    wide = _APART * statistics.median_low(gaps) if gaps else 0.0
    starts = [0, *(i + 1 for i, gap in enumerate(gaps) if gap > wide)]
    for i, word in enumerate(words):
        if not word.text.endswith(":"):
            continue
        first = max(s for s in starts if s <= i)
        label = " ".join(w.text for w in words[first : i + 1])
        last = min((s for s in starts if s > i + 1), default=len(words))
        value = words[i + 1 : last]
        if value and has_letters(label) and i + 1 - first <= _LABEL_WORDS:
            yield label[:-1], text_of(value)
