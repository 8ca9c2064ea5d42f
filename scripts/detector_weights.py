"""The detectors of PP-OCRv6 with fewer passes over memory; same output.

    .venv/bin/pip install onnx==1.19.1
    .venv/bin/python scripts/detector_weights.py SOURCE -o src/paperclerk/documents/weights/NAME_detector.onnx

`SOURCE` is, for tiny, what `scripts/tiny_weights.py` writes, and for small RapidOCR's `PP-OCRv6_det_small.onnx`.
Their tensors are larger than the caches, so moving them costs as much as the sums. The two last layers, each of which
doubles the picture, look at one place only: they become two products at a quarter of the size, cut into pixels
at the very end. What was joined to be convolved is convolved apart and added. Channels become multiples of 16, with
zeros, which the runtime would otherwise rearrange for each layer. Weights: PaddlePaddle, Apache-2.0.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

BLOCK = 16  # channels that the runtime keeps together
PASSED = ("Relu", "MaxPool")  # zeros stay zeros


def main() -> None:
    arguments = argparse.ArgumentParser(description="Writes a quicker detector.")
    arguments.add_argument("source", type=Path)
    arguments.add_argument("-o", "--output", type=Path, required=True)
    chosen = arguments.parse_args()
    source = chosen.source.read_bytes()
    network = Network(simplified(source))
    network.gate_once()
    network.enlarge_last()
    network.convolve_apart()
    network.fill_blocks()
    made = network.saved()
    picture = np.random.default_rng(0).random((1, 3, 640, 480), np.float32) * 2 - 1
    apart = np.abs(output(source, picture) - output(made, picture)).max()
    if apart > 1e-6:
        raise SystemExit(f"The outputs differ by {apart}.")
    chosen.output.write_bytes(made)
    print(f"{chosen.output.name}: {len(made):,} bytes, outputs differ by {apart:.1g}")


def simplified(source: bytes) -> Any:
    """The network without nodes that do nothing, biases inside convolutions."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = f"{folder}/simple.onnx"
        onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        return onnx.load(options.optimized_model_filepath)


def output(network: bytes, picture: Any) -> Any:
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": picture})[0]


