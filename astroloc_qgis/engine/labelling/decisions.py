"""What an analyst decided of doubtful footprints: ``decisions.json`` in the folder of labels, which is what counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.exports.files import write_bytes

FILE = "decisions.json"
"""In the folder of labels."""
ACCEPTED, REJECTED = "accepted", "rejected"
BY_ANALYST, BY_MACHINE = "analyst", "machine"


@dataclass(frozen=True)
class Decision:
    """What was decided of a photo.

    Attributes:
        verdict: ``ACCEPTED`` or ``REJECTED``.
        footprint: of an accepted one: four longitude, latitude corners in the photo's order.
        when: UTC, ISO 8601.
    """

    verdict: str
    footprint: tuple[tuple[float, float], ...] = ()
    when: str = ""

    @classmethod
    def now(cls, verdict: str, footprint: np.ndarray | None = None) -> Decision:
        """A decision of this moment."""
        corners = () if footprint is None else tuple((float(lon), float(lat)) for lon, lat in footprint)
        return cls(verdict, corners, datetime.now(timezone.utc).isoformat(timespec="seconds"))


def read_decisions(folder: Path) -> dict[str, Decision]:
    """The decisions in a folder of labels, by the name of the photo as ``photos.csv`` has it.

    Raises:
        InputError: the file is damaged.
    """
    try:
        said = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return {
            str(file): Decision(one["verdict"], tuple((lon, lat) for lon, lat in one["footprint"]), one["when"])
            for file, one in said["decisions"].items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"The decisions in {folder / FILE} cannot be understood: correct the file, or remove it.", repr(error)
        ) from error


def write_decisions(folder: Path, decisions: Mapping[str, Decision]) -> None:
    """Write the decisions in a folder of labels, whole or not at all.

    Raises:
        InputError: the folder is protected or full.
    """
    plain = {"format": 1, "decisions": {name: asdict(one) for name, one in sorted(decisions.items())}}
    write_bytes(folder / FILE, (json.dumps(plain, indent=1) + "\n").encode("utf-8"))
