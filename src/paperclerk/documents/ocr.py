"""Words on a picture: text detection and recognition with the PP-OCRv6 networks. Used in the child.

The small recogniser and the network for the direction are those that RapidOCR ships; the tiny networks stand in
`weights`, as do the small detector, rewritten (`scripts/detector_weights.py`), and the small recogniser in bytes
(`scripts/small_weights.py`), for processors that multiply bytes; all are opened by path, so nothing can be fetched.
RapidOCR's box post-processing is used as it is. Recognition is ours for one reason: the position of every character,
which gives each word a tight box.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from paperclerk.documents.marks import Marks
from paperclerk.documents.pages import Effort, PictureText, Pixels, fitting_scale
from paperclerk.documents.strips import (
    Ink,
    Quads,
    Text,
    cut_out,
    doubtful_pieces,
    is_read,
    rejoined,
    words_of,
)
from paperclerk.documents.tickboxes import with_boxes

_LINE_HEIGHT = 48  # what the recogniser was trained on
_MAX_DETECT_SIDE = 4096
_LEAST_WIDTH = 160  # RapidOCR pads to 320: slower, and short words are read less well
_NARROWED = 0.9  # which tiny reads as well
_MIN_SCORE = 0.5
_MAX_LINE_WIDTH = 48 * 80
_FEW_LINES = 4  # tell nothing of a page
_DOUBTFUL = 0.65  # a line with a character below it
_LONGEST = 4  # lines that tell which way up a page is
_UPRIGHT = 0.85  # their score: of lines read upside down it stays below .72


class Networks:
    """All networks, one thread each; loaded once, before the fork."""

    def __init__(self) -> None:
        import cv2
        import rapidocr

        cv2.setNumThreads(1)
        ours, theirs = Path(__file__).parent / "weights", Path(rapidocr.__file__).parent / "models"
        self.detectors = {
            "tiny": Detector(ours / "tiny_detector.onnx"),
            "small": Detector(ours / "small_detector.onnx"),
        }
        self.recognisers = {
            "tiny": Recogniser(ours / "tiny_recogniser.onnx", _NARROWED),
            "small": Recogniser(theirs / "PP-OCRv6_rec_small.onnx"),
        }
        quick = Recogniser(ours / "small_recogniser.onnx") if _multiplies_bytes() else None
        self.second_look = quick or self.recognisers["small"]
        self._direction = _loaded(theirs / "ch_ppocr_mobile_v2.0_cls_mobile.onnx")

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


class Detector:
    """Finds lines of text."""

    def __init__(self, weights: Path) -> None:
        from rapidocr.ch_ppocr_det.utils import DBPostProcess

        self._network = _loaded(weights)
        self._boxes = DBPostProcess(
            thresh=0.3,
            box_thresh=0.5,
            max_candidates=3000,
            unclip_ratio=1.6,
            use_dilation=True,
            score_mode="fast",
        )

    def find(self, picture: Pixels, max_side: int) -> Quads:
        """Lines of text as (n, 4, 2) in pixels, looked for at about `max_side` pixels."""
        import cv2

        height, width = picture.shape[:2]
        scale = min(1.0, fitting_scale(width, height, max_side), _MAX_DETECT_SIDE / max(width, height))
        size = (max(32, round(width * scale / 32) * 32), max(32, round(height * scale / 32) * 32))
        tensor = np.empty((1, 3, size[1], size[0]), np.float32)
        for i, plane in enumerate(cv2.split(cv2.resize(picture, size))):  # a third of the time of all at once
            np.multiply(plane, np.float32(2 / 255), out=tensor[0, i], dtype=np.float32)
        tensor -= 1
        output = self._network.run(None, {"x": tensor})[0]
        quads, _scores = self._boxes(output, (height, width))
        return np.asarray(quads, np.float32).reshape(-1, 4, 2)


class Recogniser:
    """Reads a line, longer ones at the share `narrowed` of their width."""

    def __init__(self, weights: Path, narrowed: float = 1.0) -> None:
        self._network, self._narrowed = _loaded(weights), narrowed
        letters = self._network.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._letters = np.array(["", *letters, " "])
        self._sums = self._network.get_outputs()[0].name == "logits"  # before their softmax

    def read(self, strip: Pixels) -> Text:
        """The text of one line, given upright as (height, width, 3)."""
        tensor, filled = prepared(strip, self._narrowed)
        output = self._network.run(None, {"x": tensor})[0][0]
        best = output.argmax(axis=1)
        keep = best != 0
        keep[1:] &= best[1:] != best[:-1]
        columns = np.flatnonzero(keep)
        centres = (columns + 0.5) / len(best) / filled
        scores = np.array([self._chance(output[i], best[i]) for i in columns], np.float64)
        return Text("".join(self._letters[best[columns]]), np.minimum(centres, 1.0), scores)

    def _chance(self, column: npt.NDArray[np.float32], best: int) -> float:
        """How sure the letter `best` of a column of the output is."""
        return 1 / float(np.exp(column - column[best]).sum()) if self._sums else float(column[best])


def prepared(strip: Pixels, narrowed: float = 1.0) -> tuple[npt.NDArray[np.float32], float]:
    """A line as the recognisers take it, (1, 3, 48, width), and which share of the width it fills.

    A line that is wider than the least is made narrower, to the share `narrowed`.
    """
    import cv2

    height, width = strip.shape[:2]
    wide = min(_MAX_LINE_WIDTH, max(8, int(np.ceil(_LINE_HEIGHT * width / height))))
    wide = min(wide, max(_LEAST_WIDTH, round(narrowed * wide)))
    padded = max(_LEAST_WIDTH, wide)
    tensor = np.empty((1, 3, _LINE_HEIGHT, padded), np.float32)
    tensor[0, :, :, wide:] = 0
    scaled = cv2.resize(strip, (wide, _LINE_HEIGHT))
    tensor[0, :, :, :wide] = scaled.transpose(2, 0, 1) * np.float32(2 / 255) - 1
    return tensor, wide / padded


def _loaded(weights: Path) -> Any:
    import importlib

    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # since 1.29 it reports to its maker unless this is set
    onnxruntime: Any = importlib.import_module("onnxruntime")
    _share_memory(onnxruntime)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.use_env_allocators", "1")
    # of this thread and those it starts: white paper makes activations so small that they cost half the time
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    options.enable_mem_pattern = False  # of shapes that were seen before, while each line has its own width
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])


@cache
def _share_memory(onnxruntime: Any) -> None:
    """One store of memory for all networks: new pages from the system cost an eighth of the time."""
    kind = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    place = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, onnxruntime.OrtMemType.DEFAULT)
    as_asked = onnxruntime.OrtArenaCfg({"arena_extend_strategy": 1})  # not always twice as much as before
    onnxruntime.create_and_register_allocator(place, as_asked)


def _multiplies_bytes() -> bool:
    """Whether the processor sums products of bytes without overflow (VNNI): networks in bytes are for these."""
    try:
        told = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return not {"avx512_vnni", "avx_vnni"}.isdisjoint(told.split())


class OcrReader:
    """Reads pictures with `threads` lines recognised at a time."""

    def __init__(self, networks: Networks, threads: int) -> None:
        self._networks = networks
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def read(self, picture: Pixels, effort: Effort) -> PictureText:
        """The words of `picture`, and how it must be turned to stand upright."""
        detector = self._networks.detectors[effort.networks]
        recogniser = self._networks.recognisers[effort.networks]
        marks = Marks.of(picture)
        side = effort.side_for(marks.letter_height, picture.shape[1], picture.shape[0])
        quads = detector.find(picture, side)
        turn, known = self._turn(picture, quads, recogniser)
        if turn:
            picture = np.ascontiguousarray(np.rot90(picture, -turn // 90))
            marks = Marks.of(picture)
            quads, known = detector.find(picture, side), {}
        starts = [_from_its_start(quad) for quad in quads]
        strips = self._map(partial(cut_out, picture), starts)
        unread = [i for i in range(len(strips)) if i not in known]
        known.update(zip(unread, self._map(recogniser.read, [strips[i] for i in unread]), strict=True))
        texts = [known[i] for i in range(len(strips))]
        inks = [Ink.of(strip) for strip in strips]
        self._look_again(texts, strips, inks, effort.second_looks)
        heights = [strip.shape[0] for strip in strips]
        lines = zip(texts, starts, inks, heights, strict=True)
        words = chain.from_iterable(words_of(*line) for line in lines if line[0].score >= _MIN_SCORE)
        foreign = _is_foreign(texts, strips, inks)
        return PictureText(with_boxes(tuple(words), marks), turn, _slope(quads), foreign)

    def _look_again(
        self, texts: list[Text], strips: Sequence[Pixels], inks: Sequence[Ink], most: int
    ) -> None:
        """Has the small network read what is doubtful of the most doubtful lines, in place."""
        doubtful = sorted((text.least, i) for i, text in enumerate(texts) if text.least < _DOUBTFUL)[:most]
        cut = {i: doubtful_pieces(texts[i], inks[i], strips[i].shape[0], _DOUBTFUL) for _, i in doubtful}
        parts = [strips[i][:, piece.left : piece.right] for i, pieces in cut.items() for piece in pieces]
        again = iter(self._map(self._networks.second_look.read, parts))
        for i, pieces in cut.items():
            texts[i] = rejoined(texts[i], pieces, [next(again) for _ in pieces], strips[i].shape[1])

    def _map(self, function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
        return list(self._pool.map(function, items)) if self._pool else [function(item) for item in items]

    def _turn(self, picture: Pixels, quads: Quads, recogniser: Recogniser) -> tuple[int, dict[int, Text]]:
        """0, 90, 180 or 270, from the shape of the lines and the look of the longest; and what was read for it.

        Where the longest are surely read as they are, nothing else is asked.
        """
        if not len(quads):
            return 0, {}
        widths = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)
        heights = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
        length = np.maximum(widths, heights)
        long = np.maximum(widths, heights) > 2 * np.minimum(widths, heights)
        sideways = float(length[long & (heights > widths)].sum()) > 0.6 * float(length[long].sum())
        candidates = np.flatnonzero(long & ((heights > widths) == sideways))
        chosen = candidates[np.argsort(-length[candidates])][:8]
        if not len(chosen):
            return 0, {}

        def strip(i: int) -> Pixels:
            upright = cut_out(picture, quads[i])
            return np.ascontiguousarray(np.rot90(upright, -1)) if sideways else upright  # a quarter clockwise

        longest = [strip(i) for i in chosen[:_LONGEST]]
        texts = self._map(recogniser.read, longest)
        surely = len(texts) == _LONGEST and median(text.score for text in texts) >= _UPRIGHT
        flipped = (
            not surely
            and self._networks.upside_down([*longest, *map(strip, chosen[_LONGEST:])]) > 0.5
            and self._reads_better_flipped(longest, texts, recogniser)
        )
        known = {} if sideways else dict(zip(chosen.tolist(), texts, strict=False))
        return (90 if sideways else 0) + (180 if flipped else 0), known

    def _reads_better_flipped(
        self, strips: Sequence[Pixels], texts: Sequence[Text], recogniser: Recogniser
    ) -> bool:
        flipped = [np.ascontiguousarray(np.rot90(strip, 2)) for strip in strips]
        return sum(map(_weight, self._map(recogniser.read, flipped))) > sum(map(_weight, texts))


def _weight(text: Text) -> float:
    return text.score * len(text.characters)


def _from_its_start(quad: Quads) -> Quads:
    """Corners beginning where reading begins: a tall line on an upright page runs from bottom to top.

    A lone letter or digit is tall too, hence the large factor.
    """
    width, height = np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[3] - quad[0])
    return np.roll(quad, 1, axis=0) if height > 2.5 * width else quad


def _is_foreign(texts: Sequence[Text], strips: Sequence[Pixels], inks: Sequence[Ink]) -> bool:
    """Whether most of the length of the lines is not read."""
    lengths = [strip.shape[1] / strip.shape[0] for strip in strips]
    unread = sum(
        length for text, ink, length in zip(texts, inks, lengths, strict=True) if not is_read(text, ink)
    )
    return len(texts) >= _FEW_LINES and unread > 0.5 * sum(lengths)


def _slope(quads: Quads) -> float:
    """The rise of the lines, as most of the longer ones have it."""
    if not len(quads):
        return 0.0
    along = (quads[:, 1] + quads[:, 2] - quads[:, 0] - quads[:, 3]) / 2
    flat = np.abs(along[:, 0]) > 4 * np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    return float(np.median(along[flat, 1] / along[flat, 0])) if flat.sum() >= 3 else 0.0
