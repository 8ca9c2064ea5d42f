"""The recogniser of PP-OCRv6 small in bytes, for the second looks of `lo`: made from the one RapidOCR ships.

    .venv/bin/pip install onnx==1.19.1
    .venv/bin/python -m scripts.small_weights [-o src/paperclerk/documents/weights/small_recogniser.onnx]

Convolutions and the last layer multiply bytes, the rest stays as it is, and the softmax is left out. Of its letters
those are kept that the tiny recogniser has too, whose lines it reads again: 6,904 of 18,708. Ranges are taken from
lines of the everyday documents (tests/regression), printed and scanned in many ways. Channels that are added
or convolved channel by channel first get ranges alike (nothing changes by it): with one scale for all of a layer,
narrow ones would be rounded away. Weights: PaddlePaddle, Apache-2.0.
"""

from __future__ import annotations

import argparse
import io
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import pypdfium2 as pdfium
import rapidocr
from onnx import helper, numpy_helper, version_converter
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from PIL import Image, ImageFilter
from tests.regression.everyday import everyday

from paperclerk.documents.ocr import Networks, prepared
from paperclerk.documents.strips import cut_out

SOURCE = Path(rapidocr.__file__).parent / "models/PP-OCRv6_rec_small.onnx"
WEIGHTS = Path(__file__).resolve().parents[1] / "src/paperclerk/documents/weights"
TARGET = WEIGHTS / "small_recogniser.onnx"
FIRST = WEIGHTS / "tiny_recogniser.onnx"
LINES = 200
OPSET = 17
IN_BYTES = ("Conv", "Add", "Concat", "MaxPool", "Mul")
ENCODER = "AveragePool"  # from here on the network is narrow, and sensitive
ALIKE = ("Relu", "ReduceMean", "AveragePool", "MaxPool")  # what a factor of a channel passes through
ROOT = 0.35  # of the ratio of ranges: more would leave the weights as uneven as the channels were


def main() -> None:
    arguments = argparse.ArgumentParser(description="Writes the recogniser in bytes.")
    arguments.add_argument("-o", "--output", type=Path, default=TARGET)
    target = arguments.parse_args().output
    lines = calibration_lines()
    with tempfile.TemporaryDirectory() as folder:
        network = simplified(Path(folder))
        fuse_gelu(network.graph)
        letters, kept = letters_kept()
        cut_head(network.graph, kept)
        even_out(network, lines)
        quantise(network, lines, Path(folder), target, letters)
    print(f"{target.name}: {target.stat().st_size:,} bytes, from {len(lines)} lines")


def simplified(folder: Path) -> Any:
    """The network without nodes that do nothing, batch norms inside convolutions."""
    onnx.save(version_converter.convert_version(onnx.load(SOURCE), OPSET), folder / "new.onnx")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(folder / "simple.onnx")
    onnxruntime.InferenceSession(str(folder / "new.onnx"), options, providers=["CPUExecutionProvider"])
    return onnx.shape_inference.infer_shapes(onnx.load(folder / "simple.onnx"))


def fuse_gelu(graph: Any) -> None:
    """One node each: the runtime does not find them any more between bytes."""
    makers = {name: node for node in graph.node for name in node.output}
    users = {name: node for node in graph.node for name in node.input}
    for i, erf in enumerate([node for node in graph.node if node.op_type == "Erf"]):
        divide, plus = makers[erf.input[0]], users[erf.output[0]]
        times = users[plus.output[0]]
        half = users[times.output[0]]
        gelu = helper.make_node(
            "Gelu", [divide.input[0]], list(half.output), name=f"gelu{i}", domain="com.microsoft"
        )
        graph.node.insert(list(graph.node).index(half), gelu)
        for node in (divide, erf, plus, times, half):
            graph.node.remove(node)


def letters_kept() -> tuple[str, list[int]]:
    """The letters, one a line, and their columns in the output, with those of no letter and of the space."""
    every, first = letters_of(SOURCE).splitlines(), frozenset(letters_of(FIRST).splitlines())
    kept = [i for i, letter in enumerate(every) if letter in first]
    return "\n".join(every[i] for i in kept), [0, *(i + 1 for i in kept), len(every) + 1]


