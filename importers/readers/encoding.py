"""Encoding: how a text file is written, proven where it can be proven; knows no columns.

Order of proof: byte order mark, NUL pattern of UTF-16 and UTF-32, UTF-8 over the whole file, then the code page of the
header's language, unless another one turns the header into words that we know; last, ISO's page beside that of Windows.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from importers.readers import letters
from importers.readers.source import Source

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BLOCK = 1 << 20
_CESU = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_PAGES = {"pl": "cp1250", "cs": "cp1250", "hu": "cp1250", "ro": "cp1250", "tr": "cp1254"}
_OTHERS = ("mac_roman", "cp850", "cp1250", "iso8859_2", "cp1251", "cp1254", "cp932")
_LATIN = ("mac_roman", "cp850", "cp1250", "iso8859_2")
_FURTHER = [
    "cp1251", "cp1253", "cp1255", "cp1256", "koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949",
]  # fmt: skip
"""What a text of another script may be written in; without the rare ones that a short text is easily taken for."""
_CONTROLS = re.compile(rb"[\x80-\x9f]")
"""Where Windows' code pages have letters and signs, and ISO's have nothing that is written."""
_NOWHERE = re.compile("[\ue000-\uf8ff\ufffd]")
"""What a Japanese text has nowhere, and a Western one read as such in most lines."""
_INSIDE = re.compile(r"(?<=[^\W\d_])[^\x00-\x7f](?=[^\W\d_])")
_JOINERS = frozenset("’‘´`·‐‑–—\xad\xa0")
"""What may stand between two letters without being one."""
UNDECODABLE = "\udcff"
"""Stands for bytes that the encoding cannot read; a lone surrogate, so its row is refused."""


@dataclass(frozen=True, slots=True)
class Found:
    """An encoding by its Python name, and whether every cell is known to be storable (no NUL, nothing undecodable).

    `twice`: UTF-8 was read as cp1252 and written as UTF-8 again (PrÃ©nom); each line is to be `mended`.
    """

    name: str
    clean: bool
    twice: bool = False


def find(file: BinaryIO, head: bytes, language: str, score: Callable[[str], int]) -> Found:
    """The encoding of a file. `language` is that of its header; `score` counts the header words that a decoded head holds."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Found(name, False)
    if wide := _wide(head):
        return Found(wide, False)
    if (plain := _plain(file)) is not None:
        return Found("utf-8", plain, _twice(head, score))
    survey = _Survey()
    file.seek(0)
    while block := file.read(_BLOCK):
        survey.take(block)
    file.seek(0)
    if survey.utf8():
        return Found("utf-8", survey.clean)
    page = _page(head, language, score)
    return Found(_settled(page, head, language, survey), False)


def ordered(name: str, source: Source) -> str:
    """An encoding that was asked for. Raises UnreadableFile when there is none of that name, or the file is not in it."""
    try:
        # What opens a file in an encoding refuses codecs that give no text, as `open` itself does.
        with io.TextIOWrapper(io.BytesIO(source.head), encoding=name, errors=handler(name)) as text:
            text.read()
    except UnicodeError:
        source.refuse("SY-F36", seen=name)
    except (LookupError, ValueError):
        source.refuse("SY-F20", seen=name)
    return name


def mended(line: str) -> str:
    """A line that was encoded twice, read once more; one that was not stays as it is."""
    if line.isascii():
        return line
    try:
        return line.encode("cp1252", "importers.control").decode("utf-8")
    except UnicodeError:
        return line


def handler(name: str) -> str:
    """The error handler to decode with: keeps bytes that cannot be read as lone surrogates, whatever the codec."""
    if codecs.lookup(name).name.startswith(("utf-16", "utf-32")):
        return "importers.mark"
    return "importers.escape"


def _plain(file: BinaryIO) -> bool | None:
    """None when the bytes are no UTF-8, else whether they are free of NUL."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    clean = True
    file.seek(0)
    try:
        while block := file.read(_BLOCK):
            clean = clean and b"\0" not in block
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return clean


class _Survey:
    """A second look at a file that is not all UTF-8: how much of what is not ASCII reads as UTF-8, whether there are NULs,
    and whether there is what no code page of ISO has (`windows`)."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("importers.escape")
        self._good = self._bad = self._surrogates = 0
        self._nul = False
        self.windows = False

    def take(self, block: bytes) -> None:
        self._nul = self._nul or b"\0" in block
        self.windows = self.windows or _CONTROLS.search(block) is not None
        if block.isascii():
            self._count(self._decoder.decode(block))
            return
        self._surrogates += 3 * len(_CESU.findall(block))
        self._count(self._decoder.decode(block))

    def _count(self, text: str) -> None:
        if text.isascii():
            return
        bad = len(re.findall("[\udc80-\udcff]", text))
        self._bad += bad
        self._good += len(re.findall("[^\x00-\x7f]", text)) - bad if bad else 1

    def utf8(self) -> bool:
        self._count(self._decoder.decode(b"", final=True))
        return not self._bad or self._good > self._bad or self._bad <= self._surrogates

    @property
    def clean(self) -> bool:
        return not (self._nul or self._bad)


