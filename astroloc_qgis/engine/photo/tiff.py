"""The directories of a TIFF: its pages, and those inside them (TIFF 6.0; BigTIFF; TIFF Technical Note 1, SubIFDs)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

SUBFILE_TYPE, WIDTH, HEIGHT, COMPRESSION, PHOTOMETRIC = 0x00FE, 0x0100, 0x0101, 0x0103, 0x0106
SAMPLES, SUB_DIRECTORIES = 0x0115, 0x014A
STRIP_OFFSETS, STRIP_BYTES = 0x0111, 0x0117
_TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8, 13: 4, 16: 8, 18: 8}
_MAX_ENTRIES = 4096
_MAX_VALUE_BYTES = 256
_MAX_DIRECTORIES = 1000


@dataclass(frozen=True)
class Directory:
    """One image file directory.

    Attributes:
        offset: where it begins in the file, bytes.
        order: "<" for little-endian, ">" for big-endian.
        entries: size of one item and all its bytes, by tag; of short values only.
        following: offset of the next page's directory; 0 for none.
        nested: whether it is inside another (a SubIFD) rather than a page.
        places: bytes and offset of longer values, by tag.
    """

    offset: int
    order: str
    entries: dict[int, tuple[int, bytes]]
    following: int = 0
    nested: bool = False
    places: dict[int, tuple[int, int]] = field(default_factory=dict)

    def value(self, tag: int) -> bytes:
        """The bytes of an entry; none where it is missing."""
        return self.entries.get(tag, (0, b""))[1]

    def numbers(self, tag: int) -> list[int]:
        """The unsigned whole numbers of an entry."""
        size, content = self.entries.get(tag, (0, b""))
        items = [content[at : at + size] for at in range(0, len(content), size or 1)]
        return [int.from_bytes(item, "little" if self.order == "<" else "big") for item in items]

    def number(self, tag: int, default: int = 0) -> int:
        """The first number of an entry."""
        return next(iter(self.numbers(tag)), default)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its picture, pixels."""
        return self.number(WIDTH), self.number(HEIGHT)

    @property
    def area(self) -> int:
        """Pixels of its picture."""
        return self.number(WIDTH) * self.number(HEIGHT)

    @property
    def is_reduced(self) -> bool:
        """Whether it calls itself a smaller version of another picture of the file."""
        return bool(self.number(SUBFILE_TYPE) & 1)

    @property
    def is_mask(self) -> bool:
        """Whether it calls itself the transparency of another picture of the file."""
        return bool(self.number(SUBFILE_TYPE) & 4)


@dataclass(frozen=True)
class Tiff:
    """A TIFF structure in an open file.

    Attributes:
        file: open for reading; the structure begins at 0.
        order: "<" or ">".
        big: whether it is a BigTIFF.
    """

    file: BinaryIO
    order: str
    big: bool

    @classmethod
    def of(cls, file: BinaryIO) -> Tiff | None:
        """Find the structure; None where there is none.

        Raises:
            struct.error: the file is cut off.
        """
        file.seek(0)
        order = {b"II": "<", b"MM": ">"}.get(file.read(2))
        if order is None:
            return None
        version = struct.unpack(order + "H", file.read(2))[0]
        return cls(file, order, version == 43)

    def first_offset(self) -> int:
        """Where the first page's directory begins."""
        self.file.seek(8 if self.big else 4)
        return int(struct.unpack(self.order + self._long, self.file.read(self._long_size))[0])

    def directory(self, offset: int, *, nested: bool = False) -> Directory:
        """Read the directory at an offset.

        Raises:
            struct.error, ValueError, OSError: there is none.
        """
        order, file = self.order, self.file
        file.seek(offset)
        count = struct.unpack(order + ("Q" if self.big else "H"), file.read(8 if self.big else 2))[0]
        if count > _MAX_ENTRIES:
            raise ValueError(f"a directory of {count} entries")
        layout = struct.Struct(order + ("HHQ8s" if self.big else "HHI4s"))
        table = file.read(layout.size * count)
        following = file.read(self._long_size)
        entries: dict[int, tuple[int, bytes]] = {}
        places: dict[int, tuple[int, int]] = {}
        for tag, kind, number, inline in layout.iter_unpack(table):
            one = _TYPE_SIZES.get(kind, 0)
            size = one * number
            if size <= len(inline):
                entries[tag] = one, inline[:size]
                continue
            place = struct.unpack(order + self._long, inline)[0]
            if size <= _MAX_VALUE_BYTES:
                file.seek(place)
                entries[tag] = one, file.read(size)
            else:
                places[tag] = size, place
        whole = len(following) == self._long_size
        return Directory(
            offset, order, entries, struct.unpack(order + self._long, following)[0] if whole else 0, nested, places
        )

    def directories(self) -> Iterator[Directory]:
        """All directories, each page before those inside it; ends where the file is damaged.

        Raises:
            struct.error, ValueError, OSError: the first one cannot be read.
        """
        seen: set[int] = set()
        waiting = [(self.first_offset(), False)]
        while waiting and len(seen) < _MAX_DIRECTORIES:
            offset, nested = waiting.pop(0)
            if not offset or offset in seen:
                continue
            seen.add(offset)
            try:
                found = self.directory(offset, nested=nested)
            except (struct.error, ValueError, OSError):
                if len(seen) == 1:
                    raise
                continue
            yield found
            inside = [(each, True) for each in found.numbers(SUB_DIRECTORIES)]
            waiting = [*inside, *([] if nested else [(found.following, False)]), *waiting]

    @property
    def _long(self) -> str:
        return "Q" if self.big else "I"

    @property
    def _long_size(self) -> int:
        return 8 if self.big else 4
