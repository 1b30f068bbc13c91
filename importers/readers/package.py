"""Package: what is inside a ZIP or OLE container before a library opens it; refuses what is locked, foreign or a bomb.

Knows the outer form only: names of parts, sizes, and which sheet lies in which part.
"""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from posixpath import join, normpath
from xml.etree import ElementTree

from importers.readers import locked
from importers.readers.raw import UNKNOWN
from importers.readers.source import Source

LARGEST = 512 << 20
"""Bytes that a package may unpack to (Apache POI and Excel itself read more, a mail attachment never is)."""

RATIO = 100
"""How many times its size a package may unpack to (Apache POI's limit), above a size that matters."""

PARTS = 1_000
"""Parts that a package may have (Apache POI's limit)."""

_MATTERS = 16 << 20
_WINDOW = 1 << 20
_OVERLAP = 4_096
_BOF = (b"\x09\x08\x10\x00\x00\x06\x05\x00", b"\x09\x08\x08\x00\x00\x05\x05\x00")
_FILEPASS = 0x2F
_EOF_RECORD = 0x0A
_FIRST_RECORDS = 20
DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, ElementTree.ParseError,
    OSError, KeyError, NotImplementedError, RuntimeError, ValueError, EOFError,
)  # fmt: skip
"""What Python's own libraries raise over a damaged package."""

_FOREIGN = {
    "word/document.xml": "Word",
    "ppt/presentation.xml": "PowerPoint",
    "Index/Document.iwa": "Numbers",
    "index.apxl": "Keynote",
}
_CELL = re.compile(rb'<(?:\w+:)?c\b([^>]*?)\br="([A-Z]{1,3})(\d{1,7})"([^>]*)(?<!/)>(.*?)</(?:\w+:)?c>', re.DOTALL)
_UNKNOWN = re.compile(rb"</f>\s*(?:<v\s*/>|<v></v>)?\s*</c>")
_SHOWN = re.compile(rb"<(?:\w+:)?v>([^<]{1,40})")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_HELD = re.compile(rb"<(?:\w+:)?v\b[^>]*>[^<]|<(?:\w+:)?is\b")
_STYLES = re.compile(r"/?xl/styles\d*\.xml")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


def of_zip(source: Source) -> str:
    """`xlsx`, `xlsb` or `ods`. Raises UnreadableFile for anything else, for damage and for a bomb."""
    try:
        with zipfile.ZipFile(source.file) as package:
            parts = package.infolist()
            kind = package.read("mimetype")[:80] if "mimetype" in package.namelist() else b""
    except DAMAGE as error:
        source.refuse("SY-F29", seen=str(error)[:80])
    finally:
        source.file.seek(0)
    size = sum(part.file_size for part in parts)
    if size > LARGEST or (size > _MATTERS and size > RATIO * source.size) or len(parts) > PARTS:
        source.refuse("SY-F31", seen=f"{size >> 20} MB, {len(parts)} parts")
    names = {part.filename.replace("\\", "/").lstrip("/").lower(): part for part in parts}
    if "xl/workbook.bin" in names:
        return "xlsb"
    if any(re.fullmatch(r"xl/workbook\d*\.xml", name) for name in names):
        return "xlsx"
    if b"opendocument.spreadsheet" in kind or ("content.xml" in names and "meta-inf/manifest.xml" in names):
        if any(part.flag_bits & 1 for part in parts):
            source.refuse("SY-F11")
        return "ods"
    for name, program in _FOREIGN.items():
        if name.lower() in names:
            source.refuse("SY-F33", seen=program)
    if "[content_types].xml" not in names:
        source.refuse("SY-F33", seen="ZIP")
    return "xlsx"


