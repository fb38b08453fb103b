"""What stands in for the outside world or for the engine, for tests."""
