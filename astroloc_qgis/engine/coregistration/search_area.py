"""Where to look for a photo: the surroundings of a candidate, drawn so that matchers recognise the photo in them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from astroloc_qgis.engine.coregistration.homography_fit import MIN_INLIERS
from astroloc_qgis.engine.geometry.homography import apply_homography, normalise, scaling, translation
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane, plane_for
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.imagery.rendering import Frame
from astroloc_qgis.engine.tiles import Block

WIDEST_VIEW = 1.2
"""Tangent of half the angle that a picture from the camera's own place spans at most (50 degrees): of a wide area far
from the nadir, the rest is behind the horizon."""


SIZE_STEP = 32
"""Sizes of the photo are multiples of so many pixels, so that candidates share its features."""

LIKELY_LONG_SIDES = (1.9, 1.3)
"""``CoregistrationSettings.search_long_sides`` where it pays to look twice: about the likeliest candidates."""

EVERYWHERE = tuple((frame, turn) for frame in (0, 1) for turn in range(4))
"""The trials of a photo of unknown turn."""


@dataclass(frozen=True)
class CoregistrationSettings:
    """How hard to look, and when to stop.

    Attributes:
        search_window: side of the area searched about a candidate, in blocks (EarthMatch's own: 3).
        search_frame_px: longest side of the rendering of that area: as the reference is, if that is no more, and
            enlarged (at most twice) only to three quarters of this; with more, matchers find no more and take longer.
        search_long_sides: sizes of the photo tried in it, in pixels of the long side, relative to a block's side.
        tilted_frame_deg: the area is also shown turned by this angle: learned matchers bear some 25 degrees of turn.
        search_keypoints: strongest keypoints of a learned matcher that take part in the search.
        min_inliers: fewest tie points of any solution.
        promising_inliers: a turn with so many is followed up at once, before others are tried.
        strong_inliers: a solution with so many, if it stands still, ends the search for others.
        hypotheses: so many of the best turns are followed up where none is promising.
        iterations: most iterations after the search.
        converged_fraction: an iteration that moves no corner by more than this part of the photo's diagonal is the
            last.
        threshold_px: distance in pixels of the frame up to which a match may agree.
        corner_deviation: how far, as a part of the photo's diagonal, an iteration is believed to move a corner.
        min_long_side, max_long_side: sizes of the photo in the iterations, pixels.
        usual_long_side: it is not smaller than this, unless the reference is so coarse that it had to be enlarged.
        margin: border shown around the photo in the iterations, as a part of its sides.
    """

    search_window: float = 3.0
    search_frame_px: int = 1024
    search_long_sides: tuple[float, ...] = (1.65,)
    tilted_frame_deg: float = 45.0
    search_keypoints: int = 1024
    min_inliers: int = MIN_INLIERS
    promising_inliers: int = 20
    strong_inliers: int = 40
    hypotheses: int = 2
    iterations: int = 4
    converged_fraction: float = 0.005
    threshold_px: float = 3.0
    corner_deviation: float = 0.04
    min_long_side: int = 448
    usual_long_side: int = 512
    max_long_side: int = 1024
    margin: float = 0.12


CLOSER = CoregistrationSettings(search_window=2.0, search_long_sides=(0.8,))
"""How ``area_closer_to_block`` looks."""
CLOSER_BY = 1.25
"""It must show the ground so much larger."""


@dataclass(frozen=True)
class SearchArea:
    """Where to look for the photo first.

    Attributes:
        frames: pictures of the area: north up, and turned by ``tilted_frame_deg``.
        photo_px: long sides that the photo may have in those pictures, in the order in which to try them.
        trials: number of the frame and quarter turns of the photo, in the order in which to try them.
    """

    frames: tuple[Frame, ...]
    photo_px: tuple[int, ...]
    trials: tuple[tuple[int, int], ...]

    @property
    def plane(self) -> WorkingPlane:
        """The working plane of all frames."""
        return self.frames[0].plane


def area_about_block(
    block: Block,
    reference: Reference,
    *,
    nadir: Nadir | None = None,
    quarter_turns: int | None = None,
    settings: CoregistrationSettings | None = None,
) -> SearchArea:
    """The surroundings of a candidate, north up (and as seen from the camera where the nadir is known).

    Args:
        block: the candidate.
        reference: imagery; its own resolution bounds the size of the picture.
        nadir: the sub-satellite point, where it is known.
        quarter_turns: of the photo that probably bring its top to within 45 degrees of north, if there is a guess.
        settings: how hard to look.
    """
    settings = settings or CoregistrationSettings()
    lon, lat = (float(value) for value in block.center_lonlat)
    plane = plane_for(np.array([lon, lat]), nadir)
    side_m, pixels = _extent_of_picture(block, reference, settings)
    frame = Frame(plane, frame_towards(plane, lon, lat, side_m, pixels), (pixels, pixels))
    block_px = pixels / settings.search_window
    frames = (frame, _turned(frame, settings.tilted_frame_deg))
    photo_px = tuple(SIZE_STEP * max(1, round(block_px * side / SIZE_STEP)) for side in settings.search_long_sides)
    return SearchArea(frames, photo_px, EVERYWHERE if quarter_turns is None else trials_about_guess(quarter_turns))


def area_closer_to_block(
    block: Block, reference: Reference, *, nadir: Nadir | None = None, quarter_turns: int | None = None
) -> SearchArea | None:
    """The surroundings of a candidate again, narrower and larger, for a photo half as wide as the block.

    Retrieval often ranks a block above those of the next zoom within it, though the photo shows but a quarter of it.
    In ``area_about_block``'s picture such a photo is three times as small as its view, and learned matchers are blind.

    Args:
        block: the candidate.
        reference: imagery.
        nadir: the sub-satellite point, where it is known.
        quarter_turns: as for ``area_about_block``.

    Returns:
        None where the reference has too little detail for the picture to show more.
    """
    (side_m, pixels), (wide_m, wide_pixels) = (
        _extent_of_picture(block, reference, settings) for settings in (CLOSER, CoregistrationSettings())
    )
    if pixels / side_m < CLOSER_BY * wide_pixels / wide_m:
        return None
    return area_about_block(block, reference, nadir=nadir, quarter_turns=quarter_turns, settings=CLOSER)


def _extent_of_picture(block: Block, reference: Reference, settings: CoregistrationSettings) -> tuple[float, int]:
    """Side of the area about a block in metres, and of its picture in pixels."""
    side_m = block.side_m * settings.search_window
    native = side_m / max(reference.native_gsd_m(*map(float, block.center_lonlat)), 1e-6)
    return side_m, round(np.clip(native, min(2 * native, 0.75 * settings.search_frame_px), settings.search_frame_px))


def trials_about_guess(quarter_turns: int) -> tuple[tuple[int, int], ...]:
    """The trials of a photo of which retrieval guesses the turn: all quarter turns, the guess and its neighbours first.

    Of right candidates among the first ten, retrieval has the turn right for 74 % (300 simulated photos). The frame
    turned by 45 degrees is left out: it found no photo more of 18, for twice the time.
    """
    return tuple((0, (quarter_turns + more) % 4) for more in (0, 1, 3, 2))


def trials_near(quarter_turns: int) -> tuple[tuple[int, int], ...]:
    """The trials of a photo whose top is within 45 degrees of north once it is turned: three instead of eight.

    Up to 25 degrees the frame that is north up serves, beyond that the other one, at this turn or the next.
    """
    return (0, quarter_turns), (1, quarter_turns), (1, (quarter_turns + 1) % 4)


def _turned(frame: Frame, degrees: float) -> Frame:
    """The same picture turned about its centre."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    x, y = frame.centre
    return Frame(frame.plane, frame.to_plane @ translation(x, y) @ turn @ translation(-x, -y), frame.size)


def frame_towards(plane: WorkingPlane, lon: float, lat: float, side_m: float, pixels: int) -> Array:
    """Frame pixels -> plane for a square picture of a place, north up at its centre.

    In a local plane that is a plain map. In a near-sided perspective plane it is what a camera above the nadir sees
    that looks at the place: there a photo differs from the picture by little more than a turn and a scale, however
    oblique it is, and matchers that bear no foreshortening still match it.
    """
    half = side_m / 2
    degrees = half / 111_320.0
    ring = np.array([[lon, lat], [lon, lat + degrees], [lon + degrees / max(math.cos(math.radians(lat)), 0.05), lat]])
    centre, north, east = plane.from_lonlat(ring)
    height = plane.camera_height_m
    if height is None:
        scale = side_m / pixels
        return translation(centre[0] - half, centre[1] + half) @ scaling(scale, -scale)
    # Camera at the origin, looking down: a point of the plane is the ray (x, y, -height). Turn it so that the place
    # is on the axis and north points up, then scale the picture so that the mean of its half sides is half its size.
    axis = _unit(np.array([centre[0], centre[1], -height]))
    up = _unit(_off(np.array([north[0], north[1], -height]), axis))
    right = np.cross(axis, up)
    to_camera = np.stack([right, -up, axis]) @ np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, -height]])
    tangents = np.stack([north, east])
    ahead = np.column_stack([tangents, np.ones(2)]) @ to_camera[2]
    reach = WIDEST_VIEW
    if (ahead > 0).all():
        reach = min(reach, float(np.abs(apply_homography(to_camera, tangents)).max(axis=1).mean()))
    to_frame = translation(pixels / 2, pixels / 2) @ scaling(pixels / 2 / reach) @ to_camera
    return normalise(np.linalg.inv(to_frame))


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector))


