"""What the working plane is worth: corner errors of simulated photos of known truth, by tilt and focal length.

A pinhole camera over the ellipsoid (``pinhole.py``) takes the photos. Three geometries are compared:

- ``near-sided``: the near-sided perspective plane seen from the camera; nadir and altitude known, or as they are in
  practice: nadir rounded to 0.1 degree as NASA lists it, altitude taken as 420 km;
- ``local``: azimuthal equidistant about the middle of the photo, for photos of unknown nadir;
- ``flat``: degrees per pixel, as published with EarthMatch (Berton et al., CVPRW 2024): a homography to longitude and
  latitude.

Each gets its best: a dense grid of exact tie points (no matching) and the least-squares homography in photo pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from astroloc_qgis.engine.geometry.distances import wrap_lon
from astroloc_qgis.engine.geometry.footprint import photo_corners
from astroloc_qgis.engine.geometry.homography import apply_homography
from astroloc_qgis.engine.geometry.nadir import ISS_ALTITUDE_M
from astroloc_qgis.engine.geometry.plane_choice import choose_plane, fit_plane
from astroloc_qgis.engine.geometry.projection import Array
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.simulation.pinhole_camera import PinholeCamera

TILTS = (0, 20, 40, 50, 60)
FOCALS = (24, 50, 100, 200, 400)
NADIR_ERRORS_DEG = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)

EXACT, LISTED, LOCAL, FLAT = "near-sided, exact", "near-sided, listed", "local", "flat"
MODELS = {
    EXACT: "near-sided, nadir and altitude exact",
    LISTED: "near-sided, nadir to 0.1°, 420 km",
    LOCAL: "local azimuthal",
    FLAT: "flat degrees (EarthMatch)",
}
"""Name in reports -> heading."""

LEAST_ELEVATION_DEG = 5.0
"""Ground that sees the camera lower above its horizon than this gives no tie points, and corners there are left out."""

LEVEL_PX = 0.05
"""Errors that differ by less than this, in a photo 3000 pixels wide, are level."""

SCENES = (
    PinholeCamera(9.049, 45.951, 405e3, azimuth_deg=30, roll_deg=10),
    PinholeCamera(-66.451, -21.949, 435e3, azimuth_deg=250, roll_deg=40),
    PinholeCamera(179.751, -17.049, 412e3, azimuth_deg=80, roll_deg=-30),
    PinholeCamera(25.049, 51.549, 431e3, azimuth_deg=350, roll_deg=0),
    PinholeCamera(17.049, 60.049, 426e3, azimuth_deg=140, roll_deg=70),
    PinholeCamera(36.951, 0.049, 419e3, azimuth_deg=120, roll_deg=160),
)
"""Where the photos are taken: both hemispheres, across the antimeridian, at 60 degrees and at the equator. The nadirs
are those that rounding to 0.1 degree changes most; the altitudes are those of the ISS."""


@dataclass(frozen=True)
class CornerError:
    """The corner error of a model.

    Attributes:
        px: error of the worst corner that sees ground, photo pixels; infinite where the plane does not show it.
        percent: the same error, in per cent of the photo's diagonal.
        corners: number of corners that see ground.
    """

    px: float
    percent: float
    corners: int


def planes(camera: PinholeCamera, lonlat: Array) -> dict[str, WorkingPlane]:
    """The working plane of every model for a photo.

    Args:
        camera: the camera of the photo.
        lonlat: (N, 2) ground that it shows; planes without nadir are centred on its middle.
    """
    first = lonlat[0, 0]
    lon = first + float(np.mean(wrap_lon(lonlat[:, 0] - first)))
    lat = float(np.mean(lonlat[:, 1]))
    return {
        EXACT: WorkingPlane.near_sided(camera.lon, camera.lat, camera.altitude_m),
        LISTED: WorkingPlane.near_sided(round(camera.lon, 1), round(camera.lat, 1), ISS_ALTITUDE_M),
        LOCAL: WorkingPlane.local(float(wrap_lon(lon)), lat),
        FLAT: flat_plane(float(wrap_lon(lon)), lat),
    }


def flat_plane(lon: float, lat: float) -> WorkingPlane:
    """Longitude and latitude as x and y, scaled to metres: degrees per pixel taken as linear."""
    return WorkingPlane(f"+proj=eqc +lat_ts={lat:.9f} +lon_0={lon:.9f} +datum=WGS84 +units=m +no_defs")


def tie_points(camera: PinholeCamera, columns: int = 25, rows: int = 17) -> tuple[Array, Array]:
    """Exact tie points all over a photo: (N, 2) photo pixels and (N, 2) longitude, latitude; the horizon left out."""
    photo_xy = camera.grid(columns, rows)
    lonlat = camera.to_lonlat(photo_xy)
    with np.errstate(invalid="ignore"):
        kept = camera.elevation_deg(lonlat) >= LEAST_ELEVATION_DEG
    return photo_xy[kept], lonlat[kept]


def corner_error(camera: PinholeCamera, homography: Array, plane: WorkingPlane) -> CornerError:
    """Compare a registration with the truth.

    Args:
        camera: the truth.
        homography: (3, 3) photo pixels -> metres of the plane.
        plane: the working plane.

    Returns:
        The distance, in the photo, between the corners and the places where the registration puts their ground.
    """
    corners, truth = photo_corners(*camera.size), camera.corners_lonlat
    with np.errstate(invalid="ignore"):
        seen = camera.elevation_deg(truth) >= LEAST_ELEVATION_DEG
    if not seen.any():
        return CornerError(math.nan, math.nan, 0)
    if not np.isfinite(homography).all():
        return CornerError(math.inf, math.inf, int(seen.sum()))
    shown = apply_homography(np.linalg.inv(homography), plane.from_lonlat(truth[seen]))
    px = float(np.linalg.norm(shown - corners[seen], axis=1).max())
    px = px if math.isfinite(px) else math.inf
    return CornerError(px, 100 * px / math.hypot(*camera.size), int(seen.sum()))


def cameras_of(
    tilts: Iterable[float] = TILTS, focals: Iterable[float] = FOCALS, scenes: Iterable[PinholeCamera] = SCENES
) -> list[PinholeCamera]:
    """A camera of each focal length, tilt and scene, in this order."""
    return [
        replace(scene, focal_mm=focal, tilt_deg=tilt) for focal in focals for tilt in tilts for scene in tuple(scenes)
    ]


def compare_models(*, progress: Progress = no_progress) -> list[dict[str, Any]]:
    """Measure every model on a photo of every tilt, focal length and scene.

    Returns:
        One entry a photo and model: focal_mm, tilt_deg, lon, lat, azimuth_deg, altitude_km, model, px, percent (null
        where no corner sees ground), corners, rms_px.
    """
    results = []
    cameras = cameras_of()
    for number, camera in enumerate(cameras):
        progress("match", number / len(cameras))
        photo_xy, lonlat = tie_points(camera)
        for model, plane in planes(camera, lonlat).items():
            fit = fit_plane(photo_xy, lonlat, plane)
            error = corner_error(camera, fit.homography, plane)
            results.append(
                {
                    "focal_mm": camera.focal_mm,
                    "tilt_deg": camera.tilt_deg,
                    "lon": camera.lon,
                    "lat": camera.lat,
                    "azimuth_deg": camera.azimuth_deg,
                    "altitude_km": camera.altitude_m / 1000,
                    "model": model,
                    "px": number_or_none(error.px),
                    "percent": number_or_none(error.percent),
                    "corners": error.corners,
                    "rms_px": number_or_none(fit.rms_px),
                }
            )
    return results


def compare_nadirs(
    errors_deg: Sequence[float] = NADIR_ERRORS_DEG,
    cameras: Sequence[PinholeCamera] | None = None,
    *,
    progress: Progress = no_progress,
) -> list[dict[str, Any]]:
    """Measure the effect of a wrong nadir, also where the tie points choose the plane.

    Args:
        errors_deg: errors of the nadir, degrees of a great circle, towards four sides.
        cameras: the cameras that take the photos; None for all of ``cameras_of``.
        progress: called with the stage "match".

    Returns:
        One entry an error: nadir_error_deg, photos, worse_than_local (photos in which the near-sided plane is worse
        than the local one), chosen_worse (the same when ``choose_plane`` decides between both), median_px of
        "near_sided", "local" and "chosen".
    """
    cameras = cameras_of() if cameras is None else cameras
    results = []
    for step, off in enumerate(errors_deg):
        rows = []
        for number, camera in enumerate(cameras):
            progress("match", (step + number / len(cameras)) / len(errors_deg))
            photo_xy, lonlat = tie_points(camera, 13, 9)
            local = planes(camera, lonlat)[LOCAL]
            lon, lat = _moved(camera, off, 90.0 * (number % 4) + 45.0)
            near = WorkingPlane.near_sided(lon, lat, ISS_ALTITUDE_M)
            fits = [fit_plane(photo_xy, lonlat, plane) for plane in (near, local)]
            fits.append(choose_plane(photo_xy, lonlat, [near, local]))
            rows.append([corner_error(camera, fit.homography, fit.plane).px for fit in fits])
        errors = np.array(rows)
        errors = errors[~np.isnan(errors).any(axis=1)]
        median = np.median(errors, axis=0)
        results.append(
            {
                "nadir_error_deg": off,
                "photos": len(errors),
                "worse_than_local": int((errors[:, 0] > errors[:, 1] + LEVEL_PX).sum()),
                "chosen_worse": int((errors[:, 2] > errors[:, 1] + LEVEL_PX).sum()),
                "chosen_worst_loss_px": round(float(np.max(errors[:, 2] - errors[:, 1])), 3),
                "median_px": {
                    name: number_or_none(value)
                    for name, value in zip(("near_sided", "local", "chosen"), median, strict=True)
                },
            }
        )
    return results


def _moved(camera: PinholeCamera, distance_deg: float, bearing_deg: float) -> tuple[float, float]:
    """Longitude and latitude of a point some degrees of a great circle away from the nadir."""
    lat, far, bearing = math.radians(camera.lat), math.radians(distance_deg), math.radians(bearing_deg)
    sine = math.sin(lat) * math.cos(far) + math.cos(lat) * math.sin(far) * math.cos(bearing)
    eastward = math.atan2(math.sin(bearing) * math.sin(far) * math.cos(lat), math.cos(far) - math.sin(lat) * sine)
    return float(wrap_lon(camera.lon + math.degrees(eastward))), math.degrees(math.asin(sine))


def worst(results: list[dict[str, Any]]) -> dict[tuple[float, float, str], float]:
    """The worst corner error in pixels over all scenes: (focal, tilt, model) -> pixels; NaN without any corner."""
    found: dict[tuple[float, float, str], float] = {}
    for entry in results:
        key = (entry["focal_mm"], entry["tilt_deg"], entry["model"])
        px = math.nan if not entry["corners"] else math.inf if entry["px"] is None else entry["px"]
        found[key] = float(np.fmax(found.get(key, math.nan), px))
    return found


def penalty(results: list[dict[str, Any]], model: str, rival: str) -> list[float]:
    """By how many pixels a model is worse than a rival, photo by photo (negative: better)."""
    errors: dict[tuple[Any, ...], dict[str, float]] = {}
    for entry in results:
        if entry["corners"]:
            key = tuple(entry[name] for name in ("focal_mm", "tilt_deg", "lon", "lat"))
            errors.setdefault(key, {})[entry["model"]] = math.inf if entry["px"] is None else entry["px"]
    return [of_photo[model] - of_photo[rival] for of_photo in errors.values()]


def number_or_none(value: float) -> float | None:
    """A number for JSON, which knows neither infinity nor NaN."""
    return round(float(value), 4) if math.isfinite(value) else None
