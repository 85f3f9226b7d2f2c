"""The append-only record of changes: an SQLite file for one process, which several may share."""
