"""Walks from the plugin's zip to the first photo on the map in a real QGIS under Xvfb, with mouse and keyboard alone.

.venv/bin/python .ci/walk.py [first] [more] [--torch WHEEL] [--marble MBTILES] [--engine PYTHON]

``first``: a fresh profile, the zip, the engine installed from PyPI (about 0.5 GB), Blue Marble kept, a photo added by
its number, localized: counts the clicks, prints the seconds of each step, and what the downloads take on a line of 50
Mbit/s by the sizes that the windows show. ``more``: with the engine of this clone, a photo that is not localized with
*Try here*, the finer reference, *Blink*, and Processing. A picture of each step goes into build/walk.

NASA's photo database and its tiles are servers on this machine; so is PyTorch's index where ``--torch`` names its
wheel (else that index itself is asked, and PyPI's 3 GB are installed where it is out of reach). Without ``--marble``
tiles and photo are of generated land.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / ".ci")]

from tests.desktop.desktop import Desktop, program, screen  # noqa: E402 - the path comes first
from tests.desktop.stand_ins import index_of, serving, tiles_of  # noqa: E402
from tests.engine.nasa.nasa_server import IMAGES, KEY, NADIR, Photo, Row, running  # noqa: E402

PICTURES = ROOT / "build" / "walk"
NUMBER, LOST = "ISS999-E-1", "ISS999-E-2"
LINE_BITS = 50e6
MARBLE_BYTES = 170e6
MOST_CLICKS = 6
MOST_SECONDS = 300
FOLDERS = {
    "HOME": "home",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_CACHE_HOME": "cache",
    "XDG_RUNTIME_DIR": "run",
    "TMPDIR": "tmp",
}
"""Folders of the walk's own in the place of the user's."""
WHOLE = {"localized", "needs review"}
TORCH = "astroloc_qgis/installer/builds/torch_cpu.json"
SETTINGS = "[app]\nprojections\\defaultProjectCrs=EPSG:3857\n[qgis]\ncheckVersion=false\nnewsFeed\\enabled=false\n"
SETTINGS += "askToSaveProjectChanges=false\n"


class Walker:
    """Acts like a user and keeps count.

    Attributes:
        desktop: the running QGIS.
        clicks: of the mouse, by what was clicked.
        typed: what was typed.
        steps: seconds by step.
    """

    def __init__(self, desktop: Desktop) -> None:
        self.desktop = desktop
        self.clicks: list[str] = []
        self.typed: list[str] = []
        self.steps: dict[str, float] = {}
        self._pictures = 0

    def click(self, name: str) -> None:
        """Click a widget by its name in the status."""
        self.desktop.click(name)
        self.clicks.append(name)

    def type(self, text: str) -> None:
        """Type into the field that has the keyboard, and press Enter."""
        self.desktop.type(text)
        self.desktop.keys("Return")
        self.typed.append("the key" if text == KEY else text)

    def picture(self, name: str) -> None:
        """Keep a picture of the screen."""
        time.sleep(0.4)
        self._pictures += 1
        self.desktop.screenshot(f"{self._pictures:02}-{name}")

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure a step."""
        started = time.monotonic()
        yield
        self.steps[name] = time.monotonic() - started
        print(f"{name}: {self.steps[name]:.1f} s", flush=True)


@contextlib.contextmanager
def qgis(folder: Path, variables: dict[str, str]) -> Iterator[Desktop]:
    """A real QGIS in a profile of its own, with nothing of this user's around it."""
    profile = folder / "profiles" / "profiles" / "default" / "QGIS"
    profile.mkdir(parents=True)
    (profile / "QGIS3.ini").write_text(SETTINGS)
    status = folder / "status.json"
    with screen(folder) as environment:
        for name, place in FOLDERS.items():
            environment[name] = str(folder / place)
            Path(environment[name]).mkdir(mode=0o700)
        (folder / "home" / "Pictures").mkdir()
        for name in ("ASTROLOC_PYTHON", "ASTROLOC_IMAGERY", "ASTROLOC_NASA_KEY", "PIP_FIND_LINKS"):
            environment.pop(name, None)
        here = ROOT / "tests" / "desktop"
        environment |= {"ASTROLOC_DESKTOP_STATUS": str(status), "ASTROLOC_DESKTOP_FOLDER": str(here), "LANG": "C.UTF-8"}
        environment |= variables
        command = ["qgis", "--nologo", "--noversioncheck", "--profiles-path", str(folder / "profiles")]
        command += ["--profile", "default", "--code", str(here / "first_start.py")]
        with program(*command, log=folder / "qgis.log", environment=environment, cwd=folder) as process:
            desktop = Desktop(environment, status, PICTURES, folder / "qgis.log", process)
            desktop.wait("the plugin's dock is open", lambda status: status["window"][0], seconds=120)
            desktop.wait_for_the_map()
            yield desktop


