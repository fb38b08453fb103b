"""What only the local stack needs, under either runner: Docker, doubles of the outside world, stand-in images."""
