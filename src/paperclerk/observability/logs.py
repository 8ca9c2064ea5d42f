"""Log lines on standard error, for people or for machines. Called by `cli.serve`.

No line holds a key, a query, a header or a body: whoever logs names ids, and nothing that a caller sent.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import Literal

import structlog
from structlog.types import Processor

Format = Literal["text", "json"]


# Without the values of variables, among which are keys and what callers sent.
_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


class _StandardError:
    """Writes to what is standard error at that moment.

    It may be closed, or a pipe that nobody reads any more; the work that wanted to tell something goes on.
    """

    def msg(self, line: str) -> None:
        self.write(line + "\n")

    log = debug = info = warning = error = critical = exception = msg

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)
            sys.stderr.flush()

    def flush(self) -> None:
        """Nothing is held back."""


def configure_logs(level: str = "info", form: Format = "text") -> None:
    """Sends our messages, and the warnings of the libraries, to standard error in one form."""
    number = logging.getLevelNamesMapping()[level.upper()]
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = (
        [_TRACEBACKS, structlog.processors.JSONRenderer()]
        if form == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    structlog.configure(
        processors=[*before, *last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: _StandardError(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_StandardError())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
            foreign_pre_chain=before,
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
