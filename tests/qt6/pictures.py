"""What widgets look like when they paint themselves."""

from __future__ import annotations


def colours(widget) -> set[str]:
    """The colours of a widget as it paints itself."""
    image = widget.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
