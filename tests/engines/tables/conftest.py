"""The reader of documents, for tables in drawn PDFs."""

from __future__ import annotations

from tests.documents.conftest import read, reader

__all__ = ["read", "reader"]
