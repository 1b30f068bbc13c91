"""Container: streams of an OLE compound file (MS-CFB) by name; knows nothing of what they hold."""

from __future__ import annotations

import struct

_FREE = 0xFFFFFFF0
_ENTRY = 128
_MINI_SECTOR = 64
_FAT_IN_HEADER = 109


class Container:
    """An OLE file in memory. Raises ValueError when its tables lead nowhere."""

    def __init__(self, data: bytes) -> None:
        if len(data) < 512 or not 7 <= data[30] <= 16:
            raise ValueError("no compound file")
        self._data = data
        self._size = 1 << data[30]
        self._cutoff = struct.unpack_from("<I", data, 56)[0]
        directory, mini_fat = struct.unpack_from("<I", data, 48)[0], struct.unpack_from("<I", data, 60)[0]
        self._fat = self._numbers(self._fat_sectors())
        self._mini_fat = self._numbers(self._chain(mini_fat)) if mini_fat < _FREE else ()
        listing = b"".join(map(self._sector, self._chain(directory)))
        self._entries: dict[str, tuple[int, int]] = {}
        self._root = (0, 0)
        for place in range(0, len(listing) - _ENTRY + 1, _ENTRY):
            self._entry(listing[place : place + _ENTRY])

    def stream(self, name: str) -> bytes:
        """The bytes of a stream. Raises KeyError."""
        start, size = self._entries[name.casefold()]
        if size >= self._cutoff:
            return b"".join(map(self._sector, self._chain(start)))[:size]
        mini = b"".join(map(self._sector, self._chain(self._root[0])))
        chain = _followed(self._mini_fat, start)
        return b"".join(mini[at * _MINI_SECTOR : (at + 1) * _MINI_SECTOR] for at in chain)[:size]

    def replaced(self, name: str, stream: bytes) -> bytes:
        """The file with a stream of its own sectors overwritten by one of the same size. Raises KeyError, ValueError."""
        start, size = self._entries[name.casefold()]
        if len(stream) != size or size < self._cutoff:
            raise ValueError("another size")
        made = bytearray(self._data)
        for turn, sector in enumerate(self._chain(start)):
            piece = stream[turn * self._size : (turn + 1) * self._size]
            made[(sector + 1) * self._size : (sector + 1) * self._size + len(piece)] = piece
        return bytes(made)

    def _entry(self, entry: bytes) -> None:
        length, kind = struct.unpack_from("<H", entry, 64)[0], entry[66]
        name = entry[: max(0, length - 2)].decode("utf-16-le", "replace")
        start, size = struct.unpack_from("<IQ", entry, 116)
        if self._size == 512:
            size &= 0xFFFFFFFF
        if kind == 5:
            self._root = (start, size)
        elif kind == 2:
            self._entries.setdefault(name.casefold(), (start, size))

    def _fat_sectors(self) -> list[int]:
        sectors = list(struct.unpack_from(f"<{_FAT_IN_HEADER}I", self._data, 76))
        more = struct.unpack_from("<I", self._data, 68)[0]
        for _ in range(len(self._data) // self._size):
            if more >= _FREE:
                break
            *found, more = self._numbers([more])
            sectors += found
        return [sector for sector in sectors if sector < _FREE]

    def _numbers(self, sectors: list[int]) -> tuple[int, ...]:
        joined = b"".join(map(self._sector, sectors))
        return struct.unpack(f"<{len(joined) // 4}I", joined[: len(joined) & ~3])

    def _sector(self, number: int) -> bytes:
        return self._data[(number + 1) * self._size : (number + 2) * self._size]

    def _chain(self, start: int) -> list[int]:
        return _followed(self._fat, start)


def _followed(table: tuple[int, ...], start: int) -> list[int]:
    """The chain that begins at a sector. Raises ValueError for a loop or an end outside the table."""
    chain: list[int] = []
    while start < _FREE:
        if start >= len(table) or len(chain) > len(table):
            raise ValueError("a broken chain")
        chain.append(start)
        start = table[start]
    return chain
