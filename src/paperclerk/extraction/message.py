"""What a reply says in sentences, for clients that drop its structured lists. Called by `pipeline`."""

from __future__ import annotations

from collections.abc import Sequence

from paperclerk.domain.document import PageStatus
from paperclerk.domain.result import FieldError, PageAccount

MOST_NAMED = 20
NOTHING_PRINTED = "Nothing is printed on the pages that were read."
NOTHING_FOUND = "No value was found: every field is null."


def message_of(errors: Sequence[FieldError], accounts: Sequence[PageAccount], *, found: bool) -> str | None:
    """What is wrong of a result, each thing once with the fields it is true of; None when there is nothing.

    `found`: a value was.
    """
    missing = [e for e in errors if e.code == "missing_required"]
    alike: dict[str, list[FieldError]] = {}
    for error in errors:
        if error.code != "missing_required":
            alike.setdefault(error.message, []).append(error)
    parts = []
    if {account.status for account in accounts} - {PageStatus.SKIPPED} == {PageStatus.EMPTY}:
        parts.append(NOTHING_PRINTED)
    elif not found and not errors:
        parts.append(NOTHING_FOUND)
    if missing:
        parts.append(f"Required by the schema but not on the page, so null: {names_of(missing)}")
    for message, told in alike.items():
        named = [error for error in told if error.path]
        parts.append(f"{names_of(named)}: {message}" if named else message)
    return " ".join(part if part.endswith(".") else f"{part}." for part in parts) or None


def names_of(errors: Sequence[FieldError]) -> str:
    """The paths of `errors`, those that are too many as a number."""
    names = [error.path for error in errors]
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
