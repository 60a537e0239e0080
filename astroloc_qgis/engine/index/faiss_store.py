"""The store of an index's vectors: made and trained by faiss, memory-mapped, and searched.

faiss is imported when a store is used: it is not installed in QGIS's own Python. Files are opened by Python, never by
faiss: on Windows faiss knows only paths that the ANSI code page can write, so a user's name could make it fail.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.plan import is_product_quantised
from astroloc_qgis.engine.index.principal_axes import principal_axes
from astroloc_qgis.engine.index.ranking import highest

_DECODED = 1 << 20
"""Numbers of quantised vectors decoded at a time: 4 MB."""
_TRAINING_VECTORS = 65536
"""Vectors that a store learns from: faiss takes 256 for each of a product quantiser's 256 centroids, and no more."""
_SEED = 20


def make_store(
    kind: str,
    dimensions: int,
    count: int,
    read_vectors: Callable[[], Iterator[np.ndarray]],
    progress: Callable[[], None],
) -> Any:
    """Make a store and fill it.

    Args:
        kind: as ``plan.check_kind`` allows.
        dimensions: D, length of a vector.
        count: number of vectors.
        read_vectors: gives all vectors, in parts (n, D) float32; called again for a store that has to be trained.
        progress: called before training and after each part; may raise ``Cancelled``.

    Raises:
        InputError: the kind does not suit the dimensions or the number of vectors.
    """
    return filled(trained_store(kind, dimensions, count, read_vectors, progress), read_vectors, progress)


def filled(store: Any, read_vectors: Callable[[], Iterator[np.ndarray]], progress: Callable[[], None]) -> Any:
    """A store that has learned, with the vectors added (arguments as for ``make_store``)."""
    for vectors in read_vectors():
        if len(vectors):
            store.add(np.ascontiguousarray(vectors, dtype=np.float32))
        progress()
    return store


def trained_store(
    kind: str,
    dimensions: int,
    count: int,
    read_vectors: Callable[[], Iterator[np.ndarray]],
    progress: Callable[[], None],
) -> Any:
    """An empty store that has learned from the vectors (arguments and errors as for ``make_store``)."""
    store, axes = _untrained_store(kind, dimensions, count)
    if not store.is_trained:
        progress()
        store = _trained(store, axes, _training_vectors(read_vectors(), count))
    return store


def empty_copy(store: Any) -> Any:
    """A store that has learned the same as another, without its vectors.

    Raises:
        InputError: the store is an inverted file.
    """
    import faiss

    if isinstance(store, faiss.IndexPreTransform):
        given = store.chain.at(0)
        projection = faiss.LinearTransform(given.d_in, given.d_out, False)
        faiss.copy_array_to_vector(faiss.vector_to_array(faiss.downcast_VectorTransform(given).A), projection.A)
        projection.is_trained = True
        inner = empty_copy(faiss.downcast_index(store.index))
        made = faiss.IndexPreTransform(projection, inner)
        faiss.add_to_referenced_objects(made, projection)
        faiss.add_to_referenced_objects(made, inner)
        return made
    if isinstance(store, faiss.IndexScalarQuantizer):
        made = faiss.IndexScalarQuantizer(store.d, store.sq.qtype, store.metric_type)
        faiss.copy_array_to_vector(faiss.vector_to_array(store.sq.trained), made.sq.trained)
    elif isinstance(store, faiss.IndexPQ):
        made = faiss.IndexPQ(store.d, store.pq.M, store.pq.nbits, store.metric_type)
        faiss.copy_array_to_vector(faiss.vector_to_array(store.pq.centroids), made.pq.centroids)
        made.do_polysemous_training, made.search_type = store.do_polysemous_training, store.search_type
    elif isinstance(store, faiss.IndexFlat):
        made = faiss.IndexFlat(store.d, store.metric_type)
    else:
        raise InputError("An inverted file cannot be divided or joined: choose another kind of vector store.")
    made.is_trained = True
    return made


