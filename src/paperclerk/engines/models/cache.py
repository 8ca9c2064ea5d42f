"""Replies by the content of their questions: in memory, the oldest dropped first, or with a job. Used by `pool`."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from paperclerk.engines.engine import Kept
from paperclerk.engines.models.endpoint import Endpoint, Question, Reply
from paperclerk.schemas.lower import Dialect, answer_schema


class ReplyCache:
    """Whole replies to questions equal in every byte that can change the answer. Safe for several threads."""

    def __init__(self, max_bytes: int = 64_000_000) -> None:
        self._max = max_bytes
        self._size = 0
        self._kept: OrderedDict[str, Reply] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, question: Question, endpoints: Sequence[Endpoint]) -> Reply | None:
        """The kept reply, marked as cached and free of charge."""
        key = _key(question, endpoints)
        with self._lock:
            reply = self._kept.get(key)
            if reply is None:
                return None
            self._kept.move_to_end(key)
        return replace(reply, cached=True, attempts=0, input_tokens=0, output_tokens=0, cost=0.0, seconds=0.0)

    def put(self, question: Question, endpoints: Sequence[Endpoint], reply: Reply) -> None:
        """Keeps a reply, and forgets old ones to make room."""
        key = _key(question, endpoints)
        with self._lock:
            if key in self._kept or len(reply.text) > self._max:
                return
            self._kept[key] = reply
            self._size += len(reply.text)
            while self._size > self._max:
                _, old = self._kept.popitem(last=False)
                self._size -= len(old.text)


def kept_reply(kept: Kept, question: Question, endpoints: Sequence[Endpoint]) -> Reply | None:
    """What the job was told in an earlier life. It has paid for it, so it counts as it did then."""
    data = kept.get(_key(question, endpoints))
    return None if data is None else msgspec.json.decode(data, type=Reply)


def keep_reply(kept: Kept, question: Question, endpoints: Sequence[Endpoint], reply: Reply) -> None:
    """Keeps a reply with the job."""
    kept.put(_key(question, endpoints), msgspec.json.encode(reply))


def _key(question: Question, endpoints: Sequence[Endpoint]) -> str:
    said = [
        [(e.protocol, e.base_url, e.model) for e in endpoints],
        question.system,
        question.text,
        answer_schema(question.form, Dialect()),
        question.max_tokens,
        question.temperature,
        {str(k): str(v) for k, v in sorted(question.labels.items())},
        question.correction,
        [hashlib.sha256(i).hexdigest() for i in question.images],
        repr(question.tools),
        hashlib.sha256(repr(question.turns).encode()).hexdigest(),
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
