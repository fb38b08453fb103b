"""Stand-in for a web frontend."""
