"""The shape of a reply with metadata, as contract B.5 gives it."""

from paperclerk.domain.document import Page, PageStatus, Word
from paperclerk.domain.geometry import Box
from paperclerk.domain.result import ABSENT, Leaf, Span, WordPart
from paperclerk.extraction.reply import response_json

PAGES = {
    1: Page(
        index=1,
        width=1000,
        height=1000,
        status=PageStatus.OK,
        words=(Word("12,50", Box(610, 720, 700, 740), score=0.93456),),
    )
}
HERE = (Span(1, (WordPart(0),)),)


def leaf(value, score=0.95, **more):
    return Leaf(value, HERE, score, **more)


def test_without_flags_there_is_no_metadata():
    tree = {"total": leaf(12.5), "items": [{"name": ABSENT}], "tags": [leaf("a")]}
    assert response_json(tree, PAGES) == {"total": 12.5, "items": [{"name": None}], "tags": ["a"]}


def test_the_shape_of_a_grounded_field():
    reply = response_json({"total": leaf(12.5), "note": ABSENT}, PAGES, grounding=True, confidence=True)
    assert list(reply) == ["total", "note", "total_metadata", "note_metadata"]
    assert reply["note_metadata"] is None
    assert reply["total_metadata"] == {
        "confidence": "hi",
        "bboxes": [
            {"content": "12,50", "bbox": {"xywh": [0.61, 0.72, 0.09, 0.02]}, "page": 1, "confidence": 0.9346}
        ],
    }
    assert list(reply["total_metadata"]) == ["confidence", "bboxes"]
    assert list(reply["total_metadata"]["bboxes"][0]) == ["content", "bbox", "page", "confidence"]


def test_grounding_alone_brings_confidence_and_confidence_alone_no_boxes():
    tree = {"total": leaf(1, score=0.7)}
    assert response_json(tree, PAGES, grounding=True)["total_metadata"]["confidence"] == "med"
    assert response_json(tree, PAGES, confidence=True)["total_metadata"] == {"confidence": "med"}


def test_metadata_sits_inside_rows_and_containers_get_none():
    tree = {"items": [{"price": leaf(2)}], "empty": [], "seller": {"name": leaf("x", score=0.1)}}
    reply = response_json(tree, PAGES, confidence=True)
    assert reply == {
        "items": [{"price": 2, "price_metadata": {"confidence": "hi"}}],
        "empty": [],
        "seller": {"name": "x", "name_metadata": {"confidence": "lo"}},
    }


def test_arrays_of_scalars_get_a_parallel_list():
    tree = {"tags": [leaf("a"), ABSENT], "rows": [[leaf("b")], [ABSENT, leaf("c")]]}
    reply = response_json(tree, PAGES, confidence=True)
    assert reply["tags_metadata"] == [{"confidence": "hi"}, None]
    assert reply["rows_metadata"] == [[{"confidence": "hi"}], [None, {"confidence": "hi"}]]


def test_an_inferred_value_says_so():
    reply = response_json({"kind": leaf("card", inferred=True)}, PAGES, confidence=True)
    assert reply["kind_metadata"] == {"confidence": "hi", "inferred": True}


def test_a_property_of_the_schema_wins_over_metadata_of_the_same_name():
    tree = {"total": leaf(1), "total_metadata": leaf("mine")}
    reply = response_json(tree, PAGES, confidence=True)
    assert reply["total_metadata"] == "mine"
    assert reply["total_metadata_metadata"] == {"confidence": "hi"}
