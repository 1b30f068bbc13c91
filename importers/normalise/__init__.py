"""Cells of whole columns made clean and comparable; pure: knows no file, no database and no clock.

Lists in, lists out, some thousand cells at a time. Plain cells take a fast path of our own, everything else the library
that knows best (phonenumbers, email_validator, tldextract, cleanco), loaded when it is first needed.
"""

from __future__ import annotations

from importers.normalise.amounts import flags, money, numbers
from importers.normalise.calendar import date_order, dates
from importers.normalise.companies import Forms, company, company_keys, spellings
from importers.normalise.domains import domain
from importers.normalise.mail import email_keys, emails
from importers.normalise.people import Nicknames, compatible, name_keys, person_keys
from importers.normalise.phone import phones
from importers.normalise.picks import picklist
from importers.normalise.rules import keys
from importers.normalise.text import fold, storable, strip

__all__ = [
    "Forms",
    "Nicknames",
    "company",
    "company_keys",
    "compatible",
    "date_order",
    "dates",
    "domain",
    "email_keys",
    "emails",
    "flags",
    "fold",
    "keys",
    "money",
    "numbers",
    "name_keys",
    "person_keys",
    "phones",
    "picklist",
    "spellings",
    "storable",
    "strip",
]
