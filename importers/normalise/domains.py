"""Domains of addresses and web pages: the part that somebody registered.

By the public suffix list that tldextract carries; nothing is fetched and nothing is cached on disk.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache

LIMIT = 2_000
"""Characters above which a text is neither address nor URL."""

_HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?(?://)?(?:[^/?#\\]*@)?([^/?#\\:\s]+)", re.IGNORECASE)
_LABELS = re.compile(r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)+").fullmatch
_NUMERIC = re.compile(r"[\d.]+").fullmatch


def domain(value: str | None) -> str | None:
    """The registrable domain of an e-mail address, URL or host, in lower case ASCII; None when there is none.

    "anna@mail.norrvik.co.uk" gives "norrvik.co.uk". Under an ending that is on no list (.example, .local) it is the
    last two labels. An IP address and a host of one label have none.
    """
    text = (value or "").strip()
    return _remembered(text) if text and len(text) <= LIMIT else None


@lru_cache(maxsize=8_192)
def _remembered(text: str) -> str | None:
    if text[:7].lower() == "mailto:":
        text = text[7:]
    found = _HOST.match(text)
    host = _ascii(found[1].strip(".,;>").lower()) if found else None
    if not host or not _LABELS(host) or _NUMERIC(host):
        return None
    registered = _suffixes()(host)
    return registered or None


def _ascii(host: str) -> str | None:
    if host.isascii():
        return host
    import idna

    try:
        return idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return None


@cache
def _suffixes() -> Callable[[str], str]:
    import tldextract

    extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    def registered(host: str) -> str:
        found = extract(host)
        if found.suffix:
            return found.top_domain_under_public_suffix
        return ".".join(host.split(".")[-2:])

    return registered
