"""Work: what the service does and when; knows how to start and stop jobs, not what a mailbox or a file is."""
