"""Makes dist/astroloc_qgis.zip, the plugin as QGIS installs it; the same files always give the same bytes."""

from __future__ import annotations

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
            if path.is_file() and not hidden and path.suffix not in LEFT_OUT_SUFFIXES:
                yield path, "/".join([name, *parts])


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
