"""The peer of the sync bench: bare reading of every folder's delta with urllib3, and a plain bulk insert into SQLite.

It matches nothing, keeps no ledger and no cursor, and undoes nothing. Usage: python bare_sync.py GRAPH.json TARGET.db
"""

from __future__ import annotations

import json
import sqlite3
import sys
import urllib.parse
from pathlib import Path
from typing import Any

import urllib3

FIELDS = ("givenName", "surname", "companyName", "jobTitle", "department", "mobilePhone", "personalNotes", "birthday")
PREFER = 'odata.maxpagesize=500, IdType="ImmutableId"'


def main() -> None:
    """Reads all mailboxes and prints how many contacts there were."""
    graph = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    pool = urllib3.PoolManager(ca_certs=graph["ca_bundle"])
    form = {
        "client_id": graph["client_id"],
        "client_secret": graph["client_secret"],
        "grant_type": "client_credentials",
        "scope": f"{graph['root']}/.default",
    }
    address = f"{graph['authority']}/{graph['tenant_id']}/oauth2/v2.0/token"
    answer = pool.request(
        "POST",
        address,
        body=urllib.parse.urlencode(form),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}", "Prefer": PREFER}
    store = sqlite3.connect(sys.argv[2])
    store.execute(
        f"CREATE TABLE contact (id TEXT, mailbox TEXT, {', '.join(f'{f} TEXT' for f in FIELDS)}, email TEXT, phone TEXT)"
    )
    count = 0
    for mailbox in graph["mailboxes"]:
        for folder in _folders(pool, headers, graph["root"], mailbox):
            count += _read(
                pool, headers, f"{graph['root']}/v1.0/users/{mailbox}/contactFolders/{folder}", mailbox, store
            )
    store.commit()
    print(count)


def _folders(pool: urllib3.PoolManager, headers: dict[str, str], root: str, mailbox: str) -> list[str]:
    base = f"{root}/v1.0/users/{mailbox}/contactFolders"
    todo, found = [_get(pool, headers, f"{base}/contacts")["id"]], []
    while todo:
        found.append(todo.pop())
        todo += [row["id"] for row in _get(pool, headers, f"{base}/{found[-1]}/childFolders?$top=100")["value"]]
    return found


def _read(
    pool: urllib3.PoolManager, headers: dict[str, str], folder: str, mailbox: str, store: sqlite3.Connection
) -> int:
    link, count = f"{folder}/contacts/delta", 0
    while link:
        page = _get(pool, headers, link)
        rows = [row for row in page["value"] if "@removed" not in row]
        marks = ", ".join("?" * (len(FIELDS) + 4))
        store.executemany(f"INSERT INTO contact VALUES ({marks})", [_row(row, mailbox) for row in rows])
        store.commit()
        count += len(rows)
        link = page.get("@odata.nextLink")
    return count


def _row(row: dict[str, Any], mailbox: str) -> tuple[Any, ...]:
    mails, phones = row.get("emailAddresses") or [{}], row.get("businessPhones") or [None]
    return row["id"], mailbox, *(row.get(f) for f in FIELDS), mails[0].get("address"), phones[0]


def _get(pool: urllib3.PoolManager, headers: dict[str, str], url: str) -> Any:
    return pool.request("GET", url, headers=headers).json()


if __name__ == "__main__":
    main()
