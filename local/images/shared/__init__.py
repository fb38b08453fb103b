"""Code that several stand-ins share."""
