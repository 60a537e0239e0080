"""Pictures that are larger than Qt 6 decodes by itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from qgis.PyQt.QtGui import QImageReader


@contextlib.contextmanager
def large_pictures() -> Iterator[None]:
    """Qt decodes pictures of any size inside: Qt 6 refuses more than 256 MB, some 67 megapixels.

    The limit is the whole program's: it is lifted for the moment and then is as before. Qt 5 has none.
    """
    if not hasattr(QImageReader, "setAllocationLimit"):
        yield
        return
    before = QImageReader.allocationLimit()
    QImageReader.setAllocationLimit(0)
    try:
        yield
    finally:
        QImageReader.setAllocationLimit(before)
