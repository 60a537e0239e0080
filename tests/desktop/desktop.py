"""A screen without a monitor, a real QGIS on it, and a hand on mouse and keyboard."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("Xvfb", "openbox", "xdotool", "import", "qgis")
SCREEN = "1280x800x24"
START = Path(__file__).with_name("start.py")
KEPT_OUT = ("QT_QPA_PLATFORM", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "WAYLAND_DISPLAY", "DISPLAY")


def require_programs() -> None:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        pytest.skip(f"The desktop test needs {', '.join(missing)}: `make env` installs what it needs on Debian.")


@contextlib.contextmanager
def program(*command: str, log: Path, environment: dict[str, str], **options: Any) -> Iterator[subprocess.Popen]:
    """Run a program in a process group of its own; at the end the whole group is ended."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, **options
        )
    try:
        yield process
    finally:
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(3)


@contextlib.contextmanager
def screen(folder: Path) -> Iterator[dict[str, str]]:
    """Start an X server on a display of its own choice, with a window manager; yields the environment to use it."""
    environment = {name: value for name, value in os.environ.items() if name not in KEPT_OUT}
    readable, writable = os.pipe()
    arguments = ["-displayfd", str(writable), "-screen", "0", SCREEN, "-dpi", "96", "-nolisten", "tcp"]
    with program("Xvfb", *arguments, log=folder / "xvfb.log", environment=environment, pass_fds=(writable,)):
        os.close(writable)
        with os.fdopen(readable) as pipe:
            number = pipe.readline().strip()
        assert number, "the X server did not start: " + (folder / "xvfb.log").read_text()
        environment["DISPLAY"] = f":{number}"
        with program("openbox", log=folder / "openbox.log", environment=environment):
            yield environment


def make_profile(profiles: Path, package: Path) -> None:
    """Install the plugin's zip into a fresh profile, and switch off what QGIS shows at its first start.

    With an engine no imagery is fetched.
    """
    profile = profiles / "profiles" / "default"
    with zipfile.ZipFile(package) as archive:
        archive.extractall(profile / "python" / "plugins")
    settings = profile / "QGIS" / "QGIS3.ini"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        "[PythonPlugins]\nastroloc_qgis=true\n[app]\nprojections\\defaultProjectCrs=EPSG:3857\n"
        "[qgis]\ncheckVersion=false\nnewsFeed\\enabled=false\naskToSaveProjectChanges=false\n"
        "[astroloc]\nimagery\\with_engine=no\n"
    )


class Desktop:
    """A running QGIS, acted on with mouse and keyboard, watched through its status file and the screen."""

    def __init__(
        self,
        environment: dict[str, str],
        status: Path,
        screenshots: Path,
        log: Path,
        process: subprocess.Popen | None = None,
    ) -> None:
        self._environment = environment
        self._status = status
        self._screenshots = screenshots
        self._log = log
        self._process = process

    def status(self) -> dict[str, Any]:
        return json.loads(self._status.read_text(encoding="utf-8")) if self._status.exists() else {}

    def wait(self, what: str, condition: Callable[[dict[str, Any]], Any], seconds: float = 30) -> dict[str, Any]:
        """Wait until the status fulfils a condition; a screenshot is kept if it never does."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status = self.status()
            if status and condition(status):
                return status
            time.sleep(0.1)
        self.screenshot("failed")
        log = self._log.read_text(errors="replace")[-3000:]
        raise AssertionError(f"waited {seconds} s in vain until {what}; status: {self.status()}; log of QGIS: {log}")

    def wait_for_the_map(self) -> dict[str, Any]:
        """Wait until the map is drawn and stays so for a second."""
        for _ in range(4):
            self.wait("the map is drawn", lambda status: not status["drawing"])
            time.sleep(0.25)
        return self.status()

    def click(self, name: str) -> None:
        """Click a widget of the dock where it is on the screen, once it stays in its place."""
        before: list[int] = []

        def still(status: dict[str, Any]) -> bool:
            nonlocal before
            now, before = status["widgets"].get(name), before or []
            same, before = now == before and now is not None, now or []
            return same

        x, y = self.wait(f"{name} can be clicked", still)["widgets"][name]
        self.xdotool("mousemove", str(x), str(y), "click", "1")

    def keys(self, *names: str) -> None:
        self.xdotool("key", "--delay", "60", *names)

    def type(self, text: str) -> None:
        self.xdotool("type", "--delay", "5", text)

    def xdotool(self, *arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env=self._environment, check=True, timeout=30)

    def leave(self, how: str) -> None:
        """End QGIS: "closed" from its menu, as a user does, or "killed", as a crash does; QGIS's process alone."""
        assert self._process is not None
        if how == "closed":
            self.keys("ctrl+q")
        else:
            self._process.kill()
        self._process.wait(30)

    def screenshot(self, name: str) -> Path:
        self._screenshots.mkdir(parents=True, exist_ok=True)
        path = self._screenshots / f"{name}.png"
        command = ["import", "-window", "root", str(path)]
        subprocess.run(command, env=self._environment, check=True, timeout=30)
        return path


def processes_of(folder: Path) -> list[str]:
    """The command lines of the processes that name a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in command:
                found.append(command)
    return found


def are_gone(folder: Path, seconds: float = 5) -> bool:
    """Whether no process names a folder any more, after a moment at the latest."""
    end = time.monotonic() + seconds
    while processes_of(folder) and time.monotonic() < end:
        time.sleep(0.1)
    return processes_of(folder) == []


@contextlib.contextmanager
def qgis(folder: Path, package: Path, screenshots: Path, python: Path | None, *layers: Path) -> Iterator[Desktop]:
    """Start a real QGIS with the plugin from its zip, on a screen of its own; without ``python`` it has no engine.

    Started again in the same folder, it is the same user's.
    """
    require_programs()
    if not (folder / "profiles").exists():
        make_profile(folder / "profiles", package)
    status = folder / "status.json"
    status.unlink(missing_ok=True)
    with screen(folder) as environment:
        # QGIS warns that layers in its temporary folder are lost when a project closes: the test's own are not in it.
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "TMPDIR"):
            environment[name] = str(folder / name.lower())
            Path(environment[name]).mkdir(mode=0o700, exist_ok=True)
        environment |= {"ASTROLOC_DESKTOP_STATUS": str(status), "LANG": "C.UTF-8"}
        if python is not None:
            environment["ASTROLOC_PYTHON"] = str(python)
        command = ["qgis", "--nologo", "--noversioncheck", "--profiles-path", str(folder / "profiles")]
        command += ["--profile", "default", "--code", str(START), *map(str, layers)]
        with program(*command, log=folder / "qgis.log", environment=environment, cwd=folder) as process:
            desktop = Desktop(environment, status, screenshots, folder / "qgis.log", process)
            desktop.wait("the plugin is loaded", lambda status: status["window"][0], seconds=60)
            yield desktop
