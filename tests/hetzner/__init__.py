"""Tests on a stack at Hetzner or over SSH: servers are containers, the API is a double."""
