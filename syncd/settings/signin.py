"""Sign-in: what the keys of [graph] and [[mailbox]] must be together; asks no server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from syncd.settings.secrets import open_to_others
from syncd.settings.shape import Graph, Mailbox
from syncd.settings.sources import Found

PEM = b"-----BEGIN "


def complete(found: Found, made: Any) -> Graph | None:
    """The [graph] section with the kind of sign-in worked out; None when there is none or it has faults."""
    if not isinstance(made, Graph):
        _lacking(found)
        return None
    given = found.tables["[graph]"].given
    kind = made.sign_in
    if "sign_in" not in given and made.certificate and not made.client_secret:
        kind = "certificate"
    graph = replace(made, sign_in=kind, private_key=made.private_key or _joined(made.certificate))
    if kind == "secret" and not graph.client_secret:
        _missing(found, "client_secret")
    if kind == "certificate":
        _certificate(found, graph)
    if graph.ca_bundle:
        _pem(found, "ca_bundle", graph.ca_bundle)
    if not graph.mailboxes:
        _nobody(found)
    return graph


def _lacking(found: Found) -> None:
    """What a section that has faults lacks besides, so that all is named at once."""
    if "[graph]" not in found.tables:
        return
    given = found.tables["[graph]"].given
    kind = given["sign_in"].value if "sign_in" in given else "secret"
    if "certificate" in given and not given.keys() & {"sign_in", "client_secret"}:
        kind = "certificate"
    wanted = {"secret": ["client_secret"], "certificate": ["certificate", "private_key"]}.get(str(kind), [])
    if kind == "certificate" and "certificate" in given:
        wanted = []  # the key may stand in the certificate's own file
    for key in wanted:
        if key not in given:
            _missing(found, key)
    if "mailboxes" not in given:
        _nobody(found)


def special(found: Found, graph: Graph | None, mailboxes: Sequence[Mailbox]) -> None:
    """Faults of [[mailbox]] sections that stand twice; warnings for those that have no effect."""
    seen: set[str] = set()
    named = {address.casefold() for address in graph.mailboxes} if graph else set()
    for one in mailboxes:
        folded = one.address.casefold()
        if folded in seen:
            found.fault(
                "SY-C07",
                f"Two [[mailbox]] sections are for {one.address}.",
                "It is not clear which of them counts.",
                "Make them one.",
            )
        elif folded not in named and "*" not in named:
            found.warn(
                "SY-C13",
                f"[[mailbox]] {one.address} has no effect.",
                "[graph] mailboxes does not name it.",
                "Add it there, or take the section out.",
            )
        seen.add(folded)


def _certificate(found: Found, graph: Graph) -> None:
    if graph.certificate is None:
        _missing(found, "certificate")
    else:
        _pem(found, "certificate", graph.certificate)
    if graph.private_key is None:
        _missing(found, "private_key")
    elif _pem(found, "private_key", graph.private_key):
        open_to_others(found, graph.private_key)


def _joined(certificate: Path | None) -> Path | None:
    """The certificate's own file when the private key stands in it too."""
    try:
        return certificate if certificate and b"PRIVATE KEY-----" in certificate.read_bytes() else None
    except OSError:
        return None


_REMEDIES = {
    "client_secret": 'Put its Value into a file and write client_secret_file = "…".',
    "certificate": 'Write certificate = "FILE.pem".',
    "private_key": 'Write private_key_file = "FILE.pem".',
}


def _missing(found: Found, key: str) -> None:
    found.fault("SY-C06", f"[graph] has no {key}.", "Without it the app cannot sign in.", _REMEDIES[key])


def _nobody(found: Found) -> None:
    found.fault(
        "SY-C06",
        "[graph] mailboxes names no mailbox.",
        "Nothing would be read.",
        'Write mailboxes = ["anna@firm.example"], or ["*"] for all the app may read.',
    )


def _pem(found: Found, key: str, path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            data = stream.read(1_048_576)
    except OSError as error:
        found.fault(
            "SY-C08",
            f"The file {path} of [graph] {key} cannot be read.",
            f"Seen: {error.strerror or error}.",
            f"Check the path, and that the user syncd runs as may read it: ls -l {path}",
        )
        return False
    if PEM in data:
        return True
    found.fault(
        "SY-C08",
        f"The file {path} of [graph] {key} is no PEM file.",
        "No line in it begins with -----BEGIN; a .pfx, .p12 or .der file is another format.",
        f"Convert it: openssl pkcs12 -in {path.name} -out {path.stem}.pem -nodes",
    )
    return False
