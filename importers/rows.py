"""Rows: the shapes that pass between a file's reader and its caller; knows no file, no module and no database.

Everything here crosses a process boundary as plain lists, dicts, strings and numbers.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypedDict

Kind = Literal["text", "email", "phone", "date", "number", "money", "flag", "picklist"]
"""What a field holds. `date` is ISO 8601 text, `money` an integer of hundredths, `number` an integer, `flag` a bool."""

Value = str | int | bool | None
"""A clean value; None is a blank."""

KeyKind = Literal["email", "phone", "person", "name", "company", "company_spelt", "exact"]
"""How a match key is derived: see `importers.normalise`. `exact` folds case and blanks of one text field."""

CELL_LIMIT = 131_072
"""Characters in one cell above which its row is refused (the csv module's own limit)."""


@dataclass(frozen=True, slots=True)
class Field:
    """One target field. `length` 0 means unlimited; `options` are a picklist's standard words."""

    name: str
    kind: Kind
    length: int = 0
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyRule:
    """One match key of a row: its kind and the fields it is derived from, in the order that the kind asks for.

    `email`, `phone`, `company`, `company_spelt` (ü as ue), `exact` take one field; `name` takes first and last name,
    `person` the company besides.
    """

    kind: KeyKind
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """What to read and how: handed to the reader once, as JSON, and kept with the run.

    `map` names columns as they stand in the header (compared folded) and their fields; those of `must` are refused when
    the file has them not. `set` gives every row a value.
    `title` is the field a record is named by; when it is blank it is taken from the first of `title_from` that is not
    (an e-mail gives its local part), and a row in which all are blank is refused. `match_on` are fields by which the caller
    will match rows: `Opened.missing` tells those that no row can fill.
    `skip` data rows were already taken by an earlier try. `header_row` counts from 1.
    """

    module: str
    fields: tuple[Field, ...]
    keys: tuple[KeyRule, ...] = ()
    title: str = "last_name"
    title_from: tuple[str, ...] = ()
    language: str = "en"
    country: str | None = None
    map: dict[str, str] = field(default_factory=dict)
    must: tuple[str, ...] = ()
    match_on: tuple[str, ...] = ()
    set: dict[str, str] = field(default_factory=dict)
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    dates: Literal["dmy", "mdy", "ymd"] | None = None
    header_row: int | None = None
    chunk: int = 5000
    skip: int = 0

    def plain(self) -> dict[str, Any]:
        """The order as JSON-ready data; `Order.of` is its inverse."""
        return asdict(self)

    @classmethod
    def of(cls, data: dict[str, Any]) -> Order:
        """An order from `plain()` data that went through JSON."""
        made = dict(data)
        made["fields"] = tuple(Field(f["name"], f["kind"], f["length"], tuple(f["options"])) for f in data["fields"])
        made["keys"] = tuple(KeyRule(k["kind"], tuple(k["fields"])) for k in data["keys"])
        made["title_from"] = tuple(data["title_from"])
        made["must"] = tuple(data["must"])
        made["match_on"] = tuple(data["match_on"])
        return cls(**made)


class Refusal(TypedDict):
    """One refused row: where it began in the file, its cells as they were, and why in one plain sentence."""

    line: int
    cells: list[str]
    field: str
    code: str
    why: str


class Flag(TypedDict):
    """Something kept but doubtful in a good row: a bad phone, an unknown picklist word, a value too long."""

    row: int
    line: int
    field: str
    code: str
    why: str


class Batch(TypedDict):
    """Up to `Order.chunk` data rows of a file, column by column.

    `at` is the number of data rows of the file consumed up to the end of this batch, `rows` those in it (good and
    refused). `lines`, `extra` and each list in `columns` and `keys` have one entry a good row; `columns` holds only the
    fields that the file (or `Order.set`) fills; `keys` is parallel to `Order.keys`; `extra` is a JSON object as text, or
    None. `Flag.row` is an index into the good rows.
    """

    at: int
    rows: int
    lines: list[int]
    columns: dict[str, list[Any]]
    keys: list[list[str | None]]
    extra: list[str | None]
    refused: list[Refusal]
    flags: list[Flag]


class Opened(TypedDict):
    """What the reader found before the first row: how the file is written and what each column became.

    `header` holds the column names as they stand; `mapping` is parallel to it: a field name, "extra.NAME" for a column
    kept as it is, or None for one left out (blank header, the rejects' own `problem` column). `unread` are the other sheets
    of a workbook that hold something, unless one was asked for; `missing` the fields of `Order.match_on` that no row fills.
    """

    format: str
    encoding: str
    delimiter: str
    sheet: str
    header_row: int
    header: list[str]
    mapping: list[str | None]
    family: str
    unread: list[str]
    missing: list[str]


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault as data. `code` is stable (`SY-…`); `what` was seen, `why` it is so or what it means, `do` the remedy."""

    code: str
    what: str
    why: str = ""
    do: str = ""

    def plain(self) -> dict[str, str]:
        """The problem as JSON-ready data."""
        return {"code": self.code, "what": self.what, "why": self.why, "do": self.do}

    def __str__(self) -> str:
        return "\n".join(part for part in (f"{self.what} ({self.code})", self.why, self.do) if part)


class UnreadableFile(Exception):
    """The file as a whole cannot be read. Carries one `Problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem
