"""What the app signs in with: an id and a secret or a certificate, read from its files; knows no network."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncd.errors import Problem, SetupError, SignInNeeded

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


@dataclass(frozen=True, slots=True)
class Credentials:
    """`authority` is the login host's URL without tenant, `root` Graph's URL without version.

    Either `secret`, or `certificate` and `private_key`: paths of PEM files, one file may hold both.
    """

    authority: str
    root: str
    tenant_id: str
    client_id: str
    secret: str | None = field(default=None, repr=False)
    certificate: str | Path | None = None
    private_key: str | Path | None = None
    passphrase: str | None = field(default=None, repr=False)

    @property
    def scope(self) -> str:
        """The right asked for: what the app was granted on this Graph."""
        return f"{self.root.rstrip('/')}/.default"

    def for_msal(self) -> str | dict[str, str]:
        """The credential as MSAL takes it. Raises SetupError when a file, the key or the pair is unusable."""
        if self.certificate is None:
            if not self.secret:
                raise _wrong("There is no credential: neither a client secret nor a certificate.", "client_secret")
            return self.secret.strip()
        certificate = _read(self.certificate, "certificate")
        key = _read(self.private_key or self.certificate, "private_key")
        self._check(certificate, key)
        found = {"private_key": key, "public_certificate": certificate}
        return {**found, "passphrase": self.passphrase} if self.passphrase else found

    def expires(self) -> datetime | None:
        """When the certificate ends (UTC); None with a secret, whose end only Entra knows."""
        if self.certificate is None:
            return None
        return _certificate(_read(self.certificate, "certificate"), self.certificate).not_valid_after_utc

    def _check(self, certificate: str, key: str) -> None:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        cert = _certificate(certificate, self.certificate)
        private = _key(key, self.passphrase, self.private_key or self.certificate)
        if not isinstance(private, RSAPrivateKey):
            raise _wrong(f"The private key in {self.private_key or self.certificate} is no RSA key.", "private_key")
        form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if private.public_key().public_bytes(*form) != cert.public_key().public_bytes(*form):
            raise _wrong(
                f"The private key in {self.private_key or self.certificate} does not belong to the certificate in "
                f"{self.certificate}.",
                "private_key",
            )
        if cert.not_valid_after_utc < datetime.now(UTC):
            raise SignInNeeded(
                Problem(
                    "SY-A11",
                    f"The certificate in {self.certificate} ended on {cert.not_valid_after_utc:%d %b %Y}.",
                    "Microsoft takes no sign-in with it any more.",
                    "Make a new one, upload its public part to the app in Entra, and name it in [graph] certificate.",
                )
            )


def _read(path: str | Path | None, key: str) -> str:
    try:
        return Path(path or "").read_text("ascii")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no PEM file"
    raise _wrong(f"The file {path} cannot be read: {reason}.", key)


def _certificate(text: str, path: object) -> Certificate:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(text.encode())
    except ValueError:
        pass_on = _wrong(f"The file {path} holds no certificate in PEM form.", "certificate")
    raise pass_on


def _key(text: str, passphrase: str | None, path: object) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(text.encode(), passphrase.encode() if passphrase else None)
    except TypeError:
        wrong = "needs a passphrase" if passphrase is None else "has no passphrase, but [graph] passphrase gives one"
        fault = _wrong(f"The private key in {path} {wrong}.", "passphrase")
    except ValueError:
        fault = _wrong(f"The private key in {path} cannot be read: wrong passphrase, or no PEM key.", "private_key")
    raise fault


def _wrong(what: str, key: str) -> SetupError:
    return SetupError(
        Problem("SY-A10", what, "Without it the app cannot sign in, so nothing was asked.", f"Correct [graph] {key}.")
    )
