"""What the command line takes."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path
from typing import Any, NoReturn

from astroloc_qgis.cli.confidence_command import add_confidence
from astroloc_qgis.cli.geometry_command import add_geometry
from astroloc_qgis.cli.localization_command import add_localization
from astroloc_qgis.cli.retrieval_command import add_photos, add_retrieval
from astroloc_qgis.cli.speed_command import add_speed
from astroloc_qgis.cli.texture_command import add_texture
from astroloc_qgis.cli.train_command import add_train
from astroloc_qgis.cli.world_command import add_world
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.geometry.nadir import Nadir
from astroloc_qgis.engine.tiles import MAX_ZOOM


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, and leaves the exit status to ``main``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # argparse takes "-19.3" for a value and "-19.3,-70" for an option; places south and west are both values.
        self._negative_number_matcher = re.compile(r"^-[\d.][\d.,eE+-]*$")

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage.

        Raises:
            InputError: always.
        """
        raise InputError(f"{message[:1].upper()}{message[1:]} (try '{self.prog} --help').")


def lat_lon(text: str) -> tuple[float, float]:
    """``LAT,LON`` in degrees."""
    lat, lon = _numbers(text, 2, "LAT,LON in degrees, such as 46.5,11.3")
    if not -90 <= lat <= 90:
        raise argparse.ArgumentTypeError(f"'{text}' is not LAT,LON in degrees: a latitude is from -90 to 90")
    if not -180 <= lon <= 360:
        raise argparse.ArgumentTypeError(f"'{text}' is not LAT,LON in degrees: a longitude is from -180 to 180")
    return lat, lon


def nadir(text: str) -> Nadir:
    """``LAT,LON`` of a sub-satellite point, in degrees."""
    return Nadir(*lat_lon(text))


def extent(text: str) -> tuple[float, float, float, float]:
    """``W,S,E,N`` in degrees; west above east means across the antimeridian."""
    west, south, east, north = _numbers(text, 4, "W,S,E,N in degrees, such as 5,44,12,48")
    problem = ""
    if not (-180 <= west <= 180 and -180 <= east <= 180):
        problem = "west and east are from -180 to 180"
    elif not (-90 <= south <= 90 and -90 <= north <= 90):
        problem = "south and north are from -90 to 90"
    elif south >= north:
        problem = "south must be below north"
    elif west == east:
        problem = "west and east are the same"
    if problem:
        raise argparse.ArgumentTypeError(f"'{text}' is not W,S,E,N in degrees: {problem}")
    return west, south, east, north


def zooms(text: str) -> tuple[int, ...]:
    """Web-map zooms, separated by commas."""
    try:
        values = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a list of zooms such as 9,10,11") from None
    if not all(2 <= value <= MAX_ZOOM for value in values):  # a block is four tiles wide: the world's, at zoom 2
        raise argparse.ArgumentTypeError(f"'{text}' is not a list of zooms: a zoom is from 2 to {MAX_ZOOM}")
    return values


def positive(text: str) -> int:
    """A whole number of at least 1."""
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least 1")
    return int(text)


def distance(text: str) -> float:
    """Kilometres, 0 or more."""
    (value,) = _numbers(text, 1, "a distance in km")
    if value < 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a distance in km: it must be 0 (no limit) or more")
    return value


