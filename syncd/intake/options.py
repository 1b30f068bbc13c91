"""Options: how a file is to be taken in, and whether that can be; knows no file and no store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from importers.headers import FULL_NAME
from importers.rows import Field, Opened, Order, UnreadableFile
from importers.vocabulary import problem
from syncd.crm.accounts import Rule
from syncd.crm.filing import Links
from syncd.crm.leads import OnDuplicate
from syncd.errors import Problem, Refused
from syncd.modules import Module, module

LEFT_OUT = ("", "-")
"""What stands for no field in `Options.map`: the column is passed over. `extra.NAME` keeps it under another name."""


@dataclass(frozen=True)
class Options:
    """How a file is to be taken in: kept with its run, so that a killed import goes on as it began.

    `match_told`: `match_on` was asked for with this very file. `beside` is the path of a file that is only planned by
    command: its refused rows go there once the plan is carried out.
    """

    module: str = "leads"
    on_duplicate: OnDuplicate = "skip"
    match_on: tuple[str, ...] = ()
    match_told: bool = False
    map: Mapping[str, str] = field(default_factory=dict)
    must: tuple[str, ...] = ()
    set: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    owner_told: bool = False
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    dates: str | None = None
    header_row: int | None = None
    language: str = "en"
    country: str | None = None
    chunk: int = 5000
    accounts: Literal["never", "link", "create"] = "link"
    account_rule: tuple[str, ...] = ()
    own_companies: tuple[str, ...] = ()
    own_domains: tuple[str, ...] = ()
    beside: str = ""

    def links(self) -> Links:
        """What the account that a contact's row names does."""
        if self.accounts != "create":
            return Links(self.accounts)
        return Links("create", Rule(frozenset(self.account_rule), self.own_companies, frozenset(self.own_domains)))

    def order(self, skip: int) -> Order:
        """The reader's order: the module's fields and keys with these options."""
        target = module(self.module)
        return Order(
            module=target.name,
            fields=(*(f.plain() for f in target.fields), *(Field(name, "number") for name in _link_ids(target))),
            keys=tuple(kind.rule for kind in target.keys),
            title=target.required,
            title_from=target.required_from,
            language=self.language,
            country=self.country,
            map=dict(self.map),
            must=self.must,
            match_on=() if self.on_duplicate == "clone" else self.match_on,
            set=dict(self.set),
            sheet=self.sheet,
            encoding=self.encoding,
            delimiter=self.delimiter,
            dates=self.dates,  # type: ignore[arg-type]
            header_row=self.header_row,
            chunk=self.chunk,
            skip=skip,
        )

    def plain(self) -> dict[str, Any]:
        """The options as JSON-ready data; `Options.of` is its inverse."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Options:
        """Options from `plain()` data that went through JSON."""
        lists = ("match_on", "must", "account_rule", "own_companies", "own_domains")
        return cls(**(dict(data) | {name: tuple(data[name]) for name in lists if name in data}))

    def doubts(self, opened: Opened) -> list[Problem]:
        """What of a file as a whole is not as one may think. Raises UnreadableFile for what was asked for and cannot be."""
        found = []
        if opened["missing"]:
            columns = ", ".join(f'"{name}"' for name in opened["header"] if name)
            seen = ", ".join(opened["missing"])
            found.append(problem("SY-F46", self.language, seen=seen, columns=columns))
            if self.match_told:
                raise UnreadableFile(found[0])
        if opened["unread"]:
            sheets = ", ".join(f'"{name}"' for name in opened["unread"])
            found.append(problem("SY-F45", self.language, seen=opened["sheet"], sheets=sheets))
        return found


def _link_ids(target: Module) -> list[str]:
    """The columns in which an export gives the ids of links beside their names."""
    return [f.column for f in target.fields if f.link]


def check(options: Options) -> None:
    """Refuses options that name fields the module has not."""
    target = module(options.module)
    links = {f.name for f in target.fields if f.link} & set(options.match_on)
    if links:
        raise Refused(problem("SY-F41", options.language, seen=", ".join(sorted(links))))
    known = target.at.keys() | _link_ids(target)
    mapped = {field for field in options.map.values() if field not in LEFT_OUT and not field.startswith("extra.")}
    if "first_name" in target.at:
        mapped.discard(FULL_NAME)
    wrong = sorted({*mapped, *options.set} - known | set(options.match_on) - target.at.keys())
    if wrong:
        fields = ", ".join(target.at)
        raise Refused(problem("SY-F40", options.language, module=target.name, seen=", ".join(wrong), fields=fields))
