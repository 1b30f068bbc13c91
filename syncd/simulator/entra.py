"""Entra: the sign-in side of the simulator (OpenID document, token endpoint, device codes); knows no mailbox."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from syncd.simulator.tenant import Tenant
from syncd.simulator.wire import PLAIN_JSON, Answer, GraphError, Request

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ROLES = ("Contacts.Read", "User.Read.All")


@dataclass(slots=True)
class Secret:
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


@dataclass(slots=True)
class Device:
    """A device code: `state` is pending, slow_down, approved, declined."""

    app: App
    scope: str
    expires: datetime
    state: str = "pending"
    user: str = ""


class EntraError(Exception):
    """An OAuth error with the AADSTS number that operators search for."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status, self.error, self.number, self.text = status, error, number, text


class Entra:
    """Issues the tokens and checks them. `lifetime` is in seconds; `revoke` makes all tokens issued so far worthless."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.lifetime = 3599
        self.interval = 5
        self.apps: dict[str, App] = {}
        self.devices: dict[str, Device] = {}
        self._user_codes: dict[str, str] = {}
        self._refresh: dict[str, tuple[App, str, str]] = {}
        self._key = secrets.token_bytes(32)
        self._epoch = 0

    def register(self, *, roles: tuple[str, ...] = ROLES) -> App:
        """A new app with one secret."""
        source = self.tenant.random
        client = str(uuid.UUID(bytes=source.randbytes(16), version=4))
        secret = Secret(f"sim~{base64.urlsafe_b64encode(source.randbytes(27)).decode()}", str(uuid.UUID(bytes=source.randbytes(16), version=4)))
        app = self.apps[client] = App(client, [secret], roles=list(roles))
        return app

    def revoke(self) -> None:
        self._epoch += 1

    def decide(self, user_code: str, state: str, user: str = "") -> None:
        """What the person at the browser does with a device code: `approved` (as `user`), `declined`, `slow_down`."""
        device = self.devices[self._user_codes[user_code]]
        device.state, device.user = state, user

    # -- requests

    def handle(self, request: Request) -> Answer:
        try:
            return self._route(request)
        except EntraError as error:
            return self.refusal(request, error)

    def refusal(self, request: Request, error: EntraError) -> Answer:
        """The error document of Entra, key by key."""
        trace, now = str(uuid.uuid4()), self.tenant.clock.now()
        shown = f"AADSTS{error.number}: {error.text} Trace ID: {trace} Correlation ID: {request.id} Timestamp: {now:%Y-%m-%d %H:%M:%SZ}"
        payload = {
            "error": error.error,
            "error_description": shown,
            "error_codes": [error.number],
            "timestamp": f"{now:%Y-%m-%d %H:%M:%SZ}",
            "trace_id": trace,
            "correlation_id": request.headers.get("client-request-id", request.id),
            "error_uri": f"{self.tenant.root}/error?code={error.number}",
        }
        return Answer(error.status, payload, content_type=PLAIN_JSON)

    def _route(self, request: Request) -> Answer:
        segments = request.segments()
        known = (self.tenant.id, self.tenant.domain, "common", "organizations")
        if segments[0].lower() not in known:
            raise EntraError(400, "invalid_tenant", 90002, f"Tenant '{segments[0]}' not found. Check the tenant ID.")
        tail = "/".join(segments[1:]).lower()
        routes: dict[tuple[str, str], Callable[[Request], dict[str, Any]]] = {
            ("GET", "v2.0/.well-known/openid-configuration"): self._document,
            ("GET", "discovery/v2.0/keys"): lambda _: {"keys": []},
            ("POST", "oauth2/v2.0/token"): self._token,
            ("POST", "oauth2/v2.0/devicecode"): self._device_code,
        }
        if (request.method, tail) not in routes:
            raise EntraError(404, "invalid_request", 90014, f"There is nothing at {request.path}.")
        return Answer(200, routes[request.method, tail](request), {"Cache-Control": "no-store"}, PLAIN_JSON)

    def _document(self, request: Request) -> dict[str, Any]:
        base = f"{self.tenant.root}/{request.segments()[0]}"
        return {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "response_types_supported": ["code", "id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": self.tenant.root.removeprefix("https://"),
        }

    def _token(self, request: Request) -> dict[str, Any]:
        form = _form(request)
        grant = _needed(form, "grant_type")
        app = self.apps.get(_needed(form, "client_id"))
        if app is None:
            raise EntraError(400, "unauthorized_client", 700016, f"Application '{form['client_id']}' was not found in the directory.")
        if not app.enabled:
            raise EntraError(400, "unauthorized_client", 7000112, f"Application '{app.client_id}' is disabled.")
        if grant == "client_credentials":
            self._authenticate(app, form, request)
            self._resource(_needed(form, "scope"))
            return self._issue({"appid": app.client_id, "roles": app.roles, "idtyp": "app", "oid": app.client_id})
        if grant == DEVICE_GRANT:
            return self._device_token(app, _needed(form, "device_code"))
        if grant == "refresh_token":
            return self._renew(app, _needed(form, "refresh_token"))
        raise EntraError(400, "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'.")

    # -- proof of the app

    def _authenticate(self, app: App, form: dict[str, str], request: Request) -> None:
        if "client_assertion" in form:
            if form.get("client_assertion_type") != ASSERTION_TYPE:
                raise EntraError(400, "invalid_request", 900144, "The request body must contain 'client_assertion_type'.")
            self._check_assertion(app, form["client_assertion"], request)
        elif "client_secret" in form:
            self._check_secret(app, form["client_secret"])
        else:
            raise EntraError(401, "invalid_client", 7000218, "The request body must contain 'client_assertion' or 'client_secret'.")

    def _check_secret(self, app: App, value: str) -> None:
        for secret in app.secrets:
            if secrets.compare_digest(secret.value.encode(), value.encode()):
                if secret.expires and secret.expires <= self.tenant.clock.now():
                    raise EntraError(401, "invalid_client", 7000222, f"The provided client secret keys for app '{app.client_id}' are expired.")
                return
        text = "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID"
        raise EntraError(401, "invalid_client", 7000215, f"{text}, for a secret added to app '{app.client_id}'.")

    def _check_assertion(self, app: App, assertion: str, request: Request) -> None:
        try:
            header = jwt.get_unverified_header(assertion)
            certificate = next((each for each in app.certificates if _names(header, each)), None)
        except jwt.PyJWTError:
            raise EntraError(401, "invalid_client", 50027, "JWT token is invalid or malformed.") from None
        if certificate is None:
            raise EntraError(401, "invalid_client", 700027, "The certificate with identifier used to sign the client assertion is not registered on application.")
        checks = {"require": ["exp", "sub", "jti"], "verify_exp": False, "verify_iat": False, "verify_nbf": False}
        try:
            claims = jwt.decode(
                assertion, certificate.public_key(), algorithms=["RS256", "PS256"],
                audience=f"{self.tenant.root}{request.path}", issuer=app.client_id, options=checks,
            )  # fmt: skip
        except jwt.PyJWTError as error:
            raise EntraError(401, "invalid_client", 700027, f"Client assertion failed signature validation: {error}.") from None
        now, grace = self.tenant.clock.now().timestamp(), 300
        if claims["sub"] != app.client_id:
            raise EntraError(401, "invalid_client", 700021, "Client assertion 'sub' is not the application.")
        if not float(claims.get("nbf", claims.get("iat", now))) - grace <= now < float(claims["exp"]) + grace:
            raise EntraError(401, "invalid_client", 700024, "Client assertion is not within its valid time range.")
        if certificate.not_valid_after_utc.timestamp() < now:
            raise EntraError(401, "invalid_client", 700027, "The certificate used to sign the client assertion is expired.")

    def _resource(self, scope: str) -> None:
        resource = scope.removesuffix("/.default")
        if resource == scope or " " in scope:
            raise EntraError(400, "invalid_scope", 1002012, f"The provided value for scope {scope} is not valid.")
        if resource not in self._audiences():
            raise EntraError(400, "invalid_resource", 500011, f"The resource principal named {resource} was not found in the tenant.")

    def _audiences(self) -> tuple[str, str]:
        return self.tenant.root, self.tenant.root.replace("127.0.0.1", "localhost")

    # -- device code

    def _device_code(self, request: Request) -> dict[str, Any]:
        form = _form(request)
        app = self.apps.get(_needed(form, "client_id"))
        if app is None:
            raise EntraError(400, "unauthorized_client", 700016, f"Application '{form['client_id']}' was not found in the directory.")
        code, user_code = secrets.token_urlsafe(32), "".join(secrets.choice("BCDFGHJKLMNPQRSTVWXZ23456789") for _ in range(8))
        self.devices[code] = Device(app, _needed(form, "scope"), self.tenant.clock.now() + timedelta(seconds=900))
        self._user_codes[user_code] = code
        where = f"{self.tenant.root}/devicelogin"
        return {
            "device_code": code, "user_code": user_code, "verification_uri": where, "expires_in": 900, "interval": self.interval,
            "message": f"To sign in, use a web browser to open the page {where} and enter the code {user_code} to authenticate.",
        }  # fmt: skip

    def _device_token(self, app: App, code: str) -> dict[str, Any]:
        device = self.devices.get(code)
        if device is None or device.app is not app:
            raise EntraError(400, "bad_verification_code", 70018, "Invalid verification code.")
        if device.expires <= self.tenant.clock.now():
            raise EntraError(400, "expired_token", 70020, "The provided device code has expired.")
        if device.state == "declined":
            raise EntraError(400, "authorization_declined", 70017, "The user declined the request.")
        if device.state == "slow_down":
            device.state = "pending"
            raise EntraError(400, "slow_down", 70016, "The client polls too often.")
        if device.state == "pending":
            raise EntraError(400, "authorization_pending", 70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling.")
        del self.devices[code]
        return self._delegate(app, device.user, device.scope)

    def _delegate(self, app: App, user: str, scope: str) -> dict[str, Any]:
        mailbox = self.tenant.find(user)
        if mailbox is None:
            raise EntraError(400, "invalid_grant", 50034, f"The user account {user} does not exist in the directory.")
        granted = " ".join(word for word in scope.split() if word not in ("openid", "profile", "offline_access", "email"))
        answer = self._issue({"appid": app.client_id, "scp": granted, "oid": mailbox.guid, "upn": mailbox.address})
        renewal = secrets.token_urlsafe(48)
        self._refresh[renewal] = (app, user, scope)
        known = {"oid": mailbox.guid, "sub": mailbox.guid, "tid": self.tenant.id, "preferred_username": mailbox.address}
        now = int(self.tenant.clock.now().timestamp())
        known |= {"iss": f"{self.tenant.root}/{self.tenant.id}/v2.0", "aud": app.client_id}
        info = json.dumps({"uid": mailbox.guid, "utid": self.tenant.id}).encode()
        return answer | {
            "scope": granted,
            "refresh_token": renewal,
            "id_token": jwt.encode(known | {"iat": now, "nbf": now, "exp": now + 3600}, self._key, "HS256"),
            "client_info": base64.urlsafe_b64encode(info).decode().rstrip("="),
        }

    def _renew(self, app: App, token: str) -> dict[str, Any]:
        """A refresh token works once: the answer holds the next one."""
        owner, user, scope = self._refresh.pop(token, (None, "", ""))
        if owner is not app:
            raise EntraError(400, "invalid_grant", 700082, "The refresh token has expired or was already used.")
        return self._delegate(app, user, scope)

    # -- tokens

    def _issue(self, claims: dict[str, Any]) -> dict[str, Any]:
        now = int(self.tenant.clock.now().timestamp())
        claims |= {
            "aud": self.tenant.root, "iss": f"https://sts.windows.net/{self.tenant.id}/", "tid": self.tenant.id, "ver": "1.0",
            "iat": now, "nbf": now, "exp": now + self.lifetime, "uti": secrets.token_urlsafe(12), "epoch": self._epoch,
        }  # fmt: skip
        token = jwt.encode(claims, self._key, "HS256", headers={"kid": "simulator"})
        return {"token_type": "Bearer", "expires_in": self.lifetime, "ext_expires_in": self.lifetime, "access_token": token}

    def verify(self, request: Request) -> dict[str, Any]:
        """The claims of the bearer token; raises GraphError 401 as Graph does."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise self.unauthorized("Access token is empty.")
        checks = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}
        try:
            claims: dict[str, Any] = jwt.decode(token, self._key, algorithms=["HS256"], options=checks)
        except jwt.DecodeError as error:
            text = "JWT is not well formed." if token.count(".") != 2 else f"Signature validation failed: {error}."
            raise self.unauthorized(f"IDX14100: {text}") from None
        if claims["aud"] not in self._audiences():
            raise self.unauthorized("Access token validation failure. Invalid audience.")
        if claims["exp"] <= self.tenant.clock.now().timestamp():
            raise self.unauthorized("Lifetime validation failed, the token is expired.")
        if claims["epoch"] != self._epoch:
            raise self.unauthorized("The token has been revoked.")
        return claims

    def unauthorized(self, text: str, extra: str = "") -> GraphError:
        where = f"{self.tenant.root}/{self.tenant.id}/oauth2/v2.0/authorize"
        challenge = f'Bearer realm="", authorization_uri="{where}", client_id="00000003-0000-0000-c000-000000000000"{extra}'
        return GraphError(401, "InvalidAuthenticationToken", text, {"WWW-Authenticate": challenge})


def _form(request: Request) -> dict[str, str]:
    if not request.headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded"):
        raise EntraError(400, "invalid_request", 900144, "The request body must be form encoded.")
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _needed(form: dict[str, str], name: str) -> str:
    if not form.get(name):
        raise EntraError(400, "invalid_request", 900144, f"The request body must contain the following parameter: '{name}'.")
    return form[name]


def _names(header: dict[str, Any], certificate: x509.Certificate) -> bool:
    """Does the assertion's header name this certificate: `x5t` (SHA-1, padded) or `x5t#S256`?"""
    body = certificate.public_bytes(Encoding.DER)
    given = {"x5t": hashlib.sha1(body), "x5t#S256": hashlib.sha256(body)}
    return any(
        isinstance(header.get(name), str) and base64.urlsafe_b64encode(mark.digest()).decode().rstrip("=") == header[name].rstrip("=")
        for name, mark in given.items()
    )
