"""Workbooks that Excel locked with its own default password are read; those with a real password are not.

The files are encrypted here by a second writing of the rules (MS-OFFCRYPTO, MS-XLS), so that both must agree.
"""

from __future__ import annotations

import hashlib
import os
import struct
from base64 import b64encode
from pathlib import Path

import openpyxl
import pytest
import xlwt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from importers import vocabulary
from importers.readers.container import Container
from importers.readers.reader import Reader
from importers.rows import UnreadableFile

DEFAULT = "VelvetSweatshop"
SALT = bytes(range(16))


def names(path: Path) -> list[object]:
    reader = Reader(str(path), vocabulary.order("leads"))
    try:
        return [value for batch in reader for value in batch["columns"]["last_name"]]
    finally:
        reader.close()


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableFile) as refused:
        names(path)
    return refused.value.problem.code


def rc4(key: bytes, data: bytes) -> bytes:
    state, swap = list(range(256)), 0
    for place in range(256):
        swap = (swap + state[place] + key[place % len(key)]) & 255
        state[place], state[swap] = state[swap], state[place]
    made, place, swap = bytearray(), 0, 0
    for byte in data:
        place = (place + 1) & 255
        swap = (swap + state[place]) & 255
        state[place], state[swap] = state[swap], state[place]
        made.append(byte ^ state[(state[place] + state[swap]) & 255])
    return bytes(made)


def basic(password: str, block: int) -> bytes:
    short = hashlib.md5(password.encode("utf-16-le")).digest()[:5]
    start = hashlib.md5((short + SALT) * 16).digest()[:5]
    return hashlib.md5(start + struct.pack("<I", block)).digest()


def crypto(password: str, block: int) -> bytes:
    start = hashlib.sha1(SALT + password.encode("utf-16-le")).digest()
    return hashlib.sha1(start + struct.pack("<I", block)).digest()[:16]


def filepass(password: str, newer: bool) -> bytes:
    verifier = b"sixteen bytes ok"
    if not newer:
        sealed = rc4(basic(password, 0), verifier + hashlib.md5(verifier).digest())
        return struct.pack("<HHH", 1, 1, 1) + SALT + sealed
    sealed = rc4(crypto(password, 0), verifier + hashlib.sha1(verifier).digest())
    header = struct.pack("<8I", 4, 0, 0x6801, 0x8004, 128, 1, 0, 0) + "RC4\0".encode("utf-16-le")
    head = struct.pack("<HHHII", 1, 2, 2, 4, len(header)) + header
    return head + struct.pack("<I", 16) + SALT + sealed[:16] + struct.pack("<I", 20) + sealed[16:]


