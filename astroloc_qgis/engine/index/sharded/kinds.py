"""The vector store that suits an index by its size; measured with ``benchmark index-size``."""

from __future__ import annotations

AUTO = "auto"
"""The word for the choice made here."""
EXACT_UP_TO = 200_000
"""Blocks up to which exact vectors are kept: 205 MB of 256 dimensions."""
ONE_PIECE_UP_TO = 1_000_000
"""Blocks from which an index is better divided into shards with coarse codes ('index shard --coarse')."""


def usual_kind(count: int) -> str:
    """The kind of vector store (``plan.check_kind``) for an index of so many blocks: exact, then 8-bit vectors."""
    return "Flat" if count <= EXACT_UP_TO else "SQ8"


def advice(count: int) -> str:
    """In words, what is chosen for so many blocks, and why."""
    kind = usual_kind(count)
    if kind == "Flat":
        return f"Flat: at most {count:,} blocks, so that exact vectors are small"
    words = f"SQ8: at most {count:,} blocks; 8-bit vectors find nearly the same in a quarter of the space"
    if count > ONE_PIECE_UP_TO:
        words += ", and 'index shard --coarse' divides the index then, for searches of the whole world"
    return words
