"""Source: one opened file and what it is by its first bytes; knows no rows and trusts no extension."""

from __future__ import annotations

import io
import os
import re
import stat
from typing import BinaryIO, NoReturn, TextIO

from importers import vocabulary
from importers.rows import UnreadableFile

_HEAD = 65_536
_BUFFER = 1 << 18
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BIFF = (b"\x09\x04\x06\x00", b"\x09\x02\x06\x00", b"\x09\x00\x04\x00", b"\x09\x08\x08\x00", b"\x09\x08\x10\x00")
_FOREIGN = (
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"{\\rtf", "RTF"),
    (b"\x7fELF", "ELF"),
    (b"MZ", "EXE"),
    (b"SQLite format 3", "SQLite"),
)
_JSON = re.compile(rb"\[\s*([{\]]|$)|\{\s*[\"}]")
"""How a JSON list of objects begins, or an object; no header of a table does."""


class Source:
    """An open regular file. `name` is for messages, `head` its first bytes, `size` in bytes."""

    def __init__(self, path: str, language: str) -> None:
        self.name = os.path.basename(path).encode("utf-8", "backslashreplace").decode()
        self.language = language
        self._disk = self._opened(path)
        self.file: BinaryIO = self._disk
        self._start = self._state()
        self.size = self._start[1]
        self.head = self.file.read(_HEAD)
        self.file.seek(0)

    def refuse(self, code: str, **values: object) -> NoReturn:
        """Raise `UnreadableFile` with the text of a code."""
        raise UnreadableFile(vocabulary.problem(code, self.language, name=self.name, **values))

    def unchanged(self) -> None:
        """Raises UnreadableFile when the file was written to since it was opened."""
        if self._state() != self._start:
            self.refuse("SY-F15")

    def kind(self) -> str:
        """`zip`, `ole`, `html`, `xml`, `vcard`, `json`, `text`, or the name of something that is no table."""
        head = self.head
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return "zip"
        if head.startswith(_OLE) or head.startswith(_BIFF):
            return "ole"
        for start, name in _FOREIGN:
            if head.startswith(start) and (len(start) > 2 or b"\0" in head):
                return name
        return _markup(head)

    def text(self, encoding: str, errors: str) -> TextIO:
        """The file as text from its beginning, line ends untouched; one at a time, they share one position."""
        os.lseek(self._disk.fileno(), 0, os.SEEK_SET)
        return open(os.dup(self._disk.fileno()), encoding=encoding, errors=errors, newline="", buffering=_BUFFER)

    def unlock(self, data: bytes) -> None:
        """Go on with the clear contents of an encrypted file."""
        self.file = io.BytesIO(data)
        self.size = len(data)
        self.head = data[:_HEAD]

    def close(self) -> None:
        """Close the file."""
        self._disk.close()

    def _opened(self, path: str) -> BinaryIO:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            self.refuse("SY-F16", seen=error.strerror or str(error))
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            self.refuse("SY-F17")
        return os.fdopen(descriptor, "rb", buffering=_BUFFER)

    def _state(self) -> tuple[int, int, int]:
        found = os.fstat(self._disk.fileno())
        return found.st_ino, found.st_size, found.st_mtime_ns


def _markup(head: bytes) -> str:
    start = head[:4096].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<body", b"<meta", b"<style", b"<div")):
        return "html"
    if start.startswith((b"<?xml", b"<workbook")):
        return "html" if b"<html" in start else "xml"
    if start.startswith(b"begin:vcard"):
        return "vcard"
    return "json" if _JSON.match(start) else "text"
