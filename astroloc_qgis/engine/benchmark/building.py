"""How fast indexes are built and in how much memory: each build in a process of its own, by the command line."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.tiles import Extent


def run(
    imagery: str,
    zooms: Sequence[int],
    extents: Sequence[Extent],
    *,
    model: str,
    workers: Sequence[int] = (1,),
    kind: str = "Flat",
) -> list[dict[str, Any]]:
    """Build an index of each extent by each number of processes, on the CPU, and delete it.

    Args:
        imagery: what is described.
        zooms: web-map zooms of the blocks.
        extents: west, south, east, north in degrees.
        model: name of a descriptor.
        workers: numbers of processes; 1: the build's own process describes.
        kind: kind of the vector store.

    Returns:
        What ``index build --json`` writes of each build, extent by extent.

    Raises:
        InputError: a build fails; the sentence is its own.
    """
    found = []
    for extent in extents:
        for count in workers:
            with tempfile.TemporaryDirectory(prefix="astroloc-build-") as folder:
                report = Path(folder) / "report.json"
                command = [sys.executable, "-m", "astroloc_qgis", "index", "build", "--imagery", imagery]
                command += ["--zooms", ",".join(map(str, zooms)), f"--extent={','.join(f'{x:g}' for x in extent)}"]
                command += ["--model", model, "--kind", kind, "--texture-zoom", "0", "--device", "cpu"]
                command += ["--workers", str(count), "--out", str(Path(folder) / "index"), "--json", str(report)]
                ended = subprocess.run(command, capture_output=True, text=True, check=False)
                if ended.returncode:
                    words = ended.stderr.strip().splitlines()
                    raise InputError(words[-1].removeprefix("astroloc: ") if words else "The build failed.")
                found.append(json.loads(report.read_text(encoding="utf-8")))
    return found


def describe(builds: Sequence[dict[str, Any]]) -> str:
    """A table of builds in Markdown."""
    lines = [
        "| blocks asked for | in the index | processes | blocks a second | s of CPU | reading | describing | writing "
        "| peak memory of the build | of a worker |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for build in builds:
        shares = build["shares"]
        workers = {name: worker for name, worker in build["workers"].items() if name}
        most = max((worker["peak_memory"] for worker in workers.values()), default=0)
        lines.append(
            f"| {build['asked']:,} | {build['blocks']:,} | {max(1, len(workers))} "
            f"| {build['asked'] / build['describing_seconds']:.1f} | {build['cpu_seconds']:.0f} "
            f"| {shares['read']:.0%} | {shares['describe']:.0%} | {shares['write']:.0%} "
            f"| {build['peak_memory'] / 1e6:,.0f} MB | {f'{most / 1e6:,.0f} MB' if most else ''} |"
        )
    return "\n".join(lines)
