"""Fills the tables of the model card from the measurements (`make model-card`); a missing measurement is named so."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the plugin is not an installed package

from astroloc_qgis.engine.benchmark.retrieval import region_table, table  # noqa: E402 - needs the line above

MODELS = ROOT / "resources" / "models"
CARD = MODELS / "MODEL_CARD.md"
MEASURED = MODELS / "measured"
INDEX = ROOT / "resources" / "index" / "world"


def model(record: dict[str, Any]) -> str:
    """The record of the weight file, in words."""
    config = record.get("config", {})
    lines = [
        f"- weights `astroloc-lite.npz`: {record['bytes'] / 1e6:.2f} MB in half precision, sha256 `{record['sha256']}`",
        f"- {config.get('dimensions', '?')} dimensions; trained for {record.get('steps', '?')} steps of "
        f"{config.get('batch', '?')} pairs, loss {config.get('loss', '?')}",
    ]
    lines += [f"- {key}: {record[key]}" for key in ("command", "start", "history", "trained_on") if key in record]
    if "simulator" in record:
        avoided = record["avoided"]
        lines.append(
            f"- imagery {', '.join(record['imagery'])}; footprints {record['footprints']['file']}, split "
            f"{record['footprints']['split']}; nothing within {avoided['within_km']:g} km of "
            f"{', '.join(avoided['of'])}; version {record['simulator']} of the simulator; torch {record['torch']}"
        )
    own = json.loads((MODELS / "astroloc-texture.json").read_text(encoding="utf-8"))
    return "\n".join(
        [
            *lines,
            f"- texture `astroloc-texture.npz`: {own['bytes'] / 1e6:.2f} MB in half precision, sha256 "
            f"`{own['sha256']}`; {own['dimensions']} numbers in {own['code_bytes']} bytes, "
            f"learned from {own['learned_from']}",
        ]
    )


def index(info: dict[str, Any]) -> str:
    """The description of the index."""
    size = sum(path.stat().st_size for path in INDEX.iterdir() if path.is_file())
    south, north = (f"{abs(lat):.0f} {'N' if lat > 0 else 'S'}" for lat in (info["extent"][1], info["extent"][3]))
    counts = ", ".join(f"{count:,} at zoom {zoom}" for zoom, count in info["counts"].items())
    zooms = " and ".join(map(str, info["texture_zooms"]))
    return (
        f"{sum(info['counts'].values()):,} blocks ({counts}) between {south} and {north}, kind {info['kind']}, "
        f"and texture codes at zooms {zooms}, {size / 1e6:.2f} MB in all; made with weights of sha256 "
        f"`{info['model_sha256'][:12]}…` and texture model `{info['texture_sha256'][:12]}…`."
    )


def named(entry: dict[str, Any]) -> str:
    """The name of an index's measurement in a table."""
    about = entry["index"]
    return f"{about['model']}, {about['kind']}, {about['blocks']:,} blocks"


def by_radius(entry: dict[str, Any]) -> dict[str, Any]:
    """The same measurement without the nadir's soft prior, only within its radius."""
    return {**entry, "mean": entry["by_radius"]}


def measured(entry: dict[str, Any]) -> str:
    """Rows for the shipped index, for it without the nadir's soft prior, and for exact vectors, as far as measured."""
    rows = {f"**{named(entry)}**": entry}
    if "by_radius" in entry:
        rows["the nadir only as the middle of a circle"] = by_radius(entry)
    own = entry.get("compared", {}).get("models", {}).get(entry["index"]["model"])
    if own:
        rows[named(own)] = own
    return table(rows)


def with_radius_alone(entries: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Measurements by name, each followed by the same without the nadir's soft prior."""
    rows: dict[str, dict[str, Any]] = {}
    for words, each in entries.items():
        rows |= {words: each, f"{words}, the radius alone": by_radius(each)}
    return rows


def texture(entry: dict[str, Any]) -> str:
    """The shipped index with its texture codes and without, in rows as ``measured``'s."""
    without = json.loads((MEASURED / "without-texture.json").read_text(encoding="utf-8"))
    return table(with_radius_alone({"with texture": entry, "without": without}))


def baselines(entry: dict[str, Any]) -> str:
    """An index and the descriptors beside it, each with the nadir's soft prior and by the radius alone."""
    return table(with_radius_alone({named(each): each for each in (entry, *entry["compared"]["models"].values())}))


def localization(entry: dict[str, Any]) -> str:
    """One row a region: its photos, those placed rightly and wrongly, and the matchers that placed them."""
    lines = [
        "| region | photos | right | wrong | not localized | by SIFT | by XFeat | by ALIKED |",
        "| --- |" + " ---: |" * 7,
    ]
    names = list(dict.fromkeys(photo["region"] for photo in entry["photos"]))
    for name in [*names, "all"]:
        photos = [photo for photo in entry["photos"] if name in (photo["region"], "all")]
        placed = [photo for photo in photos if photo["localized"]]
        right = sum(bool(photo["right"]) for photo in placed)
        values = [len(photos), right, len(placed) - right, len(photos) - len(placed)]
        values += [sum(photo["matcher"].startswith(one) for photo in placed) for one in ("sift", "xfeat", "aliked")]
        lines.append(f"| {name} | " + " | ".join(map(str, values)) + " |")
    seconds = entry["seconds"]
    lines += ["", f"{entry['right']:.1f} % placed rightly; {seconds['median']:.1f} s a photo in the median, "
              f"{seconds['95 %']:.1f} s in the 95th percentile."]  # fmt: skip
    return "\n".join(lines)


def ablation(entries: list[dict[str, Any]]) -> str:
    """One row a variant."""
    tops = ("1", "10", "100")
    lines = ["| method | " + " | ".join([*(f"R@{top}" for top in tops), *(f"IoU R@{top}" for top in tops)]) + " |"]
    lines.append("| --- |" + " ---: |" * 6)
    for entry in entries:
        values = [entry["recall"][rule][top] for rule in ("overlap", "iou20") for top in tops]
        lines.append(f"| {entry['variant']} | " + " | ".join(f"{value:.1f}" for value in values) + " |")
    return "\n".join(lines)


WRITERS: dict[Callable[[Any], str], tuple[str, ...]] = {
    measured: ("retrieval", "worldwide", "own photos, untouched"),
    baselines: ("baselines", "own photos"),
    localization: ("localization",),
    ablation: ("ablation",),
}
"""Sections that are written from a measurement of the same name."""

SECTIONS: dict[str, tuple[Path, Callable[[Any], str]]] = {
    "model": (MODELS / "astroloc-lite.json", model),
    "index": (INDEX / "index.json", index),
    "regions": (MEASURED / "retrieval.json", region_table),
    "texture": (MEASURED / "retrieval.json", texture),
    **{
        name: (MEASURED / f"{name.replace(', ', '-').replace(' ', '-')}.json", write)
        for write, names in WRITERS.items()
        for name in names
    },
}


def fill(card: str) -> str:
    """The card with every section written again."""
    for name, (path, write) in SECTIONS.items():
        content = write(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else "Not measured yet."
        mark = re.compile(rf"<!-- {name} -->\n.*?<!-- /{name} -->", re.DOTALL)
        if not mark.search(card):
            raise SystemExit(f"{CARD} has no section <!-- {name} -->")
        before, after = mark.split(card, maxsplit=1)
        card = f"{before}<!-- {name} -->\n{content}\n<!-- /{name} -->{after}"
    return card


if __name__ == "__main__":
    CARD.write_text(fill(CARD.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"{CARD.relative_to(ROOT)} is up to date with what was measured.")
