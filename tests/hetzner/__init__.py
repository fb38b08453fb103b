"""A double of the Hetzner Cloud API, for tests: what it refuses and how it answers follow the published description."""
