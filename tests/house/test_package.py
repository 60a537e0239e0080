"""The zip that `make package` makes is one that QGIS installs."""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]
PICTURES = (".jpg", ".jpeg", ".png", ".svg")


def make_package(target: Path) -> Path:
    subprocess.run([sys.executable, str(ROOT / ".ci" / "package.py"), str(target)], check=True, capture_output=True)
    return target


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    return make_package(tmp_path_factory.mktemp("package") / "astroloc_qgis.zip")


@pytest.fixture(scope="module")
def names(archive) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        return opened.namelist()


@pytest.fixture(scope="module")
def installed(archive, tmp_path_factory) -> Path:
    plugins = tmp_path_factory.mktemp("plugins")
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(plugins)
    return plugins


@pytest.fixture(scope="module")
def metadata(installed) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(installed / "astroloc_qgis" / "metadata.txt", encoding="utf-8")
    return parser["general"]


def test_everything_is_in_one_folder_named_as_the_package(names):
    assert {PurePosixPath(name).parts[0] for name in names} == {"astroloc_qgis"}


def test_it_holds_what_qgis_and_the_licence_ask_for(names):
    assert {"astroloc_qgis/__init__.py", "astroloc_qgis/metadata.txt", "astroloc_qgis/LICENSE"} <= set(names)


def test_it_holds_every_source_and_requirement_of_the_package(names):
    kinds = (".py", ".txt", ".ui", ".qml", ".json", ".npz")
    sources = [path for path in (ROOT / "astroloc_qgis").rglob("*") if path.suffix in kinds]
    assert {path.relative_to(ROOT).as_posix() for path in sources if "__pycache__" not in path.parts} <= set(names)


def test_it_holds_no_tests_caches_or_hidden_files(names):
    unwanted = [
        name
        for name in names
        if any(part.startswith((".", "__pycache__")) or part == "tests" for part in PurePosixPath(name).parts)
        or name.endswith((".pyc", ".ts"))
    ]
    assert unwanted == []


def test_it_holds_no_measurements_and_no_pages_for_the_repository_alone(names):
    unwanted = [name for name in names if "/measured/" in name or name.endswith((".curve.csv", ".log.jsonl"))]
    unwanted += [name for name in names if "/help/" in name and name.endswith(".md")]
    assert unwanted == []


def test_it_holds_the_pictures_that_qgis_shows_and_no_others(names, installed, metadata):
    plugin = installed / "astroloc_qgis"
    pages = list((plugin / "resources" / "help").glob("*.html"))
    assert [page.name for page in pages] == ["desk.html"]
    shown = {plugin / metadata["icon"], *(plugin / "resources" / "icons").glob("processing-*.svg")}
    for page in pages:
        shown |= {page.parent / source for source in re.findall(r'src="([^"]+)"', page.read_text(encoding="utf-8"))}
    assert len(shown) > 1
    held = {installed / name for name in names if name.endswith(PICTURES)}
    assert held == shown


def test_it_holds_every_resource_that_the_plugin_reads(names):
    read = ["models/astroloc-lite.npz", "models/astroloc-lite.json", "models/astroloc-texture.npz",
            "models/astroloc-texture.json", "index/world/index.json", "styles/footprint.qml"]  # fmt: skip
    assert {f"astroloc_qgis/resources/{name}" for name in read} <= set(names)


def test_it_says_where_model_and_index_come_from_and_under_which_licence(installed):
    resources = installed / "astroloc_qgis" / "resources"
    card = (resources / "models" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "## Data and licence" in card
    assert "NASA Earth Observatory" in card
    index = json.loads((resources / "index" / "world" / "index.json").read_text(encoding="utf-8"))
    assert "NASA" in index["attribution"]
    assert index["licence"]


def test_it_is_small_enough_for_the_plugin_repository(archive):
    # The repository takes 25,000,000 bytes; the rest is left for what is to come.
    assert archive.stat().st_size <= 24_900_000


def test_the_same_files_give_the_same_bytes(archive, tmp_path):
    assert make_package(tmp_path / "again.zip").read_bytes() == archive.read_bytes()


@pytest.mark.parametrize(
    "key",
    [
        "name",
        "description",
        "about",
        "version",
        "qgisMinimumVersion",
        "author",
        "email",
        "repository",
        "tracker",
        "tags",
    ],
)
def test_the_metadata_has_what_the_plugin_repository_asks_for(metadata, key):
    assert metadata.get(key, "").strip()


def test_the_metadata_names_the_oldest_qgis_and_all_of_qgis_4(metadata):
    assert metadata["qgisMinimumVersion"] == "3.40"
    assert metadata["qgisMaximumVersion"] == "4.99"
    assert "supportsQt6" not in metadata  # QGIS 4 no longer reads it: the highest version says it


def test_the_metadata_and_the_package_agree_on_the_version(metadata, installed):
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    code = "import astroloc_qgis; print(astroloc_qgis.__version__, astroloc_qgis.__file__)"
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, env=environment, cwd=installed, capture_output=True, text=True, check=True).stdout
    version, file = said.split(maxsplit=1)
    assert Path(file.strip()).is_relative_to(installed)
    assert version == metadata["version"]


def test_the_icon_is_in_the_zip_and_is_an_svg(metadata, installed):
    icon = installed / "astroloc_qgis" / metadata["icon"]
    assert icon.suffix == ".svg"
    assert "<svg" in icon.read_text(encoding="utf-8")


def test_the_licence_is_the_gpl(installed):
    text = (installed / "astroloc_qgis" / "LICENSE").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in text
    assert "Version 2, June 1991" in text
