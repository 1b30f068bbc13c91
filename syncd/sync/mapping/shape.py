"""The shape of a projection: which property of Graph fills which field, and what is kept of it; pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from syncd.errors import Problem

TEXT_LIMIT = 4_194_304
"""Characters in one value above which the contact is refused. A long note is kept whole; more than this is a fault."""

TEXTS = {
    "givenName": "first_name",
    "middleName": "middle_name",
    "generation": "suffix",
    "nickName": "nick_name",
    "jobTitle": "title",
    "department": "department",
    "manager": "reports_to",
    "assistantName": "assistant",
    "businessHomePage": "website",
    "mobilePhone": "mobile",
    "personalNotes": "description",
}
ROWS = {"businessPhones": ("phone", "phone_2"), "homePhones": ("home_phone", "home_phone_2")}
JOINED = {"imAddresses": "im", "categories": "categories"}
ADDRESSES = {"businessAddress": "mailing", "homeAddress": "home", "otherAddress": "other"}
PARTS = {"street": "street", "city": "city", "state": "state", "postalCode": "zip", "countryOrRegion": "country"}
EMAILS = ("email", "secondary_email", "third_email")
NAMES = ("surname", "displayName", "fileAs")
NO_YEAR = 1604
NO_DATE = (1, 4501)

FIELDS: tuple[str, ...] = (
    "salutation",
    "last_name",
    *TEXTS.values(),
    *(name for names in ROWS.values() for name in names),
    *JOINED.values(),
    *EMAILS,
    "date_of_birth",
    *(f"{kind}_{part}" for kind in ADDRESSES.values() for part in PARTS.values()),
)
"""The contact fields that an Outlook contact can fill; its company stands beside them."""


@dataclass(frozen=True, slots=True)
class Projection:
    """What a contact says. `fields` holds the filled fields only: one that is not there is blank in Outlook.

    `company` is the company's name as typed, `modified` Graph's time of the last change (ISO 8601, UTC), `named_by`
    where the last name came from, `problems` what was kept or left out with a doubt.
    """

    fields: dict[str, str]
    company: str | None
    modified: str
    named_by: str = "surname"
    problems: tuple[Problem, ...] = field(default=(), compare=False)

    def plain(self) -> dict[str, Any]:
        """The projection as JSON-ready data, without its problems; `Projection.of` is its inverse."""
        return {
            "fields": dict(self.fields),
            "company": self.company,
            "modified": self.modified,
            "named_by": self.named_by,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Projection:
        """A projection from `plain()` data."""
        return cls(dict(data["fields"]), data["company"], data["modified"], data["named_by"])

    def kept(self) -> tuple[str, str]:
        """The projection as the store keeps it, and its digest.

        The text is the JSON of `plain()`. Digests are equal when nothing that matters differs: no time stamp, and line
        ends count as one.
        """
        said = _encode({"fields": self.fields, "company": self.company})
        text = f'{said[:-1]},"modified":{_quote(self.modified)},"named_by":{_quote(self.named_by)}}}'
        if "\\r" in said:
            fields = {name: value.replace("\r\n", "\n") for name, value in self.fields.items()}
            said = _encode({"fields": fields, "company": self.company})
        return text, hashlib.sha256(said.encode()).hexdigest()


_quote = json.encoder.encode_basestring
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
