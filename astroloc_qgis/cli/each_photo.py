"""The loop of ``localize`` and ``refine``: one photo after the other, and the report of all."""

from __future__ import annotations

import traceback
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astroloc_qgis.cli.bar import progress_bar
from astroloc_qgis.cli.report import describe_entry, unfinished_entry, write_json
from astroloc_qgis.cli.status import DEFECT, LOCALIZED, NOT_LOCALIZED
from astroloc_qgis.cli.terminal import complain, defect, tell
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.progress import Progress

if TYPE_CHECKING:
    from astroloc_qgis.engine.pipeline import Localization


def each_photo(options: Namespace, work: Callable[[Path, Progress], Localization]) -> int:
    """Do the work on each photo, and report; a defect in one photo does not stop the others.

    Args:
        options: ``photos`` and ``json``.
        work: localizes one photo.

    Returns:
        The exit status.

    Raises:
        InputError: an input is wrong; then there is no report.
    """
    entries: list[dict[str, Any]] = []
    broken = False
    try:
        for photo in options.photos:
            try:
                with progress_bar(photo.name) as progress:
                    entry = work(photo, progress).report()
            except InputError:
                raise
            except Exception as error:  # noqa: BLE001 - it is shown with its traceback, and sets the exit status
                broken = True
                complain(defect(error))
                traceback.print_exc()
                entry = unfinished_entry(photo, defect(error))
            entries.append(entry)
            tell(describe_entry(entry))
    except KeyboardInterrupt:
        broken = True
        complain("Interrupted.")
        entries += [unfinished_entry(photo, "interrupted") for photo in options.photos[len(entries) :]]
    if options.json:
        write_json(options.json, entries)
    if broken:
        return DEFECT
    return LOCALIZED if all(entry["status"] == "localized" for entry in entries) else NOT_LOCALIZED
