"""An index of reference imagery: built once, opened memory-mapped, searched by descriptor."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from astroloc_qgis.engine.block_table import Table, centers_lonlat
from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.descriptors.texture import TextureModel, texture_path
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.format import (
    BLOCKS,
    INFO,
    TEXTURE,
    VECTORS,
    VOCABULARY,
    IndexInfo,
    check_files,
    read_info,
    unpack_blocks,
)
from astroloc_qgis.engine.index.plan import EVERYWHERE, EXACT, LAND, Plan, check_kind, digest_of, is_product_quantised
from astroloc_qgis.engine.index.texture_codes import TextureCodes
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.tiles import Block, Extent
from astroloc_qgis.engine.weights.array_files import recorded_sha256

if TYPE_CHECKING:
    from astroloc_qgis.engine.descriptors.base import Descriptor
    from astroloc_qgis.engine.imagery.reference import Reference
    from astroloc_qgis.engine.index.builder import Labels

__all__ = ["Index", "IndexInfo", "build_index"]

log = logging.getLogger(__name__)

_DECODED = 1 << 20
"""Numbers of product-quantised vectors decoded at a time: 4 MB."""


def build_index(
    reference: Reference,
    zooms: Sequence[int],
    extent: Extent | None,
    model: str,
    out: Path,
    *,
    progress: Progress = no_progress,
    device: str = "cpu",
    stride: int | Mapping[int, int] = 2,
    title: str = "",
    kind: str = EXACT,
    land_only: bool = False,
    blocks: Table | None = None,
    labels: Labels | None = None,
    workers: int = 1,
    texture_zoom: int | None = None,
) -> Index:
    """Describe every block of the imagery and write the index.

    Left out are blocks less than half covered by valid pixels, and blocks whose zoom is so much finer than the imagery
    (four times the model's input resolution) that they would be blur; coarse blocks are kept as long as they are
    covered. The result is written in one step; an interrupted build leaves ``<out>.partial`` and is taken up again by
    the same call. Where ``out`` already is the index asked for, it is opened as it is.

    Args:
        reference: imagery, in any CRS; a mosaic (VRT) may have holes and sources of several resolutions.
        zooms: web-map zooms of the blocks.
        extent: west, south, east, north in degrees (west > east: across the antimeridian); None for all of it.
        model: name of a descriptor.
        out: folder to make.
        progress: told the stages "read" and "describe"; may raise ``Cancelled``.
        device: for torch.
        stride: tiles from one block to the next, at all zooms or by zoom; 2 lets neighbours overlap by half.
        title: for people; the imagery's name if empty.
        kind: of vector store: "Flat" (exact), "SQfp16" or "SQ8" (half or a quarter of the size), "IVF256,Flat" (faster
            beyond a million blocks), "PQ64np" (product-quantised to 64 bytes a block, after Jégou et al., TPAMI 2011),
            "PQ128x7np" (to 128 parts of 7 bits), "OPQ64,PQ64np" (with a learned rotation before, Ge et al., CVPR
            2013) or "PCA64,PQ64np" (of their first 64 principal axes).
        land_only: leave out blocks far from land (``land``).
        blocks: (N, 3) zoom, row, column of the blocks to describe, in place of those of zooms and extent.
        labels: what the index says of itself; its title counts before ``title``.
        workers: processes that describe side by side, on the CPU; 1: this one, on ``device``.
        texture_zoom: the zoom whose blocks get texture codes beside (``texture``), or whole vectors with kind "Flat",
            for indexes of photos of ground that has some; the zoom before and after it share them.

    Raises:
        InputError: another index or an unfinished one with other settings is in the way; unknown model; no block has
            data; the folder cannot be written.
        Cancelled: by ``progress``.
    """
    from astroloc_qgis.engine.index.builder import IndexBuilder, Labels

    check_kind(kind)
    if not zooms:
        raise InputError("An index needs at least one zoom.")
    out = Path(out).absolute()
    descriptor = descriptors.create(model, device=device)
    if texture_zoom is not None and (texture_zoom not in zooms or max(abs(zoom - texture_zoom) for zoom in zooms) > 1):
        raise InputError(
            f"Texture at zoom {texture_zoom} does not suit an index of zooms {', '.join(map(str, zooms))}: choose one "
            "of them that is no more than one away from any."
        )
    path = Path(reference.uri)
    is_file = "<" not in reference.uri and path.is_file()
    plan = Plan(
        imagery=str(path.absolute()) if is_file else reference.uri,
        imagery_stamp=f"{path.stat().st_size} {path.stat().st_mtime_ns}" if is_file else "",
        zooms=tuple(sorted({int(zoom) for zoom in zooms})),
        extent=extent or reference.extent_lonlat,
        stride=stride if isinstance(stride, int) else dict(stride),
        selection=digest_of(blocks) if blocks is not None else LAND if land_only else EVERYWHERE,
        kind=kind,
        model=model,
        model_sha256=descriptor.model_sha256,
        model_settings=descriptor.settings,
        texture_zoom=texture_zoom,
        texture_sha256="" if texture_zoom is None else recorded_sha256(texture_path()),
    )
    labels = labels or Labels(title or (path.stem if is_file else model))
    if _already_built(out, plan, labels.imagery_uri or plan.imagery):
        return Index.open(out)
    IndexBuilder(
        reference, plan, descriptor, out, labels=labels, blocks=blocks, progress=progress, workers=workers
    ).run()
    index = Index.open(out)
    log.info("index %s: %d blocks, left out: %s", out, index.info.count, index.info.skipped)
    return index


class Index:
    """An open index. Searching is safe from several threads.

    Attributes:
        folder: where it is.
        info: what ``index.json`` says.
        blocks: (N, 3) int32: zoom, row, column of the block behind each vector.
        texture: the codes of its texture, where it has any.
    """

    def __init__(
        self, folder: Path, info: IndexInfo, blocks: Table, store: Any, texture: TextureCodes | None = None
    ) -> None:
        self.folder = folder
        self.info = info
        self.blocks = blocks
        self.texture = texture
        self._store = store

    @classmethod
    def open(cls, folder: Path | str, *, thorough: bool = False) -> Index:
        """Open an index; its vectors stay on disk (memory-mapped).

        Args:
            folder: that ``build_index`` made.
            thorough: check the sha256 of large files too.

        Raises:
            InputError: missing, of another format version, damaged, or of a model that is not the installed one.
        """
        faiss = _faiss()
        folder = Path(folder)
        info = read_info(folder)
        if info.model not in descriptors.names():
            raise InputError(
                f"The index {folder} was built with the model '{info.model}', which this AstroLoc does not have "
                f"(it has {', '.join(descriptors.names())}): build it again."
            )
        if info.model_sha256 != descriptors.model_sha256(info.model):
            raise InputError(
                f"The index {folder} was built with other weights of {info.model} (sha256 {info.model_sha256[:12]}…) "
                f"than those of this AstroLoc ({descriptors.model_sha256(info.model)[:12]}…): build it again."
            )
        check_files(folder, info, thorough=thorough)
        try:
            # The "IFC" flavour of memory-mapping is the one that flat stores obey.
            store = faiss.read_index(str(folder / VECTORS), faiss.IO_FLAG_MMAP_IFC)
            blocks = unpack_blocks(folder / BLOCKS, store.ntotal)
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(
                f"The index {folder} is damaged and cannot be read: build it again.", str(error)
            ) from error
        if store.ntotal != info.count:
            raise InputError(
                f"The index {folder} is damaged: it holds {store.ntotal} vectors and should have {info.count}; "
                "build it again."
            )
        if store.d != info.dimensions:
            raise InputError(
                f"The index {folder} is damaged: its vectors have {store.d} dimensions instead of {info.dimensions}; "
                "build it again."
            )
        return cls(folder, info, blocks, store, _texture(folder, info, blocks))

    def __len__(self) -> int:
        return len(self.blocks)

    def block(self, number: int) -> Block:
        """The block behind vector ``number``."""
        zoom, row, column = (int(value) for value in self.blocks[number])
        return Block(zoom, row, column, self.info.block_size)

    @cached_property
    def centers_lonlat(self) -> np.ndarray:
        """(N, 2) lon,lat of the blocks' centres."""
        return centers_lonlat(self.blocks, self.info.block_size)

    def texture_bonus(self, photo: np.ndarray) -> np.ndarray | None:
        """(N,) what a photo's texture (h, w, 3 uint8 RGB) adds to each block's score; None without texture codes."""
        return None if self.texture is None else self.texture.bonus(photo)

    def vectors(self, numbers: np.ndarray) -> np.ndarray:
        """(n, D) float32, the vectors of some blocks as they are kept."""
        return np.asarray(self._store.reconstruct_batch(np.ascontiguousarray(numbers, dtype=np.int64)))

    def create_descriptor(self, device: str = "cpu") -> Descriptor:
        """Make the descriptor that this index was built with, its vocabulary loaded.

        Raises:
            InputError: its settings have changed since the index was built.
        """
        path = self.folder / VOCABULARY
        descriptor = descriptors.create(
            self.info.model, device=device, vocabulary=path if VOCABULARY in self.info.files else None
        )
        self.check_descriptor(descriptor)
        return descriptor

    def check_descriptor(self, descriptor: Descriptor) -> None:
        """Refuse a descriptor whose vectors cannot be compared with this index's.

        Raises:
            InputError: another model, or the same with other settings.
        """
        if descriptor.name != self.info.model:
            raise InputError(
                f"The index {self.folder} was built with the model {self.info.model}: it cannot be searched with "
                f"{descriptor.name}."
            )
        if descriptor.settings != self.info.model_settings:
            raise InputError(
                f"The index {self.folder} was built with other settings of {descriptor.name} "
                f"({_listed(self.info.model_settings)}) than this AstroLoc's ({_listed(descriptor.settings)}): "
                "build it again."
            )

    def search(self, queries: np.ndarray, top: int, allowed: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Find the most similar blocks.

        Args:
            queries: (Q, D) float32, L2-normalised.
            top: how many; fewer come back where fewer are allowed.
            allowed: (N,) bool, the blocks that may be found; None for all.

        Returns:
            Cosine similarities (Q, T), falling, and numbers of blocks (Q, T); T <= top. Approximate kinds of index may
            fill a row's end with number -1.
        """
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        if queries.ndim != 2 or queries.shape[1] != self.info.dimensions:
            raise ValueError(f"queries of shape {queries.shape} for an index of {self.info.dimensions} dimensions")
        top = min(top, len(self) if allowed is None else int(np.count_nonzero(allowed)))
        if top == 0:
            return np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
        if is_product_quantised(self.info.kind):
            return _search_codes(self._store, queries, top, allowed)
        faiss = _faiss()
        selector = None if allowed is None else faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
        if self.info.kind.startswith("IVF"):
            parameters = faiss.SearchParametersIVF(sel=selector, nprobe=max(1, self._store.nlist // 8))
        else:
            parameters = faiss.SearchParameters(sel=selector)
        scores, numbers = self._store.search(queries, top, params=parameters)
        return scores, numbers


def _texture(folder: Path, info: IndexInfo, blocks: Table) -> TextureCodes | None:
    """An index's texture codes, memory-mapped; None where it has none."""
    if info.texture_zoom is None:
        return None
    model = TextureModel()
    if model.sha256 != info.texture_sha256:
        raise InputError(
            f"The index {folder} has texture codes of another model (sha256 {info.texture_sha256[:12]}…) than this "
            f"AstroLoc's ({model.sha256[:12]}…): build it again."
        )
    try:
        codes = np.load(folder / TEXTURE, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"The index {folder} is damaged and cannot be read: build it again.", str(error)) from error
    width, kind = (model.dimensions, np.dtype(np.float32)) if info.kind == EXACT else (model.code_bytes, np.dtype("u1"))
    expected = (int((blocks[:, 0] == info.texture_zoom).sum()), width)
    if codes.shape != expected or codes.dtype != kind:
        raise InputError(
            f"The index {folder} is damaged: its texture codes are {codes.shape} of {codes.dtype} instead of "
            f"{expected} of {kind}; build it again."
        )
    stride = info.stride if isinstance(info.stride, int) else info.stride[info.texture_zoom]
    return TextureCodes(model, codes, blocks, info.texture_zoom, info.block_size, stride)


def _search_codes(
    store: Any, queries: np.ndarray, top: int, allowed: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Find the most similar vectors of a product-quantised store, as ``Index.search`` does.

    faiss searches such a store as a whole only. So the codes of the allowed vectors are decoded, some at a time, and
    compared with all queries at once, which takes about as long as faiss's tables of partial products.

    Args:
        store: a faiss ``IndexPQ``, or one behind a linear transform.
        queries: (Q, D) float32.
        top: how many; at most as many as are allowed.
        allowed: (N,) bool, or None for all.

    Returns:
        Inner products (Q, top), falling, and numbers of vectors (Q, top).
    """
    faiss = _faiss()
    if isinstance(store, faiss.IndexPreTransform):
        queries, store = store.chain.at(0).apply(queries), faiss.downcast_index(store.index)
    codes = faiss.rev_swig_ptr(store.codes.data(), store.codes.size()).reshape(store.ntotal, store.code_size)
    numbers = np.arange(store.ntotal, dtype=np.int64) if allowed is None else np.flatnonzero(allowed)
    scores = np.empty((len(queries), len(numbers)), np.float32)
    step = max(1, _DECODED // store.d)
    for start in range(0, len(numbers), step):
        some = slice(start, start + step)
        scores[:, some] = queries @ store.sa_decode(codes[numbers[some]]).T
    order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    return np.take_along_axis(scores, order, axis=1), numbers[order]


def _faiss() -> Any:
    """The library; untyped, because the stubs that it ships do not know the signatures of its Python layer."""
    return importlib.import_module("faiss")


def _already_built(out: Path, plan: Plan, imagery_uri: str) -> bool:
    """Whether ``out`` is an index of this plan; refuses any other index and any other folder with files in it."""
    if not out.exists():
        return False
    if not out.is_dir():
        raise InputError(f"The index cannot be written to {out}: there is a file of that name.")
    if not (out / INFO).is_file():
        if any(out.iterdir()):
            raise InputError(f"The index cannot be written to {out}: the folder has other files in it.")
        return False
    info = read_info(out)
    there = (info.imagery_uri, info.zooms, info.extent, info.stride, info.selection, info.kind, info.texture_zoom)
    asked = (imagery_uri, plan.zooms, tuple(plan.extent), plan.stride, plan.selection, plan.kind, plan.texture_zoom)
    same_model = (info.model, info.model_sha256, info.model_settings, info.texture_sha256) == (
        plan.model,
        plan.model_sha256,
        plan.model_settings,
        plan.texture_sha256,
    )
    if same_model and there == asked:
        return True
    what = "other imagery, zooms or extent" if same_model else f"the model {info.model}"
    raise InputError(f"There is already an index in {out}, built with {what}: delete it or choose another folder.")


def _listed(settings: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(settings.items()))
