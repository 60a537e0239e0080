"""Fixtures of the engine's tests."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from astroloc_qgis.cli import main as cli
from tests.engine.scene import Refused, Run, Scene
from tests.engine.synthetic import World, make_world

cv2.setNumThreads(1)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process; gives exit status, stdout and stderr, those of libraries included."""

    def command(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        status = cli.main([str(argument) for argument in arguments])
        return status, *capfd.readouterr()

    return command


@pytest.fixture(scope="session")
def world() -> World:
    """100 km of generated land in the Alps' latitude, 98 m a pixel."""
    return make_world()


@pytest.fixture(
    scope="session",
    params=[(11.0, 46.0), (180.0, -17.0), (25.0, 60.0)],
    ids=["middle latitude", "antimeridian", "60 degrees north"],
)
def anywhere(request: pytest.FixtureRequest) -> World:
    """The same land at three places, of which two are awkward."""
    return make_world(*request.param)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The output folder, which no refused command may make."""
    return tmp_path / "results" / "out"


@pytest.fixture
def refused(out: Path, capfd: pytest.CaptureFixture[str]) -> Refused:
    """Runs a command that must be refused; gives its sentence."""

    def command(*arguments: object) -> str:
        report = out.parent / "report.json"
        capfd.readouterr()
        status = cli.main([str(argument) for argument in arguments])
        stdout, stderr = capfd.readouterr()
        assert (status, stdout) == (2, ""), stderr
        assert stderr.startswith("astroloc: ")
        assert stderr.endswith(("." + "\n", ").\n"))
        assert stderr.count("\n") == 1, stderr
        assert not report.exists()
        assert not out.parent.exists()
        return stderr.removeprefix("astroloc: ").removesuffix("\n")

    return command


@pytest.fixture
def localize(scene: Scene, out: Path, refused: Refused) -> Refused:
    """Localizes with something wrong."""

    def command(*more: object, photo: object = None, index: object = None) -> str:
        return refused(
            "localize", photo or scene.photo, "--index", index or scene.index, "--out", out, "--matcher", "sift",
            "--json", out.parent / "report.json", *more,
        )  # fmt: skip

    return command


@pytest.fixture
def refine(scene: Scene, out: Path, refused: Refused) -> Refused:
    """Refines with something wrong."""

    def command(*more: object, imagery: object = None) -> str:
        return refused(
            "refine", scene.photo, "--imagery", imagery or scene.imagery, "--out", out, "--matcher", "sift", "--json",
            out.parent / "report.json", *more,
        )  # fmt: skip

    return command
