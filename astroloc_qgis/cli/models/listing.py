"""The models and matchers that there are, as data: the table of ``models list``, and the page in QGIS."""

from __future__ import annotations

from dataclasses import dataclass

from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.matchers import registry as matchers
from astroloc_qgis.engine.weights.array_files import astroloc_lite_path
from astroloc_qgis.engine.weights.lookup import weights_present
from astroloc_qgis.engine.weights.models import DESCRIPTOR, MATCHER, MODELS, KnownModel, own_descriptors
from astroloc_qgis.engine.weights.packaged import WEIGHTS, packaged_path
from astroloc_qgis.engine.weights.published import DESCRIPTORS, NOT_STATED, known_weights
from astroloc_qgis.engine.weights.store import recorded_weights

READY, SET_UP, FETCH, BY_HAND = "yes", "no: set up the engine", "no: fetch", "no: by hand"
"""Whether a model is installed, and how it would be."""


@dataclass(frozen=True)
class ListedFile:
    """A file of weights.

    Attributes:
        name: of the weights.
        licence: of them.
        source: where they come from.
        size: bytes; 0 where they are not known.
        sha256: of the file, or what is known of it before it is fetched; "" for nothing.
        recorded: whether it is in the folder of weights, and so can be removed.
        by_hand: how to get it where no server gives it.
    """

    name: str
    licence: str
    source: str
    size: int
    sha256: str
    recorded: bool
    by_hand: str


@dataclass(frozen=True)
class ListedModel:
    """A model or matcher.

    Attributes:
        name: of it.
        kind: "descriptor" or "matcher".
        state: one of ``READY``, ``SET_UP``, ``FETCH``, ``BY_HAND``.
        size: bytes of its weights; 0 where they are not known.
        exact: whether that is their size, not nearly.
        dimensions: numbers of a descriptor's vector; 0 for a matcher, and where they are the checkpoint's.
        licence: of its weights, or of itself.
        good_for: what it is good for.
        files: of weights that it needs.
        takes_files: whether weights can be given.
    """

    name: str
    kind: str
    state: str
    size: int
    exact: bool
    dimensions: int
    licence: str
    good_for: str
    files: tuple[ListedFile, ...]
    takes_files: bool


def listed_models() -> list[ListedModel]:
    """All of them, the user's own checkpoints last."""
    known = [_listed(name, model) for name, model in {**MODELS, **_unlisted()}.items()]
    own = [
        ListedModel(
            name, DESCRIPTOR, READY, record.size, True, 0, record.licence, f"your own, of {record.like}",
            (_file(name),), False,
        )
        for name, record in recorded_weights().items()
        if name not in MODELS and record.like in DESCRIPTORS
    ]  # fmt: skip
    return known + own


def _listed(name: str, model: KnownModel) -> ListedModel:
    size, exact = _size(model)
    licence = matchers.known(name).licence if model.kind == MATCHER else _licence(model)
    return ListedModel(
        name, model.kind, _state(model), size, exact, model.dimensions, licence, model.good_for,
        tuple(map(_file, model.files)), bool(model.files) and not all(each in WEIGHTS for each in model.files),
    )  # fmt: skip


def _file(name: str) -> ListedFile:
    record, known = recorded_weights().get(name), known_weights(name)
    if record is not None:
        return ListedFile(name, record.licence, record.source, record.size, record.sha256, True, "")
    if known is None:
        licence = WEIGHTS[name].licence if name in WEIGHTS else NOT_STATED
        return ListedFile(name, licence, "", _usual_size(name), "", False, "")
    source = known.url or known.source
    return ListedFile(
        name, known.licence, source, _usual_size(name), known.proof or "", False, known.by_hand
    )  # fmt: skip


def _unlisted() -> dict[str, KnownModel]:
    """The models and matchers of their registries that the registry of models says nothing about."""
    own = set(own_descriptors())
    found = {name: KnownModel(DESCRIPTOR, "-") for name in descriptors.offered() if name not in own}
    found |= {name: KnownModel(MATCHER, "-", entry.weights) for name, entry in matchers.MATCHERS.items()}
    return {name: model for name, model in found.items() if name not in MODELS}


def _licence(model: KnownModel) -> str:
    """Of a descriptor: that of its weights, or the plugin's own."""
    for name in model.files:
        return WEIGHTS[name].licence if name in WEIGHTS else DESCRIPTORS[name].licence
    return "GPL-2.0-or-later"


def _state(model: KnownModel) -> str:
    missing = [name for name in model.files if not weights_present(name)]
    if not missing:
        return READY
    if any(name in WEIGHTS for name in missing):
        return SET_UP
    known = [known_weights(name) for name in missing]
    return FETCH if all(each and each.can_be_fetched for each in known) else BY_HAND


def _size(model: KnownModel) -> tuple[int, bool]:
    """Bytes of the weights, 0 where not all their sizes are known; and whether that is exact."""
    if not model.files:
        path = astroloc_lite_path()
        return (path.stat().st_size if model is MODELS[descriptors.DEFAULT] and path.is_file() else 0), True
    records = recorded_weights()
    sizes = [records[each].size if each in records else _usual_size(each) for each in model.files]
    return (sum(sizes) if all(sizes) else 0), all(each in records or each in WEIGHTS for each in model.files)


def _usual_size(name: str) -> int:
    """Bytes of weights that are in a package or published, of these nearly; 0 where they are not known."""
    if name in WEIGHTS:
        try:
            return packaged_path(WEIGHTS[name]).stat().st_size
        except (InputError, OSError):  # the package is not installed
            return 0
    known = known_weights(name)
    return (known.size or known.about) if known else 0
