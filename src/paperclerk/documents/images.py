"""Image files as upright RGB pages, through Pillow. Used inside the reading child only.

Formats, sizes and frames are checked from the headers before a pixel is decoded.
"""

from __future__ import annotations

import io
import math
import struct
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from pi_heif import register_heif_opener  # type: ignore[attr-defined]
from PIL import (  # the plugins are named, since a child cannot load a file once it is locked in
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from paperclerk.domain.errors import DocumentError, DocumentTooLarge

Pixels = npt.NDArray[np.uint8]

register_heif_opener(thumbnails=False)

_PLUGINS = (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
_START_OF_SCAN = b"\xff\xda"  # cannot occur inside coded data
WORKED_PIXELS = 25_000_000
"""A larger image is scaled down before anything else."""

_MAX_SCANS = 64  # a progressive JPEG has about ten; each one costs a pass over all pixels
LONG_SIDE = 842.0
"""Page units of the longer side of an image page."""

_BROKEN = (OSError, ValueError, SyntaxError, struct.error, EOFError, IndexError, TypeError, KeyError)


class ImageFileReader:
    """An opened image file. Several frames are several pages (TIFF), or one page (the first frame of others)."""

    def __init__(
        self,
        data: bytes | memoryview,
        pillow: str,
        max_pixels: int,
        max_frames: int,
        worked_pixels: int = WORKED_PIXELS,
    ) -> None:
        """Raises DocumentError or DocumentTooLarge."""
        Image.MAX_IMAGE_PIXELS = None  # checked below, against the limit of this job
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        warnings.simplefilter("ignore")
        if pillow == "JPEG" and bytes(data).count(_START_OF_SCAN) > _MAX_SCANS:
            raise DocumentError("The image is built of too many layers. Save it anew and send it again.")
        formats = (pillow, "MPO") if pillow == "JPEG" else (pillow,)
        try:
            self._image: Any = Image.open(io.BytesIO(data), formats=formats)
        except _BROKEN as error:
            raise _damaged(error) from error
        self._max_pixels, self._worked_pixels = max_pixels, worked_pixels
        self._check_size()
        self.page_count = self._count(max_frames) if pillow == "TIFF" else 1

    def page(self, index: int) -> Pixels:
        """Frame `index` as displayed, (height, width, 3), BGR, on white. Raises DocumentError."""
        import cv2

        try:
            self._image.seek(index)
            self._check_size()
            if self._image.format == "JPEG":  # decodes at a half or a quarter, which costs less of everything
                size = self._image.size
                width, height = _worked_size(size[0], size[1], self._worked_pixels)
                self._image.draft("RGB", (int(0.7 * width), int(0.7 * height)))
            upright = _as_rgb(self._image, self._worked_pixels)
            ImageOps.exif_transpose(upright, in_place=True)  # else it copies what stands upright already
            return np.asarray(cv2.cvtColor(np.asarray(upright), cv2.COLOR_RGB2BGR), np.uint8)
        except DocumentTooLarge:
            raise
        except Image.DecompressionBombError as error:
            raise DocumentTooLarge("The image unpacks to more than it may. Send a smaller one.") from error
        except _BROKEN as error:
            raise _damaged(error) from error

    def _count(self, max_frames: int) -> int:
        """Frames, counted one by one so that a flood or a loop of directories ends at the limit."""
        count = 1
        try:
            while True:
                self._image.seek(count)
                count += 1
                if count > max_frames:
                    raise DocumentTooLarge(
                        f"The image has more than {max_frames} pages. Split it and send the parts.",
                        code="too_many_pages",
                    )
        except EOFError:
            pass
        except _BROKEN:
            pass  # a damaged directory ends the file; what stands before it is read
        self._image.seek(0)
        return count

    def _check_size(self) -> None:
        width, height = self._image.size
        if width < 1 or height < 1:
            raise DocumentError("The image has no size. Save it anew and send it again.")
        if width * height > self._max_pixels:
            raise DocumentTooLarge(
                f"The image has {width} x {height} pixels, more than the {self._max_pixels:,} that are read. "
                "Send it at a lower resolution.",
                code="too_many_pixels",
            )


def _worked_size(width: int, height: int, pixels: int) -> tuple[int, int]:
    """The size at which an image is worked on."""
    scale = min(1.0, math.sqrt(pixels / (width * height)))
    return max(1, int(width * scale)), max(1, int(height * scale))


def page_units(width: int, height: int) -> float:
    """Page units of one pixel of an image of this size."""
    return LONG_SIDE / max(width, height)


def _as_rgb(image: Any, pixels: int) -> Any:
    """`image` as 8-bit RGB: 16 bits scaled down, transparency on white, CMYK and palettes converted."""
    exif = image.getexif()
    factor = math.ceil(math.sqrt(image.width * image.height / pixels))
    if factor > 1 and image.mode not in ("1", "P", "PA"):
        image.load()
        image = image.reduce(factor)
    if image.mode in ("I;16", "I;16B", "I;16L", "I;16N", "I", "F"):
        image = Image.fromarray(_to_eight_bits(np.asarray(image)))
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Image.new("RGB", layer.size, "white")
        image.paste(layer, mask=layer.getchannel("A"))
    elif image.mode != "RGB":
        image = image.convert("RGB")
    else:
        image.load()
        image = image.copy() if exif else image
    if exif:
        image.info["exif"] = exif.tobytes()
    return image


def _to_eight_bits(values: npt.NDArray[np.generic]) -> Pixels:
    if values.dtype.kind == "f":
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        scaled = (np.nan_to_num(values, nan=low) - low) * (255.0 / max(high - low, 1e-9))
        return np.asarray(scaled, np.uint8)
    if values.max(initial=0) > 255:
        values = np.right_shift(values, 8)
    return np.asarray(values.clip(0, 255), np.uint8)


def _damaged(error: BaseException) -> DocumentError:
    if isinstance(error, UnidentifiedImageError):
        return DocumentError("The image is damaged and cannot be opened. Save it anew and send it again.")
    return DocumentError("The image is damaged or cut off. Save it anew and send it again.")
