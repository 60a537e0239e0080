"""An index behind a search service: the photo is described here, and searched for there."""

from __future__ import annotations

import dataclasses
import json
import os
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from astroloc_qgis.engine.block_table import block_table
from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.descriptors.base import Descriptor
from astroloc_qgis.engine.descriptors.texture import TextureModel
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.coverage import Coverage
from astroloc_qgis.engine.imagery.reference import Reference
from astroloc_qgis.engine.index.format import IndexInfo, info_of
from astroloc_qgis.engine.index.sharded.opening import AnIndex, open_local
from astroloc_qgis.engine.index.world import BLUE_MARBLE
from astroloc_qgis.engine.retrieval.candidate import Candidate
from astroloc_qgis.engine.retrieval.limits import Limits, NoBlocksError
from astroloc_qgis.engine.retrieval.query import Query
from astroloc_qgis.engine.retrieval.wire import MOST_BYTES, MOST_CANDIDATES, read_candidates, write_request
from astroloc_qgis.engine.weights.connection import open_url

TIMEOUT_S = 60.0
INFO_PATH, SEARCH_PATH = "/v1/index", "/v1/search"
"""Paths of the service: the description of its index, and the search."""
NO_BLOCKS = "no blocks"
"""Kind of the error that the limits leave no block."""
TOKEN_VARIABLE = "ASTROLOC_INDEX_TOKEN"  # noqa: S105 - the name of a variable
"""Variable with the token that a service asks for."""


def is_address(place: str | Path) -> bool:
    """Whether an index is named by the address of a service."""
    return urlsplit(str(place)).scheme in ("http", "https")


class RemoteIndex:
    """An index behind a service.

    Attributes:
        folder: the service's address, for messages.
        info: its description; ``imagery_uri`` is empty unless it is the public Blue Marble.
    """

    def __init__(self, address: str, info: IndexInfo, token: str = "") -> None:
        self.folder = address
        self.info = info
        self._token = token

    @classmethod
    def open(cls, address: str, token: str = "") -> RemoteIndex:
        """Ask a service for the description of its index.

        Args:
            address: "http://host:port" or "https://…", without a path of its own.
            token: that the service asks for; empty for none.

        Raises:
            InputError: there is no such service, it wants another token, or its index is of a model or of weights that
                are not here.
        """
        address = address.rstrip("/")
        content = _asked(address + INFO_PATH, None, token)
        try:
            described = json.loads(content)
            version = described.pop("format_version")
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
            raise InputError(f"What answers at {address} is not an AstroLoc index service.", str(error)) from error
        info = info_of(described, version, f"The index at {address}")
        descriptors.check_model(
            f"The index at {address}", info.model, str(info.model_sha256), "use the same version on both sides"
        )
        if info.texture_zooms and info.texture_sha256 != TextureModel().sha256:
            raise InputError(
                f"The index at {address} has texture of another model: use the same version on both sides."
            )
        # GDAL opens far more than pictures: imagery that a stranger names is not opened, except the public one.
        imagery = info.imagery_uri if info.imagery_uri == BLUE_MARBLE else ""
        return cls(address, dataclasses.replace(info, imagery_uri=imagery), token)

    def create_descriptor(self, device: str = "cpu") -> Descriptor:
        """Make the descriptor that the index was built with.

        Raises:
            InputError: it learns a vocabulary for each index, or its settings are others here.
        """
        descriptor = descriptors.create(self.info.model, device=device)
        if descriptor.needs_vocabulary:
            raise InputError(f"The model {self.info.model} learns from each index: a service cannot offer it.")
        self.check_descriptor(descriptor)
        return descriptor

    def check_descriptor(self, descriptor: Descriptor) -> None:
        """Check that a descriptor's vectors can be compared with the index's.

        Raises:
            InputError: it is of another model, or of the same one with other settings.
        """
        if descriptor.name != self.info.model or descriptor.settings != self.info.model_settings:
            raise InputError(
                f"The index at {self.folder} cannot be searched with this {descriptor.name}: use the same version on "
                "both sides."
            )

    def rank(
        self, query: Query, limits: Limits, *, top: int, diversify: bool = True, reference: Reference | None = None
    ) -> list[Candidate]:
        """Let the service rank its blocks (arguments as for ``search.rank``).

        With a reference, the best blocks that it shows are left; the service searches deeper then.

        Raises:
            InputError: there is no answer, or a wrong one.
            NoBlocksError: the limits leave no block.
        """
        wanted = top if reference is None else MOST_CANDIDATES
        body = write_request(query, limits, top=wanted, diversify=diversify)
        answer = _asked(self.folder + SEARCH_PATH, body, self._token)
        candidates = read_candidates(answer, wanted, self.info.block_size)
        if reference is None:
            return candidates
        shown = Coverage(reference).shows(block_table([one.block for one in candidates]), self.info.block_size)
        kept = [one for one, seen in zip(candidates, shown, strict=True) if seen]
        if not kept:
            raise NoBlocksError(f"The reference imagery shows none of the {wanted} likeliest blocks of {self.folder}.")
        return [Candidate(one.block, rank, one.score, one.quarter_turns) for rank, one in enumerate(kept[:top], 1)]


def open_index(place: str | Path) -> AnIndex | RemoteIndex:
    """Open an index: a folder, or the address of a service; the token of a service is that of ``TOKEN_VARIABLE``.

    Raises:
        InputError: as ``open_local`` or ``RemoteIndex.open``.
    """
    return RemoteIndex.open(str(place), os.environ.get(TOKEN_VARIABLE, "")) if is_address(place) else open_local(place)


def imagery_of(index: AnIndex | RemoteIndex, imagery: str | None = None) -> str:
    """The imagery that photos are registered to: what the user names, else the index's own.

    Raises:
        InputError: there is none.
    """
    found = imagery or index.info.imagery_uri
    if not found:
        raise InputError(
            f"The index at {index.folder} is of imagery on another machine: name the reference imagery to register to."
        )
    return found


def _asked(address: str, body: bytes | None, token: str) -> bytes:
    """What a service answers.

    Raises:
        InputError: nothing, an error, or too much.
    """
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(address, data=body, headers=headers)  # noqa: S310 - is_address has looked
    host = urlsplit(address).netloc
    try:
        with open_url(request, TIMEOUT_S) as response:
            answer = response.read(MOST_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise _refusal(host, error) from error
    except (OSError, ValueError) as error:  # urllib.error.URLError is an OSError
        reason = getattr(error, "reason", None) or error
        raise InputError(f"The index service at {host} cannot be reached: {reason}.", repr(error)) from error
    if len(answer) > MOST_BYTES:
        raise InputError(f"What answers at {host} sends more than an AstroLoc index service does.")
    return answer


def _refusal(host: str, error: urllib.error.HTTPError) -> InputError:
    if error.code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return InputError(
            f"The index service at {host} wants a token: put the one that its owner gave you into {TOKEN_VARIABLE}."
        )
    try:
        told = json.loads(error.read(MOST_BYTES))
        sentence, kind = str(told["error"])[:500], told.get("kind")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return InputError(f"The index service at {host} answers with HTTP status {error.code}.")
    made = NoBlocksError if kind == NO_BLOCKS else InputError
    return made(f"The index service at {host} refuses: {sentence}")
