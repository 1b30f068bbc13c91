"""Folders, changes and contacts of one mailbox, page by page; knows no store and decides nothing about contacts.

Source: Microsoft Graph v1.0, contactFolder, contact: delta, and immutable ids. A row is a hint of what to look at; what
became of a removed one is the caller's question to `item`.
"""

from __future__ import annotations

from syncd.graph.delta.rounds import listing, pages
from syncd.graph.delta.single import item, items
from syncd.graph.delta.tree import folders, size, users

__all__ = ["folders", "item", "items", "listing", "pages", "size", "users"]