def learned_the_same(one: Any, other: Any) -> bool:
    """Whether the codes of two stores mean the same vectors."""
    import faiss

    if (one.d, one.metric_type) != (other.d, other.metric_type):
        return False
    if isinstance(one, faiss.IndexFlat) and isinstance(other, faiss.IndexFlat):
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, faiss.IndexPreTransform):
        axes = [faiss.vector_to_array(faiss.downcast_VectorTransform(each.chain.at(0)).A) for each in (one, other)]
        inner = [faiss.downcast_index(each.index) for each in (one, other)]
        return np.array_equal(*axes) and learned_the_same(*inner)
    if isinstance(one, faiss.IndexScalarQuantizer):
        return one.sq.qtype == other.sq.qtype and np.array_equal(
            *(faiss.vector_to_array(each.sq.trained) for each in (one, other))
        )
    if isinstance(one, faiss.IndexPQ):
        return (one.pq.M, one.pq.nbits) == (other.pq.M, other.pq.nbits) and np.array_equal(
            *(faiss.vector_to_array(each.pq.centroids) for each in (one, other))
        )
    return False


def codes_of(store: Any) -> np.ndarray:
    """(N, bytes) uint8, the vectors as a store keeps them: a view, not of an inverted file."""
    import faiss

    flat = faiss.downcast_index(store.index) if isinstance(store, faiss.IndexPreTransform) else store
    codes = faiss.rev_swig_ptr(flat.codes.data(), flat.codes.size())
    return np.asarray(codes.reshape(flat.ntotal, flat.code_size))


def add_codes(store: Any, codes: np.ndarray) -> None:
    """Add vectors as ``codes_of`` gives them, of a store that has learned the same."""
    import faiss

    flat = faiss.downcast_index(store.index) if isinstance(store, faiss.IndexPreTransform) else store
    flat.add_sa_codes(np.ascontiguousarray(codes))
    store.ntotal = flat.ntotal


def write_store(store: Any, path: Path) -> None:
    """Write a store into a file.

    Raises:
        OSError: the disk is full, or the file cannot be written.
        RuntimeError: faiss cannot write such a store.
    """
    import faiss

    with path.open("wb") as stream:
        faiss.write_index(store, faiss.PyCallbackIOWriter(stream.write))


def open_store(path: Path) -> Any:
    """Open a store; its vectors stay on disk (memory-mapped), and the file stays open as long as the store is there.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is empty.
        RuntimeError: it is damaged.
    """
    import faiss

    mapped = np.memmap(path, np.uint8, "r")
    store = faiss.read_index(faiss.ZeroCopyIOReader(faiss.swig_ptr(mapped), mapped.size))
    faiss.add_to_referenced_objects(store, mapped)
    return store


def forget_pages(store: Any) -> bool:
    """Let the pages of an open store's file leave this process's memory; they are read again when they are needed.

    Returns:
        False where the system has no such call.
    """
    advice = getattr(mmap, "MADV_DONTNEED", None)
    mapped = [each for each in getattr(store, "referenced_objects", ()) if isinstance(each, np.memmap)]
    if advice is None or not mapped:
        return False
    for each in mapped:
        each._mmap.madvise(advice)  # type: ignore[attr-defined] # numpy has no other way to it
    return True


