"""The inputs of an agent's execution: which are documents, which are context. Called by `api.agents` and, for the
parts of messages, by `api.chat_questions`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from paperclerk.api.errors import NotSupported
from paperclerk.api.routing import checked_id
from paperclerk.domain.errors import InvalidRequest
from paperclerk.storage.executions import Input
from paperclerk.storage.files import no_such_file

MOST_DOCUMENTS = 100
_BY_URL = {"file_url": "file_url", "image_url": "image_url", "document_url": "document_url"}


@dataclass
class Understood:
    """Documents in their order, and the rest as words for the engine."""

    documents: list[Input] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


def understood(
    inputs: Mapping[str, Any] | None, file_ids: Sequence[str] | None = None, urls: Sequence[str] | None = None
) -> Understood:
    """Reads `inputs`, and the lists that older clients send. Raises InvalidRequest, NotSupported (audio, video),
    NotFound."""
    found = Understood()
    for file_id in file_ids or ():
        _take("file_ids", {"type": "input_file", "file_id": file_id}, found)
    for url in urls or ():
        _take("urls", {"type": "file_url", "file_url": {"url": url}}, found)
    for name, value in (inputs or {}).items():
        for item in value if isinstance(value, list) else [value]:
            _take(name, item, found)
    check_number(found.documents)
    return found


def document_of(name: str, item: Any) -> Input | None:
    """The document that a value of a message or of `inputs` means; None for one that means none.

    Raises InvalidRequest, NotSupported (audio, video), NotFound.
    """
    kind = item.get("type") if isinstance(item, dict) else None
    if kind in ("video_url", "audio_url", "input_audio"):
        raise NotSupported("This server reads documents and images; it does no audio and no video.")
    if kind == "input_file" and item.get("file_id") is not None:
        usable = checked_id(str(item["file_id"]))
        if not usable:
            raise no_such_file()
        return Input(file_id=usable)
    if kind == "input_file" or kind in _BY_URL:
        return Input(url=_url(name, item))
    return None


def check_number(documents: Sequence[Input]) -> None:
    """Raises InvalidRequest for none, and for too many."""
    if not documents:
        raise InvalidRequest(
            "There is no document among the inputs. Send one such as "
            '{"type": "input_file", "file_id": "..."}.',
            code="missing_document",
        )
    if len(documents) > MOST_DOCUMENTS:
        raise InvalidRequest(f"{len(documents)} documents; {MOST_DOCUMENTS} are allowed.")


def _take(name: str, item: Any, found: Understood) -> None:
    if (document := document_of(name, item)) is not None:
        found.documents.append(document)
    elif isinstance(item, dict) and item.get("type") == "text":
        found.words.append(f"{name}: {item.get('text', '')}")
    elif item is not None:
        found.words.append(f"{name}: {json.dumps(item, ensure_ascii=False)}")


def _url(name: str, item: Mapping[str, Any]) -> str:
    given = item.get(str(item["type"]), item.get("file_url", item.get("url")))
    url = given.get("url") if isinstance(given, dict) else given
    if not isinstance(url, str) or not url:
        raise InvalidRequest(f"{name[:100]}: no `url` in it.", code="missing_document")
    return url
