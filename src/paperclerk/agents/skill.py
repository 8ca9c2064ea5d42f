"""A skill: instructions and a JSON Schema in a zip archive (contract B.10). Read by `api.skills`, `api.steering`.

    SKILL.md      front matter (name, description) and, below it, the instructions
    schema.json   the JSON Schema; may be absent

They stand at the top of the archive, or in the one folder that it holds. Nothing else of an archive is unpacked, and
nothing in it is ever run: scripts, models and tools that it may declare have no effect.
"""

from __future__ import annotations

import io
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from paperclerk.domain.errors import DocumentTooLarge, InvalidRequest
from paperclerk.schemas.check import check_schema

MAX_BUNDLE_BYTES = 10_000_000
MAX_MEMBERS = 1_000
MAX_UNPACKED_BYTES = 50_000_000
MAX_RATIO = 200
RATIO_FROM_BYTES = 1_000_000  # small members may shrink as much as they like
MAX_READ_BYTES = 1_000_000  # of SKILL.md, of schema.json
MAX_INSTRUCTIONS_CHARS = 100_000
MAX_DESCRIPTION_CHARS = 10_000

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,199}")
INSTRUCTIONS, SCHEMA = "SKILL.md", "schema.json"

_FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_FOLDED = frozenset({">", ">-", ">+", "|", "|-", "|+"})
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)


@dataclass(frozen=True)
class Skill:
    """What of a skill steers an execution. `json_schema` is None when it brings none."""

    name: str
    description: str
    instructions: str
    json_schema: Mapping[str, Any] | None = None


def read_bundle(data: bytes, *, name: str | None = None, description: str | None = None) -> Skill:
    """The skill in a zip archive; `name` and `description` stand above those of its front matter.

    Raises InvalidRequest (`invalid_skill`), DocumentTooLarge (`skill_too_large`), InvalidSchema.
    """
    if len(data) > MAX_BUNDLE_BYTES:
        _too_large(f"the archive has more than {MAX_BUNDLE_BYTES:,} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_members(members)
            top = _top(members)
            text = _text(archive, top + INSTRUCTIONS)
            schema_text = _text(archive, top + SCHEMA) if top + SCHEMA in archive.namelist() else None
    except _BROKEN:
        _refuse("this is no zip archive that can be read.")
    front, instructions = _parted(text)
    skill = Skill(
        name=name or front.get("name", ""),
        description=description if description is not None else front.get("description", ""),
        instructions=instructions,
        json_schema=None if schema_text is None else check_schema(schema_text),
    )
    _check(skill)
    return skill


def write_bundle(skill: Skill) -> bytes:
    """The archive that `read_bundle` reads as this skill. Raises as `read_bundle` does."""
    _check(skill)
    front = f"---\nname: {skill.name}\ndescription: {' '.join(skill.description.split())}\n---\n\n"
    out = io.BytesIO()
    members = {INSTRUCTIONS: front + skill.instructions + "\n"}
    if skill.json_schema is not None:
        members[SCHEMA] = json.dumps(check_schema(skill.json_schema), indent=2) + "\n"
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():  # without the time, so that the same skill is the same bytes
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _check(skill: Skill) -> None:
    if not skill.name:
        _refuse(
            "SKILL.md gives it no name: it begins with the lines ---, name: NAME, description: TEXT, ---."
        )
    if not NAME.fullmatch(skill.name):
        _refuse(
            f"{skill.name[:80]!r} is no name: letters, digits, '.', '_', '-' and spaces, at most 200, please. "
            "It stands in the front matter of SKILL.md (name: ...), or beside the archive in the request."
        )
    if len(skill.description) > MAX_DESCRIPTION_CHARS:
        _refuse(f"its description has more than {MAX_DESCRIPTION_CHARS:,} characters.")
    if len(skill.instructions) > MAX_INSTRUCTIONS_CHARS:
        _refuse(f"its instructions have more than {MAX_INSTRUCTIONS_CHARS:,} characters.")


def _check_members(members: Sequence[zipfile.ZipInfo]) -> None:
    """What the archive says of itself; what is unpacked later is measured again."""
    if len(members) > MAX_MEMBERS:
        _too_large(f"the archive has {len(members):,} members; {MAX_MEMBERS:,} are allowed")
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        _too_large(f"the archive unpacks to more than {MAX_UNPACKED_BYTES:,} bytes")
    if len({member.filename.lower() for member in members}) != len(members):
        _refuse("the archive holds a name twice.")
    for member in members:
        name = member.orig_filename
        parts = name.replace("\\", "/").split("/")
        if name.startswith(("/", "\\")) or "\\" in name or ".." in parts or ":" in parts[0] or "\0" in name:
            _refuse(f"the name {name[:80]!r} leads out of the archive.")
        if stat.S_ISLNK(member.external_attr >> 16):
            _refuse(f"{name[:80]!r} is a symbolic link.")
        if member.flag_bits & 0x1:
            _refuse(f"{name[:80]!r} is encrypted.")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            _refuse(f"{name[:80]!r} is packed in another way than 'deflate'.")
        if member.file_size > max(RATIO_FROM_BYTES, MAX_RATIO * member.compress_size):
            _too_large(f"{name[:80]!r} unpacks to more than {MAX_RATIO} times its size")


def _top(members: Sequence[zipfile.ZipInfo]) -> str:
    """What stands before the names of SKILL.md and schema.json: nothing, or the one folder."""
    names = {member.filename for member in members}
    if INSTRUCTIONS in names:
        return ""
    # What a Mac adds to an archive is no folder of the skill.
    folders = {name.split("/")[0] for name in names} - {"__MACOSX", ".DS_Store"}
    if len(folders) != 1 or f"{min(folders)}/{INSTRUCTIONS}" not in names:
        _refuse(f"the archive has no {INSTRUCTIONS} at its top.")
    return f"{min(folders)}/"


def _text(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as member:
        data = member.read(MAX_READ_BYTES + 1)
    if len(data) > MAX_READ_BYTES:
        _too_large(f"{name[:80]!r} has more than {MAX_READ_BYTES:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse(f"{name[:80]!r} is not UTF-8.")
    if "\0" in text:
        _refuse(f"{name[:80]!r} holds the character U+0000.")
    return text


def _parted(text: str) -> tuple[dict[str, str], str]:
    """Front matter and what follows it. Read line by line, as the official client does: `description: A: b` is no
    YAML and common."""
    match = _FRONT.match(text)
    if match is None:
        return {}, text.strip()
    found: dict[str, str] = {}
    lines = match[1].splitlines()
    for number, line in enumerate(lines):
        key, colon, value = line.partition(":")
        if colon and key.isidentifier():
            value = value.strip()
            found[key] = _indented(lines[number + 1 :]) if value in _FOLDED else value.strip("\"'")
    return found, text[match.end() :].strip()


def _indented(lines: Sequence[str]) -> str:
    """The text of a block: the lines below its key that are further in."""
    block = []
    for line in lines:
        if line.strip() and not line.startswith((" ", "\t")):
            break
        block.append(line.strip())
    return " ".join(" ".join(block).split())


def _refuse(sentence: str) -> NoReturn:
    raise InvalidRequest(f"The skill cannot be used: {sentence}", code="invalid_skill")


def _too_large(why: str) -> NoReturn:
    raise DocumentTooLarge(f"The skill cannot be used: {why}.", code="skill_too_large")
