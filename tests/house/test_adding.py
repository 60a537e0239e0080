"""A new matcher, descriptor or export is one new file and one line in a registry; nothing else has to know of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

MATCHER = '''
"""A toy: one keypoint in the middle of each picture."""

import numpy as np

from astroloc_qgis.engine.matchers.base import Features, Image, Mask, Matcher, Matches, pair_up


class Toy(Matcher):
    """Pairs the middles."""

    name, licence = "toy", "CC0-1.0"

    def __init__(self, device: str = "cpu") -> None:
        self.device = device

    def extract(self, image: Image, mask: Mask | None = None, most: int | None = None) -> Features:
        height, width = image.shape[:2]
        return Features(np.array([[width / 2, height / 2]], np.float32), (width, height))

    def match(self, a: Features, b: Features) -> Matches:
        return pair_up(a, b, np.zeros((1, 2), np.int64), np.ones(1, np.float32))
'''
USE_THE_MATCHER = """
import numpy as np
from astroloc_qgis.engine.coregistration.cascade import stages_of
from astroloc_qgis.engine.matchers import registry
matcher = registry.create(stages_of("toy")[0].matcher)
matches = matcher.match(*(matcher.extract(np.zeros((20, width, 3), np.uint8)) for width in (30, 50)))
print(registry.known("toy").licence, matches.a.tolist(), matches.b.tolist())
"""

DESCRIPTOR = '''
"""A toy: the mean colour of a picture."""

import numpy as np

from astroloc_qgis.engine.descriptors.base import Descriptor


class Toy(Descriptor):
    """Red, green and blue."""

    name, dimensions, image_size, model_sha256, settings = "toy", 3, 32, "0" * 64, {}

    def __init__(self, device: str = "cpu", vocabulary=None) -> None:
        self.device = device

    def _describe_same_size(self, images: np.ndarray) -> np.ndarray:
        return images.mean(axis=(1, 2), dtype=np.float32)
'''
USE_THE_DESCRIPTOR = """
import numpy as np
from astroloc_qgis.engine.descriptors import registry
vectors = registry.create("toy").describe_photos([np.full((9, 16, 3), (255, 0, 0), np.uint8)])
print("toy" in registry.names(), "toy" in registry.offered(), vectors.tolist())
"""

EXPORT = '''
"""A toy: the size of the photo, as text."""

from pathlib import Path

from astroloc_qgis.engine.exports.photo_export import PhotoExport


def export_size(export: PhotoExport) -> Path:
    """Write the photo's width and height."""
    path = export.path("_size.txt")
    path.write_text(f"{export.photo.width} x {export.photo.height}")
    return path
'''
USE_THE_EXPORT = """
from pathlib import Path
import numpy as np
from astroloc_qgis.engine.exports.bundle import ExportOptions, export_photo
from astroloc_qgis.engine.geometry.working_plane import WorkingPlane
from astroloc_qgis.engine.photo.reading import Photo
black = np.zeros((40, 60, 3), np.uint8)
photo = Photo(Path("p.png"), black, alpha=None, grey=False, nasa_id=None, focal_length_mm=None, taken=None)
written = export_photo(
    photo, np.diag([100.0, -100.0, 1.0]), WorkingPlane.local(7, 46), Path("out"), "p", ExportOptions(forms=("toy",))
)
print({form: (path.name, path.read_text()) for form, path in written.items()})
"""


def insert_first(registry: Path, line: str) -> None:
    """Put a line at the head of a registry's table, a dictionary in capitals."""
    text, tables = re.subn(
        r"^(_?[A-Z_]+\b[^\n]*= \{\n)", rf"\1    {line}\n", registry.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert tables == 1, f"{registry.name} has {tables} tables"
    registry.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("package", "source", "line", "use", "said"),
    [
        (
            "matchers",
            MATCHER,
            '"toy": KnownMatcher("toy", "Toy", "CC0-1.0"),',
            USE_THE_MATCHER,
            "CC0-1.0 [[15.0, 10.0]] [[25.0, 10.0]]",
        ),
        ("descriptors", DESCRIPTOR, '"toy": ("toy", "Toy", ""),', USE_THE_DESCRIPTOR, "True True [[1.0, 0.0, 0.0]]"),
        (
            "exports",
            EXPORT,
            '"toy": Form("toy", "export_size", "Size as text"),',
            USE_THE_EXPORT,
            "{'toy': ('p_size.txt', '60 x 40')}",
        ),
    ],
    ids=["matcher", "descriptor", "export"],
)
def test_a_new_one_is_one_file_and_one_line(tmp_path, package, source, line, use, said):
    shutil.copytree(ROOT / "astroloc_qgis", tmp_path / "astroloc_qgis", ignore=shutil.ignore_patterns("__pycache__"))
    folder = tmp_path / "astroloc_qgis" / "engine" / package
    (folder / "toy.py").write_text(source, encoding="utf-8")
    insert_first(folder / "registry.py", line)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", use]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == said
