"""Readers: a file's bytes to raw rows and batches, each inside its own process; they know no caller and no store."""