class Network:
    def __init__(self, model: Any) -> None:
        self.model, self.nodes = model, list(model.graph.node)
        self.values = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}

    def gate_once(self) -> None:
        """x + x * gate as x * (1 + gate): the gate has one number a channel."""
        self.values["one"] = np.array(1, np.float32)
        for add in [node for node in self.nodes if node.op_type == "Add"]:
            whole, product = add.input
            times = self.maker(product)
            if times is not None and times.op_type == "Mul" and whole in times.input:
                gate = next(name for name in times.input if name != whole)
                more = helper.make_node("Add", [gate, "one"], [f"{gate}_more"])
                self.replace(
                    [times, add], [more, helper.make_node("Mul", [whole, more.output[0]], add.output)]
                )

    def enlarge_last(self) -> None:
        """Transposed convolutions that do not overlap are products at each place."""
        first, last = (node for node in self.nodes if node.op_type == "ConvTranspose")
        bias, relu = self.only_user(first), self.only_user(self.only_user(first))
        last_bias, sigmoid = self.only_user(last), self.only_user(self.only_user(last))
        weights, last_weights = self.values[first.input[1]], self.values[last.input[1]]
        count, channels = weights.shape[:2]
        parts = np.zeros(
            (2, 2, 2, 2, 2, 2, channels), np.float32
        )  # row, its half, column, its half; place before
        for row in range(2):
            for column in range(2):
                parts[row, :, column, :, row, column] = last_weights[:, 0].transpose(1, 2, 0)
        added = {
            "large_weights": weights.transpose(2, 3, 1, 0).reshape(4 * channels, count, 1, 1),
            "large_bias": np.tile(self.values[bias.input[1]].ravel(), 4),
            "pixels_weights": parts.reshape(16, 4 * channels, 1, 1),
            "pixels_bias": np.repeat(self.values[last_bias.input[1]].ravel(), 16),
        }
        self.values.update(added)
        self.replace(
            [first, bias, relu, last, last_bias, sigmoid],
            [
                convolution([first.input[0], "large_weights", "large_bias"], "large"),
                helper.make_node("Relu", ["large"], ["large_relu"]),
                convolution(["large_relu", "pixels_weights", "pixels_bias"], "pixels"),
                helper.make_node("Sigmoid", ["pixels"], ["pixels_sure"]),
                helper.make_node("DepthToSpace", ["pixels_sure"], sigmoid.output, blocksize=4),
            ],
        )

    def convolve_apart(self) -> None:
        """The convolution of two joined tensors, as the sum of one for each."""
        joined = next(node for node in self.nodes if node.op_type == "Concat")
        node = self.only_user(joined)
        weights, start, sums = self.values[node.input[1]], 0, []
        for i, name in enumerate(joined.input):
            count = weights.shape[1] // 2
            self.values[f"apart{i}"] = weights[:, start : start + count]
            bias = node.input[2:] if i else []
            sums.append(convolution([name, f"apart{i}", *bias], f"sum{i}", like=node))
            start += count
        added = helper.make_node("Add", ["sum0", "sum1"], node.output)
        self.replace([joined, node], [*sums, added])

    def fill_blocks(self) -> None:
        """Convolutions get channels of zeros where only other convolutions read them."""
        for node in [node for node in self.nodes if node.op_type == "Conv"]:
            readers = self.readers(node)
            weights = self.values[node.input[1]]
            if readers is None or weights.shape[1] == 1 or weights.shape[0] % BLOCK == 0:
                continue
            more = (0, -weights.shape[0] % BLOCK)
            self.values[node.input[1]] = np.pad(weights, (more, (0, 0), (0, 0), (0, 0)))
            if len(node.input) > 2:
                self.values[node.input[2]] = np.pad(self.values[node.input[2]], more)
            for reader in readers:
                name = reader.input[1]
                self.values[name] = np.pad(self.values[name], ((0, 0), more, (0, 0), (0, 0)))

    def readers(self, node: Any) -> list[Any] | None:
        """The convolutions that read what `node` makes; None when anything else does."""
        found: list[Any] = []
        for user in self.users(node):
            if user.op_type in PASSED:
                more = self.readers(user)
                if more is None:
                    return None
                found += more
            elif user.op_type == "Conv" and self.values[user.input[1]].shape[1] > 1:
                found.append(user)
            else:
                return None
        return found

    def maker(self, name: str) -> Any:
        return next((node for node in self.nodes if name in node.output), None)

    def users(self, node: Any) -> list[Any]:
        return [user for user in self.nodes if node.output[0] in user.input]

    def only_user(self, node: Any) -> Any:
        (user,) = self.users(node)
        return user

    def replace(self, old: list[Any], new: list[Any]) -> None:
        at = max(self.nodes.index(node) for node in old)
        self.nodes[at:at] = new
        for node in old:
            self.nodes.remove(node)

    def saved(self) -> bytes:
        graph = self.model.graph
        for field in (graph.node, graph.initializer, graph.value_info):
            del field[:]
        graph.node.extend(self.nodes)
        read = {name for node in self.nodes for name in node.input}
        graph.initializer.extend(
            numpy_helper.from_array(
                np.ascontiguousarray(value, np.float32) if value.dtype == np.float32 else value, name
            )
            for name, value in self.values.items()
            if name in read
        )
        onnx.checker.check_model(self.model)
        data: bytes = self.model.SerializeToString()
        return data


def convolution(inputs: list[str], name: str, like: Any = None) -> Any:
    node = helper.make_node("Conv", inputs, [name], name=name)
    if like is not None:
        node.attribute.extend(like.attribute)
    return node


if __name__ == "__main__":
    main()
