"""Shows a run to a person or a machine: from the engine's events to lines."""
