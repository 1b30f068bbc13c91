"""Sample mailboxes: invented contacts that look like years of use, the same for the same seed; knows no wire."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from syncd.simulator.clock import iso
from syncd.simulator.mailbox import Mailbox
from syncd.simulator.oddities import ODDITIES
from syncd.simulator.people import LANDS, Land, slug

DOMAIN = "norrvik.example"
REFUSED = f"direction@{DOMAIN}"
"""A mailbox that the app must not be able to read."""

_USERS = (
    ("anna.weber", "Anna Weber"),
    ("einkauf", "Einkauf"),
    ("marc.lefevre", "Marc Lefèvre"),
    ("vertrieb.nord", "Vertrieb Nord"),
)
_TREES: tuple[tuple[str, ...], ...] = (
    ("Kontakte", "Lieferanten", "Lieferanten/Nord", "Kunden", "Kunden/Nord"),
    ("Kontakte", "Lieferanten", "Lieferanten", "Kunden", "Kunden/Nord"),
    ("Contacts", "Fournisseurs", "Clients", "Clients/Nord", "Clients/Sud"),
    ("Kontakter", "Leverantörer", "Kunder", "Kunder/Norr", "Kunder/Norr/Umeå"),
)
_SHARES = (11, 4, 2, 2, 3)
"""How contacts spread over a mailbox's folders."""
_LABELS = (
    ("Lieferant", "Kunde", "Privat"),
    ("Lieferant", "Kunde", "VIP"),
    ("Fournisseur", "Client", "Famille"),
    ("Leverantör", "Kund", "Privat"),
)
_ODD_FIRMS = [slug(odd.get("companyName", "")) for odd in ODDITIES]
"""Names that the oddities have taken: another firm of such a name would be another story."""
_ODD_EVERY = 6
_SHARED_EVERY = 15
_TEAM = 5
"""People of one firm, on average."""


@dataclass(frozen=True, slots=True)
class Firm:
    """An invented firm: its full name, the other ways people write it, and where it is."""

    name: str
    spellings: tuple[str, ...]
    domain: str
    land: Land
    phone: str
    place: dict[str, str]


def people(count: int, seed: int) -> list[tuple[str, str]]:
    """Addresses and names of the mailboxes' users."""
    source = random.Random(f"users/{seed}")
    users = [*_USERS]
    number = 0
    while len(users) < count:
        land = LANDS[number % len(LANDS)]
        given, family = source.choice(land.given), source.choice(land.family)
        number += 1
        users.append((f"{slug(given)}.{slug(family)}.{number}", f"{given} {family}"))
    return [(f"{local}@{DOMAIN}", name) for local, name in users[:count]]


