"""Paperclerk executes document agents: a document and an agent in, conforming JSON with boxes out.

    >>> import paperclerk
    >>> result = paperclerk.execute("invoice.pdf", agent="document.invoice")
    >>> result.response["invoice_id"], result.json()["invoice_id_metadata"]

Importing this package is light: readers, OCR and engines load on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paperclerk.domain.agent import Agent, ExecutionConfig
from paperclerk.domain.errors import PaperclerkError

if TYPE_CHECKING:
    from paperclerk.extraction.result import Result
    from paperclerk.library import execute

__version__ = "0.1.0"
__all__ = ["Agent", "ExecutionConfig", "PaperclerkError", "Result", "__version__", "execute"]


def __getattr__(name: str) -> Any:
    if name == "execute":
        from paperclerk.library import execute

        return execute
    if name == "Result":
        from paperclerk.extraction.result import Result

        return Result
    raise AttributeError(f"module 'paperclerk' has no attribute {name!r}")
