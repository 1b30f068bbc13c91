"""Samples."""

from __future__ import annotations

from syncd.simulator.mailbox import Mailbox

DOMAIN = "norrvik.example"
REFUSED = f"direction@{DOMAIN}"


def people(count: int, seed: int) -> list[tuple[str, str]]:
    first = [("anna.weber", "Anna Weber"), ("einkauf", "Einkauf"), ("marc.lefevre", "Marc Lefèvre")]
    more = [(f"user{n}", f"User {n}") for n in range(4, count + 1)]
    return [(f"{a}@{DOMAIN}", n) for a, n in (first + more)[:count]]


def fill(mailboxes: list[Mailbox], contacts: int, seed: int) -> None:
    for box in mailboxes:
        box.default.name = "Kontakte"
        box.add_folder("Lieferanten")
        box.add_folder("Kunden")
        box.add_folder("Nord", "Kunden")
        places = [f.id for f in box.tree()]
        for n in range(contacts):
            box.add(
                places[n % 4],
                givenName=f"G{n}",
                surname=f"S{n}",
                companyName=f"C{n // 3} AB",
                emailAddresses=[{"address": f"g{n}.s{n}@c{n // 3}.example"}],
            )