def of_ole(source: Source) -> str:
    """`xls`, or what an encrypted package holds; what Excel locked with its own default password is opened on the way.
    Raises UnreadableFile for other documents, for a real password and for a label."""
    source.file.seek(0)
    data = source.file.read(LARGEST)
    source.file.seek(0)
    if _name("EncryptedPackage") in data:
        if _name("DRMEncryptedTransform") in data or _name("DRMEncryptedDataSpace") in data:
            source.refuse("SY-F32")
        _unlock(source, locked.xlsx(data))
        return of_zip(source)
    if _filepass(data):
        _unlock(source, locked.xls(data))
    if _name("Workbook") in data or _name("Book") in data or _name("WORKBOOK") in data or not data.startswith(b"\xd0"):
        return "xls"
    for name, program in (("WordDocument", "Word"), ("PowerPoint Document", "PowerPoint"), ("__nameid", "Outlook")):
        if _name(name) in data:
            source.refuse("SY-F33", seen=program)
    return "xls"


def lost(source: Source, sheet: str) -> dict[tuple[int, int], str]:
    """Cells of an xlsx sheet that libraries give as blank: (row from 1, column from 0) and what they show (`#N/A`), or
    `raw.UNKNOWN` for a formula whose result was never stored."""
    return dict(_scanned(windows(source, sheet)))


def filled(source: Source, sheet: str) -> bool:
    """Whether an xlsx sheet has a cell that holds something."""
    return any(_HELD.search(window) for window in windows(source, sheet))


def windows(source: Source, sheet: str) -> Iterator[bytes]:
    """The XML of an xlsx sheet in pieces that overlap a little, so that no cell is cut; ends where it is damaged."""
    before = b""
    try:
        with zipfile.ZipFile(source.file) as package, package.open(_part(package, sheet)) as file:
            while piece := file.read(_WINDOW):
                yield before + piece
                before = piece[-_OVERLAP:]
    except DAMAGE:
        return
    finally:
        source.file.seek(0)


def styles(source: Source) -> bytes:
    """The XML of an xlsx workbook's styles, blank when there are none."""
    try:
        with zipfile.ZipFile(source.file) as package:
            found = [name for name in package.namelist() if _STYLES.fullmatch(name.lower())]
            return package.read(found[0]) if found else b""
    except DAMAGE:
        return b""
    finally:
        source.file.seek(0)


def _unlock(source: Source, clear: bytes | None) -> None:
    if clear is None:
        source.refuse("SY-F11")
    source.unlock(clear)


def _filepass(data: bytes) -> bool:
    """Whether the globals of a BIFF workbook begin with a FILEPASS record, which says that the rest is encrypted."""
    place = next((at for mark in _BOF if (at := data.find(mark)) >= 0), len(data))
    for _ in range(_FIRST_RECORDS):
        kind = int.from_bytes(data[place : place + 2], "little")
        size = int.from_bytes(data[place + 2 : place + 4], "little")
        if kind in (0, _EOF_RECORD):
            return False
        if kind == _FILEPASS:
            return True
        place += 4 + size
    return False


def _name(text: str) -> bytes:
    return text.encode("utf-16-le")


def _part(package: zipfile.ZipFile, sheet: str) -> str:
    book = next((name for name in package.namelist() if re.fullmatch(r"/?xl/workbook\d*\.xml", name.lower())), "")
    if not book:
        return ""
    names = {
        node.get("name"): node.get(_RELATION) or node.get(_STRICT_RELATION)
        for node in ElementTree.fromstring(package.read(book)).iter()
        if node.tag.endswith("}sheet")
    }
    folder, _, name = book.rpartition("/")
    for node in ElementTree.fromstring(package.read(f"{folder}/_rels/{name}.rels")).iter():
        if node.get("Id") == names.get(sheet):
            target = node.get("Target", "")
            found = target.lstrip("/") if target.startswith("/") else normpath(join(folder, target))
            return found if found in package.namelist() else ""
    return ""


def _scanned(found: Iterable[bytes]) -> Iterator[tuple[tuple[int, int], str]]:
    for window in found:
        if b't="e"' not in window and not _UNKNOWN.search(window):
            continue
        for before, letters, row, after, body in _CELL.findall(window):
            shown = _SHOWN.search(body)
            if shown and b't="e"' in before + after:
                yield (int(row), column(letters)), shown[1].decode("utf-8", "replace")
            elif not shown and _FORMULA.search(body) and b't="str"' not in before + after:
                yield (int(row), column(letters)), UNKNOWN


def column(letters: bytes) -> int:
    """The number of a column, from 0."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
