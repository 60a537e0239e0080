"""Writing a store of vectors part by part, so that memory does not grow with the index.

faiss writes a store that is in memory as a whole. The file of a store with one code for each vector is that of an empty
one, with the codes in one place of it, and with their number in some: both are found by comparing the files of an empty
store and of one with a single vector. The bytes are those that faiss would write.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from astroloc_qgis.engine.index.faiss_store import filled, trained_store, write_store

_LONG = struct.Struct("<Q")
_SEED = 20


def write_vectors(
    kind: str,
    dimensions: int,
    count: int,
    read_vectors: Callable[[], Iterator[np.ndarray]],
    path: Path,
    progress: Callable[[], None],
) -> None:
    """Make a store of vectors in a file; an inverted file ("IVF…") is made in memory.

    Args:
        kind: as ``plan.check_kind`` allows.
        dimensions: D, length of a vector.
        count: number of vectors.
        read_vectors: gives all vectors, in parts (n, D) float32; called again for a store that has to be trained.
        path: the file to write.
        progress: called before training and after each part; may raise ``Cancelled``.

    Raises:
        InputError: the kind does not suit the dimensions or the number of vectors.
        OSError: the disk is full, or the file cannot be written.
    """
    store = trained_store(kind, dimensions, count, read_vectors, progress)
    shape = None if kind.startswith("IVF") else _Shape.of(store)
    if shape is None:
        write_store(filled(store, read_vectors, progress), path)
        return
    with path.open("wb") as stream:
        shape.write_head(stream, count)
        for vectors in read_vectors():
            if len(vectors):
                stream.write(store.sa_encode(np.ascontiguousarray(vectors, dtype=np.float32)).tobytes())
            progress()
        stream.write(shape.tail)


@dataclass(frozen=True)
class _Shape:
    """What the file of a store is besides its codes.

    Attributes:
        head: the bytes before the codes, of an empty store.
        tail: the bytes after them.
        numbers: where in the head the number of vectors is.
        units: what the last eight bytes of the head count a vector as.
    """

    head: bytes
    tail: bytes
    numbers: tuple[int, ...]
    units: int

    @classmethod
    def of(cls, store: Any) -> _Shape | None:
        """The shape of the file of an empty, trained store; None where it is not made of one code a vector."""
        empty = _file_of(store)
        vector = np.random.default_rng(_SEED).standard_normal((1, store.d), dtype=np.float32)
        vector /= np.linalg.norm(vector)
        code = store.sa_encode(vector).tobytes()
        store.add(vector)
        single = _file_of(store)
        store.reset()
        place = single.rfind(code)
        if place < _LONG.size or len(single) != len(empty) + len(code):
            return None
        (units,) = _LONG.unpack_from(single, place - _LONG.size)
        head, before = single[: place - _LONG.size], empty[: place - _LONG.size]
        numbers = tuple(at for at in range(len(before)) if head[at] != before[at])
        known = all(_LONG.unpack_from(before, at)[0] == 0 and _LONG.unpack_from(head, at)[0] == 1 for at in numbers)
        tail = single[place + len(code) :]
        if not known or units * len(code) == 0 or len(code) % units or empty[place:] != tail:
            return None
        return cls(empty[:place], tail, numbers, units)

    def write_head(self, stream: BinaryIO, count: int) -> None:
        """Write what is before the codes of so many vectors."""
        head = bytearray(self.head)
        for at in self.numbers:
            _LONG.pack_into(head, at, count)
        _LONG.pack_into(head, len(head) - _LONG.size, count * self.units)
        stream.write(head)


def _file_of(store: Any) -> bytes:
    """The bytes of the file that faiss writes of a store."""
    import faiss

    return faiss.serialize_index(store).tobytes()