@contextlib.contextmanager
def stand_ins(world: Path, latency_s: float, sent: list[int]) -> Iterator[dict[str, str]]:
    """The servers; yields the variables that name them."""
    imagery = Path((world / "imagery.txt").read_text())
    lat, lon = (world / "nadir.txt").read_text().split()
    sea = (world / "sea.jpg").read_bytes()
    with running() as nasa, serving(tiles_of(imagery, sea, sent), latency_s) as tiles:
        nasa.photos = []
        for number, file in ((NUMBER, "photo.jpg"), (LOST, "lost.jpg")):
            name = f"{number}.JPG"
            large: Row = {
                **IMAGES[1],
                "directory": "ESC/large/ISS999",
                "filename": name,
                "width": "1800",
                "height": "1200",
            }
            below: Row = {**NADIR, "mission": "ISS999", "frame": number[-1], "lat": lat, "lon": lon}
            nasa.photos.append(Photo(images=[large], nadir=below, frames=None, mlcoord=None))
            nasa.files[f"ESC/large/ISS999/{name}"] = (world / file).read_bytes()
        yield {
            "ASTROLOC_NASA_DATABASE": nasa.database,
            "ASTROLOC_NASA_PICTURES": nasa.pictures,
            "ASTROLOC_BLUE_MARBLE": f"{tiles}/{{z}}/{{y}}/{{x}}.jpeg",
        }


def with_index(package: Path, address: str, target: Path) -> Path:
    """The plugin's zip, which takes PyTorch's wheel from an index on this machine."""
    with zipfile.ZipFile(package) as source, zipfile.ZipFile(target, "w") as made:
        for name in source.namelist():
            content = source.read(name)
            if name == TORCH:
                content = json.dumps({**json.loads(content), "index": address}).encode()
            made.writestr(name, content)
    return target


def first(folder: Path, world: Path, package: Path, options: argparse.Namespace) -> bool:
    """The walk to the first photo; returns whether it took few clicks and little time."""
    sent: list[int] = []
    with contextlib.ExitStack() as stack:
        variables = stack.enter_context(stand_ins(world, options.latency / 1000, sent))
        if options.torch:
            address = stack.enter_context(serving(index_of(options.torch)))
            package = with_index(package, address, folder / "walk.zip")
        if options.engine:
            variables["ASTROLOC_PYTHON"] = str(options.engine)
        variables["ASTROLOC_WALK_ZIP"] = str(package)
        desktop = stack.enter_context(qgis(folder, variables))
        walker = Walker(desktop)
        desktop.wait("the engine is asked for", lambda told: "set up" in told["widgets"])
        walker.picture("dock")
        sizes = _set_up(walker)
        _add_by_number(walker)
        _localize(walker)
        _must(not desktop.status()["errors"], desktop.status()["errors"])
        desktop.leave("closed")
    return _tell(walker, sizes, sum(sent), (world / "photo.jpg").stat().st_size)


def _set_up(walker: Walker) -> dict[str, Any]:
    desktop = walker.desktop
    walker.click("set up")
    sizes = desktop.wait("the plan is there", lambda told: told["enabled"]["install"], seconds=60)["sizes"]
    walker.picture("set-up")
    with walker.step("install the engine"):
        walker.click("install")
        desktop.wait("packages arrive", lambda told: "installing the packages" in told["setup"][2], seconds=300)
        walker.picture("installing")
        done = desktop.wait(
            "the engine is ready", lambda told: told["marble"][0] or not told["widgets"].get("set up"), 1800
        )
    _must(done["marble"][0], done["setup"])
    with walker.step("keep Blue Marble"):
        desktop.wait("tiles arrive", lambda told: "7/7" in told["setup"][2], seconds=120)
        time.sleep(3)
        walker.picture("blue-marble")
        told = desktop.wait("Blue Marble is there", lambda told: not told["marble"][0], seconds=1800)
    _must(told["marble"][1], told["setup"])
    walker.picture("all-there")
    walker.click("close")
    return sizes


