"""syncd: one store of accounts, contacts and leads, kept full from Outlook and from files."""

__version__ = "0.1.0"
