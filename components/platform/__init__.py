"""The parts that all services share: the network, PostgreSQL, Redis, nginx and certbot."""
