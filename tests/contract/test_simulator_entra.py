"""The simulator's sign-in side, held to what the real Entra does, with the real MSAL as its client."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from syncd.simulator.app import Simulator
from tests.contract.plain import ANNA, Client

Token = dict[str, Any]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(1, 3) as running:
        yield running


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    with Client(simulator) as plain:
        yield plain


@pytest.fixture(scope="module")
def certificate() -> tuple[str, str, str]:
    """Private key and certificate as PEM, and the certificate's SHA-1 thumbprint."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "syncd")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=100))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return private, made.public_bytes(Encoding.PEM).decode(), made.fingerprint(hashes.SHA1()).hex().upper()


def msal_app(client: Client, credential: Any, **changes: str) -> msal.ConfidentialClientApplication:
    settings = client.simulator.settings() | changes
    return msal.ConfidentialClientApplication(
        settings["client_id"],
        client_credential=credential,
        authority=f"{settings['authority']}/{settings['tenant_id']}",
        instance_discovery=False,
        http_client=client.session,
    )


def acquire(app: msal.ConfidentialClientApplication, simulator: Simulator) -> Token:
    found: Token = app.acquire_token_for_client([f"{simulator.root}/.default"])
    return found


def status_with(client: Client, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return client.session.get(f"{client.simulator.root}/v1.0/users", headers=headers, timeout=10).status_code


def test_msal_signs_in_with_a_secret_and_the_token_opens_graph(simulator: Simulator, client: Client) -> None:
    token = acquire(msal_app(client, simulator.settings()["client_secret"]), simulator)
    assert token["token_source"] == "identity_provider"
    assert token["expires_in"] == 3599
    assert status_with(client, token["access_token"]) == 200


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_msal_signs_in_with_a_certificate(
    simulator: Simulator, client: Client, certificate: tuple[str, str, str], algorithm: str
) -> None:
    private, public, thumbprint = certificate
    credential = {"private_key": private, "public_certificate": public}
    if algorithm == "RS256":
        credential = {"private_key": private, "thumbprint": thumbprint}
    refused = acquire(msal_app(client, credential), simulator)
    assert refused["error_codes"] == [700027]
    simulator.app.trust(public)
    token = acquire(msal_app(client, credential), simulator)
    assert status_with(client, token["access_token"]) == 200


def assertion(simulator: Simulator, certificate: tuple[str, str, str], **changes: Any) -> dict[str, str]:
    """A hand-made client assertion in the form that MSAL sends, with its floating-point times."""
    private, _, thumbprint = certificate
    settings, now = simulator.settings(), datetime.now(UTC).timestamp()
    url = f"{settings['authority']}/{settings['tenant_id']}/oauth2/v2.0/token"
    claims = {"aud": url, "iss": settings["client_id"], "sub": settings["client_id"], "jti": "1"}
    claims |= {"iat": now, "exp": now + 600.5} | changes
    mark = base64.urlsafe_b64encode(bytes.fromhex(thumbprint)).decode()
    signed = jwt.encode(claims, private, "RS256", headers={"x5t": mark})
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return {"client_secret": "", "client_assertion_type": kind, "client_assertion": signed}


def test_an_assertion_is_looked_at_claim_by_claim(
    simulator: Simulator, client: Client, certificate: tuple[str, str, str]
) -> None:
    simulator.app.trust(certificate[1])
    now = datetime.now(UTC).timestamp()
    cases: list[tuple[dict[str, Any], int, list[int] | None]] = [
        ({}, 200, None),
        ({"aud": "https://elsewhere.example/token"}, 401, [700027]),
        ({"iss": "someone"}, 401, [700027]),
        ({"sub": "someone"}, 401, [700021]),
        ({"iat": now - 90_000.5, "exp": now - 86_400.5}, 401, [700024]),
        ({"iat": now + 86_400.5, "exp": now + 90_000.5}, 401, [700024]),
    ]
    for changes, status, numbers in cases:
        answer = client.ask_token(**assertion(simulator, certificate, **changes))
        assert (answer.status_code, answer.json().get("error_codes")) == (status, numbers), changes


def test_a_wrong_secret_is_401_with_the_real_keys(simulator: Simulator, client: Client) -> None:
    answer = client.ask_token(client_secret=simulator.app.secrets[0].id)
    error = answer.json()
    assert answer.status_code == 401
    assert set(error) == {
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
        "error_uri",
    }
    assert (error["error"], error["error_codes"]) == ("invalid_client", [7000215])
    assert error["error_description"].startswith("AADSTS7000215: Invalid client secret provided.")
    assert "error" in acquire(msal_app(client, "not the secret"), simulator)


@pytest.mark.parametrize(
    ("changes", "status", "error", "number"),
    [
        ({"client_secret": ""}, 401, "invalid_client", 7000218),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, 400, "unauthorized_client", 700016),
        ({"client_id": ""}, 400, "invalid_request", 900144),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"scope": "Contacts.Read"}, 400, "invalid_scope", 1002012),
        ({"scope": "https://graph.microsoft.com/.default"}, 400, "invalid_resource", 500011),
        ({"tenant": "00000000-0000-0000-0000-000000000000"}, 400, "invalid_tenant", 90002),
        ({"tenant": "common"}, 400, "invalid_request", 50194),
    ],
)
def test_other_refusals(client: Client, changes: dict[str, str], status: int, error: str, number: int) -> None:
    answer = client.ask_token(**changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_codes"] == [number]


def test_an_expired_secret_and_a_disabled_app_are_refused(simulator: Simulator, client: Client) -> None:
    simulator.app.secrets[0].expires = simulator.clock.now() + timedelta(hours=1)
    assert client.ask_token().status_code == 200
    simulator.clock.advance(3601)
    assert client.sign_in()["error_codes"] == [7000222]
    simulator.app.enabled = False
    assert client.sign_in()["error_codes"] == [7000112]


def test_an_unknown_tenant_fails_in_discovery_as_msal_expects(client: Client) -> None:
    with pytest.raises(ValueError, match="authority"):
        msal_app(client, "secret", tenant_id="unknown.example").acquire_token_for_client(["x/.default"])


def test_tokens_expire_are_revoked_and_are_for_this_graph_only(simulator: Simulator, client: Client) -> None:
    assert status_with(client, client.token) == 200
    simulator.clock.advance(3600)
    answer = client.get("users")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    here = simulator.tenant_data.root
    simulator.tenant_data.root = "https://graph.example"
    other = client.sign_in(scope="https://graph.example/.default")["access_token"]
    simulator.tenant_data.root = here
    assert status_with(client, other) == 401
    fresh = client.sign_in()["access_token"]
    assert status_with(client, fresh) == 200
    simulator.entra.revoke()
    assert status_with(client, fresh) == 401
    foreign = jwt.encode({"aud": "https://graph.microsoft.com"}, "k" * 32, "HS256")
    assert [status_with(client, token) for token in (foreign, "no token", "")] == [401, 401, 401]


def test_the_token_names_the_roles_that_were_granted(simulator: Simulator, client: Client) -> None:
    simulator.app.roles = []
    client.token = client.sign_in()["access_token"]
    assert client.error(f"users/{ANNA}/contacts") == (403, "ErrorAccessDenied")
    assert client.error("users") == (403, "Authorization_RequestDenied")
    claims = jwt.decode(client.token, options={"verify_signature": False})
    assert (claims["aud"], claims["tid"], claims["idtyp"]) == (simulator.root, simulator.tenant, "app")


def test_msal_signs_a_person_in_by_device_code(simulator: Simulator, client: Client) -> None:
    simulator.entra.interval = 1
    app = msal.PublicClientApplication(
        simulator.app.client_id,
        authority=f"{simulator.authority}/{simulator.tenant}",
        instance_discovery=False,
        http_client=client.session,
    )
    flow = app.initiate_device_flow(["Contacts.Read"])
    pending = app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
    assert pending["error"] == "authorization_pending"
    simulator.entra.devices.decide(flow["user_code"], "slow_down")
    assert app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)["error"] == "slow_down"
    flow["interval"] = 1
    simulator.entra.devices.decide(flow["user_code"], "approved", ANNA)
    token = app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
    client.token = token["access_token"]
    assert len(client.data("me/contacts")["value"]) >= 1
    assert app.get_accounts()[0]["username"] == ANNA
    simulator.clock.advance(3600)
    silent = app.acquire_token_silent(["Contacts.Read"], app.get_accounts()[0], force_refresh=True)
    client.token = silent["access_token"]
    assert client.get("me/contacts").status_code == 200


