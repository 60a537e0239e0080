"""Runs the tests, one pytest a folder, and prints one closing line for them all.

The engine's libraries (torch, faiss, OpenCV) and QGIS do not share a process, in the product and in the tests alike;
neither do QGIS's Qt and Qt 6, on which what needs no real map is tried for QGIS 4. Each process keeps to one thread, so
the long engine group runs beside the others, one after another.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build" / "tests"
WITH_QGIS = ["-p", "pytest_qgis", "-p", "pytest-qt"]
WITH_QT_6 = ["-p", "tests.qt6.plugin", "-p", "pytest-qt"]
OUTCOMES = ("failed", "passed", "skipped", "errors")


@dataclass(frozen=True)
class Group:
    """A folder of tests that runs in a process of its own, with its options and tests of other folders."""

    name: str
    options: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


GROUPS = [
    Group("house"),
    Group("engine"),
    Group("worker"),
    Group("installer"),
    Group("qgis", WITH_QGIS),
    Group(
        "qt6",
        WITH_QT_6,
        [f"tests/qgis/test_{name}.py" for name in ("desk_bar", "engine_process", "raw_thumbnail", "world_index")],
    ),
    Group("desktop"),
]


def lanes(groups: Sequence[Group]) -> list[list[Group]]:
    """The groups that run in parallel: the engine's tests, as long as the rest, and the others in their order."""
    engine = [group for group in groups if group.name == "engine"]
    others = [group for group in groups if group.name != "engine"]
    return [lane for lane in (engine, others) if lane]


def run(group: Group, extra: list[str], *, alone: bool) -> dict[str, int]:
    """Runs one group, slow and real tests included; returns how many tests had which outcome.

    Args:
        group: the tests.
        extra: further options of pytest.
        alone: whether no other group runs; then the output is shown at once, else in one piece at the end.
    """
    report = REPORTS / f"{group.name}.xml"
    report.unlink(missing_ok=True)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    folders = [f"tests/{group.name}", *group.others]
    command = [sys.executable, "-m", "pytest", *folders, "-m", "", "-q", "--durations=5"]
    command += [f"--junitxml={report}", *group.options, *extra]
    print(f"\n== tests/{group.name}{'' if alone else ' begins'}", flush=True)
    said = None if alone else subprocess.PIPE
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, stdout=said, stderr=subprocess.STDOUT)
    if not alone:
        print(f"\n== tests/{group.name} ended:\n{done.stdout.decode(errors='replace')}", flush=True)
    status = done.returncode
    counts = read(report) if report.exists() else dict.fromkeys(OUTCOMES, 0)
    if status != 0 and not counts["failed"] and not counts["errors"]:
        print(f"tests/{group.name}: pytest ended with status {status} and no failed test: counted as an error")
        counts["errors"] += 1
    return counts


def read(report: Path) -> dict[str, int]:
    """Counts the outcomes in a JUnit report written by pytest."""
    suites = ElementTree.parse(report).getroot().iter("testsuite")  # noqa: S314 - pytest wrote it a moment ago
    counts = dict.fromkeys(OUTCOMES, 0)
    for suite in suites:
        failed, skipped, errors = (int(suite.get(key, "0")) for key in ("failures", "skipped", "errors"))
        counts["failed"] += failed
        counts["skipped"] += skipped
        counts["errors"] += errors
        counts["passed"] += int(suite.get("tests", "0")) - failed - skipped - errors
    return counts


def main(arguments: list[str]) -> int:
    """Runs the groups named first among the arguments (or all); the rest goes to pytest."""
    names = [group.name for group in GROUPS]
    wanted = [name for name in arguments if name in names] or names
    extra = [argument for argument in arguments if argument not in names]
    REPORTS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    together = lanes([group for group in GROUPS if group.name in wanted])

    def run_lane(lane: list[Group]) -> list[dict[str, int]]:
        return [run(group, extra, alone=len(together) == 1) for group in lane]

    with ThreadPoolExecutor(len(together)) as pool:
        counts = [count for lane in pool.map(run_lane, together) for count in lane]
    total = {outcome: sum(count[outcome] for count in counts) for outcome in OUTCOMES}
    seconds = time.monotonic() - started
    closing = ", ".join(f"{total[outcome]} {outcome}" for outcome in OUTCOMES if total[outcome])
    closing = closing.replace(" 1 errors", " 1 error")
    print(f"\n===== {closing or 'no tests ran'} in {seconds:.2f}s =====", flush=True)
    return 1 if total["failed"] or total["errors"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
