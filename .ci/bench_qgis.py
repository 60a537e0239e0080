"""Measures the plugin inside QGIS: the time of loading it, and time and memory over many photos.

.venv/bin/python .ci/bench_qgis.py load  [--runs 5]      a real QGIS under Xvfb, beside an empty plugin
.venv/bin/python .ci/bench_qgis.py work  [--count 100]   likewise, the real engine at work on generated land and photo
.venv/bin/python .ci/bench_qgis.py first [--pause 6]     likewise, ten photos (--count), the first clicked some seconds
                                                         after it was added; without and with the engine loaded ahead
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / ".ci")]

EMPTY = """
def classFactory(iface):
    class Empty:
        def initGui(self):
            pass
        def unload(self):
            pass
    return Empty()
"""
LOADER = """
import json, os, sys, time
from qgis.PyQt.QtCore import QTimer
from qgis.utils import loadPlugin, startPlugin, updateAvailablePlugins

def measure():
    updateAvailablePlugins()
    before, figures = set(sys.modules), {}
    for name in ("empty_plugin", "astroloc_qgis"):
        started, processor = time.perf_counter(), time.process_time()
        assert loadPlugin(name), name
        loaded = time.perf_counter()
        assert startPlugin(name), name
        ended = time.perf_counter()
        busy = time.process_time() - processor
        figures[name] = [(loaded - started) * 1000, (ended - loaded) * 1000, busy * 1000]
    new = set(sys.modules) - before
    figures["heavy"] = sorted({"torch", "faiss", "cv2", "kornia"} & set(sys.modules))
    figures["modules"] = len(new)
    with open(os.environ["ASTROLOC_BENCH"], "w") as file:
        json.dump(figures, file)
    os._exit(0)

QTimer.singleShot(3000, measure)
"""


MARK = "figures "
WORKER = """
import ctypes, json, os, time
from pathlib import Path
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import iface, plugins

def resident(process):
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # what is free but not given back is not held
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

def worked(*processes):
    parts = [Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split() for one in processes if one]
    return sum(int(part[11]) + int(part[12]) for part in parts) / os.sysconf("SC_CLK_TCK")

def wait(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)

def work():
    world, dock, results = Path(os.environ["ASTROLOC_WORLD"]), plugins["astroloc_qgis"].dock, []
    session = dock.session
    session.settings.preload = os.environ["ASTROLOC_PRELOAD"]
    dock.reference.layers.setLayer(next(iter(QgsProject.instance().mapLayers().values())))
    session.index.choose(world / "index")
    session.settings.output = world / "out"
    session.settings.matcher = "auto"
    dock.add_photos([world / "ISS099-E-1234.jpg"])
    wait(float(os.environ["ASTROLOC_PAUSE"]))
    engine = session.engine
    engine.succeeded.connect(lambda done: results.append(done.result) if "status" in done.result else None)
    for number in range(1, int(os.environ["ASTROLOC_BENCH"]) + 1):
        dock.photos.selectAll()
        started, before = time.monotonic(), worked(os.getpid(), engine.process_id)
        dock.localize_button.click()
        while session.busy:
            wait(0.02)
        wall = time.monotonic() - started
        if len(results) != 1 or results[0]["status"] != "localized":
            print(dock.photos.photos.items[0].note, flush=True)
            break
        stages = results.pop()["seconds"]
        wait(0.5)
        processor = worked(os.getpid(), engine.process_id) - before
        held = {"processor": processor, "QGIS": resident(os.getpid()), "engine": resident(engine.process_id)}
        print("MARK" + json.dumps({"number": number, "wall": wall, "stages": stages, **held}), flush=True)
    engine.stop()
    os._exit(0)

