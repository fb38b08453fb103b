"""What only the local stack needs, with either runner: Docker, doubles of the outside world, stand-in images."""
