"""Measures the plugin inside QGIS: what loading it costs, and what photo after photo does to time and memory.

.venv/bin/python .ci/bench_qgis.py load  [--runs 5]      a real QGIS under Xvfb, beside an empty plugin
.venv/bin/python .ci/bench_qgis.py work  [--count 100]   the dock with the real engine, generated land and photo
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
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
    """Prints seconds by stage of the first and the tenth localization, and QGIS's memory as they go on."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = folder
        os.environ["ASTROLOC_PYTHON"] = sys.executable
        world = Path(folder, "world")
        world.mkdir()
        subprocess.run([sys.executable, str(ROOT / "tests" / "qgis" / "make_world.py"), str(world)], check=True)
        _work(world, count)


def _work(world: Path, count: int) -> None:
    from pytest_qgis.mock_qgis_classes import MockMessageBar
    from pytest_qgis.qgis_interface import QgisInterface
    from qgis.core import QgsProject, QgsRasterLayer
    from qgis.gui import QgsMapCanvas
    from qgis.PyQt.QtWidgets import QMainWindow
    from qgis.testing import start_app

    app = start_app()
    window = QMainWindow()
    canvas = QgsMapCanvas(window)
    from astroloc_qgis import classFactory

    plugin = classFactory(QgisInterface(canvas, MockMessageBar(), window))
    plugin.initGui()
    dock = plugin.dock
    layer = QgsRasterLayer(str(world / "reference.tif"), "reference")
    QgsProject.instance().addMapLayer(layer)
    dock.reference.layers.setLayer(layer)
    dock.index.choose(world / "index")
    dock.settings.output = world / "out"
    dock.settings.matcher = "auto"
    dock.add_photos([world / "ISS099-E-1234.jpg"])
    results: list[dict[str, Any]] = []
    reports = results.append
    dock.localization.engine.succeeded.connect(lambda done: reports(done.result) if "status" in done.result else None)
    memory, engine, walls = [], [], []
    for number in range(1, count + 1):
        dock.photos.selectAll()
        started = time.monotonic()
        dock.localization.localize()
        while dock.localization.busy:
            app.processEvents()
            time.sleep(0.01)
        walls.append(time.monotonic() - started)
        if len(results) != number or results[-1]["status"] != "localized":
            raise SystemExit(f"localization {number} failed: {dock.photos.photos.items[0].note}")
        for _ in range(10):
            app.processEvents()
        memory.append(_resident(os.getpid()))
        engine.append(_resident(dock.localization.engine.process_id))
        if number in (1, 2) or number % 10 == 0:
            stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in results[-1].get("seconds", {}).items())
            print(
                f"{number}: {walls[-1]:.1f} s ({stages}); QGIS {memory[-1]:.1f} MiB, engine {engine[-1]:.1f} MiB",
                flush=True,
            )
    settled = min(10, count) - 1
    for name, held in (("QGIS", memory), ("engine", engine)):
        print(f"{name} from localization {settled + 1} to {count}: {held[-1] - held[settled]:+.1f} MiB")
    print(f"seconds, median of all: {statistics.median(walls):.1f}")
    plugin.unload()
    sys.stdout.flush()
    os._exit(0)


def _resident(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Measures what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["load", "work"])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--count", type=int, default=100)
    options = parser.parse_args()
    if options.what == "load":
        load(options.runs)
    else:
        work(options.count)


if __name__ == "__main__":
    main()
