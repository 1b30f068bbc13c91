"""Columns: which field each column of a file fills, judged by its header alone; knows no file, no cell and no disk."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from importers.headers.words import GROUP, Vocabulary, numbered, squash
from importers.rows import Order

FULL_NAME = "full_name"
"""Internal target of a column that holds a person's whole name; shown to the outside as the module's name field."""

_EITHER = "title_or_salutation"
_GIVEN = "name_or_first_name"
_CUSTOMER = "name_or_company"
LONGEST = 1_000
"""Characters above which the head of a column is no name: nothing is looked for in it."""

_OWNERS = re.compile(
    r"^(lead|contact|customer|client|person|account|primary|main|kontakt|kunden?|ansprechpartner|prospect"
    r"|attendee|visitor|participant|delegate|registrant|besucher|teilnehmer|visiteur)s?[ _.:-]+",
    re.IGNORECASE,
)
_HINT = re.compile(r"[(\[{].*?[)\]}]|\*|:$")
_FAMILY_MIN = 0.3


def hits(row: Sequence[str], vocabulary: Vocabulary, order: Order) -> int:
    """How many cells of a row are header words: known ones, our own field names, or named in `Order.map`."""
    own = {squash(item.name) for item in order.fields} | {squash(name) for name in order.map}
    seen = {squash(cell) for cell in row if cell}
    words = {squash(cell) for cell in row if cell and vocabulary.knows(cell)}
    return len(words | (seen & own)) - ("" in words)


def match(header: Sequence[str], vocabulary: Vocabulary, order: Order) -> tuple[list[str | None], str]:
    """What each column fills, parallel to `header`, and the family the header was recognised as.

    An entry is a field of the order, `extra.NAME` for a column kept as it is, None for one left out, `full_name`, or a
    numbered `group:…` (see `shown`). A field that stands twice is one text over several columns (Business Street 1–3).
    `Order.map` wins over all, then our own field names, then the family, then plain words; of two columns for one
    field the first wins and the other is kept.
    """
    targets: list[str | None] = [None] * len(header)
    fields = {squash(item.name): item.name for item in order.fields}
    taken: set[str] = set()
    ordered = _by_hand(header, order, fields, targets, taken)
    for column, name in enumerate(header):
        if column not in ordered and (found := _own(name.strip(), fields)) and found not in taken:
            targets[column] = found
            taken.add(found)
    family = "syncd" if _ours(header, targets, order) else _family(header, vocabulary)
    open_columns = [c for c in range(len(header)) if c not in ordered and targets[c] is None and header[c].strip()]
    concepts = dict(_concepts(header, open_columns, vocabulary, family))
    _titles(header, concepts, targets)
    _names(concepts, targets)
    _fill(concepts, vocabulary.modules.get(order.module, {}), fields, targets, taken)
    for column in open_columns:
        own_name = fields.get(squash(header[column]))
        if targets[column] is None and own_name and own_name not in taken:
            targets[column] = own_name
            taken.add(own_name)
    _rest(header, open_columns, targets, family)
    return targets, family


def shown(targets: Sequence[str | None], order: Order) -> list[str | None]:
    """The mapping as the outside sees it: field names, `extra.NAME` or None."""
    names = {item.name for item in order.fields}
    result: list[str | None] = []
    for target in targets:
        if target == FULL_NAME:
            result.append(order.title)
        elif target and target.startswith(GROUP):
            result.append(_group_shown(target, names, result))
        else:
            result.append(target)
    return result


def recognised(targets: Sequence[str | None]) -> int:
    """How many columns fill a field."""
    return sum(1 for target in targets if target and not target.startswith("extra."))


def _by_hand(
    header: Sequence[str], order: Order, fields: Mapping[str, str], targets: list[str | None], taken: set[str]
) -> set[int]:
    wanted = {squash(name): target for name, target in order.map.items()}
    done: set[int] = set()
    for column, name in enumerate(header):
        target = wanted.get(squash(name)) if squash(name) else None
        if target is None:
            continue
        target = fields.get(squash(target), target)
        done.add(column)
        if target in taken and not target.startswith("extra."):
            target = f"extra.{name.strip()}"
        targets[column] = target if target not in ("", "-") else None
        taken.add(target)
    return done


def _own(name: str, fields: Mapping[str, str]) -> str | None:
    """A field by our own name for it, or a column of `extra` as our export writes it."""
    if name.startswith("extra.") and len(name) > len("extra."):
        return name
    found = fields.get(squash(name))
    return found if found == name else None


def _ours(header: Sequence[str], targets: Sequence[str | None], order: Order) -> bool:
    """Whether a header is one that syncd wrote."""
    own = sum(1 for name, target in zip(header, targets, strict=True) if target and name.strip() == target)
    return order.title in header and own * 2 >= len([name for name in header if name.strip()])


def _family(header: Sequence[str], vocabulary: Vocabulary) -> str:
    """The family whose words cover most of the header; of two, the one with the fewest words that are missing in it."""
    cells = [cell for cell in header if squash(cell)]
    keys = {squash(cell) for cell in cells}
    groups = {squash(cell) for cell in cells if numbered(cell)}
    best, best_score = "plain", 0.0
    for family in vocabulary.families:
        found = keys & family.words.keys()
        if not found or not keys:
            continue
        if groups and family.name.startswith("google-"):
            found = found | groups
        overlap = len(found) / len(keys | family.words.keys())
        rare = len(found) > 2 and any(key not in vocabulary.plain for key in found)
        if not rare and overlap < _FAMILY_MIN:
            continue
        score = len(found) / len(keys) + overlap / 2
        if score > best_score and len(found) * 2 > len(keys):
            best, best_score = family.name, score
    return best


def _concepts(
    header: Sequence[str], columns: Sequence[int], vocabulary: Vocabulary, family: str
) -> Iterator[tuple[int, str]]:
    words = next((f.words for f in vocabulary.families if f.name == family), {})
    tongue = vocabulary.tongue(header).words
    seen: dict[str, int] = {}
    for column in columns:
        if len(header[column]) > LONGEST:
            continue
        if group := numbered(header[column]):
            yield column, group
            continue
        for key in _spellings(header[column]):
            found = words.get(key) or tongue.get(key) or vocabulary.plain.get(key) or vocabulary.anywhere.get(key)
            if found:
                turn = seen.get(key, 0)
                seen[key] = turn + 1
                yield column, found[min(turn, len(found) - 1)]
                break


def _spellings(name: str) -> Iterator[str]:
    yield squash(name)
    bare = _HINT.sub(" ", name).strip()
    yield squash(bare)
    yield squash(_OWNERS.sub("", bare))


def _titles(header: Sequence[str], concepts: dict[int, str], targets: Sequence[str | None]) -> None:
    """Settles `Title` and `Titre`: the salutation when another column is the job title or when it stands before the
    names, else the job title. (Outlook: Mr; Zoho and Salesforce: the job. French Outlook writes Titre twice.)"""
    open_columns = sorted(column for column, concept in concepts.items() if concept == _EITHER)
    if not open_columns:
        return
    others = {*concepts.values(), *targets}
    names = [c for c, concept in concepts.items() if concept in ("first_name", "last_name", FULL_NAME)]
    names += [c for c, target in enumerate(targets) if target in ("first_name", "last_name")]
    for turn, column in enumerate(open_columns):
        if {"salutation", "title"} <= others:
            del concepts[column]
            continue
        if "salutation" in others:
            concepts[column] = "title"
        elif "title" in others or turn == 0 and (len(open_columns) > 1 or (names and column < min(names))):
            concepts[column] = "salutation"
        else:
            concepts[column] = "title"
        others.add(concepts[column])


def _names(concepts: dict[int, str], targets: Sequence[str | None]) -> None:
    """Settles `Nombre` and `Nome`: the given name where the surname has a column, else the whole name; and `Kunde`: the
    company where another column names the person and none the company, else the person."""
    others = {*concepts.values(), *targets}
    parted = "last_name" in others
    apart = bool(others & {FULL_NAME, "last_name"}) and not others & {"company", "account"}
    for column, concept in concepts.items():
        if concept == _GIVEN:
            concepts[column] = "first_name" if parted else FULL_NAME
        elif concept == _CUSTOMER:
            concepts[column] = "company" if apart else FULL_NAME


def _fill(
    concepts: Mapping[int, str],
    module: Mapping[str, tuple[str, ...]],
    fields: Mapping[str, str],
    targets: list[str | None],
    taken: set[str],
) -> None:
    first: dict[str, int] = {}
    for column, concept in concepts.items():
        first.setdefault(concept, column)
    known = set(fields.values())
    used: set[str] = set()
    for name, wanted in module.items():
        if name in taken or name not in known:
            continue
        free = [c for c in wanted if c not in used]
        chosen = next((c for c in free if c in first), None) or next((c for c in free if f"{c}+" in first), None)
        if chosen is None:
            continue
        used.add(chosen)
        taken.add(name)
        if chosen in first:
            targets[first[chosen]] = name
        for column, concept in concepts.items():
            if concept == f"{chosen}+":
                targets[column] = name
    _whole(concepts, known, targets, taken)


def _whole(concepts: Mapping[int, str], known: set[str], targets: list[str | None], taken: set[str]) -> None:
    """Columns that are spread row by row. A "Name" beside a first name is the last name (German lists have it so)."""
    for column, concept in concepts.items():
        if concept.startswith(GROUP):
            targets[column] = concept
        elif concept == FULL_NAME and "last_name" in known and targets[column] is None and FULL_NAME not in taken:
            alone = "first_name" in taken and "last_name" not in taken
            targets[column] = "last_name" if alone else FULL_NAME
            taken.add("last_name" if alone else FULL_NAME)


def _rest(header: Sequence[str], columns: Sequence[int], targets: list[str | None], family: str) -> None:
    """Columns nothing claimed are kept under their header; of equal names the second becomes "NAME 2"."""
    names: set[str] = {target for target in targets if target}
    for column in columns:
        name = header[column].strip()
        ours = family == "syncd" and name in ("id", "version", "reports_to_id")
        if targets[column] is not None or name.casefold() == "problem" or ours:
            continue
        target, turn = f"extra.{name}", 1
        while target in names:
            turn += 1
            target = f"extra.{name} {turn}"
        names.add(target)
        targets[column] = target


def _group_shown(target: str, names: set[str], before: Sequence[str | None]) -> str | None:
    _, kind, _, part = target.split(":", 3)
    if part in ("label", "service"):
        return None
    if part in ("extended_address", "po_box"):
        return next((last for last in reversed(before) if last and last.endswith(("street", "extra.Address"))), None)
    wishes = {
        "im": ("im",),
        "email": ("email", "secondary_email", "third_email"),
        "phone": ("phone", "mobile", "home_phone", "other_phone"),
        "website": ("website",),
        "address": tuple(f"{head}{_PARTS.get(part, '-')}" for head in ("", "mailing_", "billing_", "home_", "other_")),
    }
    for wish in wishes.get(kind, ()):
        if wish in names and wish not in before:
            return wish
    return f"extra.{kind.replace('_', ' ').capitalize()}"


_PARTS = {"street": "street", "city": "city", "region": "state", "postal_code": "zip", "country": "country"}
