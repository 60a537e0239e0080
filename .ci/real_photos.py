"""Fills the tables of real photos in README.md and measurements.md from what was measured (`make real-photos`).

`make bench-real` measures. A table whose measurement is missing says so.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the plugin is not an installed package

from astroloc_qgis.engine.benchmark.reports.photos_real import kinds_table, missed_table  # noqa: E402 - see above
from astroloc_qgis.engine.confidence.model import FOLDER  # noqa: E402
from astroloc_qgis.engine.confidence.real_pairs import real_pairs  # noqa: E402

MEASURED = ROOT / "resources" / "models" / "measured"
README = ROOT / "README.md"
MEASUREMENTS = ROOT / "resources" / "help" / "measurements.md"

SHEET = MEASUREMENTS.parent / "missed.jpg"

RUNS = {
    "nadir known": "photos-real.json",
    "without it": "photos-real-no-nadir.json",
    "with its neighbours": "photos-real-sequence.json",
}
"""The heading of a run's column, and its file."""


def runs() -> dict[str, dict[str, Any]]:
    """The reports that there are, by their headings."""
    return {
        heading: json.loads((MEASURED / name).read_text(encoding="utf-8"))
        for heading, name in RUNS.items()
        if (MEASURED / name).is_file()
    }


def by_kind() -> str:
    """The table of all runs, by kind of photo, and their times."""
    found = runs()
    if not found:
        return "Not measured yet."
    times = [
        f"{heading}: {_seconds(each['seconds']['localized'])} in the median of the localized, "
        f"{_seconds(each['seconds']['not_localized'])} of the others, {_seconds(each['seconds']['worst'])} at most"
        for heading, each in found.items()
    ]
    return f"{kinds_table(found)}\n\nTime a photo, {'; '.join(times)}."


def missed() -> str:
    """What the run with the nadir misses, and why."""
    path = MEASURED / RUNS["nadir known"]
    if not path.is_file():
        return "Not measured yet."
    words = missed_table(json.loads(path.read_text(encoding="utf-8")))
    return f"{words}\n\n![Missed photos beside their true ground]({SHEET.name})" if SHEET.is_file() else words


def pairs_by_matcher() -> str:
    """The real pairs (of a photo and a place) behind each matcher that is calibrated."""
    lines = [
        "| matcher | real photos shown | pairs shown | pairs elsewhere | right solutions | wrong ones "
        "| the surest wrong one | accepted from |",
        "| --- |" + " ---: |" * 7,
    ]
    for path in sorted(FOLDER.glob("*.json")):
        real = real_pairs(path.stem)
        lines.append(
            f"| {path.stem} | {real.photos} | {real.shown} | {real.elsewhere} | {real.right} | {real.wrong} "
            f"| {real.highest_wrong:.2f} | {real.accepted_from:g} |"
        )
    return "\n".join(lines)


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} s"


SECTIONS = {
    (README, "real photos"): by_kind,
    (MEASUREMENTS, "missed photos"): missed,
    (MEASUREMENTS, "real pairs"): pairs_by_matcher,
}


def fill(document: str, name: str, content: str) -> str:
    """A document with one section written again.

    Raises:
        SystemExit: it has no such section.
    """
    mark = re.compile(rf"<!-- {name} -->\n.*?<!-- /{name} -->", re.DOTALL)
    if not mark.search(document):
        raise SystemExit(f"There is no section <!-- {name} --> to fill.")
    before, after = mark.split(document, maxsplit=1)
    return f"{before}<!-- {name} -->\n{content}\n<!-- /{name} -->{after}"


if __name__ == "__main__":
    for (path, name), write in SECTIONS.items():
        path.write_text(fill(path.read_text(encoding="utf-8"), name, write()), encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {name}")
