"""`build` and `push`: from sources to an image in a registry."""
