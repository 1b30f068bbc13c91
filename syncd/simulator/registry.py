"""App registrations of Entra and how an app proves itself by secret or certificate; knows no route and no token."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

ROLES = ("Contacts.Read", "User.Read.All")
_GRACE = 300.0

ERRORS: dict[int, tuple[int, str, str]] = {
    50027: (401, "invalid_client", "JWT token is invalid or malformed."),
    50034: (400, "invalid_grant", "The user account {} does not exist in the directory."),
    50194: (400, "invalid_request", "Application '{}' is not configured as a multi-tenant application."),
    70003: (400, "unsupported_grant_type", "The app requested an unsupported grant type '{}'."),
    70016: (400, "authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling."),
    70017: (400, "authorization_declined", "The user declined the request."),
    70018: (400, "bad_verification_code", "Invalid verification code."),
    70020: (400, "expired_token", "The provided device code has expired."),
    90002: (400, "invalid_tenant", "Tenant '{}' not found. Check to make sure you have the correct tenant ID."),
    90014: (404, "invalid_request", "There is nothing at {}."),
    500011: (400, "invalid_resource", "The resource principal named {} was not found in the tenant."),
    700016: (400, "unauthorized_client", "Application with identifier '{}' was not found in the directory."),
    700021: (401, "invalid_client", "Client assertion application identifier doesn't match 'client_id' parameter."),
    700024: (401, "invalid_client", "Client assertion is not within its valid time range."),
    700027: (401, "invalid_client", "The certificate that signed the client assertion is no good: {}."),
    700082: (400, "invalid_grant", "The refresh token has expired due to inactivity, or was used already."),
    900144: (400, "invalid_request", "The request body must contain the following parameter: '{}'."),
    1002012: (400, "invalid_scope", "The provided value for scope {} is not valid. It is a resource and /.default."),
    7000112: (400, "unauthorized_client", "Application '{}' is disabled."),
    7000215: (
        401,
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
        "not the client secret ID, for a secret added to app '{}'.",
    ),
    7000218: (401, "invalid_client", "The request body must contain 'client_assertion' or 'client_secret'."),
    7000222: (401, "invalid_client", "The provided client secret keys for app '{}' are expired."),
}  # fmt: skip
"""AADSTS number → status, OAuth error, text."""


class EntraError(Exception):
    """An OAuth error by its AADSTS number, which operators search for. `error` stands above the table's own."""

    def __init__(self, number: int, detail: str = "", *, error: str = "") -> None:
        self.status, usual, text = ERRORS[number]
        self.number, self.error, self.text = number, error or usual, text.format(detail)
        super().__init__(f"AADSTS{number}: {self.text}")


@dataclass(slots=True)
class Secret:
    """A client secret: `value` is what signs in, `id` is what people paste by mistake."""

    value: str
    id: str
    expires: datetime | None = None


@dataclass(slots=True)
class App:
    """An app registration. `roles` are the application permissions that an administrator consented to."""

    client_id: str
    secrets: list[Secret] = field(default_factory=list)
    certificates: list[x509.Certificate] = field(default_factory=list)
    roles: list[str] = field(default_factory=lambda: list(ROLES))
    enabled: bool = True

    def trust(self, pem: str | bytes) -> None:
        """Registers a certificate (PEM)."""
        self.certificates.append(x509.load_pem_x509_certificate(pem.encode() if isinstance(pem, str) else pem))

    def check_secret(self, value: str, now: datetime) -> None:
        for secret in self.secrets:
            if secrets.compare_digest(secret.value.encode(), value.encode()):
                if secret.expires and secret.expires <= now:
                    raise EntraError(7000222, self.client_id)
                return
        raise EntraError(7000215, self.client_id)

    def check_assertion(self, assertion: str, audience: str, now: datetime) -> None:
        """A signed JWT, RS256 with `x5t` or PS256 with `x5t#S256`; its times may have fractions."""
        try:
            header = jwt.get_unverified_header(assertion)
        except jwt.PyJWTError:
            raise EntraError(50027) from None
        certificate = next((each for each in self.certificates if _named(header, each)), None)
        if certificate is None:
            raise EntraError(700027, f"no certificate of app '{self.client_id}' has this thumbprint")
        claims = self._claims(assertion, certificate, audience)
        moment = now.timestamp()
        if claims["sub"] != self.client_id:
            raise EntraError(700021)
        if not float(claims.get("nbf", claims.get("iat", moment))) - _GRACE <= moment < float(claims["exp"]) + _GRACE:
            raise EntraError(700024)
        if certificate.not_valid_after_utc < now:
            raise EntraError(700027, "the certificate is expired")

    def _claims(self, assertion: str, certificate: x509.Certificate, audience: str) -> dict[str, Any]:
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            raise EntraError(700027, "the certificate's key is no RSA key")
        try:
            return jwt.decode(
                assertion,
                key,
                algorithms=["RS256", "PS256"],
                audience=audience,
                issuer=self.client_id,
                options={
                    "require": ["exp", "sub", "jti"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.PyJWTError as error:
            raise EntraError(700027, str(error)) from None


def _named(header: dict[str, Any], certificate: x509.Certificate) -> bool:
    """Does the assertion's header name this certificate: `x5t` (SHA-1, padded) or `x5t#S256`?"""
    body = certificate.public_bytes(Encoding.DER)
    for name, mark in (("x5t", hashlib.sha1(body)), ("x5t#S256", hashlib.sha256(body))):
        given = header.get(name)
        if isinstance(given, str) and base64.urlsafe_b64encode(mark.digest()).decode().rstrip("=") == given.rstrip("="):
            return True
    return False
