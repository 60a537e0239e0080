"""The engine process's methods for models and matchers: which there are; fetching, giving and removing weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from astroloc_qgis.engine.progress import Progress, part_of
from astroloc_qgis.worker import models as loaded
from astroloc_qgis.worker.requests import FetchModel, GiveModel, ListModels, RemoveModel


def models(_request: ListModels, progress: Progress) -> Mapping[str, Any]:
    """List the models and matchers; returns them, and the ``folder`` of weights."""
    progress("read", 0.0)
    from astroloc_qgis.cli.models.listing import listed_models
    from astroloc_qgis.engine.weights.store import weights_folder

    return {"models": [dataclasses.asdict(model) for model in listed_models()], "folder": str(weights_folder())}


def models_fetch(request: FetchModel, progress: Progress) -> Mapping[str, Any]:
    """Fetch the weights of a model, going on with what broke off; returns the records in words as ``said``."""
    progress("fetch", 0.0)
    from astroloc_qgis.cli.models import actions

    names = actions.files_of(request.name, request.sha256)
    said = [
        actions.fetch(name, request.sha256, part_of(progress, number / len(names), (number + 1) / len(names)))
        for number, name in enumerate(names)
    ]
    return {"said": "\n".join(said)}


def models_give(request: GiveModel, progress: Progress) -> Mapping[str, Any]:
    """Install weights from a file or a folder; returns the records in words as ``said``."""
    progress("read", 0.0)
    from astroloc_qgis.cli.models import actions

    about = {"sha256": request.sha256, "licence": request.licence, "source": request.source}
    return {"said": actions.give(request.name, request.path, **about)}


def models_remove(request: RemoveModel, progress: Progress) -> Mapping[str, Any]:
    """Remove weights that were fetched or given; returns the ``files``."""
    progress("read", 0.0)
    from astroloc_qgis.cli.models import actions

    loaded.unload()  # on Windows a file that is in use cannot be removed
    return {"files": [str(path) for path in actions.remove(request.name)]}
