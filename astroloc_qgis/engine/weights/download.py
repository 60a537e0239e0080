"""Downloading published weights and other files: resumable, and used only once their sha256 is checked."""

from __future__ import annotations

import errno
import http.client
import logging
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from astroloc_qgis.engine.errors import InputError
from astroloc_qgis.engine.progress import Progress, no_progress
from astroloc_qgis.engine.weights.checksum import file_sha256
from astroloc_qgis.engine.weights.connection import check_address, open_url
from astroloc_qgis.engine.weights.hub import find_on_hub
from astroloc_qgis.engine.weights.lookup import missing_weights
from astroloc_qgis.engine.weights.published import PublishedWeights, known_weights
from astroloc_qgis.engine.weights.store import (
    RECORDS,
    WeightRecord,
    cannot_write,
    find_weights,
    record_weights,
    recorded_weights,
    weights_folder,
)

log = logging.getLogger(__name__)

STAGE = "fetch"
_PIECE = 1 << 16
_TIMEOUT_S = 30.0
_TRIES = 4
"""Connections without any new byte after which the download fails; after one with new bytes, the next is opened."""


def fetch_weights(
    name: str,
    *,
    sha256: str | None = None,
    trust_first: bool = False,
    check: Callable[[Path], object] | None = None,
    progress: Progress = no_progress,
) -> Path:
    """Download published weights into the folder of weights, unless they are there.

    Bytes that arrived before an interruption or a cancellation stay in a ``.part`` file and are not fetched again.

    Args:
        name: a key of ``PUBLISHED`` or ``DESCRIPTORS``.
        sha256: the expected one, where AstroLoc does not know it.
        trust_first: take a file whose sha256 nobody has published; what it has is recorded, and every later download is
            held to it.
        check: is given the whole file before it is put in its place; refuses it with an ``InputError``.
        progress: called with "fetch"; may raise ``Cancelled``.

    Raises:
        InputError: the sha256 is not known, there is no network, the server has no such file or a different one, or
            the disk is full, or ``check`` refuses the file.
        KeyError: no weights have that name (a defect of the caller).
    """
    published = known_weights(name)
    if published is None:
        raise KeyError(name)
    if path := find_weights(name):
        return path
    if not published.can_be_fetched:
        raise missing_weights(name, published)
    if published.hub:
        published = find_on_hub(published)
    first = recorded_weights().get(name)
    expected = (sha256 or published.proof or (first.sha256 if first else "")).lower()
    if not expected and not trust_first:
        raise InputError(
            f"The sha256 of {published.file} is not known to AstroLoc, so it is not fetched on trust: say which to "
            f"expect with --sha256, or get {published.url} yourself and name the file with 'matchers add {name} FILE'."
        )
    if first and not sha256 and not first.sha256.startswith(expected):
        raise InputError(
            f"{published.host} offers another file as {published.file} (sha256 {expected[:12]}…) than the first time "
            f"({first.sha256[:12]}…, recorded in {weights_folder() / RECORDS}): if you trust the new one, fetch it "
            f"with --sha256 {expected}."
        )
    if (expected and not re.fullmatch("[0-9a-f]{8,64}", expected)) or (
        published.proof and not expected.startswith(published.proof)
    ):
        raise InputError(f"'{expected}' is not the sha256 of {published.file}: it is {published.proof or '64 digits'}.")
    target = weights_folder() / published.file
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _receive_all(published, part, progress)
        digest = file_sha256(part)
        if not digest.startswith(expected):
            part.unlink()
            raise InputError(
                f"What {published.host} sent as {published.file} is not the expected file (sha256 {digest[:12]}…, "
                f"expected {expected[:12]}…): it was removed; try again, or get the file elsewhere.",
                details=f"sha256 {digest}, expected {expected}, from {published.url}",
            )
        _check_whole(check, part)
        size = part.stat().st_size
        part.replace(target)
    except OSError as error:
        raise cannot_write(error) from error
    record_weights(name, WeightRecord(target.name, digest, size, published.licence, published.url))
    return target


