"""A picture for people: photo and reference side by side, the matches between them, the footprint, a caption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.errors import AstroLocError
from astroloc_qgis.engine.exports.files import write_bytes
from astroloc_qgis.engine.exports.visible_region import find_visible_region
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.projection import Array, transform_points
from astroloc_qgis.engine.geometry.warping import warp_image
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane

if TYPE_CHECKING:
    from astroloc_qgis.engine.imagery.window import Rendering
    from astroloc_qgis.engine.registration import TiePoints

LONG_SIDE = 1600
"""Width of the picture, pixels."""

_MARGIN, _GAP, _CAPTION = 16, 16, 76
_MAX_PANEL_HEIGHT = 1000
_BACKGROUND, _PALE, _WHITE = (30, 27, 24), (178, 172, 166), (240, 240, 238)
_GREEN, _RED, _OUTLINE = (96, 214, 112), (236, 84, 84), (255, 205, 70)
_FONT = cv2.FONT_HERSHEY_DUPLEX


@dataclass(frozen=True)
class Panel:
    """One of the two pictures.

    Attributes:
        pixels: (h, w, 3) uint8 RGB.
        origin: of its top-left corner in the whole picture, pixels.
        scale: pixels of the picture a pixel of what is shown.
    """

    pixels: NDArray[np.uint8]
    origin: tuple[int, int]
    scale: tuple[float, float]

    def place(self, xy: Array) -> Array:
        """(N, 2) pixels of what is shown -> (N, 2) pixels of the picture."""
        return np.asarray(xy * self.scale + self.origin)


def write_preview(path: Path, picture: NDArray[np.uint8]) -> Path:
    """Write the picture of ``draw_preview`` as PNG.

    Raises:
        InputError: the folder is missing, protected or full.
    """
    done, encoded = cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 6])
    if not done:
        raise AstroLocError("The preview could not be encoded as PNG.")
    return write_bytes(path, encoded.tobytes())


def draw_preview(
    photo8: NDArray[np.uint8],
    reference: Rendering,
    homography: Array,
    plane: WorkingPlane,
    *,
    tie_points: TiePoints | None = None,
    title: str = "",
    facts: Sequence[str] = (),
    reference_label: str = "Reference",
    matches: int = 80,
    outliers: int = 12,
) -> NDArray[np.uint8]:
    """Draw the preview, at most 1600 pixels wide and high.

    Args:
        photo8: (H, W, 3) uint8 RGB.
        reference: reference imagery about the footprint, in any CRS.
        homography: (3, 3), photo pixels -> metres of the plane.
        plane: the working plane.
        tie_points: drawn as lines between the two: inliers green, some outliers red.
        title: first line of the caption, e.g. the photo's name.
        facts: joined for its second line, e.g. "localized", "confidence 0.97", "412 inliers".
        reference_label: the label of the right picture.
        matches: the most inliers drawn; they are chosen to cover the photo evenly.
        outliers: the most outliers drawn.

    Returns:
        (h, w, 3) uint8 RGB.
    """
    shown = np.where(reference.mask[..., None], reference.pixels, np.uint8(60)).astype(np.uint8)
    left, right = _panels(photo8, shown)
    height = max(left.pixels.shape[0], right.pixels.shape[0]) + 2 * _MARGIN + _CAPTION
    picture = np.full((height, LONG_SIDE, 3), _BACKGROUND, np.uint8)
    for panel in (left, right):
        x, y = panel.origin
        picture[y : y + panel.pixels.shape[0], x : x + panel.pixels.shape[1]] = panel.pixels

    def on_reference(plane_xy: Array) -> Array:
        xy = transform_points(plane_xy, plane.proj, reference.window.crs)
        return right.place(apply_homography(reference.window.to_pixel, xy))

    size = (photo8.shape[1], photo8.shape[0])
    seen = find_visible_region(homography, plane, *size).outline(points_per_edge=32)
    _draw_outline(picture, on_reference(apply_homography(homography, seen)), right)
    _draw_outline(picture, left.place(seen), left)
    inliers_drawn = 0
    if tie_points is not None:
        good = _spread(tie_points.photo_xy, np.flatnonzero(tie_points.inlier), size, matches)
        bad = _spread(tie_points.photo_xy, np.flatnonzero(~tie_points.inlier), size, outliers)
        ends = np.stack([left.place(tie_points.photo_xy), on_reference(tie_points.plane_xy)], axis=1)
        _draw_matches(picture, ends[bad], _RED, right)
        _draw_matches(picture, ends[good], _GREEN, right)
        inliers_drawn = len(good)
    _label(picture, "Photo", left)
    _label(picture, reference_label, right)
    _draw_caption(picture, title, facts, tie_points, inliers_drawn)
    return picture


def ground_picture(photo8: NDArray[np.uint8], homography: Array, to_pixel: Array, size: tuple[int, int]) -> NDArray:
    """The photo warped north-up, (height, width, 3): shown where there is no reference.

    Args:
        photo8: (H, W, 3) uint8 RGB.
        homography: (3, 3), photo pixels -> metres of the plane.
        to_pixel: (3, 3), metres of the plane -> pixels of the picture.
        size: width and height of the picture.
    """
    return warp_image(photo8, to_pixel @ homography, size, interpolation=cv2.INTER_AREA, border=60)


def _panels(photo8: NDArray[np.uint8], reference: NDArray[np.uint8]) -> tuple[Panel, Panel]:
    """Both pictures at the same height, as large as the width (and a limit to the height) allows."""
    ratios = [image.shape[1] / image.shape[0] for image in (photo8, reference)]
    height = min((LONG_SIDE - 2 * _MARGIN - _GAP) / sum(ratios), _MAX_PANEL_HEIGHT)
    widths = [max(1, round(height * ratio)) for ratio in ratios]
    # Where the height is the limit, the rest of the width goes to the sides.
    x = (LONG_SIDE - sum(widths) - _GAP) // 2
    panels = []
    for image, width in zip((photo8, reference), widths, strict=True):
        size = (width, max(1, round(height)))
        way = cv2.INTER_AREA if size[0] < image.shape[1] else cv2.INTER_CUBIC
        resized = cv2.resize(image, size, interpolation=way)
        panels.append(Panel(resized, (x, _MARGIN), (size[0] / image.shape[1], size[1] / image.shape[0])))
        x += width + _GAP
    return panels[0], panels[1]


def _spread(photo_xy: Array, chosen: NDArray[np.intp], size: tuple[int, int], most: int) -> NDArray[np.intp]:
    """At most ``most`` of the chosen points, covering the photo evenly: each next one is the farthest from the rest."""
    if len(chosen) <= most:
        return chosen
    xy = photo_xy[chosen] / max(size)
    taken = [int(np.argmin(xy.sum(axis=1)))]
    distance = np.full(len(xy), np.inf)
    while len(taken) < most:
        distance = np.minimum(distance, ((xy - xy[taken[-1]]) ** 2).sum(axis=1))
        taken.append(int(np.argmax(distance)))
    return chosen[np.array(taken)]


def _fixed(xy: Array) -> NDArray[np.int32]:
    """Points as OpenCV draws them: pixel centres are whole numbers, with 4 binary places below."""
    return np.round(np.clip(xy - 0.5, -10_000, 10_000) * 16).astype(np.int32)


def _draw_outline(picture: NDArray[np.uint8], ring: Array, panel: Panel) -> None:
    """A closed line, inside its panel only, and a dot at its first point, the photo's top-left corner."""
    x, y = panel.origin
    part = picture[y : y + panel.pixels.shape[0], x : x + panel.pixels.shape[1]]
    ring = ring[np.isfinite(ring).all(axis=1)]
    points = [_fixed(ring - panel.origin).reshape(-1, 1, 2)]
    cv2.polylines(part, points, True, _BACKGROUND, 4, cv2.LINE_AA, 4)
    cv2.polylines(part, points, True, _OUTLINE, 2, cv2.LINE_AA, 4)
    first = tuple(map(int, points[0][0, 0]))
    cv2.circle(part, first, 8 * 16, _BACKGROUND, -1, cv2.LINE_AA, 4)
    cv2.circle(part, first, 6 * 16, _OUTLINE, -1, cv2.LINE_AA, 4)


