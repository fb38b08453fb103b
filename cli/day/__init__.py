"""What runs now: logs, sessions, maintenance."""
