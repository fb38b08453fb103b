"""A double of the Hetzner Cloud API, for tests. Its refusals and answers follow the published description."""