def _add_by_number(walker: Walker) -> None:
    desktop = walker.desktop
    desktop.wait("the field has the keyboard", lambda told: told["focus"] == "AstroLocNumber")
    with walker.step("fetch the photo"):
        walker.type(NUMBER)
        desktop.wait("permission is asked for", lambda told: told["modal"] == "Look up at NASA")
        time.sleep(0.5)
        desktop.type(KEY)
        walker.typed.append("the key")
        walker.picture("permission")
        walker.click("button Allow")
        desktop.wait("the photo is on the list", lambda told: told["photos"] and not told["nasa busy"], seconds=60)
    walker.picture("photo")


def _localize(walker: Walker) -> None:
    desktop = walker.desktop
    desktop.wait("it can be localized", lambda told: told["enabled"]["localize"])
    with walker.step("localize"):
        walker.click("localize")
        desktop.wait(
            "it is being matched", lambda told: "matching" in told["progress"] or not told["busy"], seconds=120
        )
        walker.picture("running")
        told = desktop.wait("the photo is done", lambda told: not told["busy"], seconds=600)
    _must(told["photos"][0][1] in WHOLE, (told["photos"], told["messages"]))
    told = desktop.wait_for_the_map()
    _must(len(told["tree"]) == 2, told["tree"])  # the photo's group, and the reference below it
    walker.picture("on-the-map")


def _must(holds: bool, told: Any) -> None:
    """End the walk where something is not as it should be."""
    if not holds:
        raise SystemExit(f"walk: it is not as it should be: {told}")


def _tell(walker: Walker, sizes: dict[str, Any], tiles: int, photo: int) -> bool:
    """Print clicks, and the time on a line of 50 Mbit/s."""
    print(f"{len(walker.clicks)} clicks: {', '.join(walker.clicks)}; typed: {', '.join(walker.typed)}")
    shown = {
        "install the engine": sizes["download"],
        "keep Blue Marble": MARBLE_BYTES if sizes["imagery"] else 0,
        "fetch the photo": photo,
    }
    line = {step: size * 8 / LINE_BITS for step, size in shown.items()}
    told = ", ".join(f"{step} {size / 1e6:.1f} MB" for step, size in shown.items())
    print(f"shown: {told}; tiles that came: {tiles / 1e6:.1f} MB")
    here = sum(walker.steps.values())
    both = sum(max(seconds, line.get(step, 0.0)) for step, seconds in walker.steps.items())
    print(
        f"all steps: {here:.0f} s here; {sum(line.values()):.0f} s for the sizes shown on a line of 50 Mbit/s; of each "
        f"step the longer one: {both:.0f} s; load of this machine: {os.getloadavg()[0]:.1f}"
    )
    return len(walker.clicks) <= MOST_CLICKS and both < MOST_SECONDS


