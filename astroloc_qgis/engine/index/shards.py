"""Shards: the blocks described so far of an index under way, in the folder ``<index>.partial`` beside it.

plan.json           what is to be built (``Plan``)
vocabulary.npz      for models that have one
piece-000000.npz    one shard: vectors, blocks, the number of blocks left out, and textures where the plan has them
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.format import BLOCKS, INFO, TEXTURE, VECTORS, VOCABULARY
from astroloc_qgis.engine.index.plan import Plan
from astroloc_qgis.engine.writable import check_can_be_made

log = logging.getLogger(__name__)

_PLAN = "plan.json"


@dataclass(frozen=True)
class ShardFolder:
    """The work folder of one build. Each file in it is complete or absent, so that the build can be resumed.

    Attributes:
        out: folder of the finished index.
    """

    out: Path

    @property
    def path(self) -> Path:
        """The work folder."""
        return self.out.with_name(self.out.name + ".partial")

    def check(self) -> None:
        """Check that the index can be written, before any work.

        Raises:
            InputError: a name is too long, a file is where a folder should be, or the folder is protected.
        """
        try:
            check_can_be_made(self.path.absolute())
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputError(f"The index cannot be written to {self.out}: {reason}.", details=str(error)) from error

    def can_resume(self, plan: Plan) -> bool:
        """Whether an unfinished build of this plan is there.

        Raises:
            InputError: the folder holds an unfinished build of another plan.
        """
        plan_path = self.path / _PLAN
        if not plan_path.is_file():
            return False
        try:
            stored = json.loads(plan_path.read_text(encoding="utf-8"))
        except ValueError:
            stored = {}
        different = plan.differences(stored)
        if different:
            raise InputError(
                f"The folder {self.path} holds an unfinished index with other settings ({', '.join(different)}): "
                "finish it with those, delete it, or build into another folder."
            )
        log.info("going on with the unfinished index in %s", self.path)
        return True

    def create(self, plan: Plan) -> None:
        """Make the work folder of a plan; shards without a plan beside them are deleted."""
        self.path.mkdir(parents=True, exist_ok=True)
        for path in (self.path / VOCABULARY, *self.path.glob("piece-*.npz")):
            path.unlink(missing_ok=True)
        plan_path = self.path / _PLAN
        temporary = plan_path.with_suffix(".tmp")
        temporary.write_bytes(plan.as_json().encode())
        temporary.replace(plan_path)

    def has_shard(self, number: int) -> bool:
        """Whether a shard is complete."""
        return self._shard_path(number).is_file()

    def write_shard(self, number: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Write a shard in one step."""
        path = self._shard_path(number)
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as stream:
            np.savez(stream, **arrays)
        temporary.replace(path)

    def read_shards(self, count: int, name: str) -> Iterator[np.ndarray]:
        """Read the array ``name`` of each of the first ``count`` shards.

        Raises:
            InputError: a shard is damaged.
        """
        try:
            for number in range(count):
                with np.load(self._shard_path(number), allow_pickle=False) as stored:
                    yield stored[name]
        except (ValueError, KeyError, EOFError, BadZipFile) as error:
            raise InputError(
                f"The unfinished index {self.path} is damaged: delete it and build again.", details=str(error)
            ) from error

    def publish(self) -> None:
        """Turn the work folder into the index in one step, so that there is never half an index."""
        keep = {INFO, VECTORS, BLOCKS, VOCABULARY, TEXTURE}
        scraps = self.out.with_name(self.out.name + ".scraps")
        shutil.rmtree(scraps, ignore_errors=True)
        scraps.mkdir()
        unneeded = [path for path in self.path.iterdir() if path.name not in keep]
        for path in sorted(unneeded, key=lambda path: path.name == _PLAN):  # the plan goes last: it guards the others
            path.replace(scraps / path.name)
        if self.out.is_dir():
            self.out.rmdir()  # an empty folder; rightly fails on any other
        self.path.rename(self.out)
        shutil.rmtree(scraps, ignore_errors=True)

    def remove(self) -> None:
        """Delete the work folder."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _shard_path(self, number: int) -> Path:
        return self.path / f"piece-{number:06d}.npz"
