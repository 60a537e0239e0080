"""Files of a repository on Hugging Face: which there are, with size and sha256, as its service lists them."""

from __future__ import annotations

import dataclasses
import http.client
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.weights.connection import check_address, open_url
from astroloc_qgis.engine.weights.published import PublishedWeights

HUB = "https://huggingface.co"
SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".safetensors")
"""Endings of the names of checkpoints."""
_MOST_LISTED = 5_000_000
_TIMEOUT_S = 30.0


def find_on_hub(published: PublishedWeights) -> PublishedWeights:
    """Published weights with the address, size and sha256 that the repository lists.

    The repository's only checkpoint is taken; of several, the one with the largest file.

    Raises:
        InputError: the service cannot be reached or understood, or the repository lists no checkpoint.
    """
    entries = [entry for entry in _listed(published) if _is_checkpoint(entry)]
    if not entries:
        raise InputError(
            f"The repository {published.source} lists no checkpoint ({', '.join(SUFFIXES)}): get the weights with your "
            "browser and name them with 'models give'."
        )
    entry = max(entries, key=lambda each: int(each.get("size") or 0))
    large = entry.get("lfs") or {}
    digest = str(large.get("oid") or large.get("sha256") or "").removeprefix("sha256:")
    return dataclasses.replace(
        published,
        url=f"{HUB}/{published.hub}/resolve/main/{quote(entry['path'])}",
        sha256=digest if len(digest) == 64 else None,
        size=int(large.get("size") or entry.get("size") or 0) or None,
    )


def _listed(published: PublishedWeights) -> list[dict[str, Any]]:
    """The files of the repository."""
    url = f"{HUB}/api/models/{published.hub}/tree/main?recursive=true"
    request = urllib.request.Request(check_address(url), headers={"User-Agent": "AstroLoc"})  # noqa: S310 - checked
    try:
        with open_url(request, _TIMEOUT_S) as response:
            content = json.loads(response.read(_MOST_LISTED))
        if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
            raise ValueError("it is no list of files")
    except urllib.error.HTTPError as error:
        raise InputError(
            f"{published.source} does not list its files (HTTP {error.code} {error.reason}): get the weights with your "
            "browser and name them with 'models give'.",
            repr(error),
        ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise InputError(
            f"The files of {published.source} cannot be listed ({reason}): check the network and its proxy, or get the "
            "weights on another machine and name them with 'models give'.",
            repr(error),
        ) from error
    return content


def _is_checkpoint(entry: dict[str, Any]) -> bool:
    path = entry.get("path")
    return entry.get("type") == "file" and isinstance(path, str) and path.lower().endswith(SUFFIXES)
