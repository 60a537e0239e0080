"""An index for other programs: its blocks as GeoParquet 1.1, and a static STAC 1.1 collection with an item a zoom.

pyarrow writes the files. It is an optional package, which nothing else here needs.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from astroloc_qgis.engine.block_table import Table, bounds_3857
from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.imagery.opening import short_name
from astroloc_qgis.engine.index.format import IndexInfo
from astroloc_qgis.engine.index.sharded.opening import AnIndex, open_local
from astroloc_qgis.engine.index.sharded.writing import in_one_step
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.tiles import mercator_to_lonlat

COLLECTION = "collection.json"
FITTING = "<26"
"""Versions of pyarrow that work with the NumPy 1.26 of QGIS's Python."""
ROWS = 50_000
"""Blocks of a row group."""
_POLYGON = np.dtype([("order", "u1"), ("kind", "<u4"), ("rings", "<u4"), ("count", "<u4"), ("points", "<f8", (5, 2))])
_STAC = "1.1.0"


def export_index(folder: Path, out: Path, *, descriptors: bool = False, progress: Progress = no_progress) -> list[Path]:
    """Write the blocks of an index as GeoParquet, one file a zoom, with a STAC collection beside them.

    Args:
        folder: of an index, in one piece or in shards.
        out: folder to make.
        descriptors: write the descriptors too, as lists of float32; of quantised ones, what they stand for.
        progress: told the stage "read"; may raise ``Cancelled``.

    Returns:
        The files written.

    Raises:
        InputError: pyarrow is not installed, the index is damaged, or ``out`` exists or cannot be written.
        Cancelled: by ``progress``; nothing is left then.
    """
    try:
        importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise InputError(
            "GeoParquet is written by the Python package pyarrow, which is not installed here or does not fit this "
            f"NumPy {np.__version__}: install one that does ('pip install \"pyarrow{FITTING}\"') and export again.",
            repr(error),
        ) from error
    index = open_local(folder, thorough=True)
    if descriptors and index.info.kind.startswith("IVF"):
        raise InputError(
            f"The descriptors of {folder} are in an inverted file, which cannot be exported: leave them out."
        )
    with in_one_step(Path(out).absolute(), ".exporting") as work:
        done = 0
        items = []
        for zoom in sorted(index.info.counts):
            name = f"blocks-z{zoom:02d}.parquet"
            bounds = np.array([np.inf, np.inf, -np.inf, -np.inf])
            writer = None
            for table, vectors in _parts(index, zoom, descriptors):
                progress("read", done / len(index))
                part = _arrow_table(table, vectors, index.info, folder.name)
                writer = writer or _writer(work / name, part.schema, index.info, zoom)
                writer.write_table(part)
                boxes = _boxes_lonlat(table, index.info.block_size)
                bounds[:2] = np.minimum(bounds[:2], boxes[:, :2].min(axis=0))
                bounds[2:] = np.maximum(bounds[2:], boxes[:, 2:].max(axis=0))
                done += len(table)
            if writer is not None:
                writer.close()
                box = (
                    [float(value) for value in bounds]
                    if bounds[2] <= 180
                    else [-180.0, float(bounds[1]), 180.0, float(bounds[3])]
                )
                items.append(_write_item(work, zoom, index.info, box, name))
        _write_collection(work, folder, index.info, items)
    return sorted(Path(out).iterdir())


def _parts(index: AnIndex, zoom: int, descriptors: bool) -> Iterator[tuple[Table, np.ndarray | None]]:
    """The blocks of a zoom, and their descriptors where they are wanted, a row group at a time."""
    for part in [index] if isinstance(index, Index) else index.each():
        numbers = np.flatnonzero(part.blocks[:, 0] == zoom)
        for start in range(0, len(numbers), ROWS):
            some = numbers[start : start + ROWS]
            yield part.blocks[some], part.vectors(some) if descriptors else None


def _arrow_table(table: Table, vectors: np.ndarray | None, info: IndexInfo, name: str) -> Any:
    import pyarrow

    boxes = _boxes_lonlat(table, info.block_size)
    zoom = int(table[0, 0])

    def same(text: str) -> Any:
        codes = pyarrow.array(np.zeros(len(table), np.int32))
        return pyarrow.DictionaryArray.from_arrays(codes, pyarrow.array([text]))

    across = boxes[:, 2] > 180
    edges = (np.where(across, -180.0, boxes[:, 0]), boxes[:, 1], np.where(across, 180.0, boxes[:, 2]), boxes[:, 3])
    bbox = pyarrow.StructArray.from_arrays([pyarrow.array(edge) for edge in edges], ["xmin", "ymin", "xmax", "ymax"])
    columns = {
        "id": pyarrow.array([f"{zoom}/{row}/{column}" for _, row, column in table.tolist()]),
        "zoom": pyarrow.array(table[:, 0].astype(np.int8)),
        "row": pyarrow.array(table[:, 1]),
        "column": pyarrow.array(table[:, 2]),
        "tiles": pyarrow.array(np.full(len(table), info.block_size, np.int8)),
        "index": same(info.title or name),
        "source": same(short_name(info.imagery_uri)),
        "attribution": same(info.attribution),
        "licence": same(info.licence),
        "model": same(info.model),
        "described": same(info.created),
        "bbox": bbox,
        "geometry": pyarrow.array(_wkb(boxes), pyarrow.binary()),
    }
    if vectors is not None:
        flat = pyarrow.array(np.ascontiguousarray(vectors, np.float32).ravel())
        columns["descriptor"] = pyarrow.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    return pyarrow.table(columns)


