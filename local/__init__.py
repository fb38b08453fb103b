"""What only the local stack needs, whoever runs the program: Docker, doubles of the outside world, stand-in images."""
