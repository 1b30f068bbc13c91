"""Whatever users do in a mailbox, a client that keeps to the contract holds in the end what the mailbox holds."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from syncd.simulator.app import Simulator
from syncd.simulator.mailbox import Mailbox
from tests.contract.plain import ANNA, IMMUTABLE, Client, Data, feed

PAGE = f"odata.maxpagesize=4, {IMMUTABLE}"
NOISE = ("duplicates", "shuffle", "tombstones", "replay", "empty", "lose-back", "older")


class Reader:
    """The least client that is right: rounds of all folders, then rows win over tombstones, the rest is asked for."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.links: dict[str, str] = {}
        self.held: dict[str, Data] = {}

    def folders(self) -> list[str]:
        found = [self.client.data(f"users/{ANNA}/contactFolders/contacts")["id"]]
        waiting = [f"users/{ANNA}/contactFolders"]
        while waiting:
            for page in self.client.pages(waiting.pop()):
                for row in page["value"]:
                    found.append(row["id"])
                    waiting.append(f"users/{ANNA}/contactFolders/{row['id']}/childFolders")
        return found

    def sync(self) -> None:
        live = self.folders()
        seen: dict[str, Data] = {}
        doubtful: set[str] = set()
        for gone in set(self.links) - set(live):
            del self.links[gone]
            doubtful |= {key for key, row in self.held.items() if row["parentFolderId"] == gone}
        for folder in live:
            rows, self.links[folder] = self.client.round(self.links.get(folder, feed(ANNA, folder)), PAGE)
            for row in rows:
                if "@removed" in row:
                    doubtful.add(row["id"])
                elif row["lastModifiedDateTime"] >= seen.get(row["id"], row)["lastModifiedDateTime"]:
                    seen[row["id"]] = row
        self.held |= seen
        for key in doubtful - set(seen):
            self.verify(key, live)

    def verify(self, key: str, live: list[str]) -> None:
        answer = self.client.get(f"users/{ANNA}/contacts/{key}", IMMUTABLE)
        if answer.status_code == 200 and answer.json()["parentFolderId"] in live:
            self.held[key] = answer.json()
        else:
            assert answer.status_code in (200, 404)
            self.held.pop(key, None)


def users_at_work(box: Mailbox, source: random.Random, times: int) -> None:
    """Edits as people make them, some of them there and back."""

    def anyone() -> str:
        return source.choice([item for folder in box.tree() for item in folder.items if not item.hidden]).immutable

    def anywhere() -> str:
        return source.choice(list(box.tree())).id

    def drop_folder() -> None:
        inner = [folder.id for folder in box.tree() if folder.parent]
        if len(inner) > 2:
            box.remove_folder(source.choice(inner))

    def there_and_back() -> None:
        key, home = anyone(), box.default.id
        box.move(key, anywhere())
        box.move(key, home)

    moves: list[Callable[[], object]] = [
        lambda: box.add(anywhere(), givenName=f"New {source.random()}"),
        lambda: box.edit(anyone(), jobTitle=f"Job {source.random()}"),
        lambda: box.move(anyone(), anywhere()),
        there_and_back,
        lambda: box.delete(anyone()),
        lambda: box.purge(anyone()),
        lambda: box.add_folder("Neu", anywhere()),
        drop_folder,
    ]
    for _ in range(times):
        source.choices(moves, weights=(6, 6, 5, 3, 3, 2, 1, 1))[0]()


def content(row: Data) -> Data:
    return {name: value for name, value in row.items() if not name.startswith("@") and name != "path"}


@pytest.mark.parametrize("seed", range(12))
def test_rounds_converge_whatever_happens(seed: int) -> None:
    source = random.Random(seed)
    with Simulator(1, 25, seed=seed) as simulator, Client(simulator) as client:
        box, reader = simulator.mailbox(ANNA), Reader(client)
        for turn in range(4):
            users_at_work(box, source, 8)
            simulator.faults.clear()
            if turn:
                simulator.faults.add(source.choice(NOISE), "delta", at=source.randrange(1, 4), count=3)
            reader.sync()
            truth = {row["id"]: content(row) for row in simulator.truth(ANNA)}
            assert {key: content(row) for key, row in reader.held.items()} == truth
