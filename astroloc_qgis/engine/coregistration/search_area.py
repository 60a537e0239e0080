"""Search areas: the surroundings of a candidate or a footprint, and the trials of rotation and scale in them."""

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
"""Greatest tangent of half the angle of view of a frame drawn from the camera's position (50 degrees); beyond it, a
wide area far from the nadir lies behind the horizon."""

NORTHWARDS_DEG = 0.5
"""Distance of the point by which a picture is turned north up: the side of a wide area may lie beyond the horizon."""

WIDEST_AREA_M, LEAST_WINDOW = 1.5e6, 1.7
"""Side of the widest area searched, metres, unless it would be fewer blocks wide than the least window."""

SIZE_STEP = 32
"""Sizes of the photo are multiples of this many pixels, so that candidates share its features."""

LIKELY_LONG_SIDES = (1.9, 1.3)
"""``CoregistrationSettings.search_long_sides`` for the likeliest candidates: two sizes instead of one."""

LESS_LIKELY_PX = 64
"""``CoregistrationSettings.correlated_px`` for all but the likeliest candidates: half the time."""

ALL_TRIALS = tuple((frame, quarter_turns) for frame in (0, 1) for quarter_turns in range(4))
"""The trials of a photo of unknown rotation: number of the frame, and quarter turns of the photo."""


@dataclass(frozen=True)
class CoregistrationSettings:
    """Settings of the search and of the iterations.

    Attributes:
        search_window: side of the area searched about a candidate, in blocks (EarthMatch's own: 3).
        search_frame_px: longest side of the picture of that area: the reference's own resolution up to this size, and
            enlarged (at most twice) up to three quarters of it.
        search_long_sides: sizes of the photo tried in the area: its long side, relative to a block's side.
        correlated_px: long side of the photo, pixels, where it is searched for by correlation and is as long as a
            block's side; 0 for no such search.
        tilted_frame_deg: rotation of the second frame of the area, for matchers that bear some 25 degrees.
        search_keypoints: number of the strongest keypoints that a learned matcher uses in the search.
        min_inliers: fewest tie points of a solution.
        similar_inliers: fewest tie points of a similarity from which the iterations begin.
        similar_learned_inliers: the same of a learned matcher, whose wrong matches agree with each other more often.
        similarity_part: distance of such a tie point, at most, as a part of the photo's long side.
        promising_inliers: least number of inliers of a hypothesis that is refined at once, before further trials.
        strong_inliers: least number of inliers of a converged solution that ends the search.
        hypotheses: most hypotheses refined, best first, where none is promising.
        iterations: most iterations after the search, at each scale.
        most_iterations: the same for a well supported solution that still moves.
        converged_fraction: largest movement of a corner in the last iteration, as a part of the photo's diagonal.
        threshold_px: distance of an inlier, at most, in pixels of the frame.
        corner_deviation: standard deviation of the prior on the corners in an iteration, as a part of the diagonal.
        min_long_side, max_long_side: limits of the photo's long side in the iterations, pixels.
        coarse_long_side: the photo's long side in the iterations at the coarse scale, pixels.
        usual_long_side: least long side in the iterations, unless the reference would have to be enlarged.
        margin: border shown around the photo in the iterations, as a part of its sides.
        find_camera: whether a registration in a local plane may move to that of the camera its tie points tell.
    """

    search_window: float = 3.0
    search_frame_px: int = 1024
    search_long_sides: tuple[float, ...] = (1.65,)
    correlated_px: int = 80
    tilted_frame_deg: float = 45.0
    search_keypoints: int = 1024
    min_inliers: int = MIN_INLIERS
    similar_inliers: int = 6
    similar_learned_inliers: int = 8
    similarity_part: float = 0.0125
    promising_inliers: int = 20
    strong_inliers: int = 40
    hypotheses: int = 2
    iterations: int = 4
    most_iterations: int = 10
    converged_fraction: float = 0.005
    threshold_px: float = 3.0
    corner_deviation: float = 0.04
    min_long_side: int = 448
    coarse_long_side: int = 560
    usual_long_side: int = 512
    max_long_side: int = 1024
    margin: float = 0.12
    find_camera: bool = True


