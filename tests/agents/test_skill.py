"""Archives of skills: what is read of them, and what is refused (contract B.10)."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from paperclerk.agents import skill as skills
from paperclerk.agents.skill import Skill, read_bundle, write_bundle
from paperclerk.domain.errors import DocumentTooLarge, InvalidRequest, InvalidSchema

SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}}
FRONT = "---\nname: totals\ndescription: 'Reads: totals'\nlicense: MIT\n---\n\n"
SKILL_MD = FRONT + "# Totals\n\nThe total is the amount to pay.\n"


def bundle(members: dict[str, str | bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)  # the same at any time
    return out.getvalue()


def test_instructions_and_schema_are_read_and_nothing_else() -> None:
    inner = bundle({"SKILL.md": "---\nname: inner\n---\nNot this one."})
    members = {
        "SKILL.md": SKILL_MD,
        "schema.json": json.dumps(SCHEMA),
        "pipeline.py": b"\xff raise SystemExit",
        "vlmrun.yaml": "a: [",
        "resources/inner.zip": inner,
    }
    found = read_bundle(bundle(members))
    assert found == Skill("totals", "Reads: totals", "# Totals\n\nThe total is the amount to pay.", SCHEMA)
    assert read_bundle(bundle({"SKILL.md": SKILL_MD})).json_schema is None


def test_a_skill_may_stand_in_one_folder() -> None:
    packed = {
        "totals/SKILL.md": SKILL_MD,
        "totals/schema.json": json.dumps(SCHEMA),
        "__MACOSX/._SKILL.md": "x",
    }
    assert read_bundle(bundle(packed)).json_schema == SCHEMA


def test_a_name_in_the_request_stands_above_that_of_the_archive() -> None:
    found = read_bundle(bundle({"SKILL.md": SKILL_MD}), name="mine", description="")
    assert (found.name, found.description) == ("mine", "")
    assert read_bundle(bundle({"SKILL.md": "Just words."}), name="bare").instructions == "Just words."


def test_descriptions_may_go_over_several_lines() -> None:
    front = "---\r\ndescription: >\r\n  All\r\n  the totals\r\nname: 'a b'\r\n---\r\nx"
    found = read_bundle(bundle({"SKILL.md": front}))
    assert (found.name, found.description, found.instructions) == ("a b", "All the totals", "x")


def test_what_is_written_is_read_as_the_same() -> None:
    skill = Skill("totals", "Reads totals", "Read.\n---\nthis", SCHEMA)
    assert read_bundle(write_bundle(skill)) == skill


def linked() -> bytes:
    link = zipfile.ZipInfo("SKILL.md")
    link.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


def twice() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("SKILL.md", SKILL_MD)
        archive.writestr("skill.MD", SKILL_MD)
    return out.getvalue()


GOOD = bundle({"SKILL.md": SKILL_MD})
REFUSED: list[tuple[str, bytes, str]] = [
    ("no archive", b"PK no", "no zip archive"),
    ("cut off", GOOD[: len(GOOD) // 2], "no zip archive"),
    ("no SKILL.md", bundle({"skill.txt": "x"}), "no SKILL.md"),
    ("two folders", bundle({"a/SKILL.md": SKILL_MD, "b/SKILL.md": SKILL_MD}), "no SKILL.md"),
    ("no name", bundle({"SKILL.md": "x"}), "gives it no name"),
    ("not UTF-8", bundle({"SKILL.md": b"\xff\xfe"}), "not UTF-8"),
    ("a NUL", bundle({"SKILL.md": FRONT + "a\0b"}), "character U.0000"),
    ("out of it", bundle({"SKILL.md": SKILL_MD, "../up": "x"}), "leads out"),
    ("absolute", bundle({"SKILL.md": SKILL_MD, "/etc/up": "x"}), "leads out"),
    ("a drive", bundle({"SKILL.md": SKILL_MD, "C:/up": "x"}), "leads out"),
    ("backslash", bundle({"SKILL.md": SKILL_MD, "..\\up": "x"}), "leads out"),
    ("a link", linked(), "symbolic link"),
    ("a name twice", twice(), "a name twice"),
    ("another packing", bundle({"SKILL.md": SKILL_MD}, method=zipfile.ZIP_LZMA), "deflate"),
]


@pytest.mark.parametrize(("data", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_refused(data: bytes, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as refused:
        read_bundle(data)
    assert refused.value.code == "invalid_skill"


def test_a_schema_that_cannot_be_used_is_refused() -> None:
    for text in ("{", "[1]", '{"type": "no such"}'):
        with pytest.raises(InvalidSchema):
            read_bundle(bundle({"SKILL.md": SKILL_MD, "schema.json": text}))


@pytest.mark.parametrize(
    ("limit", "most", "members"),
    [
        ("MAX_BUNDLE_BYTES", 100, {"SKILL.md": SKILL_MD}),
        ("MAX_MEMBERS", 2, {"SKILL.md": SKILL_MD, "a": "", "b": ""}),
        ("MAX_UNPACKED_BYTES", 1000, {"SKILL.md": SKILL_MD, "a": "a" * 1000}),
        ("MAX_READ_BYTES", 100, {"SKILL.md": SKILL_MD + "a" * 100}),
    ],
)
def test_too_large(limit: str, most: int, members: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bundle(members)
    read_bundle(data)
    monkeypatch.setattr(skills, limit, most)
    with pytest.raises(DocumentTooLarge) as refused:
        read_bundle(data)
    assert refused.value.code == "skill_too_large"


def test_a_member_that_unpacks_to_too_many_times_its_size_is_refused() -> None:
    with pytest.raises(DocumentTooLarge):
        read_bundle(bundle({"SKILL.md": SKILL_MD, "zeros": bytes(5_000_000)}))


def test_sizes_that_lie_are_found_out() -> None:
    """The directory says that SKILL.md is small; what comes out is cut, or does not fit its checksum."""
    data = bytearray(bundle({"SKILL.md": SKILL_MD + "a" * 5000}))
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    with pytest.raises(InvalidRequest):
        read_bundle(bytes(data))