def fetch_file(
    url: str, part: Path, sha256: str, *, by_hand: str, leave: int = 0, progress: Progress = no_progress
) -> None:
    """Download a file that is no weights, or what an earlier try left of it; what is not the file is removed.

    Args:
        url: of the file.
        part: the file to write; bytes of it that are there already are not fetched again.
        sha256: of the whole file, 64 hexadecimal digits.
        by_hand: the end of a sentence: what the user can do where the server does not give it.
        leave: bytes of the disk that stay free, whatever the server sends.
        progress: called with "fetch"; may raise ``Cancelled``, and the part stays.

    Raises:
        InputError: the address or the sha256 is none, the server does not give the file or gives another one, or the
            disk is full.
        Cancelled: by ``progress``.
    """
    check_address(url)
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise InputError(f"'{sha256[:70]}' is not a sha256: it has 64 digits, 0 to 9 and a to f.")
    published = PublishedWeights(url, "", "", sha256, by_hand=by_hand)

    def told(stage: str, fraction: float) -> None:
        if shutil.disk_usage(part.parent).free < leave:
            raise OSError(errno.ENOSPC, f"{leave / 1e6:.0f} MB must stay free")
        progress(stage, fraction)

    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        _receive_all(published, part, told)
        digest = file_sha256(part)
        if digest != sha256:
            part.unlink()
            raise InputError(
                f"What {published.host} sent as {published.file or url} is not the expected file (sha256 "
                f"{digest[:12]}…, expected {sha256[:12]}…): it was removed; check the address and the sha256.",
                details=f"sha256 {digest}, expected {sha256}, from {url}",
            )
    except OSError as error:
        if error.errno == errno.ENOSPC:
            part.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise InputError(f"The download cannot be written to {part.parent}: {reason}.", repr(error)) from error


def _check_whole(check: Callable[[Path], object] | None, part: Path) -> None:
    """Have a whole file checked; one that is refused is removed."""
    if check is None:
        return
    try:
        check(part)
    except InputError:
        part.unlink()
        raise


def _receive_all(published: PublishedWeights, part: Path, progress: Progress) -> None:
    """Fill the part file, opening one connection after another as long as they bring new bytes."""
    idle = 0
    while True:
        before = _size(part)
        try:
            total = _receive(published, part, progress)
        except urllib.error.HTTPError as error:
            raise InputError(
                f"{published.host} does not give the file {published.url} (HTTP {error.code} {error.reason}): "
                + (published.by_hand or "get it elsewhere and add it with 'matchers add' or 'models give'."),
                repr(error),
            ) from error
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
            log.info("fetching %s: %r", published.url, error)
            total, reason = None, error
        else:
            if _size(part) == total:
                return
            reason = http.client.IncompleteRead(b"")
        idle = idle + 1 if _size(part) <= before else 0
        if idle >= (1 if isinstance(reason, urllib.error.URLError) else _TRIES):
            raise _broke_off(published, part, reason)


def _broke_off(published: PublishedWeights, part: Path, reason: BaseException) -> InputError:
    if isinstance(reason, urllib.error.URLError):
        return InputError(
            f"{published.host} cannot be reached ({reason.reason}): check the network and its proxy, or "
            + (
                published.by_hand
                or f"get {published.url} on another machine and add it with 'matchers add' or 'models give'."
            ),
            repr(reason),
        )
    return InputError(
        f"{published.host} broke off after {_size(part) / 1e6:.1f} MB of {published.file}: try again later, "
        "what has arrived is kept.",
        repr(reason),
    )


def _receive(published: PublishedWeights, part: Path, progress: Progress) -> int:
    """Open one connection and append the bytes it brings to the part file.

    Returns:
        The size of the whole file, bytes; -1 if the download has to start again.
    """
    have = _size(part)
    request = urllib.request.Request(check_address(published.url), headers={"User-Agent": "AstroLoc"})  # noqa: S310 - checked
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = open_url(request, _TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not have:
            raise
        if re.fullmatch(rf"bytes \*/{have}", error.headers.get("Content-Range", "")):
            return have  # the file is complete
        part.unlink()
        return -1
    with response:
        range_given = re.match(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        if response.status == http.HTTPStatus.PARTIAL_CONTENT and range_given and int(range_given[1]) == have:
            total = int(range_given[2])
        else:  # the server ignores ranges and sends the whole file
            have = 0
            length = response.headers.get("Content-Length")
            total = int(length) if length and length.isdigit() else (published.size or -1)
        if published.size is not None and total != published.size:
            part.unlink(missing_ok=True)
            raise InputError(
                f"What {published.host} offers as {published.file} has {total:,} bytes instead of "
                f"{published.size:,}: it is another file; get the right one elsewhere."
            )
        if total > have and shutil.disk_usage(part.parent).free < total - have:
            raise OSError(errno.ENOSPC, f"{(total - have) / 1e6:.0f} MB are needed")
        with part.open("ab" if have else "wb") as stream:
            received = _copy(response.read1, stream.write, have, total, progress)
    return total if total >= 0 else received


def _copy(
    read: Callable[[int], bytes], write: Callable[[bytes], int], have: int, total: int, progress: Progress
) -> int:
    while True:
        try:
            piece = read(_PIECE)
        except OSError as error:  # of the connection (TLS has errors of its own), not of the disk
            raise ConnectionError(str(error)) from error
        if not piece:
            return have
        write(piece)
        have += len(piece)
        progress(STAGE, have / total if total > 0 else 0.0)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