CLOSER = CoregistrationSettings(search_window=2.0, search_long_sides=(0.8,), correlated_px=0)
"""Settings of ``area_closer_to_block``. Correlation has looked for narrow photos in the wider area."""
CLOSER_BY = 1.25
"""Least ratio of its resolution to that of ``area_about_block``."""


@dataclass(frozen=True)
class SearchArea:
    """The frames and trials of one search.

    Attributes:
        frames: pictures of the area: north up, and rotated by ``tilted_frame_deg``.
        photo_px: long sides of the photo, pixels, in the order of the trials.
        trials: pairs of a frame's number and the photo's quarter turns, in the order of the trials.
        expected_px: long side of the photo, pixels of the first frame, where it is as long as expected.
        correlated_px: the same where the picture is drawn for a search by correlation; 0 for no such search.
    """

    frames: tuple[Frame, ...]
    photo_px: tuple[int, ...]
    trials: tuple[tuple[int, int], ...]
    expected_px: float
    correlated_px: int

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
    """The surroundings of a candidate, north up, and as seen from the camera where the nadir is known.

    Args:
        block: the candidate.
        reference: imagery; its resolution limits the size of the picture.
        nadir: the sub-satellite point, where it is known.
        quarter_turns: those that probably bring the photo's top to within 45 degrees of north; None if not known.
        settings: of the search.
    """
    settings = settings or CoregistrationSettings()
    lon, lat = (float(value) for value in block.center_lonlat)
    plane = plane_for(np.array([lon, lat]), nadir)
    side_m, pixels = _extent_of_picture(block, reference, settings)
    window = side_m / block.side_m
    frame = Frame(plane, frame_towards(plane, lon, lat, side_m, pixels), (pixels, pixels))
    block_px = pixels / window
    frames = (frame, _rotated(frame, settings.tilted_frame_deg))
    photo_px = tuple(SIZE_STEP * max(1, round(block_px * side / SIZE_STEP)) for side in settings.search_long_sides)
    trials = ALL_TRIALS if quarter_turns is None else trials_about_guess(quarter_turns)
    return SearchArea(frames, photo_px, trials, block_px, settings.correlated_px)


def area_closer_to_block(
    block: Block, reference: Reference, *, nadir: Nadir | None = None, quarter_turns: int | None = None
) -> SearchArea:
    """A narrower area about a candidate at a higher resolution, for a photo half as wide as the block.

    Retrieval often ranks a block above those of the next zoom within it, though the photo shows only a quarter of it.
    In ``area_about_block`` such a photo is three times smaller than its pyramid level, and learned matchers fail.

    Args:
        block: the candidate; ``has_closer_area`` tells whether the reference has the detail.
        reference: imagery.
        nadir: the sub-satellite point, where it is known.
        quarter_turns: as for ``area_about_block``.
    """
    return area_about_block(block, reference, nadir=nadir, quarter_turns=quarter_turns, settings=CLOSER)


def has_closer_area(block: Block, reference: Reference) -> bool:
    """Whether the reference has the detail for ``area_closer_to_block``; not where its resolution is unknown."""
    if not math.isfinite(reference.native_gsd_m(*map(float, block.center_lonlat))):
        return False
    (side_m, pixels), (wide_m, wide_pixels) = (
        _extent_of_picture(block, reference, settings) for settings in (CLOSER, CoregistrationSettings())
    )
    return pixels / side_m >= CLOSER_BY * wide_pixels / wide_m


def _extent_of_picture(block: Block, reference: Reference, settings: CoregistrationSettings) -> tuple[float, int]:
    """Side of the area about a block in metres, and of its picture in pixels: the most if the resolution is unknown."""
    narrowest = min(settings.search_window, LEAST_WINDOW)
    side_m = block.side_m * float(np.clip(WIDEST_AREA_M / block.side_m, narrowest, settings.search_window))
    gsd = reference.native_gsd_m(*map(float, block.center_lonlat))
    native = side_m / max(gsd, 1e-6) if math.isfinite(gsd) else settings.search_frame_px
    return side_m, round(np.clip(native, min(2 * native, 0.75 * settings.search_frame_px), settings.search_frame_px))


