"""Declare: what a module, a field and a match key are; knows none of them by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from importers.rows import Field as Column
from importers.rows import KeyRule, Kind

FieldKind = Kind | Literal["link"]

MATCH_KINDS = {"email": 1, "person": 2, "company": 3, "company_spelt": 3, "name": 4}
"""Numbers of the match-key kinds that every store knows; kinds made on demand for `match_on` come after 100."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `personal` says whether it may tell of a living person: there is no default, so that nobody forgets.

    A `link` field is stored as the id of a record of that module (`column` NAME_id) and shown by the record's name.
    A text that `refers_to` a module keeps its words, and is shown with the id of the one record of the same account that
    bears that name, when there is just one.
    """

    name: str
    kind: FieldKind
    personal: bool
    length: int = 0
    options: tuple[str, ...] = ()
    link: str | None = None
    bounds: tuple[int, int] | None = None
    refers_to: str | None = None

    @property
    def column(self) -> str:
        """The name of its column in the store."""
        return f"{self.name}_id" if self.kind == "link" else self.name

    def plain(self) -> Column:
        """The field as readers of files know it: a link is text there, the name of the record it means."""
        kind: Kind = "text" if self.kind == "link" else self.kind
        return Column(self.name, kind, self.length, self.options)


@dataclass(frozen=True, slots=True)
class KeyKind:
    """One kind of match key that a module writes: the rule it is derived by, and the kind it is looked up as."""

    rule: KeyRule

    @property
    def number(self) -> int:
        """The kind's number in the store."""
        return MATCH_KINDS[self.rule.kind]


@dataclass(frozen=True)
class Module:
    """One kind of record. `number` is its number in the store; `title` are the fields that name a record, in order.

    `required` is the field without which there is no record; `required_from` the fields it is taken from when blank.
    `names` are the names of a record's values in order, `columns` those of their columns in the store, `at` the place
    of each field among them.
    `natural` are the fields that tell records apart in a canonical export.
    """

    name: str
    number: int
    table: str
    singular: str
    fields: tuple[Field, ...]
    keys: tuple[KeyKind, ...]
    title: tuple[str, ...]
    required: str
    required_from: tuple[str, ...]
    natural: tuple[str, ...]
    at: dict[str, int] = field(init=False, compare=False)
    names: tuple[str, ...] = field(init=False, compare=False)
    columns: tuple[str, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", (*(f.column for f in self.fields), "extra"))
        object.__setattr__(self, "names", (*(f.name for f in self.fields), "extra"))
        object.__setattr__(self, "at", {f.name: i for i, f in enumerate(self.fields)})

    def field(self, name: str) -> Field:
        """The field of that name. Raises KeyError."""
        return self.fields[self.at[name]]
