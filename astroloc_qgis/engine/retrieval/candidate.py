"""A candidate of retrieval: a block that may show what the photo shows."""

from __future__ import annotations

from dataclasses import dataclass

from astroloc_qgis.engine.tiles import Block


@dataclass(frozen=True)
class Candidate:
    """A block that may show what the photo shows.

    Attributes:
        block: the block.
        rank: place in the list of candidates, from 1.
        score: the best cosine similarity of the four rotations, -1 to 1; plus the bonus of similar texture if the index
            has texture codes (``index.texture_codes``); less the penalty of distance and block size if the nadir or the
            lens is known (``nadir_prior``, ``size_prior``).
        quarter_turns: rotation of the photo with the best score: ``np.rot90(photo, quarter_turns)`` matches the
            north-up block.
    """

    block: Block
    rank: int
    score: float
    quarter_turns: int
