"""The summary of an index folder, read from its index.json alone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.resources import shipped
from astroloc_qgis.qgis_adapters.text import tr


@dataclass(frozen=True)
class IndexSummary:
    """What the dock needs to know of an index; ``imagery_uri`` is what GDAL opens, ``imagery`` its name or address."""

    title: str
    model: str
    zooms: tuple[int, ...]
    blocks: int
    imagery_uri: str
    attribution: str

    @property
    def imagery(self) -> str:
        """The imagery as the dock shows it: of a service that GDAL knows by a description in XML, the address."""
        found = re.search(r"<ServerUrl>(.*?)</ServerUrl>", self.imagery_uri, re.DOTALL)
        return found.group(1) if found else self.imagery_uri


def world_index() -> Path | None:
    """The index of the whole world that comes with the plugin; None where it was left out."""
    folder = shipped("index", "world")
    return folder if (folder / "index.json").is_file() else None


def read_index_summary(folder: Path) -> IndexSummary:
    """Read the summary of the index in ``folder``.

    Raises:
        InputError: the folder holds no index that can be read.
    """
    file = folder / "index.json"
    if not file.is_file():
        raise InputError(
            tr("There is no index in {folder}: choose another folder, or build one.").format(folder=folder)
        )
    try:
        stat = file.stat()
        return _summary(file, stat.st_mtime_ns, stat.st_size)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        sentence = tr("The index in {folder} is damaged: build it again.").format(folder=folder)
        raise InputError(sentence, repr(error)) from error


@lru_cache(maxsize=64)
def _summary(file: Path, _changed_ns: int, _size: int) -> IndexSummary:
    """The summary that a file holds; it is read again when its time or size has changed."""
    info = json.loads(file.read_text(encoding="utf-8"))
    return IndexSummary(
        title=str(info.get("title") or file.parent.name),
        model=str(info["model"]),
        zooms=tuple(int(zoom) for zoom in info["zooms"]),
        blocks=sum(int(count) for count in info["counts"].values()),
        imagery_uri=str(info.get("imagery_uri", "")),
        attribution=str(info.get("attribution", "")),
    )
