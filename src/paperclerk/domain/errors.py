"""The errors a caller can meet. Status codes are given by `api`, exit codes by `cli`, never here.

    PaperclerkError
    +-- InvalidRequest        a parameter is wrong
    +-- InvalidSchema         the JSON Schema cannot be used
    +-- NotFound              no such agent, version, file or execution
    +-- Conflict              what is asked for contradicts what is there
    +-- IdempotencyMismatch   an Idempotency-Key that was used for another request
    +-- DocumentError         the document cannot be read
    |   +-- UnsupportedDocument   not a type we read
    |   +-- PasswordRequired      encrypted, and the empty password does not open it
    |   +-- DocumentTooLarge      over a limit of size, pages, pixels
    |   +-- ReadingFailed         the reading child died or ran out of time or memory
    +-- AddressNotAllowed     an outgoing URL that the guard refuses
    +-- FetchFailed           an outgoing request that did not end well
    +-- ExecutionFailed       `strict` was asked for and the reply would not conform
    +-- Cancelled             somebody stopped the execution

Every error has a stable `code`, a sentence that says what to do, and says whether trying again can help.
"""

from __future__ import annotations


class PaperclerkError(Exception):
    """Base of all errors raised on purpose."""

    code = "internal_error"
    retryable = False

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class InvalidRequest(PaperclerkError):
    code = "invalid_request"


class InvalidSchema(PaperclerkError):
    code = "invalid_schema"


class NotFound(PaperclerkError):
    code = "not_found"


class Conflict(PaperclerkError):
    code = "conflict"


class IdempotencyMismatch(PaperclerkError):
    code = "idempotency_mismatch"


class CreditsExhausted(PaperclerkError):
    code = "credits_exhausted"


class DocumentError(PaperclerkError):
    code = "invalid_document"


class UnsupportedDocument(DocumentError):
    code = "unsupported_media_type"


class PasswordRequired(DocumentError):
    code = "password_required"


class DocumentTooLarge(DocumentError):
    code = "document_too_large"


class ReadingFailed(DocumentError):
    """The reading child died, hung or broke a limit; `code` says which."""

    code = "reading_failed"


class AddressNotAllowed(PaperclerkError):
    code = "url_not_allowed"


class FetchFailed(PaperclerkError):
    code = "fetch_failed"
    retryable = True


class ExecutionFailed(PaperclerkError):
    code = "execution_failed"


class Cancelled(PaperclerkError):
    code = "cancelled"
