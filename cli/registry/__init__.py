"""Image registries: digests, tokens, logins."""
