"""Pieces: the blocks described so far of an index under way, in the folder ``<index>.partial`` beside it.

plan.json           what is to be built (``Plan``)
vocabulary.npz      for models that have one
piece-000000.npz    what one unit left: vectors, blocks, the number of blocks left out, textures where the plan has
                    them, the sha256 of the pictures that were read ("seen"), and the sha256 of all that ("digest");
                    pieces of versions before have neither
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.index.format import BLOCKS, INFO, TEXTURE, VECTORS, VOCABULARY
from astroloc_qgis.engine.index.plan import Plan
from astroloc_qgis.engine.writable import check_can_be_made

log = logging.getLogger(__name__)

PLAN = "plan.json"
_DAMAGED = (ValueError, KeyError, EOFError, BadZipFile, zlib.error, NotImplementedError)
"""What numpy raises for a file that is no piece, besides OSError."""


@dataclass(frozen=True)
class PieceFolder:
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
        plan_path = self.path / PLAN
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

    def finish(self) -> None:
        """Let an index appear that is complete, but whose build ended just before it could."""
        whole = (self.path / INFO).is_file() and not (self.path / PLAN).is_file()
        if whole and not self.out.exists():
            self.path.rename(self.out)
            shutil.rmtree(self.scraps, ignore_errors=True)

    def create(self, plan: Plan) -> None:
        """Make the work folder of a plan; pieces without a plan beside them are deleted."""
        self.path.mkdir(parents=True, exist_ok=True)
        for path in (self.path / VOCABULARY, *self.path.glob("piece-*.npz")):
            path.unlink(missing_ok=True)
        plan_path = self.path / PLAN
        temporary = plan_path.with_suffix(".tmp")
        temporary.write_bytes(plan.as_json().encode())
        temporary.replace(plan_path)

    def has_piece(self, number: int) -> bool:
        """Whether a piece is complete."""
        return self.piece_path(number).is_file()

    def write_piece(self, number: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Write a piece in one step; two processes that write the same one do not meet."""
        path = self.piece_path(number)
        temporary = path.with_name(f"{path.stem}.{uuid.uuid4().hex[:12]}.tmp")
        try:
            with temporary.open("wb") as stream:
                np.savez(stream, **arrays, digest=np.array(_digest(arrays)))
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def take_piece(self, number: int, piece: Path) -> None:
        """Take over the whole piece of another build as one of this."""
        path = self.piece_path(number)
        temporary = path.with_name(f"{path.stem}.{uuid.uuid4().hex[:12]}.tmp")
        try:
            shutil.copyfile(piece, temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def read_pieces(self, count: int, name: str) -> Iterator[np.ndarray]:
        """Read the array ``name`` of each of the first ``count`` pieces.

        Raises:
            InputError: a piece is damaged.
        """
        try:
            for number in range(count):
                with np.load(self.piece_path(number), allow_pickle=False) as stored:
                    yield stored[name]
        except _DAMAGED as error:
            raise InputError(
                f"The unfinished index {self.path} is damaged: delete it and build again.", details=str(error)
            ) from error

    def drop_damaged(self, count: int, progress: Callable[[], None]) -> list[int]:
        """Delete those of the first ``count`` pieces that are not as they were written.

        Args:
            count: of the pieces.
            progress: called after each; may raise ``Cancelled``.

        Returns:
            The numbers of those that are missing now.
        """
        missing = []
        for number in range(count):
            if not is_whole(self.piece_path(number)):
                self.piece_path(number).unlink(missing_ok=True)
                missing.append(number)
            progress()
        return missing

    @property
    def scraps(self) -> Path:
        """The folder of what is left over when an index appears."""
        return self.out.with_name(self.out.name + ".scraps")

    def publish(self, keep_in: Path | None = None, names: Callable[[int], str] | None = None) -> None:
        """Turn the work folder into the index in one step, so that there is never half an index.

        An index that is already there (it is updated) goes.

        Args:
            keep_in: folder where the pieces are kept for later updates; None deletes them.
            names: file names that they are kept under, by number of the piece.
        """
        files = {INFO, VECTORS, BLOCKS, VOCABULARY, TEXTURE}
        shutil.rmtree(self.scraps, ignore_errors=True)
        self.scraps.mkdir()
        if keep_in is not None and names is not None:
            self._keep_pieces(keep_in, names)
        unneeded = [path for path in self.path.iterdir() if path.name not in files]
        for path in sorted(unneeded, key=lambda path: path.name == PLAN):  # the plan goes last: it guards the others
            path.replace(self.scraps / path.name)
        if (self.out / INFO).is_file():
            self.out.rename(self.scraps / "replaced")
        elif self.out.is_dir():
            self.out.rmdir()  # an empty folder; rightly fails on any other
        self.path.rename(self.out)
        shutil.rmtree(self.scraps, ignore_errors=True)

    def _keep_pieces(self, folder: Path, names: Callable[[int], str]) -> None:
        folder.mkdir(exist_ok=True)
        (folder / PLAN).unlink(missing_ok=True)  # which says what imagery the pieces are of; until the end, of none
        kept = set()
        for path in self.path.glob("piece-*.npz"):
            name = names(int(path.stem.removeprefix("piece-")))
            path.replace(folder / name)
            kept.add(name)
        shutil.copyfile(self.path / PLAN, folder / PLAN)
        for path in folder.glob("*.npz"):
            if path.name not in kept:
                path.unlink()

    def remove(self) -> None:
        """Delete the work folder."""
        shutil.rmtree(self.path, ignore_errors=True)

    def piece_path(self, number: int) -> Path:
        """The file of a piece."""
        return self.path / f"piece-{number:06d}.npz"


def is_whole(path: Path) -> bool:
    """Whether a piece is there and holds what was written, by its checksum; one without says only that it opens."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (*_DAMAGED, OSError):
        return False
    digest = arrays.pop("digest", None)
    return digest is None or str(digest) == _digest(arrays)


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Sha256 of arrays, by name."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
