"""Locked: opens workbooks that Excel wrote with its own default password; knows no other password and no rows.

"Protect workbook" and "read-only" make Excel encrypt with a password that every program knows (MS-OFFCRYPTO 2.3, MS-XLS
2.2.10): nothing is secret in such a file, Excel opens it without a word, and so do we. Any other password is left alone.
"""

from __future__ import annotations

import hashlib
import struct
from base64 import b64decode
from collections.abc import Callable
from xml.etree import ElementTree

from importers.readers.container import Container

_DEFAULT = "VelvetSweatshop".encode("utf-16-le")
_BLOCK = 1024
_SEGMENT = 4096
_FILEPASS = 0x2F
_IGNORED = 0xE2
_BOUNDSHEET = 0x85
_PLAIN = frozenset({0x0809, _FILEPASS, 0xE1, 0x0138, 0x0194, 0x0195})
_KEY = bytes.fromhex("146e0be7abacd0d6")
_INPUT = bytes.fromhex("fea7d2763b4b9e79")
_VALUE = bytes.fromhex("d7aa0f6d3061344e")
_MOST_SPINS = 10_000_000

Key = Callable[[int], bytes]


def xls(data: bytes) -> bytes | None:
    """The same XLS file without its encryption; None when it needs a password that somebody chose."""
    try:
        container = Container(data)
        stream = container.stream("Workbook")
        key = _xls_key(_filepass(stream))
        return container.replaced("Workbook", _decrypted(stream, key)) if key else None
    except (KeyError, ValueError, IndexError, struct.error):
        return None


def xlsx(data: bytes) -> bytes | None:
    """The package inside an encrypted XLSX file; None when it needs a password that somebody chose."""
    try:
        container = Container(data)
        info, package = container.stream("EncryptionInfo"), container.stream("EncryptedPackage")
        size = struct.unpack_from("<Q", package)[0]
        minor = struct.unpack_from("<H", info, 2)[0]
        made = _agile(info[8:], package[8:]) if minor == 4 else _standard(info, package[8:])
        return made[:size] if made is not None else None
    except (KeyError, ValueError, IndexError, struct.error, ElementTree.ParseError):
        return None


def _filepass(stream: bytes) -> bytes:
    place = 0
    while place < len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        if kind == _FILEPASS:
            return stream[place + 4 : place + 4 + size]
        place += 4 + size
    raise ValueError("no FILEPASS")


def _xls_key(record: bytes) -> Key | None:
    """The key of each block of 1,024 bytes, if the default password opens the workbook."""
    kind, major = struct.unpack_from("<HH", record)
    if kind != 1:
        return None
    if major == 1:
        salt, verifier, digest = record[6:22], record[22:38], record[38:54]
        short = hashlib.md5(_DEFAULT, usedforsecurity=False).digest()[:5]
        start = hashlib.md5((short + salt) * 16, usedforsecurity=False).digest()[:5]
        name, length, pad = "md5", 16, 0
    else:
        header = struct.unpack_from("<I", record, 10)[0]
        bits = struct.unpack_from("<I", record, 30)[0] or 40
        place = 14 + header
        salt, verifier = record[place + 4 : place + 20], record[place + 20 : place + 36]
        digest = record[place + 40 : place + 60]
        start = hashlib.sha1(salt + _DEFAULT, usedforsecurity=False).digest()
        name, length, pad = "sha1", bits // 8, 11 if bits == 40 else 0

    def key(block: int) -> bytes:
        made = hashlib.new(name, start + struct.pack("<I", block), usedforsecurity=False).digest()
        return made[:length] + bytes(pad)

    opened = _xor(verifier + digest, _rc4(key(0), len(verifier + digest)))
    right = hashlib.new(name, opened[:16], usedforsecurity=False).digest() == opened[16:]
    return key if right else None


