"""Arguments that several commands take, and their values as keyword arguments of the engine."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from astroloc_qgis.cli.values import distance, extent, index_place, lat_lon, nadir, positive


def add_photo(parser: ArgumentParser) -> None:
    """PHOTO, one file."""
    parser.add_argument("photos", nargs=1, type=Path, metavar="PHOTO")


def add_index(parser: ArgumentParser, text: str | None = None) -> None:
    """The index to search."""
    parser.add_argument("--index", type=index_place, required=True, metavar="DIR|URL", help=text)


def add_device(parser: ArgumentParser) -> None:
    """The torch device."""
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")


def add_json(parser: ArgumentParser, text: str | None = None) -> None:
    """The JSON report."""
    parser.add_argument("--json", type=Path, metavar="FILE", help=text)


def add_plot(parser: ArgumentParser, text: str) -> None:
    """The plot of a benchmark."""
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help=text)


def add_out(parser: ArgumentParser, text: str | None = None) -> None:
    """The folder to write."""
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help=text)


def add_nadir(parser: ArgumentParser) -> None:
    """The sub-satellite point."""
    parser.add_argument(
        "--nadir", type=nadir, metavar="LAT,LON[,KM]", help="sub-satellite point, degrees; and the height of the camera"
    )


def add_limit(parser: ArgumentParser) -> None:
    """How many photos of a benchmark are taken."""
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N photos of each region")


def add_proposed_nadir(parser: ArgumentParser) -> None:
    """What may propose a nadir where none is given."""
    parser.add_argument("--tle", type=Path, metavar="FILE", help="orbital elements: the nadir at the photo's time")
    parser.add_argument("--no-exif-nadir", action="store_true", help="ignore the position in the photo's EXIF")


def proposed_nadir(options: Namespace) -> dict[str, Any]:
    """The values of ``add_proposed_nadir``."""
    return {"tle": options.tle, "exif_nadir": not options.no_exif_nadir}


def add_search_limits(parser: ArgumentParser, radius_help: str = "about the nadir; 0: no limit (2500)") -> None:
    """The part of an index that is searched."""
    add_nadir(parser)
    parser.add_argument("--radius-km", type=distance, help=radius_help)
    parser.add_argument("--centre", type=lat_lon, metavar="LAT,LON", help="the point in the photo's middle, degrees")
    parser.add_argument("--centre-km", type=distance, default=300.0, help="search only as far from it (300)")
    parser.add_argument("--extent", type=extent, metavar="W,S,E,N", help="search only here, degrees")
    parser.add_argument("--polygon", type=Path, metavar="FILE", help="search only in the polygons of this vector file")


def search_limits(options: Namespace) -> dict[str, Any]:
    """The values of ``add_search_limits``; without a radius where the user sets none.

    Raises:
        InputError: the polygon cannot be read.
    """
    polygon = None
    if options.polygon is not None:
        from astroloc_qgis.engine.retrieval.search_polygon import read_polygon

        polygon = read_polygon(options.polygon)
    names = ("centre", "centre_km", "extent", "nadir")
    radius = {} if options.radius_km is None else {"radius_km": options.radius_km}
    return {**{name: getattr(options, name) for name in names}, **radius, "polygon": polygon}


def add_registration(parser: ArgumentParser) -> None:
    """How a photo is registered, and where the results go."""
    add_out(parser, "folder for the results")
    parser.add_argument("--matcher", default="auto", help="name of a matcher, or auto: cheap ones first")
    parser.add_argument(
        "--thorough", action="store_true", help="let the strong matchers search at four times as many places"
    )
    parser.add_argument(
        "--seconds",
        type=positive,
        metavar="N",
        help="begin no attempt after N seconds of matching a photo (default: no limit)",
    )
    add_device(parser)
    parser.add_argument("--crs", help="CRS of the GeoTIFF, such as EPSG:4326 (default: the reference's)")
    parser.add_argument(
        "--finer",
        metavar="URI",
        help="finer imagery or service (see imagery list), to refine to once the photo is found",
    )
    parser.add_argument(
        "--correct", action="store_true", help="correct lens and relief where tie points prove that it helps"
    )
    add_json(parser, "write a report here")


def registration(options: Namespace) -> dict[str, Any]:
    """The values of ``add_registration``, without the folder."""
    names = ("matcher", "thorough", "seconds", "device", "crs", "finer", "correct")
    return {name: getattr(options, name) for name in names}
