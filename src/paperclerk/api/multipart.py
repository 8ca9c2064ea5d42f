"""The file of a multipart upload, streamed. Called by `api.files`.

The framework's own reader takes a body that was cut off and drops its last part without a word; this one wants
the final boundary, and holds no more than a piece of the file in memory.
"""

from __future__ import annotations

import email.message
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from paperclerk.api.errors import MediaTypeNotSupported
from paperclerk.domain.errors import InvalidRequest
from paperclerk.storage.contents import Intake, Staged

MAX_PARTS = 20
MAX_FIELD_BYTES = 1_000_000
MAX_PART_HEADERS = 16
MAX_PART_HEADER_BYTES = 16_384


@dataclass(frozen=True)
class Upload:
    """A complete upload: the file, its name as the caller gave it, and the other fields as text."""

    staged: Staged
    filename: str
    fields: Mapping[str, str]


async def read_upload(content_type: str, chunks: AsyncIterator[bytes], intake: Intake) -> Upload:
    """Reads a multipart body whose part `file` goes to `intake`.

    Raises MediaTypeNotSupported, InvalidRequest (not multipart, cut off, no file, two files, empty),
    DocumentTooLarge.
    """
    reader = _Reader(_boundary(content_type))
    async for chunk in chunks:
        reader.feed(chunk)
        for piece in reader.take():
            await intake.write(piece)
    if not reader.ended:
        raise _invalid("it ends before its final boundary; send all of it")
    if reader.filename is None:
        raise _invalid("it has no part named 'file' with a filename")
    return Upload(await intake.finish(), reader.filename, reader.fields)


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise MediaTypeNotSupported(
            "Send the file as multipart/form-data with a boundary, in a part named 'file' "
            "(curl: -F file=@document.pdf)."
        )
    return boundary


@dataclass
class _Part:
    """The part that is being read. `name` is known once its headers are."""

    header: bytes = b""
    value: bytes = b""
    name: str = ""
    is_file: bool = False
    data: bytearray = field(default_factory=bytearray)


class _Reader:
    """Collects what the parser calls out: pieces of the file to be taken, fields as text."""

    def __init__(self, boundary: bytes) -> None:
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self.ended = False
        self._part = _Part()
        self._parts = 0
        self._pieces: list[bytes] = []
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._header_field,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_part_data": self._data,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
                max_header_count=MAX_PART_HEADERS,
                max_header_size=MAX_PART_HEADER_BYTES,
            )
        except FormParserError as error:
            raise _invalid(str(error)) from None

    def feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _invalid(f"{error}") from None

    def take(self) -> list[bytes]:
        """The pieces of the file since the last call."""
        pieces, self._pieces = self._pieces, []
        return pieces

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise _invalid(f"it has more than {MAX_PARTS} parts")
        self._part = _Part()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.value += data[start:end]

    def _header_end(self) -> None:
        part = self._part
        if part.header.lower() == b"content-disposition":
            self._name(part)
        part.header = part.value = b""

    def _name(self, part: _Part) -> None:
        message = email.message.Message()
        message["content-disposition"] = part.value.decode("utf-8", "replace").replace("\n", " ")
        part.name = str(message.get_param("name", "", "content-disposition"))
        filename = message.get_filename()
        if part.name == "file" and filename is not None:
            if self.filename is not None:
                raise _invalid("it has two parts named 'file'; send one file a request")
            part.is_file, self.filename = True, filename

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part.is_file:
            self._pieces.append(data[start:end])
        elif len(self._part.data) + end - start > MAX_FIELD_BYTES:
            raise _invalid(f"a field is larger than {MAX_FIELD_BYTES} bytes")
        else:
            self._part.data += data[start:end]

    def _end_part(self) -> None:
        if not self._part.is_file:
            self.fields[self._part.name] = self._part.data.decode("utf-8", "replace")

    def _end(self) -> None:
        self.ended = True


def _invalid(why: str) -> InvalidRequest:
    return InvalidRequest(f"The multipart body cannot be read: {why}.", code="invalid_multipart")