def _draw_matches(picture: NDArray[np.uint8], ends: Array, colour: tuple[int, int, int], right: Panel) -> None:
    """Half-transparent lines with a dot at either end; those that end outside the reference are left out."""
    low = np.array(right.origin)
    high = low + right.pixels.shape[1::-1]
    with np.errstate(invalid="ignore"):
        ends = ends[((ends[:, 1] >= low) & (ends[:, 1] <= high)).all(axis=1)]
    lines = picture.copy()
    for start, end in _fixed(ends):
        cv2.line(lines, tuple(map(int, start)), tuple(map(int, end)), colour, 1, cv2.LINE_AA, 4)
    cv2.addWeighted(lines, 0.55, picture, 0.45, 0.0, dst=picture)
    for point in _fixed(ends.reshape(-1, 2)):
        cv2.circle(picture, tuple(map(int, point)), 56, _BACKGROUND, -1, cv2.LINE_AA, 4)
        cv2.circle(picture, tuple(map(int, point)), 40, colour, -1, cv2.LINE_AA, 4)


def _label(picture: NDArray[np.uint8], text: str, panel: Panel) -> None:
    """A word on a dark ground in the panel's top-right corner."""
    (width, height), _ = cv2.getTextSize(text, _FONT, 0.5, 1)
    x, y = panel.origin[0] + panel.pixels.shape[1] - width - 18, panel.origin[1]
    corner = picture[y : y + height + 14, x : x + width + 18]
    cv2.addWeighted(corner, 0.35, np.full_like(corner, _BACKGROUND), 0.65, 0.0, dst=corner)
    cv2.putText(picture, text, (x + 9, y + height + 7), _FONT, 0.5, _WHITE, 1, cv2.LINE_AA)


def _draw_caption(
    picture: NDArray[np.uint8], title: str, facts: Sequence[str], tie_points: TiePoints | None, drawn: int
) -> None:
    """Title and facts below the pictures, and what the colours mean."""
    base = picture.shape[0] - _CAPTION
    _text(picture, title, (_MARGIN, base + 26), 0.75, _WHITE)
    _text(picture, "   |   ".join(facts), (_MARGIN, base + 56), 0.5, _PALE)
    if tie_points is None:
        return
    key = [
        (f"{drawn} of {int(tie_points.inlier.sum())} inliers", _GREEN),
        ("outliers", _RED),
        ("footprint (dot: top-left)", _OUTLINE),
    ]
    x = picture.shape[1] - _MARGIN
    for text, colour in reversed(key):
        (width, _), _ = cv2.getTextSize(text, _FONT, 0.45, 1)
        x -= width
        _text(picture, text, (x, base + 26), 0.45, _PALE)
        cv2.line(picture, (x - 30, base + 21), (x - 10, base + 21), colour, 2, cv2.LINE_AA)
        x -= 54


def _text(
    picture: NDArray[np.uint8], text: str, place: tuple[int, int], size: float, colour: tuple[int, int, int]
) -> None:
    """OpenCV's letters are ASCII only: others become question marks."""
    plain = text.encode("ascii", "replace").decode("ascii")
    cv2.putText(picture, plain, place, _FONT, size, colour, 1, cv2.LINE_AA)
