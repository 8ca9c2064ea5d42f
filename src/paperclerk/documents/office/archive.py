"""A ZIP archive of an office file, checked before anything in it is unpacked. Called by the office readers.

The two directories of an archive (one at its end, one header before each member) must tell the same, members
must not overlap, and what they unpack to is limited. Archives inside archives are never opened here.
"""

from __future__ import annotations

import io
import posixpath
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

from paperclerk.documents.office.markup import local_name, parse_xml
from paperclerk.domain.errors import DocumentError, DocumentTooLarge, PasswordRequired

MAX_MEMBERS = 5_000
MAX_UNPACKED_BYTES = 300_000_000
MAX_XML_BYTES = 60_000_000
_RATIO_FROM_BYTES = 10_000_000  # small members may shrink as much as they like
_MAX_RATIO = 200

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_ENCRYPTED, _SIZES_FOLLOW = 0x1, 0x8
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, NotImplementedError)


@dataclass(frozen=True)
class Relation:
    """A link from one part of a package to another part, or to somewhere outside, which is never followed."""

    kind: str  # the last word of the relationship's type, such as "image"
    target: str  # the name of a part; empty when it points outside


class Package:
    """An Open Packaging (OOXML) archive. Part names have no leading slash."""

    def __init__(self, data: bytes) -> None:
        """Raises DocumentError for a damaged or suspicious archive, DocumentTooLarge for too much in it."""
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
            members = self._archive.infolist()
            _check_members(members)
            _check_places(members, data, self._archive.start_dir)
        except _BROKEN as error:
            raise damaged() from error
        self._members = {member.filename: member for member in members}
        for name in self._members:
            if name.lower().endswith((".xml", ".rels")):
                self._check_xml(name)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def read(self, name: str) -> bytes:
        """The bytes of a part. Raises DocumentError when it is missing or damaged."""
        if name not in self._members:
            raise DocumentError("A part of the file is missing. Save it anew and send it again.")
        try:
            return self._archive.read(self._members[name])
        except _BROKEN as error:
            raise damaged() from error

    def xml(self, name: str) -> Any:
        """The root element of a part. Raises DocumentError."""
        return parse_xml(self.read(name))

    def relations(self, name: str) -> dict[str, Relation]:
        """The links of a part, by their id; of the package itself for the empty name."""
        folder, file = posixpath.split(name)
        listing = posixpath.join(folder, "_rels", f"{file}.rels")
        if listing not in self:
            return {}
        found = {}
        for element in self.xml(listing):
            if local_name(element) != "Relationship":
                continue
            target = "" if element.get("TargetMode") == "External" else _resolved(folder, element)
            found[element.get("Id", "")] = Relation(element.get("Type", "").rsplit("/", 1)[-1], target)
        return found

    def main_part(self) -> str:
        """The name of the document itself. Raises DocumentError for an archive that holds none."""
        for relation in self.relations("").values():
            if relation.kind == "officeDocument" and relation.target in self:
                return relation.target
        raise DocumentError("The file holds no document. Save it anew and send it again.")

    def _check_xml(self, name: str) -> None:
        if self._members[name].file_size > MAX_XML_BYTES:
            raise _too_much()
        if has_doctype(self.read(name)):
            raise DocumentError("The file declares XML entities, which is not read. Save it anew.")


def has_doctype(data: bytes) -> bool:
    """Whether XML declares a document type, in any encoding of Unicode."""
    plain = data.replace(b"\0", b"") if b"\0" in data[:64] else data
    return b"<!DOCTYPE" in plain or b"<!ENTITY" in plain


def damaged() -> DocumentError:
    return DocumentError("The file is damaged or cut off. Save it anew and send it again.")


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise _too_much()
    if len({member.filename.lower() for member in members}) != len(members):
        raise DocumentError("The file holds a part twice. Save it anew and send it again.")
    for member in members:
        name = member.filename
        unsafe = name.startswith("/") or "\\" in name or ".." in name.split("/") or ":" in name.split("/")[0]
        if unsafe or stat.S_ISLNK(member.external_attr >> 16):
            raise DocumentError("The file holds a part with an unsafe name. Save it anew and send it again.")
        if member.flag_bits & _ENCRYPTED:
            raise PasswordRequired("The file is encrypted. Send it without a password.")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise damaged()
        if member.file_size > max(_RATIO_FROM_BYTES, _MAX_RATIO * member.compress_size):
            raise _too_much()


def _check_places(members: list[zipfile.ZipInfo], data: bytes, directory: int) -> None:
    """The headers before the members agree with the directory, and no member reaches into the next one."""
    reach = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        at = member.header_offset
        header = _LOCAL.unpack_from(data, at)
        magic, flags, method, packed, unpacked = header[0], header[2], header[3], header[7], header[8]
        name_at = at + _LOCAL.size
        name = data[name_at : name_at + header[9]]
        encoded = member.orig_filename.encode("utf-8" if flags & 0x800 else "cp437", "replace")
        sizes_agree = flags & _SIZES_FOLLOW or 0xFFFFFFFF in (packed, unpacked)
        sizes_agree = sizes_agree or (packed, unpacked) == (member.compress_size, member.file_size)
        end = name_at + header[9] + header[10] + member.compress_size
        sound = magic == b"PK\x03\x04" and name == encoded and method == member.compress_type and sizes_agree
        if not sound or at < reach or end > directory:
            raise DocumentError("The file contradicts itself. Save it anew and send it again.")
        reach = end


def _resolved(folder: str, element: Any) -> str:
    target = element.get("Target", "")
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


def _too_much() -> DocumentTooLarge:
    return DocumentTooLarge("The file unpacks to more than is read. Split it, or leave out its media.")
