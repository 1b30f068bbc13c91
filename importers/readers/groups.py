"""Groups: numbered columns with a label beside them (Google's "Phone 2 - Label", "Phone 2 - Value"), spread by label.

Which field such a column fills is a matter of each row. Knows no kind of field.
"""

from __future__ import annotations

from collections.abc import Mapping

from importers.headers import GROUP

_MANY = " ::: "
_PHONES = (
    (("fax",), ("fax",)),
    (("mobil", "cell", "portable", "handy", "movil", "cellulare"), ("mobile",)),
    (("home", "domicile", "privat", "casa", "main home"), ("home_phone", "home_phone_2")),
    (("other", "autre", "ander", "sonst", "pager"), ("other_phone",)),
)
_PHONE_REST = ("phone", "phone_2", "other_phone", "mobile")
_EMAILS = ("email", "secondary_email", "third_email")
_PARTS = {"street": "street", "city": "city", "region": "state", "postal_code": "zip", "country": "country"}
_LINES = ("street", "extended_address", "po_box")
_PLACES = (
    (("home", "domicile", "privat", "casa"), "home"),
    (("work", "bureau", "travail", "arbeit", "gesch", "business", "trabajo", "lavoro"), "work"),
)
_HEADS = {"home": ("home_", ""), "work": ("mailing_", "billing_", "", "other_")}

Columns = dict[str, list[str | None]]


def spread(columns: Columns, targets: Mapping[str, list[str | None]], known: frozenset[str], extra: Columns) -> None:
    """Puts the cells of numbered columns (`group:KIND:N:PART` in `targets`) into the fields of `columns` that are free
    in their row; what finds no place goes to `extra` under the kind's name, values joined by ` ::: `."""
    groups: dict[tuple[str, int], dict[str, list[str | None]]] = {}
    for target, cells in targets.items():
        _, kind, number, part = target.split(":", 3)
        groups.setdefault((kind, int(number)), {})[part] = cells
    for (kind, _number), parts in sorted(groups.items()):
        count = len(next(iter(parts.values())))
        place = _Place(columns, known, extra, count)
        for row in range(count):
            label = (_cell(parts, "label", row) or "").lstrip("* ").casefold()
            if kind == "address":
                _address(place, parts, row, label)
            elif value := _cell(parts, "value", row):
                service = _cell(parts, "service", row) if kind == "im" else None
                _value(place, kind, row, label, f"{service}: {value}" if service else value)


class _Place:
    def __init__(self, columns: Columns, known: frozenset[str], extra: Columns, count: int) -> None:
        self._columns = columns
        self._known = known
        self._extra = extra
        self._count = count

    def put(self, row: int, field: str, value: str) -> bool:
        """Fill a field in one row; False when there is no such field or it is taken."""
        if field not in self._known:
            return False
        cells = self._columns.setdefault(field, [None] * self._count)
        if cells[row] is not None:
            return cells[row] == value
        cells[row] = value
        return True

    def keep(self, row: int, name: str, value: str) -> None:
        """Keep a value in `extra`."""
        cells = self._extra.setdefault(name, [None] * self._count)
        before = cells[row]
        cells[row] = f"{before}{_MANY}{value}" if before else value

    def has(self, row: int, field: str) -> bool:
        """Whether the field is filled in that row."""
        return field in self._columns and self._columns[field][row] is not None


def _value(place: _Place, kind: str, row: int, label: str, joined: str) -> None:
    for value in filter(None, (part.strip() for part in joined.split(_MANY.strip()))):
        wishes: tuple[str, ...] = ()
        if kind == "email":
            wishes = _EMAILS
        elif kind == "phone":
            special = next((names for words, names in _PHONES if any(word in label for word in words)), ())
            wishes = special if special == ("fax",) else (*special, *_PHONE_REST)
        elif kind in ("website", "im"):
            wishes = (kind,)
        if not any(place.put(row, wish, value) for wish in wishes):
            place.keep(row, _shown(kind, label), value)


def _address(place: _Place, parts: Mapping[str, list[str | None]], row: int, label: str) -> None:
    lines = dict.fromkeys(text for part in _LINES if (text := _cell(parts, part, row)))
    values = {field: text for part, field in _PARTS.items() if (text := _cell(parts, part, row))}
    if lines:
        values["street"] = "\n".join(lines)
    if not values and (formatted := _cell(parts, "formatted", row)):
        values = {"street": formatted}
    if not values:
        return
    kind = next((name for words, name in _PLACES if any(word in label for word in words)), "work")
    for head in _HEADS[kind]:
        names = {field: _placed(head, field) for field in values}
        if not any(place.has(row, f"{head}{field}") for field in _PARTS.values()) and all(
            place.put(row, names[field], text) for field, text in values.items()
        ):
            return
    place.keep(row, _shown("address", label), ", ".join(values.values()))


def _placed(head: str, field: str) -> str:
    return f"{head}{'code' if head == 'billing_' and field == 'zip' else field}"


def _cell(parts: Mapping[str, list[str | None]], part: str, row: int) -> str | None:
    return parts[part][row] if part in parts else None


def _shown(kind: str, label: str) -> str:
    name = kind.replace("_", " ").capitalize()
    return f"{name} ({label})" if label else name


def fields(target: str) -> set[str]:
    """The fields that a column of a numbered group may fill, in one module or another."""
    kind = target.split(":", 3)[1]
    if kind == "phone":
        return {*_PHONE_REST, *(name for _, names in _PHONES for name in names)}
    if kind == "address":
        return {_placed(head, field) for heads in _HEADS.values() for head in heads for field in _PARTS.values()}
    return {"email": set(_EMAILS)}.get(kind, {kind})


def grouped(target: str | None) -> bool:
    """Whether a target belongs to a numbered group."""
    return bool(target) and str(target).startswith(GROUP)
