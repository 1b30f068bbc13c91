"""Numbering of telephones: plain digits to E.164 by the rules in the tables of phonenumbers; knows no cell.

phonenumbers asks a dozen questions of a dozen patterns for each number. Here the patterns of one calling code are one
compiled pattern, and its steps (international prefix, country code, national prefix) are taken on digits alone. An
answer is E.164, "" for a number that the country does not have, or None where a country asks for more than that: then
the library is asked. A property test holds the two equal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonenumbers import PhoneMetadata, PhoneNumberDesc

E164_LIMIT = 15
"""Digits of a number with its country code (ITU-T E.164, 6.2)."""

_TYPES = (
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
    "fixed_line",
    "mobile",
)


@dataclass(frozen=True, slots=True)
class Numbering:
    """What is needed of one region's metadata to read plain digits."""

    code: str
    abroad: re.Pattern[str] | None
    trunk: re.Pattern[str] | None
    rewrites: bool
    number: re.Pattern[str]
    lengths: frozenset[int]
    longest: int
    valid: re.Pattern[str]

    def dialled(self, digits: str) -> str | None:
        """The answer to digits as dialled from this country, to it or abroad."""
        abroad = self.abroad.match(digits) if self.abroad else None
        if abroad:
            rest = digits[abroad.end() :]
            # No country code begins with 0: this was no international prefix, or a longer one.
            return None if rest[:1] == "0" else international(rest)
        if digits.startswith(self.code):
            bare = self._trunkless(digits[len(self.code) :])
            if bare is None:
                return None
            if len(digits) > self.longest or (not self.number.fullmatch(digits) and self.number.fullmatch(bare)):
                return _main(self.code).national(bare)
        return self.national(digits)

    def national(self, digits: str) -> str | None:
        """The answer to digits without a country code."""
        short = self._trunkless(digits)
        if short is None:
            return None
        if len(short) not in self.lengths and len(short) <= self.longest:
            short = digits
        if len(short) + len(self.code) > E164_LIMIT or not self.valid.fullmatch(short):
            return ""
        return "+" + self.code + short

    def _trunkless(self, digits: str) -> str | None:
        found = self.trunk.match(digits) if self.trunk else None
        if found is None:
            return digits
        if self.rewrites and found.groups() and found.groups()[-1] is not None:
            return None
        rest = digits[found.end() :]
        if self.number.fullmatch(digits) and not self.number.fullmatch(rest):
            return digits
        return rest


@cache
def numbering(region: str) -> Numbering | None:
    """The numbering of an ISO 3166 region in capitals, None when phonenumbers has none."""
    metadata = _library().metadata_for_region(region, None)
    return _made(metadata) if metadata else None


def international(digits: str) -> str | None:
    """The answer to digits that begin with a country code."""
    found = _led(digits[:3])
    return found[1].national(digits[found[0] :]) if found else ""


@cache
def _led(three: str) -> tuple[int, Numbering] | None:
    """The calling code with which three digits begin: its length, and its numbering."""
    return next(((size, _main(three[:size])) for size in (1, 2, 3) if three[:size] in _codes()), None)


@cache
def _codes() -> dict[str, tuple[str, ...]]:
    import phonenumbers

    return {str(code): tuple(regions) for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()}


@cache
def _main(code: str) -> Numbering:
    return _made(_metadata(code, _codes()[code][0]))


def _library() -> type[PhoneMetadata]:
    import phonenumbers

    return phonenumbers.PhoneMetadata


def _metadata(code: str, region: str) -> PhoneMetadata:
    metadata = _library().metadata_for_region_or_calling_code(int(code), region)
    if metadata is None:
        raise LookupError(f"phonenumbers has no numbering for +{code} {region}")
    return metadata


def _made(metadata: PhoneMetadata) -> Numbering:
    trunk = metadata.national_prefix_for_parsing
    lengths = metadata.general_desc.possible_length if metadata.general_desc else ()
    code = str(metadata.country_code)
    return Numbering(
        code=code,
        abroad=re.compile(metadata.international_prefix) if metadata.international_prefix else None,
        trunk=re.compile(trunk) if trunk else None,
        rewrites=bool(metadata.national_prefix_transform_rule),
        number=re.compile(_general(metadata)),
        lengths=frozenset(lengths),
        longest=max(lengths, default=0),
        valid=_valid(code),
    )


@cache
def _valid(code: str) -> re.Pattern[str]:
    """Valid national numbers under one calling code: the first region that claims a number decides about it."""
    cases = []
    claimed = ""
    for region in _codes()[code]:
        metadata = _metadata(code, region)
        leading = metadata.leading_digits
        cases.append(claimed + (f"(?={leading})" if leading else "") + _types(metadata))
        if leading:
            claimed += f"(?!{leading})"
    return re.compile("|".join(cases))


def _general(metadata: PhoneMetadata) -> str:
    return (metadata.general_desc and metadata.general_desc.national_number_pattern) or "(?!)"


def _types(metadata: PhoneMetadata) -> str:
    kinds = []
    for name in _TYPES:
        desc: PhoneNumberDesc | None = getattr(metadata, name)
        if desc and desc.national_number_pattern:
            kinds.append(_sized(desc.possible_length) + f"(?:{desc.national_number_pattern})\\Z")
    general = _sized(metadata.general_desc.possible_length if metadata.general_desc else ())
    return f"{general}(?=(?:{_general(metadata)})\\Z)(?:{'|'.join(kinds) or '(?!)'})"


def _sized(lengths: tuple[int, ...]) -> str:
    sizes = "|".join(f"\\d{{{length}}}" for length in lengths if length > 0)
    return f"(?=(?:{sizes})\\Z)" if sizes else ""
