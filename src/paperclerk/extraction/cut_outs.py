"""A part of a page as a picture, at a resolution that fits it. Called by `looks` and `tools`."""

from __future__ import annotations

import io
from collections.abc import Callable

from paperclerk.domain.document import Page
from paperclerk.domain.geometry import Box

SIDE = 1024  # pixels of the longer side of a cut-out, where the page can be rendered so large
LARGEST = 5000  # pixels of the longer side of a rendered page

Render = Callable[[int, int], bytes]


def cut_out(render: Render, page: Page, box: Box) -> bytes:
    """The part of `page` in `box` (page units, upright) as PNG; `render` gives pages as viewers show them."""
    from PIL import Image

    share = max(box.width, box.height) / max(page.width, page.height)
    rendered = render(page.index, min(LARGEST, round(SIDE / max(share, 0.01))))
    with Image.open(io.BytesIO(rendered)) as image:
        upright = image.rotate(-page.turn, expand=True) if page.turn else image
        x, y = upright.width / page.width, upright.height / page.height
        part = upright.crop((round(box.x0 * x), round(box.y0 * y), round(box.x1 * x), round(box.y1 * y)))
        out = io.BytesIO()
        part.save(out, "PNG")
    return out.getvalue()


def around(box: Box, page: Page, sideways: float, upwards: float) -> Box:
    """`box` widened within the page; the margins are page units."""
    return Box(
        max(0.0, box.x0 - sideways),
        max(0.0, box.y0 - upwards),
        min(page.width, box.x1 + sideways),
        min(page.height, box.y1 + upwards),
    )
