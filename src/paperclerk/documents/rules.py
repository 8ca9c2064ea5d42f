"""Ruling lines: pieces that lie end to end become one line. Called by `pdf_document`."""

from __future__ import annotations

from collections.abc import Iterable

from paperclerk.domain.geometry import Box

_SAME_TRACK = 1.0  # points: pieces whose tracks differ by no more lie on one line
_BRIDGED = 2.0  # points between two pieces of one line
MAX_RULES = 2000


def merged(pieces: Iterable[Box]) -> tuple[Box, ...]:
    """Horizontal then vertical lines, each in reading order, as thin boxes; at most `MAX_RULES` of them."""
    across: list[tuple[float, float, float, float]] = []  # track, start, end, thickness
    down: list[tuple[float, float, float, float]] = []
    for box in pieces:
        if box.width >= box.height:
            across.append((box.cy, box.x0, box.x1, box.height))
        else:
            down.append((box.cx, box.y0, box.y1, box.width))
    rows = [Box(start, track - t / 2, end, track + t / 2) for track, start, end, t in _joined(across)]
    columns = [Box(track - t / 2, start, track + t / 2, end) for track, start, end, t in _joined(down)]
    return tuple(
        Box(round(b.x0, 2), round(b.y0, 2), round(b.x1, 2), round(b.y1, 2)) for b in (*rows, *columns)
    )[:MAX_RULES]


def _joined(pieces: list[tuple[float, float, float, float]]) -> list[tuple[float, float, float, float]]:
    """Pieces (track, start, end, thickness) on one track joined where they touch."""
    out: list[tuple[float, float, float, float]] = []
    for track in _tracks(sorted(pieces)):
        current: tuple[float, float, float, float] | None = None
        for position, start, end, thick in sorted(track, key=lambda piece: piece[1]):
            if current is not None and start <= current[2] + _BRIDGED:
                current = (current[0], current[1], max(current[2], end), max(current[3], thick))
            else:
                if current is not None:
                    out.append(current)
                current = (position, start, end, thick)
        if current is not None:
            out.append(current)
    return out


def _tracks(
    pieces: list[tuple[float, float, float, float]],
) -> list[list[tuple[float, float, float, float]]]:
    tracks: list[list[tuple[float, float, float, float]]] = []
    for piece in pieces:
        if tracks and piece[0] - tracks[-1][0][0] <= _SAME_TRACK:
            tracks[-1].append(piece)
        else:
            tracks.append([piece])
    return tracks
