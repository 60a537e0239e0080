"""Query rotation: the photo is described in four rotations, and each block keeps its best one.

EarthLoc (Berton et al., CVPR 2024) indexes each block in four rotations. Rotating the photo instead finds the same
blocks with a quarter of the memory.
"""

from __future__ import annotations

import numpy as np

from astroloc_qgis.engine.descriptors.base import Descriptor, fit_long_side

ROTATIONS = 4
LARGE = 8
"""Times that a photo is larger than it is described from which it is resized before it is rotated: both orders give the
same pixels, up to the rounding of a few."""


def describe_rotations(photo: np.ndarray, descriptor: Descriptor) -> np.ndarray:
    """(4, D) vectors of a photo (H, W, 3; of ``query_picture``) rotated by 0, 1, 2 and 3 quarter turns."""
    turns = range(ROTATIONS)
    if max(photo.shape[:2]) < LARGE * max(descriptor.photo_sizes):
        return descriptor.describe_photos([np.rot90(photo, quarter_turns) for quarter_turns in turns])
    copies = [fit_long_side(photo, size) for size in descriptor.photo_sizes]
    return descriptor.describe_copies([[np.rot90(copy, quarter_turns) for copy in copies] for quarter_turns in turns])


def best_rotations(scores: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Merge the search results of the rotations.

    Args:
        scores: (4, T) scores for each rotation.
        numbers: (4, T) numbers of the blocks with these scores; -1 for none.

    Returns:
        For each block found, in the order of their numbers: its best score (n,), the quarter turns of the rotation with
        that score (n,), and its number (n,).
    """
    quarter_turns = np.repeat(np.arange(len(scores)), scores.shape[1])
    flat_scores, flat_numbers = scores.ravel(), numbers.ravel()
    real = flat_numbers >= 0
    quarter_turns, flat_scores, flat_numbers = quarter_turns[real], flat_scores[real], flat_numbers[real]
    order = np.lexsort((quarter_turns, -flat_scores))
    found, first = np.unique(flat_numbers[order], return_index=True)
    best = order[first]
    return flat_scores[best], quarter_turns[best], found