def _decrypted(stream: bytes, key: Key) -> bytes:
    """A BIFF stream in clear: heads of records and some records always are, the key stream runs on beneath them."""
    blocks = range((len(stream) + _BLOCK - 1) // _BLOCK)
    clear = bytearray(_xor(stream, b"".join(_rc4(key(block), _BLOCK) for block in blocks)[: len(stream)]))
    place = 0
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        kept = 4 + size if kind in _PLAIN else 8 if kind == _BOUNDSHEET else 4
        clear[place : place + kept] = stream[place : place + kept]
        if kind == _FILEPASS:
            struct.pack_into("<H", clear, place, _IGNORED)
        place += 4 + size
    return bytes(clear)


def _agile(document: bytes, package: bytes) -> bytes | None:
    tree = ElementTree.fromstring(document)
    data = next(node for node in tree.iter() if node.tag.endswith("}keyData")).attrib
    lock = next(node for node in tree.iter() if node.tag.endswith("}encryptedKey")).attrib
    salt, name = b64decode(lock["saltValue"]), lock["hashAlgorithm"].replace("-", "").lower()
    spins, length = int(lock["spinCount"]), int(lock["keyBits"]) // 8
    if spins > _MOST_SPINS:
        return None
    start = _spun(name, salt, spins)

    def opened(field: str, block: bytes) -> bytes:
        made = hashlib.new(name, start + block, usedforsecurity=False).digest()
        return _cbc(made[:length].ljust(length, b"\x36"), salt, b64decode(lock[field]))

    verifier = opened("encryptedVerifierHashInput", _INPUT)[: int(lock["saltSize"])]
    digest = hashlib.new(name, verifier, usedforsecurity=False).digest()
    if opened("encryptedVerifierHashValue", _VALUE)[: len(digest)] != digest:
        return None
    key, data_salt = opened("encryptedKeyValue", _KEY)[:length], b64decode(data["saltValue"])
    data_name = data["hashAlgorithm"].replace("-", "").lower()
    pieces = []
    for turn in range((len(package) + _SEGMENT - 1) // _SEGMENT):
        start_vector = hashlib.new(data_name, data_salt + struct.pack("<I", turn), usedforsecurity=False).digest()
        pieces.append(_cbc(key, start_vector, package[turn * _SEGMENT : (turn + 1) * _SEGMENT]))
    return b"".join(pieces)


def _standard(info: bytes, package: bytes) -> bytes | None:
    header = struct.unpack_from("<I", info, 8)[0]
    length = struct.unpack_from("<I", info, 28)[0] // 8
    place = 12 + header
    salt, verifier, digest = info[place + 4 : place + 20], info[place + 20 : place + 36], info[place + 40 : place + 72]
    start = hashlib.sha1(_spun("sha1", salt, 50_000) + bytes(4), usedforsecurity=False).digest()
    halves = [
        hashlib.sha1(_xor(start.ljust(64, b"\0"), bytes([mask]) * 64), usedforsecurity=False).digest()
        for mask in (0x36, 0x5C)
    ]
    key = b"".join(halves)[:length]
    expected = hashlib.sha1(_ecb(key, verifier), usedforsecurity=False).digest()
    return _ecb(key, package) if _ecb(key, digest)[:20] == expected else None


def _spun(name: str, salt: bytes, spins: int) -> bytes:
    made = hashlib.new(name, salt + _DEFAULT, usedforsecurity=False).digest()
    for turn in range(spins):
        made = hashlib.new(name, struct.pack("<I", turn) + made, usedforsecurity=False).digest()
    return made


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(len(left), "big")


def _rc4(key: bytes, size: int) -> bytes:
    from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
    from cryptography.hazmat.primitives.ciphers import Cipher

    return Cipher(ARC4(key), mode=None).encryptor().update(bytes(size))


def _cbc(key: bytes, vector: bytes, data: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    whole = data[: len(data) & ~15]
    return Cipher(algorithms.AES(key), modes.CBC(vector[:16].ljust(16, b"\x36"))).decryptor().update(whole)


def _ecb(key: bytes, data: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    return Cipher(algorithms.AES(key), modes.ECB()).decryptor().update(data[: len(data) & ~15])
