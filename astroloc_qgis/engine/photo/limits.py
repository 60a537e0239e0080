"""How small and how large a photo may be, and the sentences of what is not whole."""

from __future__ import annotations

from pathlib import Path

from astroloc_qgis.engine.errors import InputError

MIN_SIDE_PX = 32
MAX_PIXELS = 400_000_000


def check_size(path: Path, width: int, height: int, most: int = MAX_PIXELS) -> None:
    """Refuse a photo that is too small to be placed or too large for memory.

    Args:
        path: the file.
        width: columns.
        height: rows.
        most: pixels that can be read.

    Raises:
        InputError: it is one of the two.
    """
    if min(width, height) < MIN_SIDE_PX:
        raise InputError(
            f"The photo {path} is {width} x {height} pixels; it must have at least {MIN_SIDE_PX} pixels a side: "
            "use the original."
        )
    if width * height > most:
        raise InputError(
            f"The photo {path} is {width} x {height} pixels ({width * height / 1e6:.0f} megapixels); at most "
            f"{most / 1e6:.0f} megapixels can be read: shrink or crop it."
        )


def damaged(path: Path, details: str = "") -> InputError:
    """The error of a file of which not all can be read."""
    return InputError(
        f"The photo {path} is damaged or truncated: not all of it can be read; copy or download it again.", details
    )


def engine_lacks(path: Path, kind: str, library: str) -> InputError:
    """The error of a kind of file for which this engine, an older one, has no library.

    Args:
        path: the file.
        kind: what it is, with its article.
        library: the name of the Python package.
    """
    return InputError(
        f"The photo {path} is {kind}, and this engine cannot read those yet: press “Set up the engine…” (or, where "
        f"you keep its Python yourself, install {library}).",
        f"{library} is not installed or cannot be imported.",
    )
