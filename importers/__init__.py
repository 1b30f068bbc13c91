"""Files in, clean rows and problems out; knows no database and no network."""
