"""The Python API: the examples of its page run, arrays and images are taken, and importing it is light."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import astroloc_qgis.engine as api
from astroloc_qgis.engine import Cancelled, InputError, Localization, export, localize, open_index, refine, retrieve
from astroloc_qgis.engine.api.pictures import as_file, as_pixels
from astroloc_qgis.engine.photo.reading import read_photo
from tests.engine.scene import make_scene

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "resources" / "help" / "python-api.md"


@pytest.fixture(scope="module")
def scene():
    return make_scene()


def examples():
    return re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def names(scene, tmp_path_factory):
    """What the examples of the page have made, in a folder with a photo and a map."""
    folder = tmp_path_factory.mktemp("script")
    shutil.copy(scene.photo, folder / "ISS056-E-181034.jpg")
    shutil.copy(scene.imagery, folder / "map.tif")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        made = {"folder": folder, "shown": []}
        made["print"] = lambda *values: made["shown"].append(values)
        for number, example in enumerate(examples()):
            exec(compile(example, f"example {number + 1} of {PAGE.name}", "exec"), made)  # noqa: S102 - our own page
    return made


def test_every_function_of_the_api_has_an_example():
    text = "\n".join(examples())
    functions = [name for name in api.__all__ if name[0].islower()]
    assert [name for name in functions if not re.search(rf"\b{name}\(", text)] == []


def test_the_examples_of_the_page_run_and_are_right(names, scene):
    assert names["index"].info.zooms == (11, 12)
    located = [names[name] for name in ("result", "better")]
    assert all(isinstance(one, Localization) and one.located for one in located)
    assert max(scene.error_px(one.footprint) for one in located) < 3
    assert {path.suffix for path in names["files"].values()} == {".tif", ".geojson", ".points"}
    assert all((names["folder"] / path).is_file() for path in names["files"].values())
    assert names["found"]["ISS056-E-181034.jpg"] is True
    assert "missing.jpg does not exist" in names["found"]["missing.jpg"]
    assert {"describe", "search", "match"} <= set(names["stages"])
    assert (names["folder"] / "results" / "ISS056-E-181034_georeferenced.tif").is_file()


def test_an_array_is_named_and_leaves_no_files(names):
    assert names["result"].photo == Path("from-an-array")
    assert names["result"].outputs == {}
    assert names["result"].report()["outputs"] == {}


def test_candidates_are_the_same_for_a_file_an_array_and_an_image(scene):
    pixels = np.array(Image.open(scene.photo))
    every = [retrieve(photo, scene.index, top=3) for photo in (scene.photo, pixels, Image.fromarray(pixels))]
    assert every[0] == every[1] == every[2]
    assert [one.rank for one in every[0]] == [1, 2, 3]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(40, 60), (40, 60, 1), (40, 60, 3), (40, 60, 4)])
def test_an_array_is_read_as_it_is(shape, dtype):
    pixels = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, shape).astype(dtype)
    with as_file(pixels, "a") as path:
        photo = read_photo(path)
    assert photo.name == "a"
    assert not path.exists()
    assert photo.grey == (len(shape) == 2 or shape[2] == 1)
    bands = 1 if photo.grey else 3
    assert (photo.pixels[..., :bands] == pixels.reshape(40, 60, -1)[..., :bands]).all()
    assert (photo.alpha is not None) == (shape[-1] == 4)


def test_an_image_is_turned_upright_and_odd_modes_become_colours():
    image = Image.fromarray(np.arange(40 * 60, dtype=np.uint8).reshape(40, 60))
    image.getexif()[0x0112] = 6
    assert as_pixels(image).shape == (60, 40, 1)
    assert as_pixels(image.convert("P")).shape[2] == 3


@pytest.mark.parametrize(
    "bad", [np.zeros((4, 4), float), np.zeros((4, 4, 2), np.uint8), np.zeros(7, np.uint8), [["a"]], None]
)
def test_what_is_no_picture_is_refused_in_a_sentence(bad):
    with pytest.raises(InputError, match=r"is no photo: give \(H, W\)"):
        as_pixels(bad)


@pytest.mark.parametrize("name", ["", "a/b", ".."])
def test_a_name_that_is_no_name_is_refused(name):
    with pytest.raises(InputError, match="no name for a photo"):
        localize(np.zeros((40, 40), np.uint8), "anywhere", name=name)


def test_what_is_not_localized_is_a_result_that_cannot_be_exported(scene, tmp_path):
    result = refine(scene.stranger, scene.imagery, block=str(scene.block), matcher="sift")
    assert not result.located
    assert result.reason
    with pytest.raises(InputError, match="is not localized: there is nothing to export"):
        export(result, scene.stranger, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_cancellation_stops_the_work(scene):
    def stop(_stage, _fraction):
        raise Cancelled

    with pytest.raises(Cancelled):
        retrieve(scene.photo, open_index(scene.index), progress=stop)


def test_a_name_that_the_api_has_not_is_told():
    with pytest.raises(AttributeError, match="has no attribute 'locate'"):
        api.locate  # noqa: B018 - the access is what fails
    assert set(api.__all__) <= set(dir(api))


def test_importing_the_engine_loads_none_of_its_libraries():
    code = (
        "import sys, astroloc_qgis.engine; from astroloc_qgis.engine import InputError; "
        "print([name for name in ('numpy', 'torch', 'cv2', 'faiss', 'osgeo') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "astroloc_qgis" / "py.typed").is_file()
