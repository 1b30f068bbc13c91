"""Mailboxes into the CRM: what changed in Outlook, and what that means for the records here."""
