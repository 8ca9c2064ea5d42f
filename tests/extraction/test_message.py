"""What a reply says in sentences."""

from __future__ import annotations

from paperclerk.domain.document import PageStatus
from paperclerk.domain.result import FieldError, PageAccount
from paperclerk.extraction.message import NOTHING_FOUND, NOTHING_PRINTED, message_of

READ = [PageAccount(0, PageStatus.OK)]
BLANK = [PageAccount(0, PageStatus.EMPTY), PageAccount(1, PageStatus.SKIPPED)]


def test_a_good_result_says_nothing() -> None:
    assert message_of([], READ, found=True) is None


def test_blank_pages_and_a_result_without_values_are_told() -> None:
    assert message_of([], BLANK, found=False) == NOTHING_PRINTED
    assert message_of([], READ, found=False) == NOTHING_FOUND
    assert message_of([], [*READ, PageAccount(1, PageStatus.EMPTY)], found=True) is None


def test_the_same_is_said_once_with_the_fields_it_is_true_of() -> None:
    errors = [
        FieldError(f"f{n}", "model_failed", "not read on pages 0: broken: no connection") for n in range(25)
    ]
    errors += [
        FieldError("total", "missing_required", "-"),
        FieldError("", "page_failed", "Page 3 is damaged."),
    ]
    assert message_of(errors, READ, found=True) == (
        "Required by the schema but not on the page, so null: total. "
        + ", ".join(f"f{n}" for n in range(20))
        + " and 5 more: not read on pages 0: broken: no connection. Page 3 is damaged."
    )
