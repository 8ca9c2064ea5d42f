"""Errors as exit codes and one sentence on standard error. Used by every command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from paperclerk.domain.errors import (
    DocumentError,
    ExecutionFailed,
    InvalidRequest,
    InvalidSchema,
    NotFound,
    PaperclerkError,
)

EXIT_CODES: tuple[tuple[type[PaperclerkError], int], ...] = (
    (DocumentError, 3),
    (InvalidRequest, 4),
    (InvalidSchema, 4),
    (NotFound, 4),
    (ExecutionFailed, 5),
    (PaperclerkError, 1),
)


@contextmanager
def exit_codes() -> Iterator[None]:
    """Ends the command with the code of the error that is raised inside, if it is one of ours."""
    try:
        yield
    except PaperclerkError as error:
        print(f"paperclerk: {error.message} [{error.code}]", file=sys.stderr)  # noqa: T201
        raise typer.Exit(next(code for kind, code in EXIT_CODES if isinstance(error, kind))) from error
