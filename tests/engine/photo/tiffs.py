"""TIFFs of several directories, written byte by byte: GDAL writes neither SubIFDs nor the structure of raw files."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHORT, LONG = 3, 4
RGB, GREY, MOSAIC = 2, 1, 32803
REDUCED, MASK = 1, 4


@dataclass(frozen=True, eq=False)
class Page:
    """A picture of a TIFF, uncompressed.

    Attributes:
        image: (H, W) or (H, W, 3) uint8 or uint16.
        kind: NewSubfileType.
        photometric: PhotometricInterpretation; by default RGB or grey.
        orientation: EXIF orientation; None to leave it out.
        inside: pages in its SubIFDs.
        more: further entries, tag -> number (LONG).
    """

    image: NDArray[Any]
    kind: int = 0
    photometric: int | None = None
    orientation: int | None = None
    inside: Sequence[Page] = ()
    more: dict[int, int] = field(default_factory=dict)


def write_tiff(path: Path, pages: Sequence[Page], order: str = "<", magic: bytes = b"") -> Path:
    """Write pages, each with those inside it; ``magic`` follows the header (CR2 writes its name there)."""
    out = bytearray((b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 0) + magic)
    link = 4
    for page in pages:
        at, link_of_page = _write(out, page, order)
        out[link : link + 4] = struct.pack(order + "I", at)
        link = link_of_page
    path.write_bytes(bytes(out))
    return path


def _write(out: bytearray, page: Page, order: str) -> tuple[int, int]:
    """Append a directory; returns where it is, and where the offset of the next one goes."""
    inside = [_write(out, each, order)[0] for each in page.inside]
    image = page.image if page.image.ndim == 3 else page.image[..., None]
    height, width, samples = image.shape
    data = _append(out, image.astype(image.dtype.newbyteorder(order)).tobytes())
    bits = 8 * image.dtype.itemsize
    photometric = page.photometric if page.photometric is not None else (RGB if samples == 3 else GREY)
    bits_at = _append(out, struct.pack(order + "3H", bits, bits, bits)) if samples == 3 else bits
    entries = [
        (254, LONG, 1, page.kind), (256, LONG, 1, width), (257, LONG, 1, height),
        (258, SHORT, samples, bits_at), (259, SHORT, 1, 1), (262, SHORT, 1, photometric), (273, LONG, 1, data),
        (277, SHORT, 1, samples), (278, LONG, 1, height), (279, LONG, 1, image.nbytes),
        *((tag, LONG, 1, number) for tag, number in page.more.items()),
    ]  # fmt: skip
    if page.orientation is not None:
        entries.append((274, SHORT, 1, page.orientation))
    if inside:
        where = inside[0] if len(inside) == 1 else _append(out, struct.pack(f"{order}{len(inside)}I", *inside))
        entries.append((330, LONG, len(inside), where))
    table = struct.pack(order + "H", len(entries))
    for tag, kind, count, value in sorted(entries):
        form = "HHIHH" if kind == SHORT and count == 1 else "HHII"
        table += struct.pack(order + form, tag, kind, count, *((value, 0) if form == "HHIHH" else (value,)))
    at = _append(out, table + struct.pack(order + "I", 0))
    return at, at + len(table)


def _append(out: bytearray, content: bytes) -> int:
    if len(out) % 2:
        out += b"\0"
    out += content
    return len(out) - len(content)


def scene(width: int, height: int, seed: int = 0, bands: int = 3) -> NDArray[np.uint8]:
    """The same soft picture at any size; another for another seed."""
    rng = np.random.default_rng(seed)
    waves = rng.uniform(1, 5, (6, 2)) * np.where(rng.random((6, 2)) < 0.5, -1, 1)
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    light = sum(np.sin(2 * np.pi * (a * x + b * y) + phase) for (a, b), phase in zip(waves, range(6), strict=True))
    grey = 128 + 18 * np.asarray(light)
    return np.stack([np.clip(grey + 8 * band, 0, 255) for band in range(bands)], axis=-1).astype(np.uint8)