def _twice(head: bytes, score: Callable[[str], int]) -> bool:
    if head.isascii():
        return False
    text = head.decode("utf-8", "ignore")
    return score("".join(map(mended, text.splitlines(keepends=True)))) > score(text)


def _wide(head: bytes) -> str:
    sample = head[: len(head) & ~3][:4096]
    if len(sample) < 8 or sample.count(0) * 4 < len(sample):
        return ""
    zeros = [sample[place::4].count(0) * 4 / len(sample) for place in range(4)]
    if min(zeros[1:]) > 0.7 and zeros[0] < 0.3:
        return "utf-32-le"
    if min(zeros[:3]) > 0.7 and zeros[3] < 0.3:
        return "utf-32-be"
    if min(zeros[1], zeros[3]) > 0.4 and max(zeros[0], zeros[2]) < 0.2:
        return "utf-16-le"
    if min(zeros[0], zeros[2]) > 0.4 and max(zeros[1], zeros[3]) < 0.2:
        return "utf-16-be"
    return ""


def _page(head: bytes, language: str, score: Callable[[str], int]) -> str:
    declared = _PAGES.get(language, "cp1252")
    best, best_score = declared, score(head.decode(declared, "replace"))
    for page in _OTHERS:
        text = head.decode(page, "replace")
        found = score(text)
        if found > best_score and not (page == "cp932" and _NOWHERE.search(text[:-1])):
            best, best_score = page, found
    if best == declared == "cp1252":
        return (_suggested(head) or best) if _foreign(head) else _latin(head)
    return best


def _settled(page: str, head: bytes, language: str, survey: _Survey) -> str:
    """Of the pages that a text in Latin letters may be in, the one that makes words of it."""
    judged = page in ("cp1252", "cp1250", "mac_roman", "cp850", "iso8859_2") and not _foreign(head)
    return letters.settled(page, head, language, windows=survey.windows) if judged else page


def _latin(head: bytes) -> str:
    """cp1252, unless its words would be broken by signs and capitals (Ma³gorzata, JŽr™me) that another page has not."""
    wrong = _broken(head, "cp1252")
    if not wrong:
        return "cp1252"
    counts = {page: _broken(head, page) for page in _LATIN}
    best = min(counts, key=lambda page: counts[page])
    return best if counts[best] * 4 <= wrong else "cp1252"


def _broken(head: bytes, page: str) -> int:
    """How many characters cannot be where this code page puts them: signs and capitals inside words, nothing at all."""
    text = head.decode(page, "replace")
    return sum(1 for found in _INSIDE.finditer(text) if _misplaced(text, found.start()))


def _misplaced(text: str, place: int) -> bool:
    char = text[place]
    return char.isupper() and text[place + 1].islower() if char.isalpha() else char not in _JOINERS


def _foreign(head: bytes) -> bool:
    """True when words consist of high bytes: no Western text is written so, Cyrillic, Greek or Japanese is."""
    high = sum(1 for byte in head if byte >= 0x80)
    letters = sum(1 for byte in head if byte >= 0x80 or 65 <= byte & 0xDF <= 90)
    return high > 8 and high * 3 > letters and bool(re.search(rb"[\x80-\xff]{4}", head))


def _suggested(head: bytes) -> str:
    import logging

    from charset_normalizer import from_bytes

    logging.getLogger("charset_normalizer").disabled = True
    found = from_bytes(head[:16_384], cp_isolation=_FURTHER).best()
    return str(found.encoding) if found else ""


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    seen = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) if byte >= 0x80 else UNDECODABLE for byte in seen), error.end


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNDECODABLE, error.end


def _control(error: UnicodeError) -> tuple[bytes, int]:
    """Bytes that cp1252 leaves open stand as control characters in what browsers and Windows made of them."""
    if not isinstance(error, UnicodeEncodeError) or not "\x80" <= error.object[error.start] <= "\x9f":
        raise error
    return bytes([ord(error.object[error.start])]), error.start + 1


codecs.register_error("importers.control", _control)
codecs.register_error("importers.escape", _escape)
codecs.register_error("importers.mark", _mark)