def fill(mailboxes: list[Mailbox], contacts: int, seed: int) -> None:
    """Folders, `contacts` visible contacts a mailbox, a contact group and something in Deleted Items."""
    stock = Stock(seed, max(2, contacts * len(mailboxes) // _TEAM))
    for number, mailbox in enumerate(mailboxes):
        _fill(mailbox, number, contacts, stock)


def _fill(mailbox: Mailbox, number: int, contacts: int, stock: Stock) -> None:
    folders = _plant(mailbox, _TREES[number % len(_TREES)])
    labels = _LABELS[number % len(_LABELS)]
    source = stock.source
    places = source.choices(folders, weights=_SHARES, k=contacts)
    odd = list(ODDITIES[number % 3 :: 3]) if contacts >= 30 else []
    for index in range(contacts):
        if index % _ODD_EVERY == 2 and odd:
            props = odd.pop(0)
        elif index % _SHARED_EVERY == 4:
            props = stock.shared(index // _SHARED_EVERY, number)
        else:
            props = stock.person(labels)
        mailbox.add(places[index], at=_past(source), **props)
    if contacts >= 10:
        mailbox.add_group(name="Team Norrvik")
        mailbox.add(mailbox.deleted.id, at=_past(source), **stock.person(labels))


def _plant(mailbox: Mailbox, tree: tuple[str, ...]) -> list[str]:
    """Builds the folder tree; returns the folders' ids, the default one first."""
    mailbox.default.name = tree[0]
    planted = [mailbox.default.id]
    for path in tree[1:]:
        parent, _, name = path.rpartition("/")
        planted.append(mailbox.add_folder(name, parent or "contacts").id)
    return planted


def _past(source: random.Random) -> str:
    day, minute = source.randrange(700), source.randrange(480)
    moment = datetime(2024, 1, 8, 8, tzinfo=UTC) + timedelta(days=day, minutes=minute, seconds=day % 60)
    return iso(moment)


class Stock:
    """Draws people and firms; no two drawn persons have one e-mail address or, short of thousands, one name."""

    def __init__(self, seed: int, firms: int) -> None:
        self.source = random.Random(f"samples/{seed}")
        self._firms: list[Firm] = []
        self._domains: set[str] = set()
        self._addresses: set[str] = set()
        self._drawn = [0] * len(LANDS)
        self._order = [self._shuffled(land) for land in LANDS]
        self._shared: dict[int, dict[str, Any]] = {}
        for number in range(firms):
            self._firms.append(self._firm(LANDS[number % len(LANDS)]))

    def person(self, labels: tuple[str, ...]) -> dict[str, Any]:
        """A contact's properties as a tidy person would have typed them, with gaps like in life."""
        source = self.source
        firm = source.choice(self._firms)
        given, family = self._name(LANDS.index(firm.land))
        props: dict[str, Any] = {"givenName": given, "surname": family, "companyName": source.choice(firm.spellings)}
        chance = source.random()
        if chance < 0.93:
            address = self._address(given, family, firm.domain)
            shown = f"{family}, {given}" if chance < 0.1 else f"{given} {family}"
            props["emailAddresses"] = [{"name": shown, "address": address}]
        if chance > 0.2:
            props["businessPhones"] = [firm.phone[:-2] + f"{source.randrange(100):02}"]
        if chance > 0.6:
            props["mobilePhone"] = digits(source, source.choice(firm.land.mobiles))
        if chance > 0.35:
            props["jobTitle"] = source.choice(firm.land.jobs)
        if chance > 0.5:
            props["businessAddress"] = dict(firm.place)
        if labels and source.random() < 0.3:
            props["categories"] = [source.choice(labels)]
        if source.random() < 0.1:
            year, month, day = source.randrange(1950, 2004), source.randrange(1, 13), source.randrange(1, 29)
            props["birthday"] = f"{year}-{month:02}-{day:02}"
        if source.random() < 0.12:
            props["personalNotes"] = f"{firm.name}\r\n{source.choice(firm.land.streets)}, 2024"
        return props

    def shared(self, number: int, mailbox: int) -> dict[str, Any]:
        """A person whom several mailboxes know: the same e-mail, each with something that the others lack."""
        if number not in self._shared:
            person = self.person(())
            while "emailAddresses" not in person:
                person = self.person(())
            self._shared[number] = person
        props = {**self._shared[number]}
        if mailbox % 2:
            props.pop("businessAddress", None)
            props["department"] = self.source.choice(("Einkauf", "Vertrieb", "Lager"))
        return props

    # -- inside

    def _shuffled(self, land: Land) -> list[int]:
        order = list(range(len(land.given) * len(land.family)))
        self.source.shuffle(order)
        return order

    def _name(self, land: int) -> tuple[str, str]:
        """Each pair of names once; when all are used up, double names."""
        stock, order = LANDS[land], self._order[land]
        turn, place = divmod(self._drawn[land], len(order))
        self._drawn[land] += 1
        given, family = divmod(order[place], len(stock.family))
        name = stock.family[family]
        if turn:
            name += f"-{stock.family[(family + turn) % len(stock.family)]}"
        return stock.given[given], name

    def _address(self, given: str, family: str, domain: str) -> str:
        local = f"{slug(given)}.{slug(family)}" if self.source.random() < 0.7 else f"{slug(given)[0]}.{slug(family)}"
        address, number = f"{local}@{domain}", 1
        while address in self._addresses:
            number += 1
            address = f"{local}{number}@{domain}"
        self._addresses.add(address)
        return address

    def _firm(self, land: Land) -> Firm:
        source = self.source
        family, trade = source.choice(land.family), source.choice(land.trades)
        form, other = source.choice(land.forms)
        town, code = source.choice(land.towns)
        bare = f"{family} {trade}"
        while slug(bare) in self._domains or any(name.startswith(slug(bare)) for name in _ODD_FIRMS):
            bare = f"{family}-{source.choice(land.family)} {trade} {town}"
        self._domains.add(slug(bare))
        name = f"{bare} {form}"
        spellings = (name, name, name, bare, name.upper(), f"{bare}, {form}", f"{bare} {other}", f"{bare}  {form}")
        place = {"street": f"{source.choice(land.streets)} {source.randrange(1, 120)}", "city": town}
        place |= {"postalCode": code, "countryOrRegion": land.name}
        return Firm(name, spellings, f"{slug(bare)}.example", land, digits(source, source.choice(land.phones)), place)


def digits(source: random.Random, pattern: str) -> str:
    return "".join(str(source.randrange(10)) if letter == "#" else letter for letter in pattern)
