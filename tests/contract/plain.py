"""A plain client for the simulator's own tests: requests over TLS with the simulator's CA, and nothing clever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import requests

from syncd.simulator.app import Simulator

ANNA, BUYERS, MARC = "anna.weber@norrvik.example", "einkauf@norrvik.example", "marc.lefevre@norrvik.example"
IMMUTABLE = 'IdType="ImmutableId"'
Data = dict[str, Any]


class Client:
    """Signs in with the simulator's secret; `path` of a call is what follows `/v1.0/`, or a whole link."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(simulator.ca)
        self.token = self.sign_in()["access_token"]

    def sign_in(self, **changes: str) -> Data:
        found: Data = self.ask_token(**changes).json()
        return found

    def ask_token(self, tenant: str = "", **changes: str) -> requests.Response:
        settings = self.simulator.settings()
        form = {
            "client_id": settings["client_id"],
            "client_secret": settings["client_secret"],
            "grant_type": "client_credentials",
            "scope": f"{settings['root']}/.default",
        } | changes
        url = f"{settings['authority']}/{tenant or settings['tenant_id']}/oauth2/v2.0/token"
        return self.session.post(url, data={name: value for name, value in form.items() if value}, timeout=10)

    def call(self, method: str, path: str, prefer: str = "", **more: Any) -> requests.Response:
        url = path if path.startswith("https://") else f"{self.simulator.root}/v1.0/{path}"
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        if prefer:
            headers["Prefer"] = prefer
        return self.session.request(method, url, headers=headers, timeout=10, allow_redirects=False, **more)

    def get(self, path: str, prefer: str = "", **more: Any) -> requests.Response:
        return self.call("GET", path, prefer, **more)

    def data(self, path: str, prefer: str = "", **more: Any) -> Data:
        answer = self.get(path, prefer, **more)
        assert answer.status_code == 200, answer.text
        found: Data = answer.json()
        return found

    def error(self, path: str, prefer: str = "", **more: Any) -> tuple[int, str]:
        answer = self.get(path, prefer, **more)
        return answer.status_code, answer.json()["error"]["code"]

    def pages(self, path: str, prefer: str = "", **more: Any) -> Iterator[Data]:
        """All pages of a list or a delta round."""
        page = self.data(path, prefer, **more)
        yield page
        while "@odata.nextLink" in page:
            page = self.data(page["@odata.nextLink"], prefer)
            yield page

    def round(self, path: str, prefer: str = IMMUTABLE, **more: Any) -> tuple[list[Data], str]:
        """All rows of a delta round and the link for the next one."""
        rows: list[Data] = []
        for page in self.pages(path, prefer, **more):
            rows += page["value"]
        return rows, page["@odata.deltaLink"]

    def close(self) -> None:
        self.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def ids(rows: list[Data]) -> list[str]:
    return [row["id"] for row in rows if "@removed" not in row]


def removed(rows: list[Data]) -> list[str]:
    return [row["id"] for row in rows if "@removed" in row]


def feed(address: str, folder: str = "contacts") -> str:
    return f"users/{address}/contactFolders/{folder}/contacts/delta"


def tree(client: Client, address: str) -> dict[str, str]:
    """Path → id of all contact folders, found as a client has to find them."""
    top = client.data(f"users/{address}/contactFolders/contacts")
    found, waiting = {top["displayName"]: top["id"]}, [("", f"users/{address}/contactFolders")]
    while waiting:
        path, url = waiting.pop()
        for page in client.pages(url):
            for row in page["value"]:
                here = f"{path}{row['displayName']}"
                found[here] = row["id"]
                waiting.append((f"{here}/", f"users/{address}/contactFolders/{row['id']}/childFolders"))
    return found


def may_write(client: Client) -> None:
    client.simulator.app.roles.append("Contacts.ReadWrite")
    client.token = client.sign_in()["access_token"]