def test_device_codes_are_declined_and_run_out_and_refresh_tokens_work_once(
    simulator: Simulator, client: Client
) -> None:
    base = f"{simulator.authority}/{simulator.tenant}/oauth2/v2.0"

    def start() -> Token:
        form = {"client_id": simulator.app.client_id, "scope": "Contacts.Read offline_access"}
        flow: Token = client.session.post(f"{base}/devicecode", data=form, timeout=10).json()
        return flow

    def redeem(code: str) -> Token:
        kind = "urn:ietf:params:oauth:grant-type:device_code"
        return client.sign_in(grant_type=kind, client_secret="", scope="", device_code=code)

    first, second, third = start(), start(), start()
    simulator.entra.devices.decide(first["user_code"], "declined")
    assert redeem(first["device_code"])["error"] == "authorization_declined"
    assert redeem("nonsense")["error"] == "bad_verification_code"
    simulator.entra.devices.decide(second["user_code"], "approved", ANNA)
    renewal = redeem(second["device_code"])["refresh_token"]
    again = client.sign_in(grant_type="refresh_token", client_secret="", refresh_token=renewal)
    assert again["refresh_token"] != renewal
    used = client.sign_in(grant_type="refresh_token", client_secret="", refresh_token=renewal)
    assert (used["error"], used["error_codes"]) == ("invalid_grant", [700082])
    simulator.clock.advance(901)
    assert redeem(third["device_code"])["error"] == "expired_token"


