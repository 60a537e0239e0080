"""Polygons as OGR's geometries, for what needs GEOS: cutting, predicates, files."""

from __future__ import annotations

from collections.abc import Sequence

from osgeo import ogr

from astroloc_qgis.engine.geometry.projection import Array


def ring_geometry(points: Array | Sequence[tuple[float, float]]) -> ogr.Geometry:
    """A linear ring through (N, 2) points in their order; closing it is the caller's."""
    ring = ogr.Geometry(ogr.wkbLinearRing)
    for x, y in points:
        ring.AddPoint_2D(float(x), float(y))
    return ring


def polygon_geometry(points: Array | Sequence[tuple[float, float]]) -> ogr.Geometry:
    """A polygon without holes through (N, 2) points, which do not repeat the first one at the end."""
    polygon = ogr.Geometry(ogr.wkbPolygon)
    polygon.AddGeometryDirectly(ring_geometry([*points, points[0]]))
    return polygon


def box_geometry(xmin: float, ymin: float, xmax: float, ymax: float) -> ogr.Geometry:
    """A rectangle, anticlockwise from its lower left corner."""
    return polygon_geometry([(xmin, ymin), (xmax, ymin), (xmax, ymax), (xmin, ymax)])