def _off(vector: Array, axis: Array) -> Array:
    """The part of a vector that is perpendicular to a unit axis."""
    return np.asarray(vector - axis * (vector @ axis))


def area_about_footprint(
    photo_to_plane: Array,
    plane: WorkingPlane,
    photo_size: tuple[int, int],
    *,
    long_side: int = 512,
    margin: float = 0.6,
) -> SearchArea:
    """The surroundings of a rough footprint, drawn in the photo's own frame.

    Args:
        photo_to_plane: (3, 3) the rough homography.
        plane: its working plane.
        photo_size: width and height of the photo.
        long_side: of the photo in the picture, pixels.
        margin: how far off the footprint may be, as a part of the photo's sides.
    """
    scale = long_side / max(photo_size)
    size = (math.ceil(photo_size[0] * scale), math.ceil(photo_size[1] * scale))
    frame = framed(photo_to_plane, plane, scaling(scale), size, margin)
    frames = (frame, _turned(frame, 45.0))
    near = trials_near(0)
    trials = (*near, *(trial for trial in EVERYWHERE if trial not in near))
    return SearchArea(frames, (long_side, round(long_side * 0.6), round(long_side * 1.6)), trials)


def framed(
    photo_to_plane: Array, plane: WorkingPlane, from_photo: Array, size: tuple[int, int], margin: float
) -> Frame:
    """The frame of a picture of the photo, given by ``from_photo`` and its size, widened by ``margin`` all around."""
    width, height = size
    border = (round(width * margin), round(height * margin))
    to_photo = np.linalg.inv(from_photo) @ translation(-border[0], -border[1])
    return Frame(plane, photo_to_plane @ to_photo, (width + 2 * border[0], height + 2 * border[1]))
