"""Stands for a web frontend."""
