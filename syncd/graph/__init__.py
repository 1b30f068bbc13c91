"""The Graph client: mailboxes, folders and changes of contacts as plain data; knows no table and no setting."""