iface.mainWindow().showMaximized()
QTimer.singleShot(8000, work)
""".replace("MARK", MARK)


def load(runs: int) -> None:
    """Prints the milliseconds that loading takes, of an empty plugin and of ours."""
    from package import package

    from tests.desktop.desktop import screen

    figures = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        zipped = package(work / "plugin.zip")
        with screen(work) as environment:
            for run in range(runs):
                figures.append(_load_once(work / str(run), zipped, environment))  # noqa: PERF401 - takes seconds
    for name in ("empty_plugin", "astroloc_qgis"):
        imports, starts, busy = ([each[name][part] for each in figures] for part in range(3))
        totals = [sum(each[name][:2]) for each in figures]
        print(
            f"{name}: {statistics.median(totals):.1f} ms (import {statistics.median(imports):.1f}, "
            f"start {statistics.median(starts):.1f}; {min(totals):.1f} to {max(totals):.1f} in {runs} runs); "
            f"processor {statistics.median(busy):.1f} ms"
        )
    print(f"heavy libraries imported: {figures[0]['heavy'] or 'none'}; modules imported: {figures[0]['modules']}")


def _load_once(folder: Path, zipped: Path, environment: dict[str, str]) -> dict[str, Any]:
    from tests.desktop.desktop import make_profile

    folder.mkdir()
    make_profile(folder / "profiles", zipped)
    profile = folder / "profiles" / "profiles" / "default"
    settings = profile / "QGIS" / "QGIS3.ini"
    settings.write_text(settings.read_text(encoding="utf-8").replace("=true", "=false", 1), encoding="utf-8")
    empty = profile / "python" / "plugins" / "empty_plugin"
    empty.mkdir()
    (empty / "__init__.py").write_text(EMPTY, encoding="utf-8")
    (empty / "metadata.txt").write_text("[general]\nname=Empty\nqgisMinimumVersion=3.0\nversion=1\n", encoding="utf-8")
    (folder / "load.py").write_text(LOADER, encoding="utf-8")
    command = ["qgis", "--nologo", "--noversioncheck", "--profiles-path", str(folder / "profiles")]
    command += ["--profile", "default", "--code", str(folder / "load.py")]
    variables = {**environment, "ASTROLOC_BENCH": str(folder / "figures.json"), "XDG_DATA_HOME": str(folder / "data")}
    subprocess.run(command, env=variables, check=True, timeout=120, capture_output=True)
    figures: dict[str, Any] = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
    return figures


def work(count: int) -> None:
    """Prints seconds by stage of the first and each tenth localization, and the memory of QGIS and of the engine."""
    figures = _work(count)
    settled = min(10, count) - 1
    for name in ("QGIS", "engine"):
        held = [each[name] for each in figures[settled:]]
        print(f"{name} from localization {settled + 1} to {count}: {held[-1] - held[0]:+.1f} MiB, most {max(held):.1f}")
    print(f"seconds, median of all: {statistics.median(each['wall'] for each in figures):.1f}")


def first(count: int, pause: float) -> None:
    """Prints seconds by stage of the first and the tenth localization, without and with the engine loaded ahead.

    Args:
        count: number of localizations in each QGIS.
        pause: seconds between adding the photo and the click that localizes it.
    """
    walls, worked = {}, {}
    for preload in ("no", "yes"):
        print(f"loaded ahead: {preload}")
        figures = _work(count, preload, pause)
        walls[preload], worked[preload] = (figures[0][name] for name in ("wall", "processor"))
    print(f"the first, loaded ahead, takes {walls['yes'] / walls['no']:.0%} of the time")
    print(f"and {worked['yes'] / worked['no']:.0%} of the processor's, which other jobs on the machine change little")
    print(f"load of this machine: {os.getloadavg()[0]:.1f}")


def _work(count: int, preload: str = "yes", pause: float = 0.0) -> list[dict[str, Any]]:
    """Localizes one photo many times in a fresh QGIS; returns the figures of each time."""
    from package import package

    from tests.desktop.desktop import make_profile, screen

    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        world = work / "world"
        world.mkdir()
        subprocess.run([sys.executable, str(ROOT / "tests" / "qgis" / "make_world.py"), str(world)], check=True)
        make_profile(work / "profiles", package(work / "plugin.zip"))
        (work / "work.py").write_text(WORKER, encoding="utf-8")
        command = ["qgis", "--nologo", "--noversioncheck", "--profiles-path", str(work / "profiles")]
        command += ["--profile", "default", "--code", str(work / "work.py"), str(world / "reference.tif")]
        own = {"ASTROLOC_PYTHON": sys.executable, "ASTROLOC_BENCH": str(count), "ASTROLOC_WORLD": str(world)}
        own |= {"ASTROLOC_PRELOAD": preload, "ASTROLOC_PAUSE": str(pause)}
        with screen(work) as environment, (work / "qgis.log").open("wb") as log:
            variables = {**environment, **own, "XDG_DATA_HOME": str(work / "data")}
            with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=log, text=True) as qgis:
                figures = list(_shown(qgis.stdout or ()))
        if len(figures) < count:
            raise SystemExit(f"ended after {len(figures)}: {(work / 'qgis.log').read_text(errors='replace')[-3000:]}")
    return figures


def _shown(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yields the figures of each localization; prints some of them as they come."""
    for line in lines:
        if not line.startswith(MARK):
            print(line, end="", file=sys.stderr)
            continue
        figures = json.loads(line.removeprefix(MARK))
        if figures["number"] in (1, 2) or figures["number"] % 10 == 0:
            parts = {"start and QGIS": figures["wall"] - sum(figures["stages"].values()), **figures["stages"]}
            stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in parts.items())
            held = f"QGIS {figures['QGIS']:.1f} MiB, engine {figures['engine']:.1f} MiB"
            taken = f"{figures['wall']:.1f} s, of which the processor worked {figures['processor']:.1f} s"
            print(f"{figures['number']}: {taken} ({stages}); {held}", flush=True)
        yield figures


def main() -> None:
    """Measures what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["load", "work", "first"])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--count", type=int, help="100 for work, 10 for first")
    parser.add_argument("--pause", type=float, default=6.0)
    options = parser.parse_args()
    if options.what == "first":
        first(options.count or 10, options.pause)
    elif options.what == "load":
        load(options.runs)
    else:
        work(options.count or 100)


if __name__ == "__main__":
    main()