def _numbers(text: str, count: int, form: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count or not all(math.isfinite(value) for value in values):
        raise argparse.ArgumentTypeError(f"'{text}' is not {form}")
    return values


def make_parser() -> Parser:
    """The whole grammar of the command line."""
    parser = Parser(
        prog="python -m astroloc_qgis", description="Georeference photographs that astronauts took of Earth."
    )
    parser.add_argument("--verbose", action="store_true", help="tell what the engine does on stderr")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)

    localize = commands.add_parser("localize", help="find photos on Earth and georeference them")
    localize.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    localize.add_argument("--index", type=Path, required=True, metavar="DIR", help="index to search")
    localize.add_argument("--imagery", metavar="URI", help="reference to register to (default: the index's own)")
    _add_search_limits(localize)
    _add_registration(localize)

    refine = commands.add_parser("refine", help="georeference a photo whose place is roughly known")
    refine.add_argument("photos", nargs=1, type=Path, metavar="PHOTO")
    refine.add_argument("--imagery", required=True, metavar="URI", help="reference to register to")
    start = refine.add_mutually_exclusive_group(required=True)
    start.add_argument("--block", metavar="ZOOM/ROW/COL", help="top-left tile of a 4 x 4 block about the photo")
    start.add_argument("--footprint", type=Path, metavar="FILE", help="polygon of the photo's four corners")
    refine.add_argument("--nadir", type=nadir, metavar="LAT,LON", help="sub-satellite point, degrees")
    _add_registration(refine)

    find = commands.add_parser("retrieve", help="rank the places of an index by their similarity to a photo")
    find.add_argument("photos", nargs=1, type=Path, metavar="PHOTO")
    find.add_argument("--index", type=Path, required=True, metavar="DIR")
    find.add_argument("--top", type=positive, default=100)
    find.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    find.add_argument("--json", type=Path, metavar="FILE")
    _add_search_limits(find)

    index = commands.add_parser("index", help="build or look at an index").add_subparsers(
        dest="action", required=True, metavar="ACTION", parser_class=Parser
    )
    build = index.add_parser("build", help="describe a reference's blocks into an index")
    build.add_argument("--imagery", required=True, metavar="URI")
    build.add_argument("--zooms", type=zooms, required=True, metavar="Z,Z,...", help="web-map zooms of the blocks")
    build.add_argument("--extent", type=extent, metavar="W,S,E,N", help="degrees (default: all of the imagery)")
    build.add_argument("--model", default="efficientnet-lite0-gem", metavar="NAME")
    build.add_argument("--stride", type=positive, default=2, help="tiles from one block to the next (default 2)")
    build.add_argument("--kind", metavar="KIND", help="of vector store: Flat, SQ8, PQ64np, ... (default Flat: exact)")
    build.add_argument(
        "--texture-zoom",
        type=positive,
        metavar="Z",
        help="whose blocks' local features are kept, too (1,920 bytes a block with Flat, else 48)",
    )
    build.add_argument("--title", default="")
    build.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    build.add_argument("--out", type=Path, required=True, metavar="DIR")
    info = index.add_parser("info", help="tell what an index holds")
    info.add_argument("folder", type=Path, metavar="DIR")

    add_world(index, extent, positive, zooms)

    _add_matchers(commands.add_parser("matchers", help="list the matchers, and give them weights"))

    benchmark = commands.add_parser("benchmark", help="measure").add_subparsers(
        dest="action", required=True, metavar="WHAT", parser_class=Parser
    )
    cases = benchmark.add_parser("coregistration", help="register photos of known footprints to their references")
    cases.add_argument("folder", type=Path, metavar="FOLDER", help="with cases.json")
    cases.add_argument("--matcher", default="auto", metavar="NAME,...")
    cases.add_argument("--cross", action="store_true", help="also put each photo to the other cases' references")
    cases.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw photos found against seconds taken")
    cases.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    cases.add_argument("--json", type=Path, metavar="FILE")
    add_geometry(benchmark)
    add_confidence(benchmark, positive)
    add_retrieval(benchmark, distance)
    add_photos(benchmark, positive)
    add_speed(benchmark, nadir, distance, positive)
    add_localization(benchmark, distance)
    add_train(commands, lat_lon, distance)
    add_texture(commands)
    return parser


def _add_matchers(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", parser_class=Parser)
    show = actions.add_parser("list", help="tell each matcher's licence, weights and cost")
    show.add_argument(
        "--measure", action="store_true", help="measure the cost of those that are ready, on this machine"
    )
    fetch = actions.add_parser("fetch", help="fetch weights; a fetch that broke off is taken up again")
    fetch.add_argument("name", metavar="NAME", help="of a matcher or of weights")
    fetch.add_argument("--sha256", type=sha256, metavar="HEX", help="of the file, where AstroLoc does not know it")
    add = actions.add_parser("add", help="take weights from a file that is here already, and record their sha256")
    add.add_argument("name", metavar="NAME", help="of weights (see list), or a new name together with --like")
    add.add_argument("file", type=Path, metavar="FILE", help="PyTorch state dict")
    add.add_argument("--like", metavar="WEIGHTS", help="makes a matcher NAME of the one that uses these weights")
    add.add_argument("--sha256", type=sha256, metavar="HEX", help="refuse the file if it has another one")
    add.add_argument("--licence", metavar="TEXT", help="of the weights")
    add.add_argument("--source", metavar="TEXT", help="where they are from")


def sha256(text: str) -> str:
    """64 hexadecimal digits."""
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a sha256: 64 digits from 0 to f")
    return text.lower()


def _add_search_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--nadir", type=nadir, metavar="LAT,LON", help="sub-satellite point, degrees")
    parser.add_argument("--radius-km", type=distance, default=2500.0, help="about the nadir; 0: no limit (2500)")
    parser.add_argument("--extent", type=extent, metavar="W,S,E,N", help="search only here, degrees")
    parser.add_argument("--polygon", type=Path, metavar="FILE", help="search only in the polygons of this vector file")


def _add_registration(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument("--matcher", default="auto", help="name of a matcher, or auto: cheap ones first")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument("--crs", help="of the GeoTIFF, such as EPSG:4326 (default: the reference's)")
    parser.add_argument(
        "--finer", metavar="URI", help="imagery of better resolution, to register to from where the photo was found"
    )
    parser.add_argument(
        "--correct", action="store_true", help="bend the photo (lens, mountains) where tie points prove that it helps"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a report here")
