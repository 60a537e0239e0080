"""Developing cameras' raw files with LibRaw: the sensor's mosaic to RGB of 16 bits, upright."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.photo.limits import check_size, damaged, engine_lacks

logger = logging.getLogger(__name__)

MAX_RAW_PIXELS = 160_000_000
"""The largest sensors of medium format have 151 megapixels; LibRaw needs some 20 bytes for each."""
MAX_RAW_BYTES = 1 << 30
_STDERR = threading.Lock()
SRGB_GAMMA = (2.4, 12.92)
"""Power and slope of the linear part (IEC 61966-2-1)."""


def check_raw(path: Path) -> None:
    """Look at a raw file's header, without its pixels.

    Raises:
        InputError: it holds no picture that LibRaw can develop, or one that is too large or too small.
    """
    with _opened(path):
        pass


def develop(path: Path) -> NDArray[Any]:
    """Develop a raw file: the camera's white balance, sRGB, and the brightness that was exposed for.

    Nothing is brightened, stretched or reconstructed by what the picture shows, so that photos of a series stay alike.
    Where the camera noted no white balance, that of daylight is used.

    Args:
        path: the file.

    Returns:
        (H, W, 3) uint16, (H, W, 1) of a camera without colour filters; upright as the camera noted.

    Raises:
        InputError: as ``check_raw``, or it is damaged.
    """
    with _opened(path) as raw:
        import rawpy

        try:
            image = raw.postprocess(
                use_camera_wb=True, no_auto_bright=True, adjust_maximum_thr=0.0, gamma=SRGB_GAMMA,
                output_color=rawpy.ColorSpace.sRGB, output_bps=16,
            )  # fmt: skip
        except rawpy.LibRawTooBigError as error:
            raise _too_large(path, str(error)) from error
        except (rawpy.LibRawError, rawpy.NotSupportedError, ValueError, RuntimeError) as error:
            raise damaged(path, f"LibRaw: {error!r}") from error
    return np.asarray(image if image.ndim == 3 else image[..., None])


def no_picture(path: Path, details: str = "") -> InputError:
    """The error of a raw file of which at best a preview could be read."""
    return InputError(
        f"The photo {path} is a camera's raw file without a picture that can be read: convert it to TIFF (with the "
        "camera maker's program, darktable or RawTherapee) and choose that.",
        details,
    )


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A raw file open in LibRaw, its size checked."""
    try:
        import rawpy
    except ImportError as error:
        raise engine_lacks(path, "a camera's raw file", "rawpy") from error
    if path.stat().st_size > MAX_RAW_BYTES:
        raise _too_large(path, f"{path.stat().st_size} bytes")
    with _own_stderr(), path.open("rb") as file:  # LibRaw itself opens no path that Windows's code page lacks
        try:
            raw = rawpy.imread(file)
        except rawpy.LibRawTooBigError as error:
            raise _too_large(path, str(error)) from error
        except (rawpy.LibRawError, rawpy.NotSupportedError, ValueError, RuntimeError) as error:
            raise no_picture(path, f"LibRaw {rawpy.libraw_version}: {error!r}") from error
        with contextlib.closing(raw):
            sizes = raw.sizes
            check_size(path, sizes.width, sizes.height, MAX_RAW_PIXELS)
            if sizes.raw_width * sizes.raw_height > 2 * MAX_RAW_PIXELS:
                raise _too_large(path, f"{sizes.raw_width} x {sizes.raw_height}")
            yield raw


def _too_large(path: Path, details: str) -> InputError:
    return InputError(
        f"The photo {path} is a raw file that is too large: at most {MAX_RAW_PIXELS / 1e6:.0f} megapixels and 1 GB can "
        "be read; convert it to TIFF and shrink it.",
        details,
    )


@contextlib.contextmanager
def _own_stderr() -> Iterator[None]:
    """What LibRaw writes to stderr of damaged files goes to the log instead."""
    with _STDERR, contextlib.ExitStack() as stack:
        try:
            kept = os.dup(2)
        except OSError:  # stderr is closed
            yield
            return
        stack.callback(os.close, kept)
        heard = stack.enter_context(tempfile.TemporaryFile())
        os.dup2(heard.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            heard.seek(0)
            if text := heard.read(4096).decode("utf-8", "replace").strip():
                logger.info("LibRaw: %s", text)
