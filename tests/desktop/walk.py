"""What the walk through the desk needs beside ``desktop``: photos, a QGIS to be killed, and the analyst's hand."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .desktop import Desktop, make_profile, program, screen

HERE = Path(__file__).parent
CUT = """
import sys
from pathlib import Path
import cv2
source, folder = cv2.imread(sys.argv[1]), Path(sys.argv[2])
height, width = source.shape[:2]
whole = [cv2.IMWRITE_JPEG_QUALITY, 92]
cv2.imwrite(str(folder / "ISS999-E-1.jpg"), source, whole)
cv2.imwrite(str(folder / "ISS999-E-2.jpg"), source[: height * 3 // 4, width // 5 :], whole)
turned = cv2.rotate(source[height // 5 :, : width * 4 // 5], cv2.ROTATE_90_CLOCKWISE)
cv2.imwrite(str(folder / "ISS999-E-3.jpg"), turned, whole)
"""


def three_photos(photo: Path, folder: Path) -> list[Path]:
    """Three photos of the same land: the whole one, a part of it, and a part turned by a quarter."""
    subprocess.run([sys.executable, "-c", CUT, str(photo), str(folder)], check=True, timeout=60)
    return sorted(folder.glob("ISS999-E-*.jpg"))


class Session:
    """A QGIS with the plugin in a profile that outlives it."""

    def __init__(self, environment: dict[str, str], folder: Path, screenshots: Path) -> None:
        self._environment, self._folder, self._screenshots = environment, folder, screenshots

    @contextlib.contextmanager
    def run(
        self, name: str, *layers: Path, project: Path | None = None, code: str = "desk_start.py"
    ) -> Iterator[tuple[Desktop, int]]:
        """Start QGIS with something that watches it; yields the hand on it and the number of its process."""
        status = self._folder / f"{name}.json"
        environment = {
            **self._environment,
            "ASTROLOC_DESKTOP_STATUS": str(status),
            "ASTROLOC_DESKTOP_FOLDER": str(HERE),
            "ASTROLOC_PYTHON": sys.executable,
            "LANG": "C.UTF-8",
        }
        command = ["qgis", "--nologo", "--noversioncheck", "--profiles-path", str(self._folder / "profiles")]
        command += ["--profile", "default", "--code", str(HERE / code)]
        command += ["--project", str(project)] if project else []
        command += [str(layer) for layer in layers]
        log = self._folder / f"{name}.log"
        with program(*command, log=log, environment=environment, cwd=self._folder) as process:
            desktop = Desktop(environment, status, self._screenshots, log)
            desktop.wait("the plugin is loaded", lambda told: told["window"][0], seconds=90)
            yield desktop, process.pid


@contextlib.contextmanager
def session(folder: Path, package: Path, screenshots: Path) -> Iterator[Session]:
    """A screen and a profile with the plugin."""
    make_profile(folder / "profiles", package)
    with screen(folder) as environment:
        # QGIS warns that layers in its temporary folder are lost when a project closes: the test's own are not in it.
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "TMPDIR"):
            environment[name] = str(folder / name.lower())
            Path(environment[name]).mkdir(mode=0o700, exist_ok=True)
        yield Session(environment, folder, screenshots)


class Hand:
    """The analyst's hand: clicks and drags by the names and places that the status tells."""

    def __init__(self, desktop: Desktop) -> None:
        self.desktop = desktop

    def desk(self) -> dict[str, Any]:
        return self.desktop.status()["desk"]

    def wait(self, what: str, condition: Any, seconds: float = 30) -> dict[str, Any]:
        return self.desktop.wait(what, lambda told: condition(told["desk"]), seconds)["desk"]

    def click(self, name: str, *, modifier: str = "") -> None:
        told = self.wait(f"{name} can be clicked", lambda desk: name in desk["widgets"])
        time.sleep(0.4)
        told = self.desk()
        self.click_at(told["widgets"][name], modifier=modifier)

    def click_at(self, at: list[float], *, modifier: str = "") -> None:
        before = ["keydown", modifier] if modifier else []
        after = ["keyup", modifier] if modifier else []
        x, y = (str(round(value)) for value in at)
        self.desktop.xdotool(*before, "mousemove", x, y, "sleep", "0.15", "click", "1", *after)
        time.sleep(0.35)

    def drag(self, start: list[float], end: list[float], steps: int = 12) -> None:
        x, y = (str(round(value)) for value in start)
        self.desktop.xdotool("mousemove", x, y, "sleep", "0.2", "mousedown", "1")
        for step in range(1, steps + 1):
            at = [a + (b - a) * step / steps for a, b in zip(start, end, strict=True)]
            self.desktop.xdotool("mousemove", *(str(round(value)) for value in at))
            time.sleep(0.03)
        time.sleep(0.2)
        self.desktop.xdotool("mouseup", "1")
        time.sleep(0.4)

    def shot(self, name: str) -> Path:
        self.desktop.wait_for_the_map()
        return self.desktop.screenshot(f"desk-{name}")


def kill(process: int) -> None:
    """End QGIS as a power cut would."""
    os.killpg(process, signal.SIGKILL)
