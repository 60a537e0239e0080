"""Makes dist/astroloc_qgis.zip, the plugin as QGIS installs it; the same files always give the same bytes.

Measurements, and pictures and pages that only readers of the repository see, are left out.
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "astroloc_qgis"
# Beside the package in the repository, inside it in the zip.
BESIDE = ["metadata.txt", "LICENSE", "resources", "i18n"]
LEFT_OUT_FOLDERS = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
LEFT_OUT_SUFFIXES = {".pyc", ".ts", ".xcf", ".orig"}
# The results of benchmarks and the curves of training runs: the model card (which is in the zip) says what they mean.
MEASUREMENTS = ("resources/models/measured/*", "resources/models/*.curve.csv", "resources/models/*.log.jsonl")
# QGIS opens the HTML pages in this folder; all else there, but for the pictures in them, is for the repository alone.
HELP = "resources/help"
# The oldest time that a zip can hold: the archive depends on the files alone, not on when they were checked out.
TIMESTAMP = (1980, 1, 1, 0, 0, 0)
TARGET = ROOT / "dist" / f"{PACKAGE}.zip"


def files(root: Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Yields every file that belongs in the zip with its name there."""
    tops = [(root / PACKAGE, PACKAGE), *((root / name, f"{PACKAGE}/{name}") for name in BESIDE)]
    for top, name in tops:
        if top.is_file():
            yield top, name
        for path in sorted(top.rglob("*")):
            parts = path.relative_to(top).parts
            hidden = any(part.startswith(".") or part in LEFT_OUT_FOLDERS for part in parts)
            if path.is_file() and not hidden and path.suffix not in LEFT_OUT_SUFFIXES and _used(path, root):
                yield path, "/".join([name, *parts])


def pictures_shown(page: Path) -> set[Path]:
    """Returns the picture files that an HTML page shows."""
    sources = re.findall(r'<img\b[^>]*?\bsrc="([^"]+)"', page.read_text(encoding="utf-8"))
    return {page.parent / source for source in sources}


def _used(path: Path, root: Path) -> bool:
    """Whether the plugin uses a file: no measurement, and in the folder of the help an HTML page or what it shows."""
    where = path.relative_to(root)
    if any(where.match(pattern) for pattern in MEASUREMENTS):
        return False
    if not where.is_relative_to(HELP):
        return True
    return path.suffix == ".html" or any(path in pictures_shown(page) for page in (root / HELP).glob("*.html"))


def package(target: Path = TARGET, root: Path = ROOT) -> Path:
    """Writes the zip (under a temporary name first) and returns its path."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, name in sorted(files(root), key=lambda pair: pair[1]):
            entry = zipfile.ZipInfo(name, TIMESTAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever it is made: otherwise the bytes would tell the platforms apart
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, path.read_bytes())
    unfinished.replace(target)
    return target


if __name__ == "__main__":
    made = package(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else TARGET)
    shown = made.relative_to(ROOT) if made.is_relative_to(ROOT) else made
    print(f"{shown}: {made.stat().st_size / 1e6:.2f} MB")