def test_faults_strike_the_token_endpoint(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("token-down", "token")
    simulator.faults.add("token-page", "token", at=2)
    simulator.faults.add("token-throttled", "token", at=3, retry_after=7)
    simulator.faults.add("token-missing", "token", at=4)
    down, page, throttled, missing = (client.ask_token() for _ in range(4))
    assert (down.status_code, down.json()["error"]) == (503, "temporarily_unavailable")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html")
    assert (throttled.status_code, throttled.headers["Retry-After"]) == (429, "7")
    assert "access_token" not in missing.json()
    assert client.ask_token().status_code == 200
    assert [seen.status for seen in simulator.requests] == [200, 503, 200, 429, 200, 200]


def test_the_ca_is_private_strict_and_gone_at_the_end() -> None:
    with Simulator(1, 0) as running:
        folder = running.ca.parent
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        assert [path.name for path in folder.iterdir()] == ["ca.pem"]
        assert b"PRIVATE KEY" not in running.ca.read_bytes()
        with requests.Session() as session:
            session.trust_env = False
            url = f"{running.authority}/{running.tenant}/v2.0/.well-known/openid-configuration"
            document = session.get(url, verify=str(running.ca), timeout=10).json()
            assert document["token_endpoint"] == f"{running.authority}/{running.tenant}/oauth2/v2.0/token"
            with pytest.raises(requests.exceptions.SSLError):
                session.get(url, verify=True, timeout=10)
    assert not folder.exists()


def test_nothing_secret_is_kept_in_the_log(simulator: Simulator, client: Client) -> None:
    client.get("users", headers={"client-request-id": "abc"})
    kept = json.dumps([[seen.path, seen.query, seen.headers] for seen in simulator.requests])
    assert simulator.app.secrets[0].value not in kept
    assert client.token not in kept
    assert simulator.requests[-1].headers["client-request-id"] == "abc"
