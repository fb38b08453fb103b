"""Where everything runs: this machine, a server that is reached over SSH, or one made at Hetzner."""
