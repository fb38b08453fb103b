"""Data: dumps, restores, backups, recoveries."""