def more(folder: Path, world: Path, package: Path, options: argparse.Namespace) -> bool:
    """What else a newcomer meets, with the engine of this clone; pictures for a person to look at."""
    variables = {"ASTROLOC_PYTHON": str(options.engine or Path(sys.executable)), "ASTROLOC_WALK_ZIP": str(package)}
    variables |= {"ASTROLOC_NASA_KEY": KEY, "ASTROLOC_WALK_SECONDS": "60"}
    imagery = folder / "imagery"
    imagery.mkdir()
    (imagery / "blue-marble.mbtiles").symlink_to((world / "imagery.txt").read_text())
    variables["ASTROLOC_IMAGERY"] = str(imagery)
    with stand_ins(world, 0.0, []) as servers, qgis(folder, {**variables, **servers}) as desktop:
        walker = Walker(desktop)
        walker._pictures = 20
        walker.click("number")
        walker.type(LOST)
        desktop.wait("permission is asked for", lambda told: told["modal"] == "Look up at NASA")
        walker.click("button Allow")
        desktop.wait("the photo is on the list", lambda told: told["photos"] and not told["nasa busy"], seconds=60)
        with walker.step("a photo that is nowhere"):
            walker.click("localize")
            desktop.wait("it is done", lambda told: told["photos"][0][1] == "not localized", seconds=900)
        desktop.wait(
            "candidates are drawn", lambda told: "candidate 0" in told["widgets"] and not told["busy"], seconds=60
        )
        time.sleep(3)
        walker.picture("not-localized")
        walker.click("candidate 0")
        desktop.wait_for_the_map()
        walker.picture("candidate")
        with walker.step("try here"):
            walker.click("try here")
            time.sleep(1)
            walker.picture("trying")
            desktop.wait("it is tried", lambda told: not told["busy"], seconds=600)
        walker.picture("tried")
        walker.click("number")
        walker.type(NUMBER)
        desktop.wait("the photo is on the list", lambda told: len(told["photos"]) == 2 and not told["nasa busy"], 60)
        walker.click("finer")
        walker.picture("finer")
        desktop.keys("End", "Up", "Return")  # the last but one: the reference that is on the map, as a layer
        desktop.wait("it is chosen", lambda told: told["finer"] == "World: Blue Marble")
        with walker.step("localize"):
            walker.click("localize")
            desktop.wait("it is done", lambda told: not told["busy"] and told["photos"][1][1] in WHOLE, seconds=900)
        desktop.wait_for_the_map()
        walker.picture("finer-used")
        print("the list says:", desktop.status()["photos"][1][2])
        walker.click("zoom")
        desktop.wait_for_the_map()
        print("blinks:", _blinks(walker))
        _processing(walker)
        _must(not desktop.status()["errors"], desktop.status()["errors"])
        desktop.leave("closed")
    return True


def _blinks(walker: Walker) -> bool:
    """Whether the map changes while it blinks; two pictures of it are kept."""
    walker.click("blink")
    seen: set[bytes] = set()
    for number in range(8):
        picture = walker.desktop.screenshot(f"30-blink-{number}")
        cut = subprocess.run(
            ["convert", str(picture), "-crop", "500x400+250+250", "-resize", "8x8!", "txt:-"],
            capture_output=True,
            check=True,
        ).stdout
        if cut in seen or len(seen) == 2:
            picture.unlink()
        seen.add(cut)
        time.sleep(0.35)
    walker.click("blink")
    return len(seen) > 1


def _processing(walker: Walker) -> None:
    """Processing's toolbox, and the window of an algorithm, with the keyboard."""
    desktop = walker.desktop
    desktop.keys("ctrl+alt+t")
    desktop.click("toolbox")
    desktop.type("photo")
    time.sleep(2)
    walker.picture("toolbox")
    desktop.keys("ctrl+k")
    time.sleep(1)
    desktop.type("a localize photo")
    time.sleep(2)
    walker.picture("locator")
    desktop.keys("Down", "Return")
    time.sleep(4)
    walker.picture("algorithm")
    desktop.keys("Escape")
    time.sleep(1)


def main() -> int:
    """Walk; 0 where all went as it should."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=["first", "more", []], default=[])
    parser.add_argument("--torch", type=Path, help="the wheel of torch for the processor alone, for an index here")
    parser.add_argument("--marble", type=Path, help="Blue Marble as MBTiles, which its tiles are served from")
    parser.add_argument("--latency", type=float, default=0.0, help="milliseconds that each tile takes beside its bytes")
    parser.add_argument("--engine", type=Path, help="a Python with the engine's packages, in place of an install")
    options = parser.parse_args()
    from package import package

    shutil.rmtree(PICTURES, ignore_errors=True)
    well = True
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        world, zipped = work / "world", package(work / "astroloc_qgis.zip")
        world.mkdir()
        command = [sys.executable, str(ROOT / "tests" / "desktop" / "first_world.py"), str(world)]
        subprocess.run([*command, *([str(options.marble)] if options.marble else [])], check=True)
        for part in options.parts or ["first", "more"]:
            print(f"-- {part}", flush=True)
            (work / part).mkdir()
            well = {"first": first, "more": more}[part](work / part, world, zipped, options) and well
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
