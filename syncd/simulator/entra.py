"""Entra: the sign-in side of the simulator (OpenID document, token endpoint, tokens); knows no contact."""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import jwt

from syncd.simulator.devices import LIFETIME, Devices, Grant
from syncd.simulator.registry import ROLES, App, EntraError, Secret
from syncd.simulator.tenant import Tenant
from syncd.simulator.wire import PLAIN_JSON, Answer, GraphError, Request

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SHARED = ("common", "organizations")
"""Words in the tenant's place: any organisation of the person who signs in, and an app alone has none."""
_PERSONAL = ("openid", "profile", "offline_access", "email")
GRAPH_APP = "00000003-0000-0000-c000-000000000000"


class Entra:
    """Issues tokens and checks them. `lifetime` of a token is in seconds; a token is a signed JWT."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.lifetime = 3599
        self.interval = 5
        self.apps: dict[str, App] = {}
        self.devices = Devices()
        self._key = secrets.token_bytes(32)
        self._epoch = 0

    def register(self, *, roles: tuple[str, ...] = ROLES) -> App:
        """A new app with one secret."""
        draw = self.tenant.random.randbytes
        client, key = (str(uuid.UUID(bytes=draw(16), version=4)) for _ in range(2))
        secret = Secret(f"sim~{base64.urlsafe_b64encode(draw(27)).decode()}", key)
        self.apps[client] = App(client, [secret], roles=list(roles))
        return self.apps[client]

    def revoke(self) -> None:
        """All tokens issued so far are worthless."""
        self._epoch += 1
        self.devices.forget()

    # -- requests

    def handle(self, request: Request) -> Answer:
        try:
            return self._route(request)
        except EntraError as error:
            return self._refusal(request, error)

    def _route(self, request: Request) -> Answer:
        segments = request.segments()
        if segments[0].lower() not in (self.tenant.id, self.tenant.domain, *_SHARED):
            raise EntraError(90002, segments[0])
        routes: dict[tuple[str, str], Callable[[Request], dict[str, Any]]] = {
            ("GET", "v2.0/.well-known/openid-configuration"): self._document,
            ("GET", "discovery/v2.0/keys"): lambda _: {"keys": []},
            ("POST", "oauth2/v2.0/token"): self._token,
            ("POST", "oauth2/v2.0/devicecode"): self._device_code,
        }
        handler = routes.get((request.method, "/".join(segments[1:]).lower()))
        if handler is None:
            raise EntraError(90014, request.path)
        return Answer(200, handler(request), {"Cache-Control": "no-store"}, PLAIN_JSON)

    def _refusal(self, request: Request, error: EntraError) -> Answer:
        """The error document of Entra, key by key."""
        trace, moment = str(uuid.uuid4()), f"{self.tenant.clock.now():%Y-%m-%d %H:%M:%SZ}"
        correlation = request.headers.get("client-request-id", request.id)
        ids = f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {moment}"
        payload = {
            "error": error.error,
            "error_description": f"{error} {ids}",
            "error_codes": [error.number],
            "timestamp": moment,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"{self.tenant.root}/error?code={error.number}",
        }
        return Answer(error.status, payload, content_type=PLAIN_JSON)

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
        grant, app = _needed(form, "grant_type"), self._app(form)
        if grant == "client_credentials":
            if request.segments()[0].lower() in _SHARED:
                raise EntraError(50194, app.client_id)
            self._authenticate(app, form, f"{self.tenant.root}{request.path}")
            self._check_scope(_needed(form, "scope"))
            return self._issue({"appid": app.client_id, "roles": app.roles, "idtyp": "app", "oid": app.client_id})
        if grant == DEVICE_GRANT:
            return self._delegate(self.devices.redeem(app, _needed(form, "device_code"), self.tenant.clock.now()))
        if grant == "refresh_token":
            return self._delegate(self.devices.renew(app, _needed(form, "refresh_token")))
        raise EntraError(70003, grant)

    def _device_code(self, request: Request) -> dict[str, Any]:
        form = _form(request)
        code, user_code = self.devices.start(self._app(form), _needed(form, "scope"), self.tenant.clock.now())
        where = f"{self.tenant.root}/devicelogin"
        return {
            "device_code": code,
            "user_code": user_code,
            "verification_uri": where,
            "expires_in": LIFETIME,
            "interval": self.interval,
            "message": f"To sign in, open the page {where} in a web browser and enter the code {user_code}.",
        }

    def _app(self, form: dict[str, str]) -> App:
        app = self.apps.get(_needed(form, "client_id"))
        if app is None:
            raise EntraError(700016, form["client_id"])
        if not app.enabled:
            raise EntraError(7000112, app.client_id)
        return app

    def _authenticate(self, app: App, form: dict[str, str], audience: str) -> None:
        now = self.tenant.clock.now()
        if "client_assertion" in form:
            if form.get("client_assertion_type") != ASSERTION_TYPE:
                raise EntraError(900144, "client_assertion_type")
            app.check_assertion(form["client_assertion"], audience, now)
        elif "client_secret" in form:
            app.check_secret(form["client_secret"], now)
        else:
            raise EntraError(7000218)

    def _check_scope(self, scope: str) -> None:
        resource = scope.removesuffix("/.default")
        if resource == scope or " " in scope:
            raise EntraError(1002012, scope)
        if resource not in self._audiences():
            raise EntraError(500011, resource)

    # -- tokens

    def _audiences(self) -> tuple[str, str]:
        return self.tenant.root, self.tenant.root.replace("127.0.0.1", "localhost")

    def _issue(self, claims: dict[str, Any]) -> dict[str, Any]:
        now = int(self.tenant.clock.now().timestamp())
        times = {"iat": now, "nbf": now, "exp": now + self.lifetime}
        where = {"aud": self.tenant.root, "iss": f"https://sts.windows.net/{self.tenant.id}/", "tid": self.tenant.id}
        whole = claims | times | where | {"ver": "1.0", "uti": secrets.token_urlsafe(12), "epoch": self._epoch}
        token = jwt.encode(whole, self._key, "HS256", headers={"kid": "simulator"})
        life = {"expires_in": self.lifetime, "ext_expires_in": self.lifetime}
        return {"token_type": "Bearer", **life, "access_token": token}

    def _delegate(self, grant: Grant) -> dict[str, Any]:
        """Tokens for a signed-in person: with a refresh token, and what MSAL needs to know the account again."""
        mailbox = self.tenant.find(grant.user)
        if mailbox is None:
            raise EntraError(50034, grant.user)
        granted = " ".join(word for word in grant.scope.split() if word not in _PERSONAL)
        app, now = grant.app.client_id, int(self.tenant.clock.now().timestamp())
        person = {
            "oid": mailbox.guid,
            "sub": mailbox.guid,
            "tid": self.tenant.id,
            "preferred_username": mailbox.address,
        }
        person |= {"iss": f"{self.tenant.root}/{self.tenant.id}/v2.0", "aud": app}
        info = json.dumps({"uid": mailbox.guid, "utid": self.tenant.id}).encode()
        return self._issue({"appid": app, "scp": granted, "oid": mailbox.guid, "upn": mailbox.address}) | {
            "scope": granted,
            "refresh_token": self.devices.renewal(grant),
            "id_token": jwt.encode(person | {"iat": now, "nbf": now, "exp": now + 3600}, self._key, "HS256"),
            "client_info": base64.urlsafe_b64encode(info).decode().rstrip("="),
        }

    def verify(self, request: Request) -> dict[str, Any]:
        """The claims of the bearer token; raises GraphError 401 as Graph does."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise self._unauthorized("Access token is empty.")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False},
            )
        except jwt.PyJWTError as error:
            shown = "JWT is not well formed." if token.count(".") != 2 else f"Signature validation failed: {error}."
            raise self._unauthorized(f"IDX14100: {shown}") from None
        if claims["aud"] not in self._audiences():
            raise self._unauthorized("Access token validation failure. Invalid audience.")
        if claims["exp"] <= self.tenant.clock.now().timestamp():
            raise self._unauthorized("Lifetime validation failed, the token is expired.")
        if claims["epoch"] != self._epoch:
            raise self._unauthorized("The token has been revoked.")
        return claims

    def _unauthorized(self, text: str) -> GraphError:
        where = f"{self.tenant.root}/{self.tenant.id}/oauth2/v2.0/authorize"
        challenge = f'Bearer realm="", authorization_uri="{where}", client_id="{GRAPH_APP}"'
        return GraphError(401, "InvalidAuthenticationToken", text, {"WWW-Authenticate": challenge})


def _form(request: Request) -> dict[str, str]:
    if not request.headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded"):
        raise EntraError(900144, "grant_type")
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _needed(form: dict[str, str], name: str) -> str:
    if not form.get(name):
        raise EntraError(900144, name)
    return form[name]
