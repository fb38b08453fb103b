"""The way to a stack's host."""
