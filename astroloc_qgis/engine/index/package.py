"""An index in one ZIP archive, to hand on: packing one, and installing one from a file or an address.

The archive holds ``index.json`` and the files that it lists, and nothing else. What an archive says of itself is not
believed: names, sizes and checksums are compared before and while it is unpacked, into a folder beside the new index
that takes its place only when all of the index was checked.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

from astroloc_qgis.engine.descriptors import registry as descriptors
from astroloc_qgis.engine.errors import Cancelled, InputError
from astroloc_qgis.engine.index.check import check_content
from astroloc_qgis.engine.index.format import (
    BLOCKS,
    COARSE,
    INFO,
    TEXTURE,
    VECTORS,
    VOCABULARY,
    IndexInfo,
    info_of,
)
from astroloc_qgis.engine.index.store import Index
from astroloc_qgis.engine.progress import Progress, no_progress, part_of
from astroloc_qgis.engine.weights.download import fetch_file
from astroloc_qgis.engine.writable import check_can_be_made

FILES = (VECTORS, BLOCKS, VOCABULARY, TEXTURE, COARSE)
"""The files that an index may have beside ``index.json``."""
MOST_INFO_BYTES = 1 << 20
"""A description of more is none."""
LEAVE_FREE = 200 << 20
"""Bytes of the disk that an installation leaves free."""
_PIECE = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
_BROKEN = (BadZipFile, LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError)
"""Errors of zipfile for an archive that is damaged or that it does not read."""


def is_address(source: str) -> bool:
    """Whether a source is an address rather than a file."""
    return source.lower().startswith(("http://", "https://", "ftp://"))


def pack_index(folder: Path, out: Path, *, progress: Progress = no_progress) -> str:
    """Pack an index into a ZIP archive; the same index gives the same bytes.

    Args:
        folder: of the index.
        out: the file to make.
        progress: told the stage "read"; may raise ``Cancelled``.

    Returns:
        Hex sha256 of the archive, which those who fetch it need.

    Raises:
        InputError: the index cannot be opened or is damaged; ``out`` exists, is no ".zip", or cannot be written.
        Cancelled: by ``progress``; nothing is left then.
    """
    out = Path(out).absolute()
    if out.suffix.lower() != ".zip":
        raise InputError(f"The archive {out} needs a name that ends in .zip.")
    if out.exists():
        raise InputError(f"There is already something at {out}: choose another name for the archive.")
    index = Index.open(folder, thorough=True)
    check_content(index, part_of(progress, 0.0, 0.5))
    names = [INFO, *(name for name in FILES if name in index.info.files)]
    total = sum((folder / name).stat().st_size for name in names) or 1
    part = out.with_name(out.name + ".part")
    done = 0
    try:
        check_can_be_made(part)
        out.parent.mkdir(parents=True, exist_ok=True)
        with ZipFile(part, "w", ZIP_STORED) as archive:
            for name in names:
                entry = ZipInfo(name, _EPOCH)
                entry.compress_type = ZIP_DEFLATED if name == INFO else ZIP_STORED
                entry.external_attr = (stat.S_IFREG | 0o644) << 16
                entry.create_system, entry.file_size = 3, (folder / name).stat().st_size
                with (folder / name).open("rb") as source, archive.open(entry, "w") as target:
                    while piece := source.read(_PIECE):
                        target.write(piece)
                        done += len(piece)
                        progress("read", 0.5 + 0.5 * min(1.0, done / total))
        with part.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        part.rename(out)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"The archive cannot be written to {out}: {reason}.", details=repr(error)) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return digest


def install_index(source: str, out: Path, *, sha256: str = "", progress: Progress = no_progress) -> Index:
    """Install an index from an archive.

    Args:
        source: a ZIP file, or its address (https).
        out: folder to make.
        sha256: of the archive; needed with an address, and checked with a file too where it is given.
        progress: told the stages "fetch" and "read"; may raise ``Cancelled``. What was fetched stays beside ``out``,
            and the next call for the same archive goes on from there.

    Raises:
        InputError: the archive cannot be had, is damaged, hostile, of another model or version, or too large for the
            disk; ``out`` exists or cannot be written. Nothing of it is left then.
        Cancelled: by ``progress``.
    """
    source, sha256, out = str(source).strip(), sha256.strip().lower(), Path(out).absolute()
    if out.exists() or out.is_symlink():
        raise InputError(f"There is already something at {out}: choose another folder for the index.")
    try:
        check_can_be_made(out.with_name(out.name + ".installing"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"The index cannot be written to {out}: {reason}.", details=repr(error)) from error
    if not is_address(source):
        path = Path(source)
        if not path.is_file():
            raise InputError(f"The archive {source} does not exist: choose a ZIP file made with 'index pack'.")
        if sha256 and (digest := _sha256(path, progress)) != sha256:
            raise InputError(
                f"The archive {source} is not the expected file (sha256 {digest[:12]}…, expected {sha256[:12]}…): "
                "get it again."
            )
        return unpack_index(path, out, progress=progress)
    if not sha256:
        raise InputError(
            f"The sha256 of {source} is not given, so it is not fetched on trust: its publisher states it beside the "
            "address; give it too."
        )
    part = out.with_name(f"{out.name}.{sha256[:16]}.zip.part")
    fetch_file(
        source,
        part,
        sha256,
        by_hand="get the file by other means and install it from there.",
        leave=LEAVE_FREE,
        progress=part_of(progress, 0.0, 0.9),
    )
    name = urlsplit(source).path.rsplit("/", 1)[-1] or source
    index = unpack_index(part, out, name=name, progress=part_of(progress, 0.9, 1.0))
    with suppress(OSError):
        part.unlink()
    return index


def unpack_index(archive: Path, out: Path, *, name: str = "", progress: Progress = no_progress) -> Index:
    """Make an index of an archive on this computer (arguments and errors as for ``install_index``).

    Args:
        archive: the ZIP file.
        out: folder to make.
        name: of the archive in messages; by default its path.
        progress: told the stage "read"; may raise ``Cancelled``.
    """
    name, out = name or str(archive), Path(out).absolute()
    work = out.with_name(out.name + ".installing")
    if work.is_symlink():
        raise InputError(f"The folder {work} is a link to another one: delete it first.")
    try:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        try:
            with ZipFile(archive) as opened:
                entries = _entries(opened, name)
                info, description = _description(opened, entries, name)
                _check_sizes(entries, info, out.parent, name)
                _unpack(opened, entries, info, work, name, part_of(progress, 0.0, 0.5))
            (work / INFO).write_bytes(description)
            _check(work, name, part_of(progress, 0.5, 1.0))
            work.rename(out)
        except _BROKEN as error:
            raise InputError(f"The archive {name} is damaged or no ZIP file: get it again.", repr(error)) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"The index cannot be written to {out}: {reason}.", details=repr(error)) from error
    return Index.open(out)


def _entries(opened: ZipFile, name: str) -> dict[str, ZipInfo]:
    """The entries of an archive by name.

    Raises:
        InputError: a name is not one of an index's files, is there twice, or is no plain file.
    """
    found: dict[str, ZipInfo] = {}
    for entry in opened.infolist():
        # The name as it is stored: zipfile cuts it at a null and turns the system's separator into a slash.
        stored = entry.orig_filename
        if stored != entry.filename or stored not in (INFO, *FILES):
            raise InputError(
                f"The archive {name} is refused: it holds '{stored[:60]!s}', which is no file of an index at its top "
                "level; get one made with 'index pack'."
            )
        if stored in found:
            raise InputError(f"The archive {name} is refused: it holds {stored} twice; get it again.")
        mode = entry.external_attr >> 16
        if entry.is_dir() or stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise InputError(f"The archive {name} is refused: its {stored} is a link or no file; get it again.")
        if entry.flag_bits & 0x1:
            raise InputError(f"The archive {name} is refused: its {stored} is encrypted; get one that is not.")
        if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise InputError(f"The archive {name} is refused: its {stored} is packed in an unusual way; get it again.")
        found[stored] = entry
    if INFO not in found:
        raise InputError(f"The archive {name} is not an index: it has no {INFO}; get one made with 'index pack'.")
    return found


def _description(opened: ZipFile, entries: dict[str, ZipInfo], name: str) -> tuple[IndexInfo, bytes]:
    """The description of the index, of a version and a model that this AstroLoc has; and its bytes."""
    if entries[INFO].file_size > MOST_INFO_BYTES:
        raise InputError(f"The archive {name} is refused: its {INFO} has {entries[INFO].file_size:,} bytes.")
    with opened.open(entries[INFO]) as stream:
        content = stream.read(MOST_INFO_BYTES + 1)
    if len(content) > MOST_INFO_BYTES:
        raise InputError(f"The archive {name} is refused: its {INFO} is larger than it says.")
    try:
        described: dict[str, Any] = json.loads(content)
        version = described.pop("format_version")
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(
            f"The archive {name} is refused: its {INFO} cannot be read; get it again.", repr(error)
        ) from error
    info = info_of(described, version, f"The index in {name}")
    descriptors.check_model(f"The index in {name}", info.model, str(info.model_sha256), "get one that fits")
    return info, content


def _check_sizes(entries: dict[str, ZipInfo], info: IndexInfo, folder: Path, name: str) -> None:
    """Compare the archive with the description, and with the disk."""
    listed = set(info.files) if isinstance(info.files, dict) else set()
    if listed != set(entries) - {INFO} or not listed:
        different = sorted(map(str, listed ^ (set(entries) - {INFO})))
        raise InputError(
            f"The archive {name} is refused: its {INFO} and its files disagree about "
            f"{', '.join(different)[:80] or 'everything'}; get it again."
        )
    for each in sorted(listed):
        expected = info.files[each]
        size = expected.get("bytes") if isinstance(expected, dict) else None
        if not isinstance(size, int) or isinstance(size, bool) or size < 0 or size != entries[each].file_size:
            raise InputError(
                f"The archive {name} is refused: its {each} has {entries[each].file_size:,} bytes and should have "
                f"{str(size)[:20]}; get it again."
            )
    needed = sum(entry.file_size for entry in entries.values())
    free = shutil.disk_usage(_existing(folder)).free
    if needed + LEAVE_FREE > free:
        raise InputError(
            f"The index in {name} needs {needed / 1e6:,.0f} MB, and {folder} has {free / 1e6:,.0f} MB left: choose a "
            "folder on another disk, or make room."
        )


def _unpack(
    opened: ZipFile, entries: dict[str, ZipInfo], info: IndexInfo, work: Path, name: str, progress: Progress
) -> None:
    """Write the files but the description, each of its size and sha256 or not at all."""
    total, done = sum(entries[each].file_size for each in info.files) or 1, 0
    for each, expected in info.files.items():
        digest = hashlib.sha256()
        with opened.open(entries[each]) as source, (work / each).open("xb") as target:
            size = 0
            while size <= expected["bytes"] and (piece := source.read(min(_PIECE, expected["bytes"] + 1 - size))):
                target.write(piece)
                digest.update(piece)
                size += len(piece)
                progress("read", min(1.0, (done + size) / total))
        done += size
        if size != expected["bytes"]:
            raise InputError(
                f"The archive {name} is refused: its {each} is not of the size that it says; get it again."
            )
        if digest.hexdigest() != expected.get("sha256"):
            raise InputError(
                f"The archive {name} is refused: its {each} has another content (sha256) than its description says; "
                "get it again."
            )


def _check(work: Path, name: str, progress: Progress) -> None:
    """Open and check what was unpacked; sentences name the archive.

    What is raised is new: the error of the check would keep files open that are going to be removed or renamed.
    """
    refused: InputError | Cancelled | None = None
    try:
        check_content(Index.open(work), progress)
    except Cancelled:
        refused = Cancelled()
    except InputError as error:
        sentence = str(error).replace(f"The index {work}", f"The index in {name}")
        refused = InputError(sentence.replace("build it again", "get it again"), error.details)
    if refused is not None:
        raise refused


def _sha256(path: Path, progress: Progress) -> str:
    progress("read", 0.0)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