def locked_xls(path: Path, password: str, newer: bool) -> Path:
    """An XLS in which the record of its last writer, and others that nobody misses, make room for a FILEPASS."""
    book = xlwt.Workbook()
    for number in range(3):
        sheet = book.add_sheet(f"Blatt{number}")
        for row in range(60):
            for cell, value in enumerate(("Vorname", "Nachname") if not row else ("Anna", f"Weber {row}")):
                sheet.write(row, cell, value)
    book.save(str(path))
    container = Container(path.read_bytes())
    stream = bytearray(container.stream("Workbook"))
    at = stream.index(b"\x5c\x00\x70\x00")
    record = filepass(password, newer)
    end = at
    while end - at < len(record) + 8:
        end += 4 + struct.unpack_from("<H", stream, end + 2)[0]
    rest = end - at - len(record) - 8
    stream[at:end] = struct.pack("<HH", 0x2F, len(record)) + record + struct.pack("<HH", 0xE2, rest) + bytes(rest)
    make = crypto if newer else basic
    sealed = bytearray()
    for block in range(len(stream) // 1024 + 1):
        sealed += rc4(make(password, block), bytes(stream[block * 1024 : (block + 1) * 1024]))
    place, hidden = 0, False
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        start = place + (8 if kind == 0x85 else 4)
        if hidden and kind not in (0x809, 0x2F, 0xE1):
            stream[start : place + 4 + size] = sealed[start : place + 4 + size]
        hidden = hidden or kind == 0x2F
        place += 4 + size
    path.write_bytes(container.replaced("Workbook", bytes(stream)))
    return path


@pytest.mark.parametrize("newer", [False, True], ids=["basic", "crypto"])
def test_an_xls_locked_by_default_is_read(tmp_path: Path, newer: bool) -> None:
    assert names(locked_xls(tmp_path / "a.xls", DEFAULT, newer)) == [f"Weber {row}" for row in range(1, 60)]


@pytest.mark.parametrize("newer", [False, True], ids=["basic", "crypto"])
def test_an_xls_with_a_password_is_refused(tmp_path: Path, newer: bool) -> None:
    assert refusal(locked_xls(tmp_path / "a.xls", "Secret", newer)) == "SY-F11"


def aes(key: bytes, data: bytes, vector: bytes | None = None) -> bytes:
    whole = data.ljust(-(-len(data) // 16) * 16, b"\0")
    mode = modes.CBC(vector[:16]) if vector else modes.ECB()
    return Cipher(algorithms.AES(key), mode).encryptor().update(whole)


def compound(**streams: bytes) -> bytes:
    """An OLE file of a few streams; those below 4,096 bytes lie in its mini stream, as Excel has it."""
    small = {name: data for name, data in streams.items() if len(data) < 4096}
    mini = b"".join(data.ljust(-(-len(data) // 64) * 64, b"\0") for data in small.values())
    mini_fat: list[int] = []
    entries, parts, starts = [], [mini], {}
    for name, data in small.items():
        starts[name] = len(mini_fat)
        count = -(-len(data) // 64)
        mini_fat += [*range(len(mini_fat) + 1, len(mini_fat) + count), 0xFFFFFFFE]
    parts += [data for name, data in streams.items() if name not in small]
    fat = [0xFFFFFFFD] * 4 + [0xFFFFFFFE, 0xFFFFFFFE]
    body, places = b"", []
    for part in parts:
        count = -(-len(part) // 512)
        places.append(len(fat))
        fat += [*range(len(fat) + 1, len(fat) + count), 0xFFFFFFFE]
        body += part.ljust(count * 512, b"\0")
    starts |= dict(zip([name for name in streams if name not in small], places[1:], strict=True))

    def entry(name: str, kind: int, start: int, size: int) -> bytes:
        text = name.encode("utf-16-le") + b"\0\0"
        head = text.ljust(64, b"\0") + struct.pack("<HBB3I", len(text), kind, 1, *[0xFFFFFFFF] * 3)
        return head.ljust(116, b"\0") + struct.pack("<IQ", start, size)

    entries = [entry("Root Entry", 5, places[0], len(mini))]
    entries += [entry(name, 2, starts[name], len(data)) for name, data in streams.items()]
    directory = b"".join(entries).ljust(512, b"\0")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(24, b"\0") + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6)
    header = header.ljust(44, b"\0") + struct.pack("<IIIIIIII", 4, 4, 0, 4096, 5, 1, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", 0, 1, 2, 3, *[0xFFFFFFFF] * 105)
    fat += [0xFFFFFFFF] * (512 - len(fat))
    table = struct.pack("<512I", *fat)
    mini_table = struct.pack("<128I", *mini_fat, *[0xFFFFFFFF] * (128 - len(mini_fat)))
    return header + table + directory + mini_table + body


def package(path: Path) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Vorname", "Nachname"], ["Anna", "Weber"]):
        sheet.append(row)
    book.save(path)
    return path.read_bytes()


def agile(path: Path, password: str) -> Path:
    plain = package(path)
    spins, key = 1000, os.urandom(32)
    start = hashlib.sha512(SALT + password.encode("utf-16-le")).digest()
    for turn in range(spins):
        start = hashlib.sha512(struct.pack("<I", turn) + start).digest()

    def sealed(block: str, data: bytes) -> str:
        made = hashlib.sha512(start + bytes.fromhex(block)).digest()[:32]
        return b64encode(aes(made, data, SALT)).decode()

    verifier = b"sixteen bytes ok"
    info = (
        struct.pack("<HHI", 4, 4, 0x40)
        + (
            '<encryption xmlns="http://schemas.microsoft.com/office/2006/encryption"'
            ' xmlns:p="http://schemas.microsoft.com/office/2006/keyEncryptor/password">'
            f'<keyData saltSize="16" keyBits="256" hashAlgorithm="SHA512" saltValue="{b64encode(SALT[::-1]).decode()}"/>'
            f'<keyEncryptors><keyEncryptor><p:encryptedKey spinCount="{spins}" saltSize="16" keyBits="256"'
            f' hashAlgorithm="SHA512" saltValue="{b64encode(SALT).decode()}"'
            f' encryptedVerifierHashInput="{sealed("fea7d2763b4b9e79", verifier)}"'
            f' encryptedVerifierHashValue="{sealed("d7aa0f6d3061344e", hashlib.sha512(verifier).digest())}"'
            f' encryptedKeyValue="{sealed("146e0be7abacd0d6", key)}"/></keyEncryptor></keyEncryptors></encryption>'
        ).encode()
    )
    body = struct.pack("<Q", len(plain))
    for turn in range(0, len(plain), 4096):
        vector = hashlib.sha512(SALT[::-1] + struct.pack("<I", turn // 4096)).digest()
        body += aes(key, plain[turn : turn + 4096], vector)
    path.write_bytes(compound(EncryptionInfo=info, EncryptedPackage=body))
    return path


def standard(path: Path, password: str) -> Path:
    plain = package(path)
    start = hashlib.sha1(SALT + password.encode("utf-16-le")).digest()
    for turn in range(50_000):
        start = hashlib.sha1(struct.pack("<I", turn) + start).digest()
    start = hashlib.sha1(start + bytes(4)).digest()
    key = hashlib.sha1(bytes(0x36 ^ byte for byte in start.ljust(64, b"\0"))).digest()[:16]
    header = struct.pack("<8I", 0x24, 0, 0x660E, 0x8004, 128, 0x18, 0, 0) + "AES\0".encode("utf-16-le")
    verifier = b"sixteen bytes ok"
    info = struct.pack("<HHII", 3, 2, 0x24, len(header)) + header
    info += struct.pack("<I", 16) + SALT + aes(key, verifier) + struct.pack("<I", 20)
    info += aes(key, hashlib.sha1(verifier).digest())
    path.write_bytes(compound(EncryptionInfo=info, EncryptedPackage=struct.pack("<Q", len(plain)) + aes(key, plain)))
    return path


@pytest.mark.parametrize("make", [agile, standard])
def test_an_xlsx_locked_by_default_is_read(tmp_path: Path, make: object) -> None:
    assert callable(make)
    assert names(make(tmp_path / "a.xlsx", DEFAULT)) == ["Weber"]
    assert refusal(make(tmp_path / "b.xlsx", "Secret")) == "SY-F11"


def test_a_container_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    path = agile(tmp_path / "a.xlsx", DEFAULT)
    data = bytearray(path.read_bytes())
    for place in range(512, 2560, 4):
        data[place : place + 4] = struct.pack("<I", 7)
    path.write_bytes(data)
    assert refusal(path) == "SY-F11"
