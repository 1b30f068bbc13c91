"""Customer records: matching, plans, ledger and undo; knows no file, no mailbox and no screen."""
