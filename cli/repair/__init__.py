"""`doctor` and `unlock`: what is wrong on the laptop and the server."""
