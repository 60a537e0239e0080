"""The table of models and matchers, and the actions on their weights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from astroloc_qgis.cli import matchers as matcher_actions
from astroloc_qgis.cli.models.listing import READY, ListedModel, listed_models
from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.progress import Progress
from astroloc_qgis.engine.weights.hub import SUFFIXES
from astroloc_qgis.engine.weights.models import (
    MATCHER,
    MODELS,
    architecture_of,
)
from astroloc_qgis.engine.weights.packaged import WEIGHTS
from astroloc_qgis.engine.weights.published import DESCRIPTORS, PUBLISHED, known_weights
from astroloc_qgis.engine.weights.store import (
    FOLDER_VARIABLE,
    WeightRecord,
    add_weights,
    recorded_weights,
    remove_weights,
    weights_folder,
)


def table() -> str:
    """The models and matchers: installed or how to get them, size, length of a vector, licence, and use."""
    rows = [("name", "kind", "installed", "MB", "numbers", "licence", "good for")]
    rows += [
        (
            *(model.name, model.kind, model.state, _size(model)),
            *(str(model.dimensions or "-"), model.licence, model.good_for),
        )
        for model in listed_models()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = [
        "  ".join([*(f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]]) for row in rows
    ]
    return "\n".join(
        [
            *lines,
            "",
            "'models fetch NAME' fetches weights, 'models give NAME FILE' installs those that you have, 'models remove "
            "NAME' removes them; by hand: the command that uses the model says how.",
            f"They are kept in {weights_folder()} (${FOLDER_VARIABLE}), with their sha256 in weights.json.",
        ]
    )


def _size(model: ListedModel) -> str:
    """Megabytes of the weights, where all their sizes are known."""
    return f"{'' if model.exact else 'about '}{_megabytes(model.size)}" if model.size else "-"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f}"


def remove(name: str) -> list[Path]:
    """Remove the weights of a model or matcher that were fetched or given; returns the files.

    Those that another installed model or matcher needs too are kept.

    Raises:
        InputError: there is no such model, or none of its weights can be removed.
    """
    models = {model.name: model for model in listed_models()}
    if name not in models:
        raise InputError(f"There is no model '{name}': choose one of {', '.join(models)}.")
    others = [model for model in models.values() if model.name != name and model.state == READY]
    shared = {file.name for model in others for file in model.files}
    files = [file.name for file in models[name].files if file.recorded and file.name not in shared]
    if not files:
        raise InputError(f"The model '{name}' has no weights to remove: none of its own were fetched or given.")
    return [remove_weights(file) for file in files]


def costs(networks: Sequence[str], device: str, pictures: int) -> Iterator[str]:
    """The measured cost of published networks, line by line, beside the shipped model's.

    Raises:
        InputError: an unknown network.
    """
    from astroloc_qgis.engine.descriptors.published.cost import NETWORKS, measure

    for name in networks:
        if name not in NETWORKS:
            raise InputError(f"There is no network '{name}' to measure: choose one of {', '.join(NETWORKS)}.")
    yield "network              s a picture  times astroloc-lite  weights MB  peak MB  threads"
    for name in networks or NETWORKS:
        cost = measure(name, device, pictures)
        peak = "-" if cost.peak_mb is None else f"{cost.peak_mb:.0f}"
        yield (
            f"{name:19}  {cost.seconds:11.3f}  {cost.ratio:19.1f}  {cost.weights_mb:10.0f}  {peak:>7}  {cost.threads:7}"
        )


def files_of(name: str, sha256: str | None) -> list[str]:
    """The names of the weights to fetch for a model or matcher.

    Args:
        name: of a model, a matcher or of weights.
        sha256: checksum given by the user; None for none.

    Raises:
        InputError: an unknown name, nothing to fetch, or weights that no server gives.
    """
    if name in DESCRIPTORS:
        return [name]
    if name in MODELS and not any(each in PUBLISHED for each in MODELS[name].files):
        raise InputError(f"The model '{name}' has nothing to fetch: its weights come with the plugin or its engine.")
    if name not in MODELS and name not in PUBLISHED:
        raise InputError(f"There is no model '{name}': choose one of {', '.join(MODELS)}.")
    return matcher_actions.weights_of(name, sha256)


def announce(name: str) -> str:
    """The licence of the weights that are fetched next, and where they come from."""
    published = known_weights(name)
    if published is None:
        raise KeyError(name)
    size = f"{published.size:,} bytes" if published.size else "told by the server"
    if published.about and not published.size:
        size = f"about {_megabytes(published.about)} MB"
    return "\n".join(
        [
            f"{name}: licence {published.licence}",
            f"  source   {published.url or published.source}",
            f"  size     {size}",
            f"  sha256   {published.proof or 'not published: that of the first download is recorded and held to'}",
        ]
    )


def fetch(name: str, sha256: str | None, progress: Progress) -> str:
    """Fetch weights, unless they are here; returns the record in words.

    Raises:
        InputError: as ``weights.download.fetch_weights``, or the file is not a checkpoint of that model.
    """
    from astroloc_qgis.engine.weights.download import fetch_weights

    path = fetch_weights(
        name, sha256=sha256, trust_first=True, check=lambda path: _check(name, path), progress=progress
    )
    record = recorded_weights().get(name)
    return _described(name, record) if record else f"  {path}"


def _check(name: str, path: Path) -> None:
    """Refuse a file that is not a checkpoint of these weights."""
    if name in DESCRIPTORS:
        from astroloc_qgis.engine.descriptors.published.checkpoint import read_network

        read_network(path, architecture_of(name))
    else:
        from astroloc_qgis.engine.matchers.loading import fitted
        from astroloc_qgis.engine.weights.lookup import read_state_dict

        fitted(name, read_state_dict(path))


def give(name: str, path: Path, *, sha256: str | None, licence: str | None, source: str | None) -> str:
    """Install weights from a file or a folder; returns the records in words.

    Raises:
        InputError: the name cannot be used, there is no such file, or it does not fit.
    """
    about = {"sha256": sha256, "licence": licence, "source": source}
    if name in MODELS and MODELS[name].kind == MATCHER:
        return _give_matcher(name, path, about)
    if name in PUBLISHED:
        return matcher_actions.add(name, _file_in(path, PUBLISHED[name].file), like=None, **about)
    if name in MODELS and name not in DESCRIPTORS:
        raise InputError(f"The model '{name}' needs no file: its weights come with the plugin or its engine.")
    taken = name in WEIGHTS or name == "auto" or (name in descriptors.names() and architecture_of(name) is None)
    if taken or not re.fullmatch("[a-z0-9][a-z0-9._-]*", name):
        raise InputError(
            f"'{name}' cannot be the name of a model of your own: take another one, of small letters, digits, points "
            "and dashes."
        )
    from astroloc_qgis.engine.descriptors.published.checkpoint import read_network

    file = _file_in(path, DESCRIPTORS[name].file if name in DESCRIPTORS else None)
    layout = read_network(file, architecture_of(name) if name in DESCRIPTORS else None).layout
    like = None if name in DESCRIPTORS else layout.architecture
    record = add_weights(name, file, like=like, **about)
    lines = [_described(name, record), f"  pictures {layout.image_size} px", f"  vector   {layout.dimensions} numbers"]
    return "\n".join(lines)


def _give_matcher(name: str, path: Path, about: dict[str, str | None]) -> str:
    """Install the weights of a matcher: its only file, or all from a folder by the names they are published under."""
    needed = [each for each in matchers.known(name).weights if each in PUBLISHED]
    if not needed:
        raise InputError(f"The matcher '{name}' needs no file: its weights come with the engine.")
    if len(needed) > 1 and (not path.is_dir() or about["sha256"]):
        raise InputError(
            f"The matcher '{name}' has {len(needed)} files: name a folder with them, or give "
            f"{', '.join(needed)} one by one."
        )
    files = [_file_in(path, PUBLISHED[each].file) for each in needed]
    return "\n".join(
        matcher_actions.add(each, file, like=None, **about) for each, file in zip(needed, files, strict=True)
    )


def _file_in(path: Path, name: str | None) -> Path:
    """The file itself; of a folder the file of that name, else its only checkpoint.

    Raises:
        InputError: there is none, or there are several.
    """
    if not path.is_dir():
        if not path.is_file():
            raise InputError(f"There is no file or folder {path}: name a file of weights, or a folder with one.")
        return path
    if name and (path / name).is_file():
        return path / name
    found = sorted(each for each in path.iterdir() if each.suffix.lower() in SUFFIXES and each.is_file())
    if len(found) != 1:
        what = f"{len(found)} checkpoints" if found else f"no checkpoint ({', '.join(SUFFIXES)})"
        raise InputError(f"The folder {path} holds {what}: name the file itself.")
    return found[0]


def _described(name: str, record: WeightRecord) -> str:
    return "\n".join(
        [
            f"{name}: {weights_folder() / record.file}",
            f"  sha256   {record.sha256} (recorded; every later file is held to it)",
            f"  size     {record.size:,} bytes",
            f"  licence  {record.licence}",
            f"  source   {record.source}",
        ]
    )
