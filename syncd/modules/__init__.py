"""Modules: the one declaration of all record kinds and their fields; pure data that knows no database and no screen.

Store, command line, export, matching and privacy read it. Names, lengths and picklists follow Zoho CRM's standard
fields; what Outlook has besides stands at the end of contacts.
"""

from __future__ import annotations

from syncd.modules.declare import Field, KeyKind, Module
from syncd.modules.standard import ACCOUNTS, CONTACTS, LEADS, MODULES, NUMBERED, module

__all__ = ["ACCOUNTS", "CONTACTS", "LEADS", "MODULES", "NUMBERED", "Field", "KeyKind", "Module", "module"]