def letters_of(network: Path) -> str:
    return next(p.value for p in onnx.load(network).metadata_props if p.key == "character")


def cut_head(graph: Any, kept: list[int]) -> None:
    """The last layer in bytes, with the columns `kept`; its sums are the output `logits`."""
    tensors = {t.name: t for t in graph.initializer}
    softmax, makers = graph.node[-1], {name: node for node in graph.node for name in node.output}
    plus = makers[softmax.input[0]]
    times = makers[plus.input[0]]
    weights = numpy_helper.to_array(tensors[times.input[1]])[:, kept]
    scale = np.abs(weights).max(axis=0).clip(1e-12) / 127
    added = {
        "head_weights": np.rint(weights / scale).astype(np.int8),
        "head_scale": scale.astype(np.float32),
        "head_zero": np.zeros(len(scale), np.int8),
        "head_bias": numpy_helper.to_array(tensors[plus.input[1]])[kept],
    }
    for node in (softmax, plus, times):
        graph.node.remove(node)
    for tensor in (tensors[times.input[1]], tensors[plus.input[1]]):
        graph.initializer.remove(tensor)
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in added.items())
    graph.node.append(
        helper.make_node(
            "DynamicQuantizeMatMul",
            [times.input[0], *added],
            ["logits"],
            name="head",
            domain="com.microsoft",
        )
    )
    graph.output[0].name = "logits"


def even_out(network: Any, lines: Sequence[Any]) -> None:
    """Factors move from the channels of one convolution into the next, so that their ranges come closer."""
    graph = network.graph
    makers = {name: node for node in graph.node for name in node.output}
    tied = tied_tensors(graph)
    ranges = channel_ranges(network, [name for names in tied for name in names], lines)
    tensors = {t.name: t for t in graph.initializer}
    values = {
        name: numpy_helper.to_array(tensors[name]).copy()
        for node in graph.node
        if node.op_type == "Conv"
        for name in node.input[1:]
    }
    for names in tied:
        before = [makers[name] for name in names if makers[name].op_type == "Conv"]
        after = [node for node in graph.node if node.op_type == "Conv" and node.input[0] in names]
        whole = [ranges[name] for name in names if makers[name].op_type != "ReduceMean"]
        if not before or not after:
            continue
        widest = np.max(whole, axis=0)
        widest = np.maximum(widest, 1e-3 * widest.max())
        factor = (widest / np.exp(np.log(widest).mean())) ** ROOT
        for node in before:
            values[node.input[1]] /= factor[:, None, None, None]
            values[node.input[2]] /= factor
        for node in after:
            by_channel = values[node.input[1]].shape[1] == 1
            values[node.input[1]] *= factor[:, None, None, None] if by_channel else factor[:, None, None]
    for name, value in values.items():
        tensors[name].CopyFrom(numpy_helper.from_array(value.astype(np.float32), name))


def tied_tensors(graph: Any) -> list[list[str]]:
    """Tensors whose channels must keep one factor, by group; none that meets anything but what `ALIKE` allows."""
    known = {t.name for t in graph.initializer}
    gates = {node.output[0] for node in graph.node if node.op_type == "HardSigmoid"}
    group: dict[str, str] = {}

    def of(name: str) -> str:
        while group.setdefault(name, name) != name:
            name = group[name]
        return name

    fixed = {tensor.name for tensor in (*graph.input, *graph.output)}
    for node in graph.node:
        inputs = [name for name in node.input if name and name not in known]
        gated = node.op_type == "Mul" and bool(gates & set(inputs))
        if node.op_type in ALIKE or gated or (node.op_type == "Add" and len(inputs) == 2):
            for name in inputs:
                if name not in gates:
                    group[of(name)] = of(node.output[0])
        elif node.op_type != "Conv":
            fixed |= {*inputs, *node.output}
    barred = {of(name) for name in fixed}
    groups: dict[str, list[str]] = {}
    for node in graph.node:
        for name in node.output:
            if of(name) not in barred:
                groups.setdefault(of(name), []).append(name)
    return list(groups.values())


