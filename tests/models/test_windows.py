"""Windows over long documents, what is asked first, and rows of several windows made one."""

from __future__ import annotations

import itertools

from tests.grounding.test_align import page_of

from paperclerk.domain.result import Leaf, Span, WordPart
from paperclerk.extraction.merge import best_leaf, merge_rows
from paperclerk.extraction.windows import by_relevance, halves, plan_windows, rows_of
from paperclerk.schemas.compile import compile_schema

ROWS = 40
PAGES = [page_of(*(f"page {n} row {i}" for i in range(ROWS)), index=n) for n in range(10)]


def shown(window: object) -> set[tuple[int, int]]:
    return {(p.page.index, r) for p in window.parts for r in range(p.first, p.last)}  # type: ignore[attr-defined]


def test_windows_fit_hold_every_row_and_share_their_borders() -> None:
    windows = plan_windows(PAGES, max_chars=2000, max_pages=4)
    assert all(w.size <= 2000 * 1.2 and len(w.pages) <= 4 for w in windows)
    assert set().union(*map(shown, windows)) == {(n, r) for n in range(10) for r in range(ROWS)}
    for before, after in itertools.pairwise(windows):
        assert shown(before) & shown(after), "neighbours share rows"
    assert [w.number for w in windows] == sorted(w.number for w in windows)


def test_a_page_longer_than_a_window_is_cut_between_rows() -> None:
    windows = plan_windows(PAGES[:1], max_chars=200, max_pages=4)
    assert len(windows) > 2 and set().union(*map(shown, windows)) == {(0, r) for r in range(ROWS)}


def test_a_window_is_cut_between_pages_where_that_is_near_its_middle() -> None:
    one, two = (page_of(*[f"Row {i} of {n}" for i in range(n)], index=n) for n in (20, 30))
    (window,) = plan_windows([one, two], max_chars=10_000, max_pages=4)
    first, second = halves(window)
    assert (first.whole_pages, second.whole_pages) == ({20}, {30})
    tail, whole = page_of(*["Row"] * 4, index=0), page_of(*["Row"] * 40, index=1)
    (window,) = plan_windows([tail, whole], max_chars=10_000, max_pages=4)
    first, second = halves(window)
    assert first.row_count == 22, "a border at the edge is no cut"


def test_halves_hold_everything_and_end_at_a_few_rows() -> None:
    (window,) = plan_windows(PAGES[:2], max_chars=10_000, max_pages=4)
    first, second = halves(window)
    assert shown(first) | shown(second) == shown(window)
    assert shown(first) & shown(second)
    assert first.number < second.number
    while len(halves(first)) > 1:
        first = halves(first)[0]
    assert first.row_count <= 4


def test_lines_beside_each_other_are_one_row() -> None:
    page = page_of([(20, "Total"), (400, "24.40")], "Thank you")
    assert rows_of(page) == ("Total   24.40", "Thank you")


def test_windows_that_speak_of_the_fields_come_first() -> None:
    pages = [
        page_of("General terms"),
        page_of("Warranty period: two years", index=1),
        page_of("Annex", index=2),
    ]
    windows = plan_windows(pages, max_chars=1000, max_pages=1)
    field = compile_schema({"properties": {"warranty": {"type": "string", "description": "Warranty period"}}})
    ranked = by_relevance(windows, field)
    assert 1 in ranked[0].pages and 1 not in ranked[-1].pages and set(ranked) == set(windows)


def row(*cells: tuple[str, int] | None, page: int = 0) -> dict[str, Leaf]:
    names = "abc"
    return {
        names[i]: Leaf(None) if c is None else Leaf(c[0], (Span(page, (WordPart(c[1]),)),), 0.8)
        for i, c in enumerate(cells)
    }


def test_a_row_seen_through_two_windows_is_one() -> None:
    first, second = row(("x", 1), ("2", 2)), row(("x", 1), ("2", 2))
    assert merge_rows([[first], [second]]) == [first]


def test_equal_rows_at_two_places_are_two() -> None:
    first, second = row(("x", 1), ("2", 2)), row(("x", 11), ("2", 12))
    assert merge_rows([[first, second], [second]]) == [first, second]


def test_a_row_cut_by_a_window_is_completed_by_the_next() -> None:
    part, whole = row(("x", 1), None), row(("x", 1), ("2", 2))
    assert merge_rows([[part], [whole]]) == [whole]


def test_rows_of_one_group_share_its_heading_and_stay_apart() -> None:
    rows = [row(("group", 1), ("x", 5)), row(("group", 1), ("y", 7))]
    assert merge_rows([[rows[0]], [rows[1]]]) == rows


def test_a_model_that_repeats_itself_repeats_nothing_here() -> None:
    once = row(("x", 1), ("2", 2))
    assert merge_rows([[once, once, once]]) == [once]


def test_rows_without_places_are_never_made_one() -> None:
    loose = {"a": Leaf("x", (), 0.3, unplaced=True)}
    assert merge_rows([[loose], [loose]]) == [loose, loose]


def test_of_several_answers_the_placed_and_most_frequent_is_taken() -> None:
    placed = Leaf("a", (Span(0, (WordPart(1),)),), 0.8)
    other = Leaf("b", (Span(3, (WordPart(1),)),), 0.8)
    assert best_leaf([Leaf("c", (), 0.3, unplaced=True), other, placed, placed]) == placed
    assert best_leaf([Leaf(None)]).value is None