def trials_about_guess(quarter_turns: int) -> tuple[tuple[int, int], ...]:
    """The trials where retrieval estimates the rotation: all quarter turns of the upright frame, the estimate first.

    Its neighbours follow, and the opposite rotation is last.
    """
    return tuple((0, (quarter_turns + more) % 4) for more in (0, 1, 3, 2))


def trials_near(quarter_turns: int) -> tuple[tuple[int, int], ...]:
    """The trials of a photo whose top is within 45 degrees of north after these quarter turns: three instead of eight.

    Up to 25 degrees the upright frame suffices; beyond that the rotated frame, at these quarter turns or the next.
    """
    return (0, quarter_turns), (1, quarter_turns), (1, (quarter_turns + 1) % 4)


def _rotated(frame: Frame, degrees: float) -> Frame:
    """The same frame rotated about its centre."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    rotation = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    x, y = frame.centre
    return Frame(frame.plane, frame.to_plane @ translation(x, y) @ rotation @ translation(-x, -y), frame.size)


def frame_towards(plane: WorkingPlane, lon: float, lat: float, side_m: float, pixels: int) -> Array:
    """Frame pixels -> plane for a square picture of a place, north up at its centre.

    In a local plane the picture is a map. In a near-sided perspective plane it is the view of a camera above the nadir
    that points at the place: a photo, however oblique, differs from it by little more than a rotation and a scale, and
    matchers that do not bear foreshortening still match it.
    """
    half = side_m / 2
    degrees = half / 111_320.0
    ring = np.array(
        [
            [lon, lat],
            [lon, lat + degrees],
            [lon + degrees / max(math.cos(math.radians(lat)), 0.05), lat],
            [lon, lat + min(degrees, NORTHWARDS_DEG)],
        ]
    )
    centre, north, east, ahead_north = plane.from_lonlat(ring)
    height = plane.camera_height_m
    if height is None:
        scale = side_m / pixels
        return translation(centre[0] - half, centre[1] + half) @ scaling(scale, -scale)
    # Camera at the origin, pointing down: a point of the plane is the ray (x, y, -height). Rotate it so that the place
    # is on the axis and north points up, then scale the picture so that the mean of its half sides is half its size.
    axis = _unit(np.array([centre[0], centre[1], -height]))
    up = _unit(_off(np.array([ahead_north[0], ahead_north[1], -height]), axis))
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
    """The component of a vector perpendicular to a unit axis."""
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
        long_side: long side of the photo in the frame, pixels.
        margin: border around the photo, as a part of its sides: the footprint may be wrong by as much.
    """
    scale = long_side / max(photo_size)
    size = (math.ceil(photo_size[0] * scale), math.ceil(photo_size[1] * scale))
    frame = framed(photo_to_plane, plane, scaling(scale), size, margin)
    frames = (frame, _rotated(frame, 45.0))
    near = trials_near(0)
    trials = (*near, *(trial for trial in ALL_TRIALS if trial not in near))
    return SearchArea(
        frames,
        (long_side, round(long_side * 0.6), round(long_side * 1.6)),
        trials,
        float(long_side),
        CoregistrationSettings.correlated_px,
    )


def framed(
    photo_to_plane: Array, plane: WorkingPlane, from_photo: Array, size: tuple[int, int], margin: float
) -> Frame:
    """The frame of a picture of the photo, given by ``from_photo`` and its size, widened by ``margin`` all around."""
    width, height = size
    border = (round(width * margin), round(height * margin))
    to_photo = np.linalg.inv(from_photo) @ translation(-border[0], -border[1])
    return Frame(plane, photo_to_plane @ to_photo, (width + 2 * border[0], height + 2 * border[1]))
