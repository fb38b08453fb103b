"""`status`: one screen or page about everything."""
