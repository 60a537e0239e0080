"""The folder of each photo's results: one for all, and one of its own where two photos' files would have one name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count
from pathlib import Path

from astroloc_qgis.engine.photo.number import photo_name
from astroloc_qgis.gui.model.photo_list import PhotoItem


def result_folder(photo: Path, items: Iterable[PhotoItem], usual: Callable[[Path], Path]) -> Path:
    """Return where the results of a photo go.

    Photos whose results would have the same names in one folder get folders of their own inside it, named after the
    folders that they are in. Where a photo already has results, they stay.

    Args:
        photo: one of the photos, or another.
        items: the photos of the list, in their order.
        usual: gives the folder for a photo that has no namesake.
    """
    folder, name = usual(photo), _name(photo)
    namesakes = [item for item in items if _name(item.path) == name and usual(item.path) == folder]
    if all(item.path == photo for item in namesakes):
        return folder
    taken: dict[Path, Path] = {}
    for item in namesakes:
        for place in _results(item, folder):
            taken.setdefault(place, item.path)
    for path in [*(item.path for item in namesakes), photo]:
        if path not in taken.values():
            taken[next(place for place in _places(folder, path) if place not in taken)] = path
    return next(place for place, path in taken.items() if path == photo)


def _name(photo: Path) -> str:
    """What the names of a photo's results begin with; capital letters do not count on every disk."""
    return photo_name(photo).casefold()


def _results(item: PhotoItem, folder: Path) -> Iterator[Path]:
    """The folders, among those for a photo's results, in which it has some."""
    for file in item.desk.work.outputs.values():
        place = Path(file).parent
        if folder in (place, place.parent):
            yield place


def _places(folder: Path, photo: Path) -> Iterator[Path]:
    """The folders for a photo's results, likeliest first."""
    name = photo.parent.name or "photos"
    return chain([folder, folder / name], (folder / f"{name}-{number}" for number in count(2)))