def channel_ranges(network: Any, names: list[str], lines: Sequence[Any]) -> dict[str, Any]:
    seen = onnx.ModelProto()
    seen.CopyFrom(network)
    seen.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = onnxruntime.InferenceSession(seen.SerializeToString(), providers=["CPUExecutionProvider"])
    each = [session.run(names, {"x": line}) for line in lines]
    return {
        name: np.max([np.abs(found[i]).max(axis=(0, 2, 3)) for found in each], axis=0)
        for i, name in enumerate(names)
    }


def quantise(network: Any, lines: Sequence[Any], folder: Path, target: Path, letters: str) -> None:
    nodes = list(network.graph.node)
    encoder = next(i for i, node in enumerate(nodes) if node.op_type == ENCODER)
    pooled = {node.output[0] for node in nodes if node.op_type == "ReduceMean"}
    squeezed = [node for node in nodes if node.op_type == "Conv" and node.input[0] in pooled]
    relus = {node.output[0] for node in nodes if node.input[0] in {s.output[0] for s in squeezed}}
    gates = squeezed + [node for node in nodes if node.op_type == "Conv" and node.input[0] in relus]
    onnx.save(network, folder / "even.onnx")
    quantize_static(
        folder / "even.onnx",
        target,
        Lines(lines),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=list(IN_BYTES),
        nodes_to_exclude=[node.name for node in (*nodes[encoder:], *gates)],
    )
    made = onnx.load(target)
    del made.metadata_props[:]
    made.metadata_props.add(key="character", value=letters)
    onnx.save(made, target)


class Lines(CalibrationDataReader):
    def __init__(self, lines: Sequence[Any]) -> None:
        self._lines: Iterator[Any] = iter(lines)

    def get_next(self) -> dict[str, Any] | None:
        line = next(self._lines, None)
        return None if line is None else {"x": line}


def calibration_lines() -> list[Any]:
    """Lines as the recogniser gets them, (1, 3, 48, width), drawn from all documents alike."""
    draw = random.Random(1)
    detector = Networks().detectors["tiny"]
    lines = []
    for seed, (_case, pdf) in enumerate(everyday()):
        page = scanned(pdf, seed)
        quads = detector.find(page, 1280)
        chosen = draw.sample(range(len(quads)), min(8, len(quads)))
        lines += [prepared(cut_out(page, quads[i]))[0] for i in sorted(chosen)]
    draw.shuffle(lines)
    return lines[:LINES]


def scanned(pdf: bytes, seed: int) -> Any:
    """The first page as one of many scanners gives it: (height, width, 3)."""
    draw, noise = random.Random(seed), np.random.default_rng(seed)
    page = pdfium.PdfDocument(io.BytesIO(pdf))[0]
    sharp = page.render(scale=draw.choice((90, 110, 140, 170, 200)) / 72).to_pil().convert("RGB")
    tilted = sharp.rotate(draw.uniform(-1, 1), Image.Resampling.BICUBIC, fillcolor="white")
    soft = np.asarray(tilted.filter(ImageFilter.GaussianBlur(draw.uniform(0, 1.1))), np.float32)
    black, white = draw.uniform(0, 90), draw.uniform(180, 255)
    picture = (black + soft / 255 * (white - black)) * np.array([draw.uniform(0.9, 1) for _ in range(3)])
    picture += np.linspace(-1, 1, picture.shape[1])[None, :, None] * draw.uniform(-25, 25)
    picture += noise.normal(0, draw.uniform(0, 9), picture.shape[:2])[:, :, None]
    pixels = np.ascontiguousarray(picture.clip(0, 255).astype(np.uint8))
    if draw.random() < 0.6:
        quality = [cv2.IMWRITE_JPEG_QUALITY, draw.randint(35, 90)]
        pixels = cv2.imdecode(cv2.imencode(".jpg", pixels, quality)[1], cv2.IMREAD_COLOR)
    return 255 - pixels if draw.random() < 0.1 else pixels


if __name__ == "__main__":
    main()