def search_store(
    store: Any, kind: str, queries: np.ndarray, top: int, allowed: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Find the most similar vectors.

    Args:
        store: of ``make_store``.
        kind: of the store.
        queries: (Q, D) float32, contiguous.
        top: how many; at least 1 and at most the number of allowed vectors.
        allowed: (N,) bool, or None for all.

    Returns:
        Inner products (Q, top), falling, and numbers of vectors (Q, top); an inverted file may fill a row's end with
        number -1.
    """
    if is_product_quantised(kind):
        scores, numbers = score_store(store, queries, allowed)
        order = np.array([highest(row, top) for row in scores], dtype=np.int64).reshape(len(scores), top)
        return np.take_along_axis(scores, order, axis=1), numbers[order]
    import faiss

    selector = None if allowed is None else faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
    if kind.startswith("IVF"):
        parameters = faiss.SearchParametersIVF(sel=selector, nprobe=max(1, store.nlist // 8))
    else:
        parameters = faiss.SearchParameters(sel=selector)
    scores, numbers = store.search(queries, top, params=parameters)
    return scores, numbers


def score_store(store: Any, queries: np.ndarray, allowed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Compare queries with every allowed vector of a store that is no inverted file.

    faiss can only search a product-quantised store as a whole, and keeps the best of any store in heaps, which are slow
    where nearly all are wanted. So the codes of the allowed vectors are decoded, a part at a time, and compared with
    all queries at once.

    Args:
        store: of ``make_store``.
        queries: (Q, D) float32, contiguous.
        allowed: (N,) bool, or None for all.

    Returns:
        Inner products (Q, n), and the numbers (n,) of the allowed vectors, rising.
    """
    import faiss

    codes = codes_of(store)
    if isinstance(store, faiss.IndexPreTransform):
        queries, store = store.chain.at(0).apply(queries), faiss.downcast_index(store.index)
    numbers = np.arange(store.ntotal, dtype=np.int64) if allowed is None else np.flatnonzero(allowed)
    scores = np.empty((len(queries), len(numbers)), np.float32)
    step = max(1, _DECODED // store.d)
    for start in range(0, len(numbers), step):
        some = slice(start, start + step)
        scores[:, some] = queries @ store.sa_decode(codes[some] if allowed is None else codes[numbers[some]]).T
    return scores, numbers


def _untrained_store(kind: str, dimensions: int, count: int) -> tuple[Any, int]:
    """An empty store, and the number of principal axes to project vectors on before; 0 for none.

    "np" is faiss's word for a product quantiser that is not prepared for filtering by Hamming distance, which would
    take minutes. faiss's own "PCA" subtracts the vectors' mean, so that inner products would no longer be cosines.
    """
    import faiss

    axes, factory = 0, kind
    if is_product_quantised(kind):
        if count < 256:
            raise InputError(f"A product-quantised index needs 256 blocks to learn from, not {count}: choose SQ8.")
        if kind.startswith("PCA"):
            projection_kind, factory = kind.split(",")
            axes = int(projection_kind.removeprefix("PCA"))
    if axes > dimensions:
        raise InputError(f"Vectors of {dimensions} dimensions have no {axes} axes: choose at most {dimensions}.")
    try:
        store = faiss.index_factory(axes or dimensions, factory, faiss.METRIC_INNER_PRODUCT)
    except RuntimeError as error:  # of sizes that do not divide
        raise InputError(
            f"Vectors of {axes or dimensions} dimensions cannot be quantised as {kind}: choose a "
            f"divisor of {axes or dimensions}.",
            str(error),
        ) from error
    return store, axes


def _trained(store: Any, axes: int, vectors: np.ndarray) -> Any:
    """Train a store on vectors (n, D), and put the projection on their principal axes before it."""
    import faiss

    if not axes:
        store.train(vectors)
        return store
    principal = principal_axes(vectors, axes)
    store.train(np.ascontiguousarray(vectors @ principal.T))
    projection = faiss.LinearTransform(vectors.shape[1], axes, False)
    faiss.copy_array_to_vector(principal.ravel(), projection.A)
    projection.is_trained = True
    return faiss.IndexPreTransform(projection, store)


def _training_vectors(parts: Iterator[np.ndarray], count: int) -> np.ndarray:
    """(n, D) float32: a random share of all vectors, the same whenever they come in the same parts."""
    share = min(1.0, _TRAINING_VECTORS / count)
    rng = np.random.default_rng(_SEED)
    kept = [vectors[rng.random(len(vectors)) < share] for vectors in parts]
    return np.ascontiguousarray(np.concatenate(kept), dtype=np.float32)
