"""The answers of a search service over one index, without the network: what the HTTP server of ``serve`` calls."""

from __future__ import annotations

import dataclasses
import json

from astroloc_qgis.engine.index.format import FORMAT_VERSION
from astroloc_qgis.engine.index.sharded.opening import AnIndex
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.retrieval.search import rank
from astroloc_qgis.engine.retrieval.wire import read_request, write_candidates

UNTOLD = ("files",)
"""Fields of an index's description that a client has no use for."""


def describe(index: AnIndex) -> bytes:
    """The description of an index as JSON, as clients read it; imagery on this machine's disk is named all the same."""
    content = {name: value for name, value in dataclasses.asdict(index.info).items() if name not in UNTOLD}
    content["format_version"] = FORMAT_VERSION  # whether it is in shards is no matter of the client's
    return json.dumps(content, ensure_ascii=False).encode()


def answer(index: AnIndex, body: bytes) -> bytes:
    """Answer a request of ``wire.write_request``.

    Raises:
        InputError: it is not valid.
        NoBlocksError: its limits leave no block.
    """
    query, limits, top, diversify = read_request(body, index.info.dimensions)
    allowed = limits.allowed(index) if isinstance(index, Index) else None
    candidates = rank(query, index, limits, top=top, diversify=diversify, allowed=allowed)
    return write_candidates(candidates)
