"""The host: this machine, a server reached over SSH, or a server created at Hetzner."""
