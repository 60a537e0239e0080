"""Progress on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from astroloc_qgis.engine.progress import Progress, no_progress


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """A bar on stderr, one stage after the other; nothing where stderr is no terminal."""
    if sys.stderr is None or not sys.stderr.isatty():  # None where the process was started without one
        yield no_progress
        return
    from tqdm import tqdm

    with tqdm(total=100, leave=False, bar_format="{desc} {bar} {percentage:3.0f} %  {elapsed}") as bar:

        def show(stage: str, fraction: float) -> None:
            bar.set_description_str(f"{title}: {stage}", refresh=False)
            bar.n = round(100 * fraction)
            bar.refresh()

        yield show
