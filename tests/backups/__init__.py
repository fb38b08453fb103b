"""Whole platforms with backups: a real repository, accidents of every kind, and a server that is lost."""
