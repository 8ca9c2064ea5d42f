"""Several images, or several documents, as one document. Called by `jobs`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from paperclerk.documents.reader import Reader
from paperclerk.domain.document import Document, DocumentInfo, Page, PageStatus
from paperclerk.domain.errors import UnsupportedDocument
from paperclerk.extraction.pipeline import (
    OnProgress,
    Progress,
    check_pages,
    read,
    refuse_unreadable,
    rendering,
)
from paperclerk.extraction.plan import Plan


def read_images(
    sources: Sequence[Path],
    plan: Plan,
    reader: Reader,
    on_progress: OnProgress | None = None,
    *,
    only_images: bool = True,
) -> tuple[Document, Plan]:
    """Reads images in their order; the frames of one that has several are pages of their own. Without
    `only_images` they may be documents of any kind. With the document comes the plan for an engine that may look at
    its pages.

    `page_indices` of the plan count the pages of all images. Raises DocumentError (UnsupportedDocument for
    what is no image), InvalidRequest.
    """
    every_page = replace(plan, config=replace(plan.config, page_indices=None))
    pages: list[Page] = []
    firsts: list[int] = []  # of each source, among all pages
    media_type = ""
    for position, source in enumerate(sources):
        document = read(source, every_page, reader)
        if only_images and document.info.kind != "image":
            raise UnsupportedDocument(
                f"images[{position}] is {document.info.media_type}, not an image. "
                "Send documents to /v1/document/execute or /v1/document/generate."
            )
        media_type = document.info.media_type
        first = len(pages)
        firsts.append(first)
        pages += (msgspec.structs.replace(p, index=first + n) for n, p in enumerate(document.pages))
        if on_progress:
            on_progress(Progress("reading", position + 1, len(sources)))
    wanted = plan.config.page_indices
    check_pages(wanted, len(pages))
    if wanted is not None:
        pages = [page if page.index in wanted else _skipped(page) for page in pages]
    document = Document(DocumentInfo("image", media_type, len(pages)), tuple(pages))
    refuse_unreadable(document)

    def render(page: int, max_side: int) -> bytes:
        source = bisect_right(firsts, page) - 1
        return reader.render(sources[source], page - firsts[source], max_side=max_side)

    return document, rendering(plan, render)


def _skipped(page: Page) -> Page:
    return Page(page.index, page.width, page.height, PageStatus.SKIPPED, reason="not asked for")
