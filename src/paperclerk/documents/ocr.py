"""Words on a picture: text detection and recognition with the weights that RapidOCR ships. Used in the child.

RapidOCR's own pipeline resolves, and if need be downloads, its models; here the two networks are opened by
path, so nothing can be fetched. Its box post-processing is used as it is. Recognition is ours for one reason:
the position of every character, which gives each word a tight box.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from paperclerk.documents.pages import Effort, PictureText, Pixels, fitting_scale
from paperclerk.documents.strips import Quads, Text, cut_out, words_of
from paperclerk.domain.document import Word

_LINE_HEIGHT = 48  # what the recogniser was trained on
_MAX_DETECT_SIDE = 4096
_LEAST_WIDTH = 160  # RapidOCR pads to 320: slower, and short words are read less well
_MIN_SCORE = 0.5
_MAX_LINE_WIDTH = 48 * 80


class Networks:
    """The detection and recognition networks, one thread each; loaded once, before the fork."""

    def __init__(self) -> None:
        import importlib

        import cv2
        import rapidocr
        from rapidocr.ch_ppocr_det.utils import DBPostProcess

        os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # since 1.29 it reports to its maker unless this is set
        onnxruntime: Any = importlib.import_module("onnxruntime")
        cv2.setNumThreads(1)
        folder = Path(rapidocr.__file__).parent / "models"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        # of this thread and those it starts: white paper makes activations so small that they cost half the time
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        options.log_severity_level = 4

        def load(name: str) -> Any:
            return onnxruntime.InferenceSession(
                str(folder / name), options, providers=["CPUExecutionProvider"]
            )

        self._detector = load("PP-OCRv6_det_small.onnx")
        self._recogniser = load("PP-OCRv6_rec_small.onnx")
        self._direction = load("ch_ppocr_mobile_v2.0_cls_mobile.onnx")
        letters = self._recogniser.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._letters = np.array(["", *letters, " "])
        self._boxes = DBPostProcess(
            thresh=0.3,
            box_thresh=0.5,
            max_candidates=3000,
            unclip_ratio=1.6,
            use_dilation=True,
            score_mode="fast",
        )

    def detect(self, picture: Pixels, max_side: int) -> Quads:
        """Lines of text as (n, 4, 2) in pixels, looked for at about `max_side` pixels."""
        import cv2

        height, width = picture.shape[:2]
        scale = min(1.0, fitting_scale(width, height, max_side), _MAX_DETECT_SIDE / max(width, height))
        size = (max(32, round(width * scale / 32) * 32), max(32, round(height * scale / 32) * 32))
        small = cv2.resize(picture, size)
        values = np.multiply(small, np.float32(2 / 255), dtype=np.float32)
        values -= 1
        tensor = np.ascontiguousarray(values.transpose(2, 0, 1)[None])
        output = self._detector.run(None, {"x": tensor})[0]
        quads, _scores = self._boxes(output, (height, width))
        return np.asarray(quads, np.float32).reshape(-1, 4, 2)

    def upside_down(self, strips: Sequence[Pixels]) -> float:
        """How much the direction network thinks that these lines stand on their heads, 0..1."""
        import cv2

        votes = []
        for strip in strips:
            width = min(192, max(1, round(48 * strip.shape[1] / strip.shape[0])))
            tensor = np.zeros((1, 3, 48, 192), np.float32)
            tensor[0, :, :, :width] = cv2.resize(strip, (width, 48)).transpose(2, 0, 1) * (2 / 255) - 1
            votes.append(float(self._direction.run(None, {"x": tensor})[0][0][1]))
        return sum(votes) / len(votes) if votes else 0.0

    def recognise(self, strip: Pixels) -> Text:
        """The text of one line, given upright as (height, width, 3)."""
        import cv2

        height, width = strip.shape[:2]
        wide = min(_MAX_LINE_WIDTH, max(8, int(np.ceil(_LINE_HEIGHT * width / height))))
        padded = max(_LEAST_WIDTH, wide)
        tensor = np.zeros((1, 3, _LINE_HEIGHT, padded), np.float32)
        scaled = cv2.resize(strip, (wide, _LINE_HEIGHT))
        tensor[0, :, :, :wide] = scaled.transpose(2, 0, 1) * np.float32(2 / 255) - 1
        chances = self._recogniser.run(None, {"x": tensor})[0][0]
        best = chances.argmax(axis=1)
        keep = best != 0
        keep[1:] &= best[1:] != best[:-1]
        columns = np.flatnonzero(keep)
        centres = (columns + 0.5) / len(best) * padded / wide
        scores = chances[columns, best[columns]].astype(np.float64)
        return Text("".join(self._letters[best[columns]]), np.minimum(centres, 1.0), scores)


class OcrReader:
    """Reads pictures with `threads` lines recognised at a time."""

    def __init__(self, networks: Networks, threads: int) -> None:
        self._networks = networks
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def read(self, picture: Pixels, effort: Effort) -> PictureText:
        """The words of `picture`, and how it must be turned to stand upright."""
        quads = self._networks.detect(picture, effort.detect_side)
        turn = self._turn(picture, quads)
        if turn:
            picture = np.ascontiguousarray(np.rot90(picture, -turn // 90))
            quads = self._networks.detect(picture, effort.detect_side)

        def line(quad: Quads) -> tuple[Word, ...]:
            quad = _from_its_start(quad)
            strip = cut_out(picture, quad)
            text = self._networks.recognise(strip)
            return words_of(text, quad, strip) if text.score >= _MIN_SCORE else ()

        lines = self._map(line, list(quads))
        return PictureText(tuple(chain.from_iterable(lines)), turn, _slope(quads))

    def _map(self, function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
        return list(self._pool.map(function, items)) if self._pool else [function(item) for item in items]

    def _turn(self, picture: Pixels, quads: Quads) -> int:
        """0, 90, 180 or 270, from the shape of the lines and the look of the longest."""
        if not len(quads):
            return 0
        widths = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)
        heights = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
        length = np.maximum(widths, heights)
        long = np.maximum(widths, heights) > 2 * np.minimum(widths, heights)
        sideways = float(length[long & (heights > widths)].sum()) > 0.6 * float(length[long].sum())
        candidates = np.flatnonzero(long & ((heights > widths) == sideways))
        chosen = candidates[np.argsort(-length[candidates])][:8]
        if not len(chosen):
            return 0
        if sideways:  # as if turned a quarter clockwise
            strips = [np.ascontiguousarray(np.rot90(cut_out(picture, quads[i]), -1)) for i in chosen]
        else:
            strips = [cut_out(picture, quads[i]) for i in chosen]
        flipped = self._networks.upside_down(strips) > 0.5 and self._reads_better_flipped(strips)
        return (90 if sideways else 0) + (180 if flipped else 0)

    def _reads_better_flipped(self, strips: list[Pixels]) -> bool:
        def gain(strip: Pixels) -> float:
            flipped = np.ascontiguousarray(np.rot90(strip, 2))
            return _weight(self._networks.recognise(flipped)) - _weight(self._networks.recognise(strip))

        return float(sum(self._map(gain, strips[:4]))) > 0


def _weight(text: Text) -> float:
    return text.score * len(text.characters)


def _from_its_start(quad: Quads) -> Quads:
    """Corners beginning where reading begins: a tall line on an upright page runs from bottom to top.

    A lone letter or digit is tall too, hence the large factor.
    """
    width, height = np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[3] - quad[0])
    return np.roll(quad, 1, axis=0) if height > 2.5 * width else quad


def _slope(quads: Quads) -> float:
    """The rise of the lines, as most of the longer ones have it."""
    if not len(quads):
        return 0.0
    along = (quads[:, 1] + quads[:, 2] - quads[:, 0] - quads[:, 3]) / 2
    flat = np.abs(along[:, 0]) > 4 * np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    return float(np.median(along[flat, 1] / along[flat, 0])) if flat.sum() >= 3 else 0.0
