"""Certificates of the simulator: a CA made at start, and server certificates that are good or wrong in a known way."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import trustme

Certificate = Literal["good", "expired", "other-host", "other-ca"]
"""What the server shows: `good`, one whose time is over, one for another host, one that another CA has signed."""

HERE = ("127.0.0.1", "localhost", "::1")


def context(ca: Path, certificate: Certificate) -> ssl.SSLContext:
    """The server's side of TLS. Writes the CA's certificate (PEM) to `ca`; its key is never written."""
    authority = trustme.CA(organization_name="syncd simulator")
    signer = trustme.CA(organization_name="another CA") if certificate == "other-ca" else authority
    names = ("elsewhere.example",) if certificate == "other-host" else HERE
    now = datetime.now(UTC)
    ends = now - timedelta(days=1) if certificate == "expired" else now + timedelta(days=365)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    signer.issue_cert(*names, not_before=now - timedelta(days=30), not_after=ends).configure_cert(made)
    authority.cert_pem.write_to_path(ca)
    return made
