"""Stand-in for a Phoenix release."""