def _writer(path: Path, schema: Any, info: IndexInfo, zoom: int) -> Any:
    import pyarrow.parquet

    geo = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {
                "encoding": "WKB",
                "geometry_types": ["Polygon", "MultiPolygon"],
                "covering": {"bbox": {edge: ["bbox", edge] for edge in ("xmin", "ymin", "xmax", "ymax")}},
            }
        },
    }
    about = {
        "model": info.model,
        "model_sha256": info.model_sha256,
        "model_settings": info.model_settings,
        "zoom": zoom,
    }
    metadata = {"geo": json.dumps(geo), "astroloc": json.dumps(about)}
    return pyarrow.parquet.ParquetWriter(path, schema.with_metadata(metadata), compression="zstd")


def _boxes_lonlat(table: Table, size: int) -> NDArray[np.float64]:
    """(n, 4) west, south, east, north in degrees; east may be beyond 180."""
    bounds = bounds_3857(table, size)
    return np.column_stack((mercator_to_lonlat(bounds[:, :2]), mercator_to_lonlat(bounds[:, 2:])))


def _wkb(boxes: NDArray[np.float64]) -> list[bytes]:
    """Boxes (n, 4) as WKB: polygons, or two of them where a box crosses the antimeridian."""
    across = boxes[:, 2] > 180 + 1e-9
    east = np.where(across, 180.0, boxes[:, 2])
    found = [polygon.tobytes() for polygon in _polygons(np.column_stack((boxes[:, :2], east, boxes[:, 3])))]
    beyond = boxes[across] - [0, 0, 360, 0]
    beyond[:, 0] = -180.0
    for at, polygon in zip(np.flatnonzero(across).tolist(), _polygons(beyond), strict=True):
        found[at] = b"\x01" + np.array([6, 2], "<u4").tobytes() + found[at] + polygon.tobytes()
    return found


def _polygons(boxes: NDArray[np.float64]) -> NDArray[np.void]:
    west, south, east, north = boxes.T
    made = np.zeros(len(boxes), _POLYGON)
    made["order"], made["kind"], made["rings"], made["count"] = 1, 3, 1, 5
    made["points"][:, :, 0] = np.column_stack((west, east, east, west, west))
    made["points"][:, :, 1] = np.column_stack((south, south, north, north, south))
    return made


def _write_item(folder: Path, zoom: int, info: IndexInfo, box: Sequence[float], parquet: str) -> dict[str, Any]:
    west, south, east, north = box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    item = {
        "type": "Feature",
        "stac_version": _STAC,
        "stac_extensions": [],
        "id": f"zoom-{zoom}",
        "collection": _identifier(info),
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": list(box),
        "properties": {
            "datetime": _datetime(info),
            "title": f"Blocks of zoom {zoom}",
            "description": "The date is that of the description; imagery services do not tell that of each picture.",
            "astroloc:zoom": zoom,
            "astroloc:blocks": info.counts[zoom],
            "astroloc:model": info.model,
            "astroloc:model_sha256": info.model_sha256,
        },
        "links": [
            {"rel": "root", "href": f"./{COLLECTION}", "type": "application/json"},
            {"rel": "parent", "href": f"./{COLLECTION}", "type": "application/json"},
            {"rel": "collection", "href": f"./{COLLECTION}", "type": "application/json"},
        ],
        "assets": {
            "blocks": {
                "href": f"./{parquet}",
                "type": "application/vnd.apache.parquet",
                "title": "Blocks: footprints, imagery, and descriptors where they were wanted",
                "roles": ["data"],
            }
        },
    }
    (folder / f"zoom-{zoom}.json").write_text(json.dumps(item, indent=1) + "\n", encoding="utf-8")
    return item


def _write_collection(folder: Path, index: Path, info: IndexInfo, items: Sequence[dict[str, Any]]) -> None:
    west, south, east, north = info.extent
    collection = {
        "type": "Collection",
        "stac_version": _STAC,
        "stac_extensions": [],
        "id": _identifier(info),
        "title": info.title or index.name,
        "description": (
            f"{info.count:,} blocks of reference imagery, described by {info.model} ({info.dimensions} dimensions), "
            f"that photos from space are looked up in. Imagery: {short_name(info.imagery_uri)}. "
            f"{info.attribution}".strip()
        ),
        "license": "other",
        "keywords": ["astronaut photography", "geolocalization", info.model],
        "providers": [{"name": info.attribution or "unknown", "roles": ["licensor"], "description": info.licence}],
        "extent": {
            "spatial": {"bbox": [[west, south, east, north]]},
            "temporal": {"interval": [[_datetime(info), _datetime(info)]]},
        },
        "summaries": {"astroloc:zoom": sorted(info.counts), "astroloc:model": [info.model]},
        "links": [
            {"rel": "root", "href": f"./{COLLECTION}", "type": "application/json"},
            *({"rel": "item", "href": f"./{item['id']}.json", "type": "application/geo+json"} for item in items),
        ],
    }
    (folder / COLLECTION).write_text(json.dumps(collection, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _identifier(info: IndexInfo) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"astroloc {info.title}".lower()).strip("-")


def _datetime(info: IndexInfo) -> str:
    """When the index was made, in RFC 3339."""
    found = info.created.replace("+00:00", "Z")
    return found if found.endswith("Z") else "1970-01-01T00:00:00Z"
