"""Names of exported files, from a template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from string import Formatter

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.photo.exif import read_exif
from astroloc_qgis.gui.model.work import Work
from astroloc_qgis.qgis_adapters.text import tr

FIELDS = ("name", "date", "time", "state", "number")
DEFAULT = "{name}_georeferenced"
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f]+')


def file_names(template: str, photos: Sequence[tuple[Path, Work]]) -> list[str]:
    """The name, without ending, of each photo's files.

    Args:
        template: with ``{name}``, ``{date}``, ``{time}``, ``{state}`` and ``{number}``.
        photos: path and work of each.

    Raises:
        InputError: the template has other fields or none where there are several photos, or two names are the same.
    """
    try:
        used = {field for _, field, _, _ in Formatter().parse(template) if field is not None}
    except ValueError as error:
        raise InputError(
            tr("The name “{template}” has a brace without its other half.").format(template=template)
        ) from error
    if unknown := sorted(used - set(FIELDS)):
        sentence = tr("There is no {field} for names: there are {known}.")
        shown = ", ".join(f"{{{field}}}" for field in FIELDS)
        raise InputError(sentence.format(field=f"{{{unknown[0]}}}", known=shown))
    names = [_UNSAFE.sub("-", template.format(**_values(path, work, number))).strip(" .")
             for number, (path, work) in enumerate(photos, start=1)]  # fmt: skip
    if not all(names):
        raise InputError(tr("The name is empty: give at least {name}.").format(name="{name}"))
    same = [name.casefold() for name in names]  # capital letters do not count on every disk
    if len(set(same)) < len(same):
        twice = next(name for name in names if same.count(name.casefold()) > 1)
        sentence = tr("Two photos would be written to {name}: put {field} into the template.")
        raise InputError(sentence.format(name=twice, field="{number}"))
    return names


def _values(path: Path, work: Work, number: int) -> dict[str, str]:
    taken = read_exif(path).taken if path.is_file() else None
    return {
        "name": path.stem,
        "date": f"{taken:%Y%m%d}" if taken else "undated",
        "time": f"{taken:%H%M%S}" if taken else "",
        "state": work.state.value.replace(" ", "-"),
        "number": f"{number:03d}",
    }
